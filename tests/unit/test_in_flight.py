"""Transfers that libusb has at the same time: their order, their errors, and that none is left behind."""

from __future__ import annotations

import ctypes
import signal
from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Optional, Union

import pytest
import usb.backend.libusb1

from clocks import StandingClock
from stm8tool.errors import (
    EndpointStallError,
    ProbeLostError,
    ToolError,
    TransferSizeError,
    TransportError,
    TransportTimeoutError,
)
from stm8tool.transport import in_flight
from stm8tool.transport import usb as pipe
from stm8tool.transport.base import UsbDeviceInfo, UsbIdentity

OUT, IN = 0x02, 0x81
IO, NO_DEVICE, TIMEOUT, PIPE, INTERRUPTED, OTHER = -1, -4, -7, -9, -10, -99
COMPLETED, ERROR, TIMED_OUT, CANCELLED, STALLED, GONE = range(6)  # libusb.h, enum libusb_transfer_status

Step = tuple[int, int, Union[int, bytes]]  # the number of a transfer, how it ends, and what went or came


class FakeLibusb:
    """libusb's asynchronous calls, with transfers that end as `script` says, one at each look for events.

    Attributes:
        script: The ends to come; a plain number is a code that the look for events returns.
        sent: The endpoint and the bytes of each transfer when it was submitted; of an IN, its size.
        refuses: The code that the submission of a transfer returns, by its number.
        alive: Transfers that are not freed.
    """

    def __init__(self, *script: Union[Step, int]) -> None:
        self.script = deque(script)
        self.sent: list[tuple[int, Union[int, bytes]]] = []
        self.limits: list[int] = []
        self.refuses: dict[int, int] = {}
        self.alive: list[Any] = []
        self.running: dict[int, Any] = {}
        self.cancelled: list[int] = []

    def libusb_alloc_transfer(self, packets: int) -> Any:
        assert packets == 0
        self.alive.append(ctypes.pointer(usb.backend.libusb1._libusb_transfer()))
        return self.alive[-1]

    def libusb_free_transfer(self, transfer: Any) -> None:
        assert not self.running
        self.alive.remove(transfer)

    def libusb_submit_transfer(self, transfer: Any) -> int:
        fields, number = transfer.contents, len(self.sent)
        assert (fields.type, fields.dev_handle) == (2, 7)
        size = fields.length
        self.limits.append(fields.timeout)
        inward = fields.endpoint & 0x80
        self.sent.append((fields.endpoint, size if inward else ctypes.string_at(fields.buffer, size)))
        code = self.refuses.get(number, 0)
        if not code:
            self.running[number] = transfer
        return code

    def libusb_cancel_transfer(self, transfer: Any) -> int:
        number = next(n for n, running in self.running.items() if running is transfer)
        self.cancelled.append(number)
        self.script.append((number, CANCELLED, 0))
        return 0

    def libusb_handle_events_completed(self, context: Any, completed: Any) -> int:
        assert context == "the context"
        step = self.script.popleft()
        if isinstance(step, int):
            return step
        number, status, moved = step
        transfer = self.running.pop(number, None)
        if transfer is None:  # it was cancelled after it had ended by itself
            return 0
        fields = transfer.contents
        fields.status = status
        if isinstance(moved, bytes):
            ctypes.memmove(fields.buffer, moved, len(moved))
        fields.actual_length = moved if isinstance(moved, int) else len(moved)
        fields.callback(transfer)
        return 0


def run(library: FakeLibusb, *transfers: tuple[int, Union[bytes, int]]) -> list[in_flight.Ended]:
    outcomes = in_flight.Queue(library, "the context", 7, StandingClock()).run(transfers, 300)
    assert not library.alive, "every transfer is freed"
    assert not library.running, "none is left in flight"
    return outcomes


COMMAND = ((OUT, b"command"), (OUT, b"data"), (IN, 64))


def test_all_are_submitted_before_the_first_ends_and_a_reply_may_end_first() -> None:
    library = FakeLibusb((2, COMPLETED, b"reply"), (0, COMPLETED, 7), (1, COMPLETED, 4))
    outcomes = run(library, *COMMAND)
    assert library.sent == list(COMMAND)
    assert library.limits == [300, 300, 300]
    assert outcomes == [(0, b"command"), (0, b"data"), (0, b"reply")]


@pytest.mark.parametrize(
    ("status", "code"), [(ERROR, IO), (TIMED_OUT, TIMEOUT), (STALLED, PIPE), (GONE, NO_DEVICE), (6, -8), (77, IO)]
)
def test_one_that_fails_ends_the_others(status: int, code: int) -> None:
    library = FakeLibusb((0, COMPLETED, 7), (1, status, 0))
    assert [outcome.code for outcome in run(library, *COMMAND)] == [0, code, None]
    assert library.cancelled == [2]


def test_one_that_ends_while_it_is_cancelled_counts_as_what_it_was() -> None:
    library = FakeLibusb((0, STALLED, 0), (2, COMPLETED, b"late"))
    assert run(library, *COMMAND) == [(PIPE, b""), (None, b""), (0, b"late")]


def test_one_that_is_not_accepted_is_the_last_and_those_before_it_end() -> None:
    library = FakeLibusb()
    library.refuses[1] = NO_DEVICE
    assert [outcome.code for outcome in run(library, *COMMAND)] == [None, NO_DEVICE]
    assert library.cancelled == [0]


def test_a_wait_that_a_signal_ends_goes_on() -> None:
    library = FakeLibusb(INTERRUPTED, (0, COMPLETED, 7), INTERRUPTED, (1, COMPLETED, 4), (2, COMPLETED, b"r"))
    assert [outcome.code for outcome in run(library, *COMMAND)] == [0, 0, 0]
    assert library.cancelled == []


def test_a_wait_that_fails_cancels_all() -> None:
    library = FakeLibusb(OTHER)
    assert [outcome.code for outcome in run(library, *COMMAND)] == [OTHER, OTHER, OTHER]
    assert library.cancelled == [0, 1, 2]


class StuckLibusb(FakeLibusb):
    """A libusb whose wait fails every time after `script`."""

    waits = 0

    def libusb_handle_events_completed(self, context: Any, completed: Any) -> int:
        self.waits += 1
        if self.script and (isinstance(self.script[0], int) or self.script[0][1] != CANCELLED):
            return super().libusb_handle_events_completed(context, completed)
        return OTHER


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    kept: list[Any] = []
    monkeypatch.setattr(in_flight, "_LEFT", kept)
    return kept


def test_a_wait_that_fails_every_time_ends_and_keeps_the_memory_that_libusb_may_use(left: list[Any]) -> None:
    library, clock = StuckLibusb((0, COMPLETED, 7)), StandingClock()
    with pytest.raises(in_flight.StuckError, match="libusb error -99"):
        in_flight.Queue(library, "the context", 7, clock).run(COMMAND, 300)
    assert library.cancelled == [1, 2]
    assert library.waits == 1 + 20
    assert clock.now() == pytest.approx(0.19)
    assert len(library.alive) == 3
    (flight,) = left
    for number, transfer in library.running.items():  # libusb still writes there, and calls back
        fields = transfer.contents
        ctypes.memset(fields.buffer, 0x55, fields.length)
        fields.status = CANCELLED
        fields.callback(transfer)
        assert flight.outcomes()[number] == (OTHER, b"")
    assert not flight.running


def test_a_wait_that_works_again_is_not_given_up(left: list[Any]) -> None:
    library = FakeLibusb(*[OTHER] * 19, INTERRUPTED, *[OTHER] * 19)
    assert [outcome.code for outcome in run(library, *COMMAND)] == [OTHER, OTHER, OTHER]
    assert left == []


def test_ctrl_c_ends_a_wait_that_fails_every_time_and_the_device_is_closed(
    left: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(StuckLibusb):
        def libusb_handle_events_completed(self, context: Any, completed: Any) -> int:
            if not self.waits:
                signal.raise_signal(signal.SIGINT)
            return super().libusb_handle_events_completed(context, completed)

    monkeypatch.setattr(pipe.usb.util, "dispose_resources", lambda _handle: None)
    transport = opened(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        exchange(transport, [b"\xf5\x00"], 2)
    with pytest.raises(ProbeLostError):
        exchange(transport, [b"\xf5\x00"], 2)
    assert len(left) == 1


def test_ctrl_c_waits_until_nothing_is_in_flight() -> None:
    class Interrupted(FakeLibusb):
        def libusb_handle_events_completed(self, context: Any, completed: Any) -> int:
            if len(self.running) == 3:
                signal.raise_signal(signal.SIGINT)
            return super().libusb_handle_events_completed(context, completed)

    library = Interrupted((0, COMPLETED, 7), (1, COMPLETED, 4), (2, COMPLETED, b"reply"))
    with pytest.raises(KeyboardInterrupt):
        run(library, *COMMAND)
    assert not library.alive
    assert not library.script


@pytest.mark.parametrize(("platform", "size"), [("win32", 4), ("win32", 8), ("linux", 4)])
def test_32_bit_windows_has_no_queue(monkeypatch: pytest.MonkeyPatch, platform: str, size: int) -> None:
    monkeypatch.setattr(in_flight.sys, "platform", platform)
    monkeypatch.setattr(in_flight.struct, "calcsize", lambda _: size)
    backend = SimpleNamespace(lib=FakeLibusb(), ctx="the context")
    handle = SimpleNamespace(_ctx=SimpleNamespace(backend=backend, handle=SimpleNamespace(handle=7)))
    assert (in_flight.queue_of(handle, StandingClock()) is None) == ((platform, size) == ("win32", 4))


def test_a_pyusb_without_the_names_that_are_needed_has_no_queue() -> None:
    assert in_flight.queue_of(SimpleNamespace(_ctx=SimpleNamespace(backend=object())), StandingClock()) is None


# -- the transport ----------------------------------------------------------------------------------------------


class Handle(SimpleNamespace):
    """An open device of pyusb."""

    def clear_halt(self, endpoint: Any) -> None:
        self.cleared.append(endpoint.bEndpointAddress)


def opened(library: FakeLibusb) -> pipe.UsbTransport:
    context = SimpleNamespace(backend=SimpleNamespace(lib=library, ctx="the context"), handle=SimpleNamespace(handle=7))
    handle = Handle(_ctx=context, cleared=[])
    info = UsbDeviceInfo(0x0483, 0x3748, "usb:1-2", high_speed=False, handle=handle)
    identity = UsbIdentity(0x0483, 0x3748, "", "usb:1-2", high_speed=False)
    transport = pipe.UsbTransport(info, identity, IN, StandingClock())
    transport._out = SimpleNamespace(bEndpointAddress=OUT, wMaxPacketSize=64)
    transport._in = SimpleNamespace(bEndpointAddress=IN, wMaxPacketSize=64)
    return transport


def exchange(transport: pipe.UsbTransport, out: Sequence[bytes], reply: int) -> bytes:
    return transport.exchange(out, reply, 0.3)


def test_a_command_and_its_reply_are_in_flight_together_and_the_reply_is_asked_for_in_whole_packets() -> None:
    library = FakeLibusb((0, COMPLETED, 2), (1, COMPLETED, b"ok"))
    assert exchange(opened(library), [b"\xf5\x00"], 2) == b"ok"
    assert library.sent == [(OUT, b"\xf5\x00"), (IN, 64)]


def test_a_command_without_a_reply_asks_for_none() -> None:
    library = FakeLibusb((0, COMPLETED, 2), (1, COMPLETED, 3))
    assert exchange(opened(library), [b"\xf4\x0a", b"abc"], 0) == b""
    assert library.sent == [(OUT, b"\xf4\x0a"), (OUT, b"abc")]


def test_a_command_that_a_failed_wait_has_cancelled_does_not_count_as_sent() -> None:
    library = FakeLibusb((0, COMPLETED, 2), OTHER)
    with pytest.raises(TransportError):
        exchange(opened(library), [b"\xf4\x0a", b"abc"], 0)
    assert library.cancelled == [1]


@pytest.mark.parametrize(
    ("script", "error", "halted"),
    [
        ([(0, STALLED, 0)], EndpointStallError, [OUT]),
        ([(2, STALLED, 0)], EndpointStallError, [IN]),
        ([(0, COMPLETED, 2), (1, ERROR, 0)], EndpointStallError, [OUT]),
        ([(0, COMPLETED, 2), (1, COMPLETED, 3), (2, TIMED_OUT, 0)], TransportTimeoutError, [OUT, IN]),
        ([(0, GONE, 0)], ProbeLostError, [OUT, IN]),
        ([(0, COMPLETED, 2), (1, COMPLETED, 1), (2, COMPLETED, b"ok")], TransportTimeoutError, [OUT, IN]),
        ([(0, COMPLETED, 2), (1, COMPLETED, 3), (2, COMPLETED, b"more")], TransferSizeError, [OUT, IN]),
    ],
)
def test_the_error_is_that_of_the_first_transfer_that_failed(
    script: list[Step], error: type[ToolError], halted: list[int]
) -> None:
    library = FakeLibusb(*script)
    transport = opened(library)
    with pytest.raises(error) as caught:
        exchange(transport, [b"\xf4\x0a", b"abc"], 2)
    assert type(caught.value) is error
    transport.clear_halt()
    assert transport._handle.cleared == halted
    assert not library.running


def test_a_libusb_that_does_not_tell_the_end_has_lost_the_probe_and_gets_no_more_transfers(
    left: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Any] = []
    monkeypatch.setattr(pipe.usb.util, "dispose_resources", closed.append)
    library = StuckLibusb()
    transport = opened(library)
    with pytest.raises(ProbeLostError, match=r"is lost: .* \(libusb error -99\)") as caught:
        exchange(transport, [b"\xf5\x00"], 2)
    assert "replug the probe" in (caught.value.hint or "")
    assert closed == [transport._handle]
    for again in (
        lambda: exchange(transport, [b"\xf5\x00"], 2),
        lambda: transport.write(b"\xf5\x00", 0.3),
        lambda: transport.read(2, 0.3),
    ):
        with pytest.raises(ProbeLostError):
            again()
    assert len(library.sent) == 2
    assert len(left) == 1


def test_of_two_errors_the_earlier_transfer_has_the_word() -> None:
    library = FakeLibusb((1, TIMED_OUT, 0), (0, STALLED, 0))
    with pytest.raises(EndpointStallError):
        exchange(opened(library), [b"\xf5\x00"], 2)


def test_a_pipe_that_is_not_open_has_lost_its_probe() -> None:
    library = FakeLibusb()
    transport = opened(library)
    transport._out = None
    with pytest.raises(ProbeLostError):
        exchange(transport, [b"\xf5\x00"], 2)
    assert library.sent == []


def code_of(exc: Exception) -> Optional[int]:
    """Return libusb's code below an error of the transport."""
    return getattr(exc.__cause__, "backend_error_code", None)


def test_an_error_keeps_the_code_of_libusb_as_its_cause() -> None:
    with pytest.raises(EndpointStallError) as caught:
        exchange(opened(FakeLibusb((0, STALLED, 0))), [b"\xf5\x00"], 2)
    assert code_of(caught.value) == PIPE

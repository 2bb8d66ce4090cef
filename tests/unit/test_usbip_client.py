"""The client of USB/IP, with a server of a few lines that also answers wrongly."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from patience import LIMIT_S
from stm8tool.errors import (
    AccessError,
    Code,
    EndpointStallError,
    ProbeLostError,
    ProbeNotFoundError,
    ToolError,
    TransferSizeError,
    TransportError,
    TransportTimeoutError,
    UsageError,
)
from stm8tool.probe.stlink import find
from stm8tool.sim.clock import VirtualClock
from stm8tool.support.clock import MonotonicClock
from stm8tool.transport import usbip, usbip_place, usbip_wire
from stm8tool.transport.usbip import RemoteBus
from stm8tool.transport.usbip_pipe import RemotePipe

# One interface of a vendor, with the endpoints 0x01 OUT and 0x81 IN of 64 bytes.
CONFIGURATION = bytes.fromhex("09022000010100804b 09040000020000ff00 0705010240 0000 0705810240 0000".replace(" ", ""))
DEVICE = bytes.fromhex("1201000200000040830448370001010203 01".replace(" ", ""))
SERIAL = bytes([50, 3]) + "57FF6B0648824855FFFF1687".encode("utf-16-le")
QUICK_S = 0.05
Talk = Callable[["Peer"], None]


def about(busid: str = "1-1", vendor: int = 0x0483, product: int = 0x3748) -> bytes:
    return struct.pack(">256s32sIII3H6B", b"/x", busid.encode(), 1, 2, 2, vendor, product, 1, 0, 0, 0, 1, 1, 1)


def listing(*devices: bytes) -> bytes:
    return bytes.fromhex("0111000500000000") + struct.pack(">I", len(devices)) + b"".join(d + bytes(4) for d in devices)


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket, seen: list[tuple[int, int, bytes]]) -> None:
        self.connection = connection
        self.seen = seen  # (endpoint with direction, length, setup or data) of each transfer; (-1, victim, b"") unlinks

    def take(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def operation(self) -> str:
        """Take a request; return the bus id, or "" for a list."""
        _, code, _ = struct.unpack(">HHI", self.take(8))
        return self.take(32).rstrip(b"\0").decode() if code == 0x8003 else ""

    def put(self, data: bytes) -> None:
        self.connection.sendall(data)

    def transfer(self) -> tuple[int, int, bool]:
        """Take a transfer or an unlink; return its number, the endpoint or -1, and whether data may come back."""
        head = self.take(48)
        code, number, _, direction, endpoint, _, size = struct.unpack(">7I20x", head)
        if code == 2:
            self.seen.append((-1, struct.unpack_from(">I", head, 20)[0], b""))
            return number, -1, False
        data = head[40:] if not endpoint else b"" if direction else self.take(size)
        self.seen.append((endpoint | direction << 7, size, data))
        return number, endpoint | direction << 7, bool(direction)

    def ended(self, number: int, status: int = 0, data: bytes = b"", moved: int = -1) -> None:
        self.put(struct.pack(">5Iii20x", 3, number, 0, 0, 0, status, len(data) if moved < 0 else moved) + data)

    def unlinked(self, number: int, status: int = -104) -> None:
        self.put(struct.pack(">5Ii24x", 4, number, 0, 0, 0, status))

    def request(self) -> None:
        """Answer a control request as a device does."""
        number, _, incoming = self.transfer()
        setup = self.seen[-1][2]
        answers = {1: DEVICE, 2: CONFIGURATION, 3: SERIAL if setup[2] else b"\x04\x03\x09\x04"}
        self.ended(number, data=answers[setup[3]][: setup[6] | setup[7] << 8] if incoming else b"")

    def hand_over(self) -> None:
        self.operation()
        self.put(bytes.fromhex("0111000300000000") + about())

    def until_open(self) -> None:
        self.hand_over()
        self.request()
        self.request()


@contextmanager
def served(talk: Talk) -> Iterator[tuple[RemoteBus, Peer]]:
    """Answer every connection by `talk`, one after another; give the bus and a record of the transfers."""
    seen: list[tuple[int, int, bytes]] = []
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                connection = listener.accept()[0]
                connection.settimeout(LIMIT_S)
                with connection, suppress(EOFError, OSError):
                    if over.is_set():
                        return
                    talk(Peer(connection, seen))

        thread = threading.Thread(target=answer)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield RemoteBus(usbip_place.parse(f"usbip://127.0.0.1:{port}"), VirtualClock()), Peer(listener, seen)
        finally:
            over.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join()


@contextmanager
def opened(talk: Talk) -> Iterator[tuple[RemotePipe, Peer]]:
    """An open pipe whose server goes on with `talk`."""

    def whole(peer: Peer) -> None:
        peer.until_open()
        talk(peer)
        peer.take(1)  # until the client goes

    with served(whole) as (bus, record):
        device = bus._info(usbip_wire.Exported("1-1", 1, 2, 0x0483, 0x3748, 1))
        pipe = bus.pipe(device, find.FoundProbe(device, find.MODELS[0x3748], "").identity, 0x81)
        pipe.open()
        try:
            yield pipe, record
        finally:
            pipe.close()


# -- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "[2001:db8::1]", "[::ffff:192.0.2.1]", "10.0.0.1:99"])
def test_an_address_of_another_machine_needs_permission_and_is_not_contacted(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: pytest.fail("looked up"))
    bus, _ = usbip.attach(f"usbip://{host}/1-1")
    with pytest.raises(UsageError, match="another machine") as caught:
        bus.devices()
    assert caught.value.code is Code.REMOTE
    assert "ssh" in str(caught.value.advice)


def test_a_name_with_one_address_elsewhere_counts_as_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def found(host: str, port: int, **_more: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (at, port)) for at in ("127.0.0.1", "192.0.2.1")]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(UsageError) as caught:
        usbip.attach("usbip://localhost.example/1-1")[0].devices()
    assert caught.value.code is Code.REMOTE
    assert asked == ["localhost.example"]


def test_a_permission_is_a_part_of_the_selector() -> None:
    assert usbip_place.allowed("usbip://far/1-1") == "usbip://far/1-1?allow-remote"
    assert usbip_place.allowed("usbip://far/1-1?allow-remote") == "usbip://far/1-1?allow-remote"
    assert usbip_place.allowed("57FF") == "57FF"
    assert usbip_place.parse("usbip://[::1]:99/1-1?allow-remote") == ("::1", 99, "1-1", True)
    assert usbip_place.parse("USBIP://Far").prefix == "usbip://far/"


@pytest.mark.parametrize("text", ["usbip:", "usbip://", "usbip://h:0/1-1", "usbip://h:99999/1-1", "usbip://h/1/2"])
def test_another_form_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="does not name a probe"):
        usbip.attach(text)


def test_a_name_that_does_not_exist_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransportError, match="cannot be found: unknown") as caught:
        usbip.attach("usbip://nowhere/1-1")[0].devices()
    assert caught.value.code is Code.NO_SERVER


# -- lists and imports -----------------------------------------------------------------------------------------------


def test_the_devices_of_st_are_listed_by_their_bus_ids() -> None:
    devices = listing(about("1-10"), about("1-2", product=0x374F), about("1-1", vendor=0x1234))

    def talk(peer: Peer) -> None:
        peer.operation()
        peer.put(devices)

    with served(talk) as (bus, _):
        found = [device.path for device in bus.devices()]
    assert found == [f"{bus.prefix}1-2", f"{bus.prefix}1-10"]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak USB/IP"),
        (bytes.fromhex("0111000300000000"), "does not speak USB/IP"),
        (bytes.fromhex("0111000500000001"), "status 1"),
        (bytes.fromhex("0111000500000000ffffffff"), "4294967295 devices"),
        (listing(about("")), "without a bus id"),
        (listing(about("1-\x1b")), "without a bus id"),
        (listing(about())[:100], "closed the connection"),
        (b"", "closed the connection"),
    ],
)
def test_what_is_not_a_list_is_an_error_with_a_code(reply: bytes, says: str) -> None:
    def talk(peer: Peer) -> None:
        peer.operation()
        peer.put(reply)

    with served(talk) as (bus, _), pytest.raises(TransportError, match=says) as caught:
        bus.devices()
    assert caught.value.code is Code.NO_SERVER
    assert caught.value.advice


def test_a_server_that_says_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usbip_wire, "_ANSWER_LIMIT_S", QUICK_S)
    with served(lambda peer: peer.take(99) and None) as (bus, _), pytest.raises(TransportError) as caught:
        bus.devices()
    assert caught.value.code is Code.NO_SERVER


@pytest.mark.parametrize(
    ("listed", "status", "kind", "code"),
    [
        (True, 1, AccessError, Code.BUSY),
        (True, 2, AccessError, Code.BUSY),
        (False, 2, AccessError, Code.BUSY),
        (False, 4, ProbeNotFoundError, Code.NO_PROBE),
        (False, 1, ProbeNotFoundError, Code.NO_PROBE),
        (True, 3, TransportError, Code.PROBE_REFUSES),
    ],
)
def test_a_refusal_says_whether_the_probe_is_busy_or_not_there(
    listed: bool, status: int, kind: type[ToolError], code: Code
) -> None:
    def talk(peer: Peer) -> None:
        busid = peer.operation()
        peer.put(struct.pack(">HHI", 0x0111, 3, status) if busid else listing(*[about()] * listed))

    with served(talk) as (bus, _), pytest.raises(kind) as caught:
        wanted = RemoteBus(bus._place._replace(which="1-1"), VirtualClock())
        probe = find.find("1-1", wanted)
        find.pipe_to(probe, wanted).open()
    assert caught.value.code is code


def test_a_probe_that_the_list_leaves_out_is_found_by_its_bus_id() -> None:
    def talk(peer: Peer) -> None:
        if peer.operation():
            peer.put(bytes.fromhex("0111000300000000") + about())
            while True:
                peer.request()
        peer.put(listing())

    with served(talk) as (bus, _):
        probe = find.find("1-1", RemoteBus(bus._place._replace(which="1-1"), VirtualClock()))
    assert (probe.serial, probe.device.path) == ("57FF6B0648824855FFFF1687", f"{bus.prefix}1-1")


# -- transfers -------------------------------------------------------------------------------------------------------


def test_the_transfers_of_one_command_are_in_flight_together() -> None:
    def talk(peer: Peer) -> None:
        numbers = [peer.transfer()[0] for _ in range(3)]  # all are here before one is answered
        peer.ended(numbers[0], moved=16)
        peer.ended(numbers[1], moved=8)
        peer.ended(numbers[2], data=b"ok")

    with opened(talk) as (pipe, record):
        assert pipe.exchange([bytes(16), bytes(8)], 2, LIMIT_S) == b"ok"
    assert [one[:2] for one in record.seen[2:]] == [(0x01, 16), (0x01, 8), (0x81, 64)]
    assert record.seen[1][2] == bytes.fromhex("0009010000000000")  # usbipd leaves a device without a configuration


def test_a_transfer_that_is_late_is_unlinked_and_the_next_one_works() -> None:
    def talk(peer: Peer) -> None:
        peer.transfer()
        peer.unlinked(peer.transfer()[0])
        peer.ended(peer.transfer()[0], data=b"next")

    with opened(talk) as (pipe, record):
        with pytest.raises(TransportTimeoutError):
            pipe.read(4, QUICK_S)
        assert pipe.read(4, LIMIT_S) == b"next"
    assert record.seen[3][:2] == (-1, 3)  # the third transfer since the import


@pytest.mark.parametrize("after", [False, True])
def test_a_transfer_that_ends_while_it_is_unlinked_disturbs_no_later_one(after: bool) -> None:
    def talk(peer: Peer) -> None:
        first = peer.transfer()[0]
        unlink = peer.transfer()[0]
        if not after:
            peer.ended(first, data=b"late")
        peer.unlinked(unlink, 0)
        if after:
            peer.ended(first, data=b"late")
        peer.ended(peer.transfer()[0], data=b"next")

    with opened(talk) as (pipe, _):
        if after:
            with pytest.raises(TransportTimeoutError):
                pipe.read(4, QUICK_S)
        else:
            assert pipe.read(4, QUICK_S) == b"late"
        assert pipe.read(4, LIMIT_S) == b"next"


def test_a_stall_is_cleared_on_the_endpoint_that_has_it_and_the_rest_is_unlinked() -> None:
    def talk(peer: Peer) -> None:
        out = peer.transfer()[0]
        peer.transfer()
        peer.ended(out, -32)
        peer.unlinked(peer.transfer()[0])
        peer.ended(peer.transfer()[0])

    with opened(talk) as (pipe, record):
        with pytest.raises(EndpointStallError):
            pipe.exchange([b"x"], 2, LIMIT_S)
        pipe.clear_halt()
    assert [one[2] for one in record.seen[5:]] == [bytes.fromhex("0201000001000000")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(-75, EndpointStallError), (-71, EndpointStallError), (-19, ProbeLostError), (-12, TransportError)],
)
def test_an_error_of_linux_has_its_meaning(status: int, kind: type[ToolError]) -> None:
    with opened(lambda peer: peer.ended(peer.transfer()[0], status)) as (pipe, _), pytest.raises(kind):
        pipe.read(2, LIMIT_S)


def test_a_reply_of_another_length_has_its_bytes() -> None:
    with opened(lambda peer: peer.ended(peer.transfer()[0], data=b"abc")) as (pipe, _):
        with pytest.raises(TransferSizeError) as caught:
            pipe.read(2, LIMIT_S)
        assert caught.value.data == b"abc"


@pytest.mark.parametrize(
    "answer",
    [
        lambda peer, number: peer.ended(number + 1, data=b"ab"),
        lambda peer, number: peer.ended(number, moved=65),
        lambda peer, number: peer.put(struct.pack(">5Iii20x", 3, number, 0, 0, 0, 0, -2)),
        lambda peer, number: peer.unlinked(number),
        lambda peer, _number: peer.put(b"\xff" * 48),
    ],
)
def test_garbage_in_the_middle_ends_the_connection(answer: Callable[[Peer, int], None]) -> None:
    with opened(lambda peer: answer(peer, peer.transfer()[0])) as (pipe, _):
        with pytest.raises(ProbeLostError) as caught:
            pipe.read(2, LIMIT_S)
        assert caught.value.code is Code.NO_SERVER
        with pytest.raises(ProbeLostError):
            pipe.read(2, LIMIT_S)


def test_a_connection_that_ends_is_a_lost_probe() -> None:
    with opened(lambda peer: peer.connection.shutdown(socket.SHUT_RDWR)) as (pipe, _):
        with pytest.raises(ProbeLostError) as caught:
            pipe.read(2, LIMIT_S)
        assert caught.value.code is Code.PROBE_LOST


def test_a_server_that_does_not_even_unlink_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usbip_wire, "_UNLINK_LIMIT_S", QUICK_S)
    with opened(lambda _: None) as (pipe, _), pytest.raises(ProbeLostError):
        pipe.read(2, QUICK_S)


def test_the_clock_is_real() -> None:
    assert isinstance(usbip.attach("usbip://127.0.0.1/1-1")[0]._clock, MonotonicClock)

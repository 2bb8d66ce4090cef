"""Transfers over USB: endpoints, sizes, time limits, stalls, resets, and a device that goes away."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from stm8tool.errors import (
    AccessError,
    EndpointStallError,
    ProbeLostError,
    ToolError,
    TransferSizeError,
    TransportError,
    TransportTimeoutError,
)
from stm8tool.transport import usb, usb_access
from unit import fake_usb
from unit.fake_usb import Bus, FakeDevice, FakeUsb, composite_v3


@pytest.mark.parametrize(
    ("endpoints", "out"), [(fake_usb.V2_ENDPOINTS, 0x02), (fake_usb.V3_ENDPOINTS, 0x01), (((0x04, 64), (0x85, 64)), 4)]
)
def test_the_descriptor_says_which_endpoints_to_use(
    transport_to: Bus, endpoints: tuple[tuple[int, int], ...], out: int
) -> None:
    device = FakeDevice(endpoints=endpoints, replies=[b"\x01\x02"])
    transport = transport_to(device)
    transport.open()
    transport.write(b"\xf5", 1.0)
    transport.read(2, 1.0)
    assert device.written == [(out, b"\xf5")]
    assert device.reads[0][0] == (0x85 if out == 4 else 0x81)


def test_the_trace_endpoint_is_not_taken_for_the_reply_endpoint(transport_to: Bus) -> None:
    device = FakeDevice(endpoints=((0x83, 64), (0x02, 64), (0x81, 64)), replies=[b"\x00"])
    transport = transport_to(device)
    transport.open()
    transport.read(1, 1.0)
    assert device.reads[0][0] == 0x81


def test_an_interface_without_both_bulk_endpoints_is_no_probe(transport_to: Bus) -> None:
    device = FakeDevice(endpoints=((0x83, 64),))
    with pytest.raises(TransportError, match="not that of an ST-LINK"):
        transport_to(device).open()
    assert device.open_handles == 0


@pytest.mark.parametrize("size", [1, 16, 64, 512, 6144])
def test_a_write_is_one_transfer_of_just_its_bytes(transport: usb.UsbTransport, device: FakeDevice, size: int) -> None:
    data = bytes(range(256)) * 24
    transport.write(data[:size], 1.0)
    assert device.written == [(0x02, data[:size])]


def test_a_write_that_ends_half_way_is_a_timeout(transport: usb.UsbTransport, device: FakeDevice) -> None:
    device.failures["short_write"] = [64]
    with pytest.raises(TransportTimeoutError, match="64 of 100 bytes"):
        transport.write(bytes(100), 1.0)


def test_a_read_asks_for_whole_packets_and_returns_the_reply(transport: usb.UsbTransport, device: FakeDevice) -> None:
    device.replies += [b"\x00\x01", bytes(64)]
    assert transport.read(2, 1.0) == b"\x00\x01"
    assert transport.read(64, 1.0) == bytes(64)
    assert [size for _, size, _ in device.reads] == [64, 64]


@pytest.mark.parametrize(("limit_s", "milliseconds"), [(1.0, 1000), (0.0004, 1), (0.0, 1), (0.0123, 13)])
def test_the_time_limit_reaches_the_wire_and_is_never_endless(
    transport: usb.UsbTransport, device: FakeDevice, limit_s: float, milliseconds: int
) -> None:
    device.replies.append(b"\x00")
    transport.read(1, limit_s)
    assert device.reads == [(0x81, 64, milliseconds)]


@pytest.mark.parametrize("reply", [b"", b"\x01\x02", bytes(6)])
def test_a_shorter_or_a_longer_reply_carries_what_came(
    transport: usb.UsbTransport, device: FakeDevice, reply: bytes
) -> None:
    device.replies.append(reply)
    with pytest.raises(TransferSizeError) as caught:
        transport.read(4, 1.0)
    assert (caught.value.expected, caught.value.data) == (4, reply)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (fake_usb.TIMEOUT, TransportTimeoutError),
        (fake_usb.PIPE, EndpointStallError),
        (fake_usb.IO, EndpointStallError),
        (fake_usb.OVERFLOW, EndpointStallError),
        (fake_usb.NO_DEVICE, ProbeLostError),
        (fake_usb.NOT_FOUND, ProbeLostError),
        (fake_usb.ACCESS, AccessError),
        (fake_usb.NOT_SUPPORTED, AccessError),
        (fake_usb.OTHER, TransportError),
    ],
)
def test_a_failed_transfer_is_named_by_what_can_be_done_about_it(
    transport: usb.UsbTransport, device: FakeDevice, code: int, error: type[ToolError]
) -> None:
    device.replies.append(code)
    device.failures["bulk_write"] = [code]
    with pytest.raises(ToolError) as on_read:
        transport.read(4, 1.0)
    with pytest.raises(ToolError) as on_write:
        transport.write(b"\xf5", 1.0)
    assert (type(on_read.value), type(on_write.value)) == (error, error)


def test_a_stall_is_cleared_only_on_the_endpoint_that_refused(transport: usb.UsbTransport, device: FakeDevice) -> None:
    device.replies += [fake_usb.PIPE, b"\x00"]
    with pytest.raises(EndpointStallError):
        transport.read(1, 1.0)
    transport.clear_halt()
    assert device.calls[-1] == "clear_halt(0x81)"
    assert "clear_halt(0x02)" not in device.calls
    assert transport.read(1, 1.0) == b"\x00"


@pytest.mark.parametrize("code", [fake_usb.IO, fake_usb.OTHER, fake_usb.TIMEOUT, fake_usb.NO_DEVICE])
def test_a_probe_that_does_not_even_clear_a_halt_is_lost(
    transport: usb.UsbTransport, device: FakeDevice, code: int
) -> None:
    device.failures["clear_halt(0x02)"] = [code]
    with pytest.raises(ProbeLostError):
        transport.clear_halt()


def test_an_unplugged_probe_is_lost_and_closing_it_is_harmless(transport: usb.UsbTransport, device: FakeDevice) -> None:
    device.absent = True
    with pytest.raises(ProbeLostError):
        transport.write(b"\xf5", 1.0)
    transport.close()
    assert device.open_handles == 0


def test_an_unplugged_probe_whose_driver_was_detached_closes_quietly(
    transport_to: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    device = composite_v3(drivers={0})
    transport = transport_to(device)
    transport.open()
    device.absent = True
    transport.close()
    assert device.open_handles == 0


def test_an_interrupt_in_a_transfer_leaves_it_closable(
    transport: usb.UsbTransport, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeUsb, "bulk_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        transport.read(4, 1.0)
    transport.close()
    assert (device.open_handles, device.claimed) == (0, set())


@pytest.mark.parametrize("use", [lambda t: t.write(b"", 1.0), lambda t: t.read(1, 1.0), lambda t: t.clear_halt()])
def test_a_closed_pipe_carries_nothing_and_does_not_open_by_itself(
    transport_to: Bus, use: Callable[[usb.UsbTransport], object]
) -> None:
    device = FakeDevice()
    with pytest.raises(TransportError, match="not open"):
        use(transport_to(device))
    assert device.calls == []


def test_a_reset_device_is_claimed_again(transport: usb.UsbTransport, device: FakeDevice) -> None:
    transport.reset()
    assert "reset_device" in device.calls
    assert device.claimed == {0}
    device.replies.append(b"\x07")
    assert transport.read(1, 1.0) == b"\x07"


def test_a_device_that_comes_back_from_a_reset_with_another_address_is_found_by_its_path(transport_to: Bus) -> None:
    device = FakeDevice(reset_to=17, back_after=4)
    twin = FakeDevice(ports=(9,), address=6)
    transport = transport_to(device, twin)
    transport.open()
    transport.reset()
    assert (device.claimed, twin.claimed) == ({0}, set())
    transport.close()
    assert device.open_handles == 0


def test_a_device_file_that_gets_its_rights_late_is_waited_for(transport_to: Bus) -> None:
    device = FakeDevice(reset_to=17, back_after=1)
    transport = transport_to(device)
    transport.open()
    device.failures["open_device"] = [fake_usb.ACCESS] * 3
    transport.reset()
    assert device.claimed == {0}


def test_a_device_that_does_not_come_back_is_lost_after_a_second(transport_to: Bus) -> None:
    device = FakeDevice(reset_to=17)
    transport = transport_to(device)
    transport.open()
    with pytest.raises(ProbeLostError, match="did not come back"):
        transport.reset()
    assert 1.0 <= transport.clock.now() < 1.1
    assert device.open_handles == 0


def test_another_device_in_the_same_socket_is_not_taken_for_the_probe(transport_to: Bus) -> None:
    device = FakeDevice(reset_to=17)
    transport = transport_to(device, composite_v3(ports=device.ports, address=18))
    transport.open()
    with pytest.raises(ProbeLostError, match="did not come back"):
        transport.reset()


def test_a_reset_that_the_system_refuses_leaves_the_device_closed(
    transport: usb.UsbTransport, device: FakeDevice
) -> None:
    device.failures["reset_device"] = [fake_usb.ACCESS]
    with pytest.raises(AccessError):
        transport.reset()
    assert device.open_handles == 0


@pytest.mark.parametrize("call", ["open_device", "claim_interface"])
@pytest.mark.parametrize("code", [fake_usb.ACCESS, fake_usb.BUSY, fake_usb.NOT_FOUND, fake_usb.NOT_SUPPORTED])
@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_a_device_that_cannot_be_opened_gives_the_systems_reason_and_stays_closed(
    transport_to: Bus, monkeypatch: pytest.MonkeyPatch, call: str, code: int, system: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    device = FakeDevice(failures={call: [code]})
    with pytest.raises(AccessError) as caught:
        transport_to(device).open()
    expected = usb_access.access_error(code, "the probe at usb:1-2", system)
    assert (str(caught.value), caught.value.hint) == (str(expected), expected.hint)
    assert device.open_handles == 0


def test_a_device_that_goes_away_while_it_is_opened_is_lost(transport_to: Bus) -> None:
    with pytest.raises(ProbeLostError):
        transport_to(FakeDevice(failures={"claim_interface": [fake_usb.NO_DEVICE]})).open()


@pytest.mark.parametrize(
    ("code", "system", "words"),
    [
        (usb_access.ACCESS, "linux", "udevadm control --reload-rules"),
        (usb_access.ACCESS, "win32", "close other programs that use the probe"),
        (usb_access.ACCESS, "darwin", "close other programs that use the probe"),
        (usb_access.BUSY, "linux", "close other programs that use the probe"),
        (usb_access.NOT_SUPPORTED, "win32", "Zadig"),
        (usb_access.NOT_FOUND, "win32", "driver"),
        (usb_access.NOT_FOUND, "freebsd14", "replug"),
    ],
)
def test_what_helps_depends_on_the_system(code: int, system: str, words: str) -> None:
    assert words in (usb_access.access_error(code, "the probe", system).hint or "")

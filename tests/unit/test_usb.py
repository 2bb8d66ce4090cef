from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

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
from stm8tool.transport import libusb, usb, usb_access
from stm8tool.transport.base import UsbIdentity
from unit import fake_usb
from unit.fake_usb import FakeDevice, FakeUsb, composite_v3


class StepClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


Bus = Callable[..., usb.UsbTransport]


@pytest.fixture
def transport_to(monkeypatch: pytest.MonkeyPatch) -> Bus:
    """Put devices on a bus and return the unopened transport to the first."""

    def build(*devices: FakeDevice) -> usb.UsbTransport:
        monkeypatch.setattr(libusb, "backend", lambda: backend)
        backend = FakeUsb(*devices)
        info = next(info for info in usb.enumerate_st() if info.handle.address == devices[0].address)
        identity = UsbIdentity(info.vendor, info.product, "", info.path, info.high_speed)
        return usb.UsbTransport(info, identity, in_endpoint=0x81, clock=StepClock())

    return build


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


@pytest.fixture
def transport(transport_to: Bus, device: FakeDevice) -> Iterator[usb.UsbTransport]:
    opened = transport_to(device)
    opened.open()
    yield opened
    opened.close()
    assert device.open_handles == 0


def test_only_devices_of_st_are_listed_in_the_order_of_their_paths_and_none_is_opened(transport_to: Bus) -> None:
    stranger = FakeDevice(vendor=0x1A86)
    probes = (FakeDevice(ports=(10,), address=9), FakeDevice(ports=(2, 1), address=8), stranger)
    transport_to(*probes)
    assert [info.path for info in usb.enumerate_st()] == ["usb:1-2.1", "usb:1-10"]
    assert not any(probe.calls for probe in probes)


def test_the_speed_of_the_link_is_told(transport_to: Bus) -> None:
    transport_to(FakeDevice(ports=(1,)), composite_v3(ports=(2,)))
    assert [info.high_speed for info in usb.enumerate_st()] == [False, True]


def test_a_system_that_tells_no_ports_gives_port_0(transport_to: Bus) -> None:
    assert transport_to(FakeDevice(ports=None)).identity.path == "usb:1-0"


def test_the_serial_descriptor_is_read_raw_and_the_device_is_closed_again(transport_to: Bus) -> None:
    raw = bytes([0x1A, 3]) + bytes(byte for value in b"\xffL\x80\x01" for byte in (value, 0))
    device = FakeDevice(serial=raw)
    transport_to(device)
    assert usb.read_serial_descriptor(usb.enumerate_st()[0]) == raw
    assert device.open_handles == 0


def test_a_device_without_a_serial_is_not_even_opened(transport_to: Bus) -> None:
    device = FakeDevice(serial=b"")
    transport_to(device)
    assert usb.read_serial_descriptor(usb.enumerate_st()[0]) == b""
    assert device.calls == []


def test_a_device_that_may_not_be_opened_says_so_when_its_serial_is_read(transport_to: Bus) -> None:
    transport_to(FakeDevice(failures={"open_device": [fake_usb.ACCESS]}))
    with pytest.raises(AccessError):
        usb.read_serial_descriptor(usb.enumerate_st()[0])


def test_of_a_composite_probe_only_interface_0_is_claimed_and_the_configuration_is_left_alone(
    transport_to: Bus,
) -> None:
    device = composite_v3()
    transport = transport_to(device)
    transport.open()
    assert device.claimed == {0}
    assert device.drivers == {1, 2, 3}
    assert "set_configuration" not in device.calls


def test_a_configuration_is_set_where_none_is_active(transport_to: Bus) -> None:
    device = FakeDevice(configuration=0)
    transport = transport_to(device)
    transport.open()
    assert (device.configuration, device.claimed) == (1, {0})


def test_a_kernel_driver_on_interface_0_is_detached_and_comes_back_on_close(
    transport_to: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    device = composite_v3(drivers={0, 1})
    transport = transport_to(device)
    transport.open()
    assert device.drivers == {1}
    transport.close()
    transport.close()
    assert device.drivers == {0, 1}
    assert device.open_handles == 0


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_kernel_drivers_are_asked_for_on_linux_only(
    transport_to: Bus, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    device = composite_v3(drivers={0})
    with pytest.raises(AccessError, match="in use"):
        transport_to(device).open()
    assert device.drivers == {0}


def disk_v1(**changes: object) -> FakeDevice:
    """An ST-LINK/V1 as Linux has it: a disk."""
    known = {"product": 0x3744, "interface_class": 8, "endpoints": ((0x81, 64), (0x02, 64)), "drivers": {0}}
    return FakeDevice(**{**known, **changes})  # type: ignore[arg-type]


def test_a_v1_is_taken_from_the_disk_driver_and_given_back(transport_to: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    device = disk_v1()
    transport = transport_to(device)
    transport.open()
    assert (device.drivers, device.claimed) == (set(), {0})
    transport.close()
    assert device.drivers == {0}


@pytest.mark.parametrize("call", ["detach_kernel_driver(0)", "claim_interface"])
def test_a_v1_that_the_disk_driver_keeps_busy_gets_the_quirk_named(
    transport_to: Bus, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(AccessError, match="disk driver") as caught:
        transport_to(disk_v1(failures={call: [fake_usb.BUSY]})).open()
    assert "quirks=483:3744:i" in (caught.value.hint or "")


@pytest.mark.parametrize("code", [fake_usb.ACCESS, fake_usb.BUSY])
def test_macos_is_said_to_hold_a_v1_as_a_disk(transport_to: Bus, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(AccessError, match="held by the disk driver of macOS"):
        transport_to(disk_v1(drivers=set(), failures={"claim_interface": [code]})).open()


def test_a_bulk_only_reset_is_followed_by_clearing_both_endpoints(transport_to: Bus) -> None:
    device = disk_v1(drivers=set())
    transport = transport_to(device)
    transport.open()
    transport.bulk_only_reset()
    assert device.calls[-3:] == ["ctrl_transfer", "clear_halt(0x02)", "clear_halt(0x81)"]


def test_a_device_that_does_not_know_the_bulk_only_reset_keeps_its_endpoints(transport_to: Bus) -> None:
    device = disk_v1(drivers=set(), failures={"ctrl_transfer": [fake_usb.PIPE]})
    transport = transport_to(device)
    transport.open()
    with pytest.raises(EndpointStallError):
        transport.bulk_only_reset()
    assert device.calls[-1] == "ctrl_transfer"


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

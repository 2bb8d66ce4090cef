from __future__ import annotations

import sys

import pytest

from stm8tool.errors import AccessError, EndpointStallError
from stm8tool.transport import usb
from unit import fake_usb
from unit.fake_usb import Bus, FakeDevice, composite_v3


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

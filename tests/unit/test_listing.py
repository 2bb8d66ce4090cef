"""What `stm8tool list` says of each probe."""

from __future__ import annotations

import pytest

from stm8tool.probe.listing import ListedProbe, table
from stm8tool.probe.stlink.listing import attached
from stm8tool.transport import libusb
from stm8tool.transport.usb import SystemBus
from unit import fake_usb
from unit.fake_usb import FakeDevice, FakeUsb, composite_v3, text_descriptor

V2_REPLIES = [bytes.fromhex("29 47 83 04 48 37"), b"\x01\x00"]
SERIAL = "57FF6C064882485533212387"
PLAIN = ListedProbe("ST-LINK/V2", SERIAL, True, "usb:1-2", "0483", "3748", "V2J37S7", None, None)


def put_on_bus(monkeypatch: pytest.MonkeyPatch, *devices: FakeDevice) -> None:
    backend = FakeUsb(*devices)
    monkeypatch.setattr(libusb, "backend", lambda: backend)


def test_a_probe_is_asked_for_its_firmware_and_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeDevice(replies=[*V2_REPLIES])
    put_on_bus(monkeypatch, device)
    assert attached(SystemBus()) == ([PLAIN], [])
    assert [data[:2].hex() for _, data in device.written] == ["f100", "f500"]
    assert device.open_handles == 0


def test_a_v3_is_asked_for_its_extended_version(monkeypatch: pytest.MonkeyPatch) -> None:
    version = [bytes.fromhex("30 00 83 04 4F 37"), b"\x01\x03"]
    extended = bytes([3, 1, 7, 2, 4, 0, 0, 0, 0x83, 0x04, 0x4F, 0x37])
    put_on_bus(monkeypatch, composite_v3(replies=[*version, extended]))
    ((probe,), _) = attached(SystemBus())
    assert (probe.model, probe.firmware, probe.problem) == ("STLINK-V3SET", "V3J7M2B4S1", None)


def test_a_v3_that_does_not_tell_its_version_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_bus(monkeypatch, composite_v3(replies=[bytes.fromhex("30 00 83 04 4F 37"), b"\x01\x03"]))
    ((probe,), _) = attached(SystemBus())
    assert (probe.firmware, probe.serial) == (None, SERIAL)
    assert "does not tell its firmware version" in (probe.problem or "")


def test_a_v1_is_not_taken_away_from_the_disk_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeDevice(product=0x3744, drivers={0})
    put_on_bus(monkeypatch, device)
    ((probe,), _) = attached(SystemBus())
    assert (probe.model, probe.serial, probe.firmware, probe.problem) == ("ST-LINK/V1", SERIAL, None, None)
    assert device.drivers == {0}
    assert not device.written


def test_a_v21_with_stm32_firmware_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [bytes.fromhex("26 4D 83 04 4B 37"), b"\x01\x00"]
    put_on_bus(monkeypatch, FakeDevice(product=0x374B, replies=replies))
    ((probe,), _) = attached(SystemBus())
    assert probe.firmware == "V2J25M13"
    assert probe.problem == (
        "the ST-LINK/V2-1 at usb:1-2 has the firmware for STM32 boards (V2J25M13), which has no SWIM"
    )
    assert "M and S" in (probe.hint or "")


def test_a_probe_that_another_program_holds_is_listed_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_bus(monkeypatch, FakeDevice(failures={"claim_interface": [fake_usb.BUSY]}))
    ((probe,), _) = attached(SystemBus())
    assert (probe.serial, probe.firmware) == (SERIAL, None)
    assert "in use" in (probe.problem or "")
    assert probe.hint


def test_a_probe_that_cannot_be_opened_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeDevice(failures={"open_device": [fake_usb.ACCESS]})
    put_on_bus(monkeypatch, device)
    ((probe,), _) = attached(SystemBus())
    assert (probe.serial, probe.serial_unique, probe.firmware) == (None, False, None)
    assert probe.problem
    assert probe.hint
    assert device.calls.count("open_device") == 1


def test_a_probe_that_hangs_is_listed_and_not_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeDevice()
    put_on_bus(monkeypatch, device)
    ((probe,), _) = attached(SystemBus())
    assert (probe.firmware, probe.problem) == (None, "the probe at usb:1-2 did not answer in time")
    assert "reset_device" not in device.calls


def test_an_update_loader_is_not_opened_for_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeDevice(product=0x374D)
    put_on_bus(monkeypatch, device)
    ((probe,), _) = attached(SystemBus())
    assert probe.problem == "the STLINK-V3 loader at usb:1-2 is in its firmware update loader"
    assert "STLinkUpgrade" in (probe.hint or "")
    assert not device.written


def test_a_table_is_as_wide_as_its_cells_and_problems_stand_below_their_probe() -> None:
    clone = PLAIN._replace(serial="303030303030303030303031", serial_unique=False, path="usb:1-10.4")
    denied = PLAIN._replace(serial=None, serial_unique=False, firmware=None, problem="no permission", hint="udev")
    assert table([PLAIN, clone, denied], ["not shown"], ["not shown"]) == [
        "MODEL       SERIAL                                 PATH        FIRMWARE",
        "ST-LINK/V2  57FF6C064882485533212387               usb:1-2     V2J37S7",
        "ST-LINK/V2  303030303030303030303031 (not unique)  usb:1-10.4  V2J37S7",
        "ST-LINK/V2  unknown                                usb:1-2     -",
        "  no permission",
        "  udev",
    ]


def test_where_no_probe_is_attached_other_devices_of_st_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_bus(monkeypatch, FakeDevice(product=0xDF11, serial=text_descriptor("x")))
    lines = table(*attached(SystemBus()), ["ST-LINK"])
    assert lines[0] == "no ST-LINK is attached"
    assert lines[1].startswith(
        "  seen instead: 0483:df11 at usb:1-2, an STM32 in DFU mode; if it is a probe, replug it"
    )


def test_the_keys_for_programs_stay() -> None:
    keys = ["model", "serial", "serial_unique", "path", "vendor", "product", "firmware", "problem", "hint"]
    assert list(ListedProbe._fields) == keys

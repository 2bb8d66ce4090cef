"""The simulated bus, as whoever chooses a probe sees it: no flasher here."""

from __future__ import annotations

from pathlib import Path

import pytest

from stm8tool.errors import AccessError, Code, UsageError
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.sim.bus import attach
from stm8tool.transport.base import UsbBus, UsbIdentity

S103 = find_part("stm8s103f3")


def folder_with(folder: Path, *boards: tuple[str, str, list[str]]) -> UsbBus:
    for name, model, faults in boards:
        store.create(folder / name, S103, model, faults=faults)
    return attach(str(folder))[0]


@pytest.mark.parametrize(("model", "product"), [("v1", 0x3744), ("v2", 0x3748), ("v21", 0x374B), ("v3", 0x374F)])
def test_a_device_has_the_ids_of_its_probe_and_a_serial_of_24_digits(tmp_path: Path, model: str, product: int) -> None:
    bus = folder_with(tmp_path, ("a.chip", model, []))
    (device,) = bus.devices()
    assert (device.vendor, device.product, device.high_speed) == (0x0483, product, model == "v3")
    raw = bus.serial_descriptor(device)
    assert (raw[0], raw[2:].decode("utf-16-le")) == (0x32, store.describe(tmp_path / "a.chip").serial)


@pytest.mark.parametrize("fault", ["old-firmware", "clone-serial"])
def test_old_firmware_and_clones_have_the_raw_bytes_of_the_serial(tmp_path: Path, fault: str) -> None:
    bus = folder_with(tmp_path, ("a.chip", "v2", [fault]))
    raw = bus.serial_descriptor(bus.devices()[0])
    assert raw[0] == 0x1A
    assert raw[2::2].hex().upper() == store.describe(tmp_path / "a.chip").serial
    assert not any(raw[3::2])


def test_clones_share_one_serial(tmp_path: Path) -> None:
    folder_with(tmp_path, ("a.chip", "v2", ["clone-serial"]), ("b.chip", "v2", ["clone-serial"]))
    serials = {store.describe(tmp_path / name).serial for name in ("a.chip", "b.chip")}
    assert serials == {"303030303030303030303031"}


def test_an_update_loader_has_a_product_id_of_its_own_and_only_a_v3_has_one(tmp_path: Path) -> None:
    (device,) = folder_with(tmp_path, ("a.chip", "v3", ["loader"])).devices()
    assert device.product == 0x374D
    with pytest.raises(UsageError, match="needs the probe v3"):
        store.create(tmp_path / "b.chip", S103, "v2", faults=["loader"])


def test_sockets_are_numbered_by_the_names_of_the_files(tmp_path: Path) -> None:
    bus = folder_with(tmp_path, ("b.chip", "v3", []), ("a.chip", "v2", []), ("c.chip", "v1", []))
    assert [(device.path.partition("#")[2], device.product) for device in bus.devices()] == [
        ("usb:1-1", 0x3748),
        ("usb:1-2", 0x374F),
        ("usb:1-3", 0x3744),
    ]
    assert all(device.path.startswith(bus.prefix) for device in bus.devices())


def test_looking_at_the_bus_takes_no_lock_and_waits_for_none(tmp_path: Path) -> None:
    bus = folder_with(tmp_path, ("a.chip", "v2", []))
    for lock in tmp_path.glob(".*.lock"):
        lock.unlink()
    holder = store.open_transport(tmp_path / "a.chip")
    (device,) = bus.devices()
    bus.serial_descriptor(device)
    assert not list(tmp_path.glob(".*.lock"))
    holder.open()
    assert bus.devices() == [device]
    assert bus.serial_descriptor(device)
    holder.close()


def test_a_pipe_reaches_the_probe_of_its_device_and_says_what_it_was_found_as(tmp_path: Path) -> None:
    bus = folder_with(tmp_path, ("a.chip", "v2", []), ("b.chip", "v3", []))
    device = bus.devices()[1]
    identity = UsbIdentity(device.vendor, device.product, "AB", device.path, device.high_speed)
    pipe = bus.pipe(device, identity, 0x81)
    pipe.open()
    pipe.write(b"\xf1".ljust(16, b"\0"), 1.0)
    assert pipe.read(6, 1.0) == bytes.fromhex("3000 8304 4f37")
    assert pipe.identity is identity
    pipe.close()
    assert [store.describe(tmp_path / name).transfers for name in ("a.chip", "b.chip")] == [0, 2]


@pytest.mark.parametrize(
    ("fault", "code", "shows_at_once"),
    [
        ("no-driver", Code.DRIVER_MISSING, True),
        ("wrong-driver", Code.DRIVER_WRONG, True),
        ("no-permission", Code.PERMISSION, True),
        ("in-use", Code.BUSY, False),
    ],
)
@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
def test_the_system_keeps_a_program_from_the_probe(
    tmp_path: Path, fault: str, code: Code, shows_at_once: bool, model: str
) -> None:
    bus = folder_with(tmp_path, ("a.chip", model, [fault]))
    (device,) = bus.devices()
    if shows_at_once:
        with pytest.raises(AccessError) as caught:
            bus.serial_descriptor(device)
        assert caught.value.code is code
    else:
        assert bus.serial_descriptor(device)
    pipe = bus.pipe(device, UsbIdentity(device.vendor, device.product, "", device.path, device.high_speed), 0x81)
    with pytest.raises(AccessError) as caught:
        pipe.open()
    assert caught.value.code is code
    assert device.path in str(caught.value)


def test_a_v1_in_use_is_held_by_the_disk_driver(tmp_path: Path) -> None:
    bus = folder_with(tmp_path, ("a.chip", "v1", ["in-use"]))
    (device,) = bus.devices()
    with pytest.raises(AccessError, match="disk driver"):
        bus.pipe(device, UsbIdentity(0x0483, 0x3744, "", device.path, high_speed=False), 0x81).open()

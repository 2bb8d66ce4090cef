"""The USB bus of a simulated machine: a folder of chip files, each with its probe in a socket; or one file alone.

Nothing here takes or waits for the lock of a chip file, so a program sees the attached probes while others use them.
The operating system between a program and a probe is simulated here, too, with the sentences of that system. This does
not depend on the system that runs the simulator.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple, Optional

from stm8tool.errors import TransportError, UsageError
from stm8tool.transport import usb_access
from stm8tool.transport.base import UsbDeviceInfo, UsbIdentity

from . import store
from .clock import VirtualClock
from .faults import Faults
from .usbip.descriptors import Descriptors
from .usbip.stlink import of_board

SUFFIX = ".chip"
_ANY = "stlink"
_SERIAL_NUMBER = 3  # the string, see `Descriptors.device`

# For each fault of a system: when it shows, libusb's code, and the name of the system.
_ON_OPENING = {
    "no_driver": (usb_access.NOT_SUPPORTED, "win32"),
    "wrong_driver": (usb_access.NOT_FOUND, "win32"),
    "no_permission": (usb_access.ACCESS, "linux"),
}
_ON_CLAIMING = {**_ON_OPENING, "in_use": (usb_access.BUSY, "linux")}


class _Attached(NamedTuple):
    """One probe: its chip file, its faults, its USB descriptors, and the reason if the file cannot be read."""

    chip_file: Path
    faults: Faults
    about: Descriptors
    is_disk: bool
    damage: Optional[UsageError] = None


class SimBus:
    """`UsbBus` with the probes of `chip_files`, by the path of each.

    Args:
        chip_files: Path on the bus, as `UsbIdentity` has it, of each chip file.
        prefix: The text before a selector that means this bus.
    """

    def __init__(self, chip_files: dict[str, Path], prefix: str) -> None:
        self.chip_files = chip_files
        self.prefix = prefix

    def devices(self) -> list[UsbDeviceInfo]:
        """Return every probe in the order of its socket; a file that is not a chip file is a V2 that cannot be used."""
        return [_device(path, chip_file) for path, chip_file in self.chip_files.items()]

    def serial_descriptor(self, device: UsbDeviceInfo) -> bytes:
        """Return the raw string descriptor of the serial number.

        Raises:
            AccessError: The system does not let it be read.
            TransportError: It is not in the chip file.
        """
        attached: _Attached = device.handle
        if attached.damage:
            raise TransportError(str(attached.damage), code=attached.damage.code, hint=attached.damage.advice)
        _pass(attached, device.path, _ON_OPENING)
        return attached.about.strings[_SERIAL_NUMBER]

    def pipe(self, device: UsbDeviceInfo, identity: UsbIdentity, in_endpoint: int) -> SimPipe:
        """Return the pipe to a probe; it has one endpoint to reply by."""
        return SimPipe(device.handle, identity)


class SimPipe(store.StoredProbe):
    """The probe of a chip file as it is reached through the bus."""

    def __init__(self, attached: _Attached, identity: UsbIdentity) -> None:
        super().__init__(attached.chip_file, VirtualClock())
        self._attached = attached
        self._seen_as = identity

    @property
    def identity(self) -> UsbIdentity:
        """The identity of the probe, as its descriptors tell."""
        return self._seen_as

    def open(self) -> None:
        """Claim the probe; AccessError as the system reports it, or if another process has the file."""
        _pass(self._attached, self._seen_as.path, _ON_CLAIMING)
        super().open()


def attach(place: str) -> tuple[SimBus, str]:
    """Return the bus that `place` names, and the selector for a probe on it.

    Args:
        place: "CHIPFILE", "FOLDER" or "FOLDER#SELECTOR": the text after "sim:".

    Raises:
        UsageError: The folder does not exist or cannot be read, or the one file is not a chip file.
    """
    folder, hash_sign, selector = place.rpartition("#")
    if os.path.exists(place) or not hash_sign:
        folder, selector = place, _ANY
    elif os.path.exists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder} is one simulated board: there is no probe to choose", hint=f"use sim:{folder}")
    elif not os.path.isdir(folder):
        raise UsageError(f"there is no folder {folder}", hint=f"make it; names of chip files end in {SUFFIX}")
    if os.path.isdir(folder):
        prefix = f"sim:{folder}#"
        return SimBus({f"{prefix}usb:1-{n}": file for n, file in enumerate(_chip_files(folder), 1)}, prefix), selector
    store.open_transport(place)  # only for its errors: there is no other file here that a damaged one could hide
    return SimBus({f"sim:{place}": Path(place)}, f"sim:{place}#"), _ANY


def _chip_files(folder: str) -> list[Path]:
    """Return the chip files in a folder, by name; locks and files that are being saved have other suffixes."""
    try:
        return sorted(file for file in Path(folder).iterdir() if file.suffix == SUFFIX and file.is_file())
    except OSError as exc:
        raise UsageError(f"cannot read {folder}: {exc.strerror}", hint="check the path and its permissions") from exc


def _device(path: str, chip_file: Path) -> UsbDeviceInfo:
    damage = None
    try:
        seen = store.glance(chip_file)
    except UsageError as exc:
        damage, seen = exc, store.Glance("v2", "", Faults())
    about = of_board(seen.model, seen.serial, seen.faults)
    attached = _Attached(chip_file, seen.faults, about, seen.model == "v1", damage)
    return UsbDeviceInfo(about.vendor, about.product, path, about.high_speed, attached)


def _pass(attached: _Attached, path: str, obstacles: dict[str, tuple[int, str]]) -> None:
    """Raise the system's error for the first of `obstacles` that is there."""
    for fault, (code, system) in obstacles.items():
        if getattr(attached.faults, fault):
            raise usb_access.access_error(code, f"the probe at {path}", system, is_disk=attached.is_disk)

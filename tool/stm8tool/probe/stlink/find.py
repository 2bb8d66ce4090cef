"""Find the attached ST-LINKs, and choose the one that the user means.

A selector is the value of `--probe`:

    stlink                          any ST-LINK
    stlinkv1, stlinkv2, stlinkv21,
    stlinkv3                        any, preferably of this generation
    usb:BUS-PORT[.PORT…]            the one in this socket
    BUSID                           the one that a USB/IP server calls so
    hex digits                      a serial number, or enough of its beginning

This module does not know which bus it searches: `UsbBus` is the system's or a simulated one.

Serial numbers: firmwares store them differently, and tools print them differently. Here they are upper-case hex digits,
mostly 24, as in ST's tools and OpenOCD. The doubled form of stm8flash is understood, too, if more than half of it is
given.
Source of the forms: stm8flash and OpenOCD (confidence high).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Optional

from ...errors import (
    AccessError,
    Code,
    ProbeAmbiguousError,
    ProbeError,
    ProbeNotFoundError,
    ToolError,
    TransportError,
    UsageError,
)
from ...support import deps
from ...transport import confinement
from ...transport.base import Transport, UsbBus, UsbDeviceInfo, UsbIdentity
from ...words import Advice, Hint
from .usb_ids import GENERATIONS, IN_ENDPOINT, MODELS, OTHER_ST_DEVICES, UsbModel

ANY = "stlink"
_PREFERENCES = {f"stlink{generation}": generation for generation in GENERATIONS}

_TEXT_DESCRIPTOR = 0x32  # 24 hex digits in UTF-16
_DIGITS = re.compile(r"[0-9A-F]+")
_PATH = re.compile(r"usb:.*|\d+-\d+(\.\d+)*")  # the second form is that of USB/IP, on its bus
_LONGEST_BEGINNING = 24  # of a serial number; more digits are the beginning of a doubled one
# Clones and old firmware share this one; it is ASCII 000000000001.
_PLACEHOLDER = "303030303030303030303031"

_REPLUG = "unplug the probe, plug it in again and retry"
_NOTHING_EXPORTED = (
    "on the server's machine, find the bus id with `usbip list -l` and export the probe with `usbip bind -b BUSID`. A "
    "server may leave out a probe that is in use"
)
_NOTHING_ATTACHED = {
    "linux": "check the cable (some only charge); in a virtual machine pass the probe through to it",
    "win32": "check the cable (some only charge), and the Device Manager for an 'Unknown device' or a missing driver",
    "darwin": "check the cable (some only charge), and System Information, USB, for the probe",
}


@dataclass(frozen=True)
class FoundProbe:
    """An attached ST-LINK.

    Attributes:
        device: The USB device.
        model: The model for its product id.
        serial: Normal form, "" if it could not be read.
        error: The reason why it could not be opened or read; None if it could.
    """

    device: UsbDeviceInfo
    model: UsbModel
    serial: str
    error: Optional[ToolError] = None

    @property
    def identity(self) -> UsbIdentity:
        """The USB side, as the transport shows it."""
        device = self.device
        return UsbIdentity(device.vendor, device.product, self.serial, device.path, device.high_speed)

    @property
    def problem(self) -> Optional[str]:
        """The reason why it cannot be used, a sentence; None if nothing is known before it is used."""
        if self.model.obstacle:
            return f"the {self.model.name} at {self.device.path} {self.model.obstacle}"
        return str(self.error) if self.error else None

    @property
    def hint(self) -> Optional[Advice]:
        """The advice against the problem."""
        return self.model.remedy or (self.error.advice if self.error else None)

    @property
    def unique_serial(self) -> bool:
        """False if the serial is missing or many probes share it."""
        return is_unique(self.serial)

    @property
    def name(self) -> str:
        """Model, serial number and path of the probe."""
        serial = f"serial {self.serial}" if self.serial else "serial unknown"
        if self.serial and not self.unique_serial:
            serial += " (not unique)"
        return f"{self.model.name}, {serial}, {self.device.path}"

    def __str__(self) -> str:
        return self.name + (f": {self.problem}" if self.problem else "")


class Survey(NamedTuple):
    """The attached devices: ST-LINKs in the order of their USB paths, and a text for each other device of ST."""

    probes: Sequence[FoundProbe]
    others: Sequence[str]


def system_bus() -> UsbBus:
    """Return this machine's own bus; AccessError if the package for it is missing and cannot be fetched."""
    deps.require("usb")  # the next line imports pyusb
    from ...transport.usb import SystemBus

    return SystemBus()


def survey(bus: UsbBus) -> Survey:
    """Return the attached devices, also ST-LINKs that cannot be opened; errors as `UsbBus.devices`."""
    devices = bus.devices()
    return Survey(
        [_identified(device, bus) for device in devices if device.product in MODELS],
        [_other(device) for device in devices if device.product not in MODELS],
    )


def find(selector: str, bus: UsbBus) -> FoundProbe:
    """Return the attached ST-LINK that `selector` means; errors as `choose` and `survey`."""
    return choose(selector, *survey(bus), prefix=bus.prefix)


def choose(selector: str, probes: Sequence[FoundProbe], others: Sequence[str] = (), *, prefix: str = "") -> FoundProbe:
    """Return the one of `probes` that `selector` means.

    Args:
        selector: See the module.
        probes: The attached probes.
        others: Devices of ST that are not probes, named in the error if there is no probe.
        prefix: The text that the user puts before a selector to mean this bus.

    Raises:
        UsageError: `selector` has none of the known forms.
        ProbeNotFoundError: None fits.
        ProbeAmbiguousError: Several do.
        AccessError, TransportError: No serial fits, but one could not be read; the type is that of its error.
    """
    wanted = selector.strip()
    fits = _fitting(wanted, probes, prefix)
    if len(fits) == 1:
        return fits[0]
    if fits:
        missing = _missing(wanted, fits[0])
        raise ProbeAmbiguousError(
            f"no {missing} attached, and {len(fits)} others are" if missing else f"{len(fits)} probes fit '{wanted}'",
            hint=_how_to_choose(fits, prefix),
            details=[str(probe) for probe in fits],
        )
    if not probes:
        raise ProbeNotFoundError(
            "no ST-LINK is attached",
            hint=_nothing_attached(prefix),
            details=[f"seen instead: {other}" for other in others],
        )
    message = f"no attached probe fits '{wanted}'"
    details = [str(probe) for probe in probes]
    unread = next((probe.error for probe in probes if probe.error), None)
    if unread and not _is_path(wanted):
        kind = AccessError if isinstance(unread, AccessError) else TransportError
        raise kind(
            f"{message}, and not every serial number could be read",
            code=unread.code,
            hint=unread.advice or _REPLUG,
            details=details,
        )
    raise ProbeNotFoundError(message, hint=_how_to_choose(probes, prefix), details=details)


def _nothing_attached(prefix: str) -> str:
    if prefix.startswith("usbip:"):
        return _NOTHING_EXPORTED
    around = confinement.here() if sys.platform.startswith("linux") and not prefix else None
    if around:
        return f"check the cable (some only charge). The tool runs in {around.name}: {around.advice}"
    return _NOTHING_ATTACHED.get(sys.platform, _NOTHING_ATTACHED["linux"])


def substitution(selector: str, probe: FoundProbe) -> Optional[str]:
    """Return the line to tell the user when `probe` has another generation than `selector` asked for, else None."""
    missing = _missing(selector.strip(), probe)
    return f"no {missing} attached, using the {probe.model.name} at {probe.device.path}" if missing else None


def pipe_to(probe: FoundProbe, bus: UsbBus) -> Transport:
    """Return the pipe to `probe`; `open` on it claims the device.

    Raises:
        ProbeError: The probe cannot be used as it is.
    """
    if probe.model.obstacle:
        raise ProbeError(probe.problem or "", code=Code.PROBE_LOADER, hint=probe.hint)
    return bus.pipe(probe.device, probe.identity, IN_ENDPOINT)


def is_unique(serial: str) -> bool:
    """Return False if `serial` is missing or many probes share it."""
    return serial not in ("", _PLACEHOLDER) and len(set(serial)) > 1


def serial_from_descriptor(raw: bytes) -> str:
    """Return the normal form of the serial number in the string descriptor `raw`, "" if there is none.

    Newer firmware has 24 hex digits there (bLength 0x32). Old firmware has 12 raw bytes, each as the low byte of a
    unit (0x1A). Other makes have any number of units. This returns such bytes in hex.
    """
    if len(raw) < 2:
        return ""
    length = min(raw[0], len(raw))
    low_bytes = raw[2:length:2]
    if length == _TEXT_DESCRIPTOR:
        text = low_bytes.decode("latin-1").upper()
        if _DIGITS.fullmatch(text):
            return text
    return low_bytes.hex().upper()


def _identified(device: UsbDeviceInfo, bus: UsbBus) -> FoundProbe:
    model = MODELS[device.product]
    try:
        return FoundProbe(device, model, serial_from_descriptor(bus.serial_descriptor(device)))
    except (AccessError, TransportError) as exc:
        return FoundProbe(device, model, "", exc)


def _other(device: UsbDeviceInfo) -> str:
    name = OTHER_ST_DEVICES.get(device.product, "not a probe")
    return f"{device.vendor:04x}:{device.product:04x} at {device.path}, {name}"


def require_name(wanted: str) -> None:
    """Raise UsageError if `wanted` can name no ST-LINK: it is not a word for a kind, a path or a serial number."""
    keyword = wanted.lower()
    if not (keyword == ANY or keyword in _PREFERENCES or _is_path(wanted) or _DIGITS.fullmatch(wanted.upper())):
        raise UsageError(
            f"'{wanted}' does not name a probe",
            hint=f"give {ANY}, {', '.join(_PREFERENCES)}, a serial number (hex digits) or usb:BUS-PORT",
        )


def _fitting(wanted: str, probes: Sequence[FoundProbe], prefix: str) -> Sequence[FoundProbe]:
    require_name(wanted)
    keyword = wanted.lower()
    if keyword == ANY or keyword in _PREFERENCES:
        usable = [probe for probe in probes if not probe.model.obstacle] or probes
        return [probe for probe in usable if probe.model.generation == _PREFERENCES.get(keyword)] or usable
    if _is_path(wanted):
        return [probe for probe in probes if probe.device.path == prefix + keyword]
    digits = wanted.upper()
    # A few digits are the beginning of a serial. "37" must not mean 7AFF…, whose doubled form begins with 37.
    exact = [probe for probe in probes if digits in _forms(probe.serial)]
    forms = 2 if len(digits) > _LONGEST_BEGINNING else 1
    return exact or [probe for probe in probes if any(f.startswith(digits) for f in _forms(probe.serial)[:forms])]


def _missing(wanted: str, fitting: FoundProbe) -> Optional[str]:
    """Return the generation that was asked for, if the probe that was taken has another one."""
    preferred = _PREFERENCES.get(wanted.lower(), fitting.model.generation)
    return None if preferred == fitting.model.generation else GENERATIONS[preferred]


def _is_path(selector: str) -> bool:
    return _PATH.fullmatch(selector.lower()) is not None


def _forms(serial: str) -> tuple[str, str]:
    """Return the normal form, and stm8flash's: hex of the characters of the normal form."""
    return serial, serial.encode().hex().upper()


def _how_to_choose(probes: Sequence[FoundProbe], prefix: str) -> Hint:
    serials = [probe.serial for probe in probes]
    by_serial = next((p for p in probes if p.unique_serial and serials.count(p.serial) == 1), None)
    example = prefix + by_serial.serial if by_serial else probes[0].device.path
    return Hint(
        "choose one by its serial number or USB path, for example {probe:{example}}{upload_port}", example=example
    )

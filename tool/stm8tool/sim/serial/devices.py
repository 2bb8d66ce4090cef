"""The devices that a simulated serial wire can have at its far end, by the names of `sim serve-serial --as`."""

from __future__ import annotations

from typing import NamedTuple, Optional

from stm8tool.errors import UsageError
from stm8tool.parts.table import Part
from stm8tool.words import Hint

from ..chip.microcontroller import Microcontroller
from ..faults import Faults
from . import rom_facts
from .boot_rom import BootRom
from .espstlink import EspFirmware, speed_of
from .rp2040 import USB_BYTE_S, Rp2040Firmware
from .wire import SerialDevice, Wire

BOOTLOADER, ESPSTLINK, RP2040 = "bootloader", "espstlink", "rp2040"


class About(NamedTuple):
    """The facts about a device that a user needs.

    Attributes:
        text: A description.
        selector: What stands before the name of its port in `--probe`, or before a URL.
        baud: The speed for a client that does not tell its own; None: the user's.
    """

    text: str
    selector: str
    baud: Optional[int]


def wire(kind: str, chip: Microcontroller, now: float, version: Optional[int] = None) -> Wire:
    """Return a wire to the device on the board of `chip`; UsageError if this part has none."""
    return Wire(_make(kind, chip, now, version), now, chip.faults, USB_BYTE_S if kind == RP2040 else None)


def _make(kind: str, chip: Microcontroller, now: float, version: Optional[int]) -> SerialDevice:
    if kind == RP2040:
        return Rp2040Firmware(chip, now)
    if kind == ESPSTLINK:
        return EspFirmware(chip, now)
    return BootRom(chip, _loader(chip.part, chip.faults, version), now)


def _loader(part: Part, faults: Faults, version: Optional[int]) -> rom_facts.RomLoader:
    """Return the loader at the UART to which the wire goes."""
    loader = rom_facts.of(part, version)
    return rom_facts.at_uart3(part, loader) if faults.uart_reply else loader


def about(kind: str, part: Part, faults: Faults, version: Optional[int] = None) -> About:
    """Return the facts about a device; UsageError if this part has none, or no such version."""
    if kind in (ESPSTLINK, RP2040) and version is not None:
        raise UsageError(
            "only the loader in a boot ROM has a version of the loader",
            hint=Hint("an espstlink has {fault:esp-version=1}"),
        )
    if kind == RP2040:
        return About("rp2040_swim", "rp2040:", None)
    if kind == ESPSTLINK:
        return About(f"espstlink at {speed_of(faults)} baud", "espstlink:", speed_of(faults))
    loader = _loader(part, faults, version)
    mode = "reply mode without parity" if loader.reply else "duplex with even parity"
    return About(f"loader {loader.version >> 4}.{loader.version & 15}, {mode}", "serial:", None)

"""Which parts have a loader at their UART, and the needs of each.

Source: UM0560 and the tables of its clients (stm8gal): versions, sectors, addresses; confidence high. The ROM of an
STM8L erases and writes by itself. That of an STM8S or STM8AF calls routines in RAM, see `routines/`.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from ..errors import Code, ProbeError, UsageError
from ..parts.table import OptionByte, Part
from ..words import Hint
from . import routines

SECTOR = 1024
FIRST_FREE_RAM = 0x00A0  # the loader has its variables below
_SWIM = Hint("use an ST-LINK: {probe:stlink}")

# STM8L of 8 KiB, version 1.0: its copy of the write routine has a wrong byte (stm8gal; confidence high).
L_LOW_PATCH = (0x01EA, bytes((0xB2,)))


class Loader(NamedTuple):
    """The loader of a part.

    Attributes:
        versions: The bytes that GET may answer.
        needs_routines: It calls routines in RAM for erase and write.
        flash_sectors: Sector codes of the flash; those of the EEPROM follow.
    """

    versions: tuple[int, ...]
    needs_routines: bool
    flash_sectors: int


def of(part: Part) -> Loader:
    """Return the loader of a part.

    Raises:
        UsageError: The part has none, or no source describes it.
    """
    if part.boot_rom is None:
        raise UsageError(
            f"the {part.name} has no boot ROM, so it cannot be programmed at its UART",
            code=Code.NO_LOADER,
            hint=_SWIM,
        )
    if part.family in ("STLUX", "STNRG"):
        raise UsageError(
            f"no source that we have describes the loader in the boot ROM of the {part.name}",
            code=Code.NO_LOADER,
            hint=_SWIM,
        )
    if part.flash_regs == "stm8l":
        version = {"low": 0x10, "medium": 0x12}.get(part.density, 0x11)
        return Loader((version,), False, part.flash.size // SECTOR)
    if part.density == "high":
        return Loader((0x20, 0x21, 0x22), True, 0x80)
    return Loader((0x10, 0x12, 0x13), True, 0x20)


def require_version(part: Part, loader: Loader, version: int) -> None:
    """Raise ProbeError for a version of the ROM without routines of ours."""
    if loader.needs_routines and version not in routines.VERSIONS:
        known = ", ".join(version_text(one) for one in loader.versions)
        raise ProbeError(
            f"the boot ROM of this {part.name} has version {version_text(version)}: no routines for it are known",
            code=Code.PROBE_LIMIT,
            hint=Hint("versions {known} can write; use an ST-LINK for this chip: {probe:stlink}", known=known),
        )


def version_text(version: int) -> str:
    """Return a version as its maker writes it."""
    return f"{version >> 4}.{version & 15}"


def sector_of(part: Part, loader: Loader, address: int) -> Optional[int]:
    """Return the code of the sector that begins at an address; None if none does."""
    if part.flash.start <= address < part.flash.end and (address - part.flash.start) % SECTOR == 0:
        return (address - part.flash.start) // SECTOR
    eeprom = part.eeprom
    if part.flash_regs == "stm8l":
        return None  # the sources do not agree on the codes of its EEPROM
    if eeprom is not None and eeprom.start <= address < eeprom.end and (address - eeprom.start) % SECTOR == 0:
        return loader.flash_sectors + (address - eeprom.start) // SECTOR
    return None


def closed(part: Part, option: OptionByte) -> bool:
    """Tell whether the chip's own programs cannot write an option byte: ROP, and UBC of an STM8L."""
    return option.policy == "rop" or (part.flash_regs == "stm8l" and option.name == "UBC")

"""The loader that the boot ROM of a part has.

Sources: UM0560; the versions and addresses that clients of the ROM know (confidence high), the calling convention of
the routines in RAM (medium). The loaders of STLUX and STNRG are in AN4656, which we have not: they are a gap here.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from stm8tool.errors import UsageError
from stm8tool.parts.table import Part

SECTOR = 1024


class RomVariables(NamedTuple):
    """The addresses of a ROM of an STM8S or STM8AF: calls of the routines in RAM, variables, its own routine.

    The last one refreshes the watchdogs: routines in RAM may call it.
    """

    write_entry: int
    option: int
    erase_error: int
    write_error: int
    refresh: int


class RomLoader(NamedTuple):
    """The loader of one part.

    Attributes:
        version: The byte that it answers to GET.
        reply: Its UART has no parity, and it waits until each of its bytes comes back.
        flash_size: Of the die, which may have more than the part.
        eeprom_code: The first sector code of the EEPROM.
        last_code: The last sector code.
        calls: None if the ROM erases and writes by itself.
        leaves_open: Once it has run, the flash is open, and a program that locks it cannot open it again.
        patch: An address in RAM and the byte that a client must write there before the ROM can write; None: none.
    """

    version: int
    reply: bool
    flash_size: int
    eeprom_code: int
    last_code: int
    calls: Optional[RomVariables]
    patch: Optional[tuple[int, int]] = None
    leaves_open: bool = False


_CALLS = {
    0x10: RomVariables(0x12F, 0x94, 0x97, 0x98, 0x605F),
    0x12: RomVariables(0x150, 0x94, 0x97, 0x98, 0x606D),
    0x13: RomVariables(0x150, 0x94, 0x96, 0x97, 0x6065),
    0x20: RomVariables(0x162, 0x98, 0x9C, 0x9D, 0x6087),
    0x21: RomVariables(0x180, 0x98, 0x9C, 0x9D, 0x608C),
    0x22: RomVariables(0x180, 0x98, 0x9B, 0x9C, 0x608A),
}
_MEDIUM, _HIGH = (0x10, 0x12, 0x13), (0x20, 0x21, 0x22)
_LOW_PATCH = (0x01EA, 0xB2)  # of the only version that an STM8L of 8 KiB has
_STM8L = {"low": (0x10, 8), "medium": (0x12, 32), "medium+": (0x11, 64), "high": (0x11, 64)}  # and KiB of the die


def of(part: Part, version: Optional[int] = None) -> RomLoader:
    """Return the loader of a part, of the newest version that was released, or of another one.

    Raises:
        UsageError: The part has no loader, or none of that version, or no source describes it.
    """
    if part.boot_rom is None:
        raise UsageError(
            f"the {part.name} has no boot ROM, so nothing answers at its UART",
            hint="make a board with another part, such as stm8s105k4",
        )
    if part.family in ("STLUX", "STNRG"):
        raise UsageError(
            f"the simulator does not know the loader in the boot ROM of the {part.name}: AN4656 describes it",
            hint="use a part of another family",
        )
    if part.flash_regs == "stm8l":
        newest, sectors = _STM8L[part.density]
        known: tuple[int, ...] = (newest,)
        loader = RomLoader(newest, False, sectors * SECTOR, sectors, sectors + _eeprom_sectors(part) - 1, None)
        if part.density == "low":
            loader = loader._replace(patch=_LOW_PATCH)
        if part.density == "medium":
            loader = loader._replace(leaves_open=True)
    elif part.density == "high":
        known, loader = _HIGH, RomLoader(0x22, False, 128 * SECTOR, 0x80, 0x81, _CALLS[0x22])
    else:
        known, loader = _MEDIUM, RomLoader(0x13, True, 32 * SECTOR, 0x20, 0x20, _CALLS[0x13])
    if version is None:
        return loader
    if version not in known:
        names = ", ".join(f"{one >> 4}.{one & 15}" for one in known)
        raise UsageError(
            f"the boot ROM of the {part.name} has no version {version >> 4}.{version & 15}", hint=f"known: {names}"
        )
    return loader._replace(version=version, calls=_CALLS[version] if loader.calls else None)


def at_uart3(part: Part, loader: RomLoader) -> RomLoader:
    """Return the loader as it is at UART3 of an STM8S, or LINUART of an STM8AF, of high density: in reply mode.

    All others have one UART, or we do not know the address of the other one.
    """
    return loader._replace(reply=True) if (part.flash_regs, part.density) == ("stm8s", "high") else loader


def _eeprom_sectors(part: Part) -> int:
    return 0 if part.eeprom is None else -(-part.eeprom.size // SECTOR)

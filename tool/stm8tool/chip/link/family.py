"""The signs that a connected chip shows of its kind, and the parts that it can be.

No STM8 has a documented ID. These signs tell them apart, some surely and some not:

* The register map of the flash controller. CR2 and NCR2 of the STM8S map always read as complements. The STM8L map
  has nothing there, and its clock divider is elsewhere (RM0016, PM0054; confidence high). No manual says how reserved
  addresses read, so the map may stay unknown.
* The stack pointer, which is at the end of RAM after a reset (register maps of the datasheets; confidence medium).
  A chip may have more RAM than the datasheet of its part says: small parts share the die of larger ones.
* The boot ROM, which has different bytes (UM0560 lists the parts with one). No source says how its place reads on a
  chip without one (confidence low). So this sign narrows a choice, but never refuses a chip.
* The option byte OPTBL of the STM8S map with its complement, which low density parts do not have (datasheets). Other
  bytes may look so by chance, but that is unlikely (confidence medium). This sign narrows a choice, too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple, Optional

from ...errors import FamilyMismatchError, SwimError
from ...parts.option_fields import fields_of
from ...parts.table import Part, Region, all_parts, disagreements, option_table
from ...probe.base import NO_ACCESS
from ...words import Hint
from .. import registers as reg
from ..options import ubc

_RAM_SIZES = (0x400, 0x600, 0x800, 0xC00, 0x1000, 0x1800)
_BOOT_ROM = 0x6000
_OPTBL = 0x487E
_SAMPLE_SIZE = 64
_HIDDEN = 0x71  # protected memory reads as this
_LISTED = ("STM8S", "STM8L")  # of these families the lines are named, such as STM8S103
_HINT = Hint("name the part that is printed on the chip ({part_or_board})")

Read = Callable[[int, int], bytes]

_log = logging.getLogger(__name__)


class Traits(NamedTuple):
    """The signs that a chip shows of its kind; None if it does not tell.

    Attributes:
        register_map: "stm8s" or "stm8l".
        ram_size: By the stack pointer, in bytes.
    """

    register_map: Optional[str]
    ram_size: Optional[int]

    def __str__(self) -> str:
        """Return it as it stands after "a chip with"."""
        registers = f"the registers of an {_KINDS[self.register_map]}" if self.register_map else "unknown registers"
        return registers + (f" and {self.ram_size} bytes of RAM" if self.ram_size else "")


class PartGroup(NamedTuple):
    """Parts that a chip may be, and the facts that they have in common.

    Attributes:
        part: The facts that hold for every one of them: the smallest of each memory.
        parts: The parts, by name.
        differing: The facts in which they differ: "flash", "eeprom", "options" (place and values), "meaning" of the
            option bytes.
    """

    part: Part
    parts: tuple[Part, ...]
    differing: frozenset[str]


_KINDS = {"stm8s": "STM8S or STM8AF", "stm8l": "STM8L or STM8AL"}


def look(once: Read, surely: Read) -> Traits:
    """Look at a chip whose CPU is stalled in its reset.

    Args:
        once: Reads bytes of the chip once; SwimError if it answers with silence or a NACK.
        surely: Reads bytes again until two reads agree.
    """
    return Traits(_register_map(once, surely), _ram_size(surely))


def _register_map(once: Read, surely: Read) -> Optional[str]:
    try:
        cr2, ncr2 = once(reg.STM8S.cr2, 2)
        if cr2 ^ ncr2 == 0xFF:  # a flipped bit cannot cause this
            return "stm8s"
        cr2, ncr2 = surely(reg.STM8S.cr2, 2)
    except SwimError as exc:
        if exc.fault not in NO_ACCESS:
            raise  # it answers, but each time with something else
        _log.debug("no register map: %s", exc)  # no manual says that reserved addresses must answer
        return None
    if cr2 ^ ncr2 == 0xFF:
        return "stm8s"
    divider = surely(reg.STM8L.clk_ckdivr, 1)[0]
    _log.debug("CR2/NCR2 of the STM8S map %02X %02X, CKDIVR of the STM8L map %02X", cr2, ncr2, divider)
    return "stm8l" if divider == reg.STM8L_CKDIVR_AT_RESET else None


def _ram_size(read: Read) -> Optional[int]:
    try:
        size = int.from_bytes(read(reg.STACK_POINTER, 2), "big") + 1
    except SwimError as exc:
        if exc.fault not in NO_ACCESS:
            raise
        return None
    return size if size in _RAM_SIZES else None


def check(seen: Traits, part: Part) -> None:
    """Raise FamilyMismatchError if the chip cannot be `part`."""
    if seen.register_map not in (None, part.flash_regs):
        raise FamilyMismatchError(
            f"the chip is an {_KINDS[str(seen.register_map)]} by its registers, not {part.name}", hint=_hint(seen)
        )
    if not _ram_fits(seen, part):
        raise FamilyMismatchError(
            f"the chip has {seen.ram_size} bytes of RAM by its stack pointer, the {part.name} has {part.ram.size}: "
            "it is another part",
            hint=_hint(seen),
            ram_size=seen.ram_size,
        )


def _fits(seen: Traits, part: Part) -> bool:
    return seen.register_map in (None, part.flash_regs) and _ram_fits(seen, part)


def _ram_fits(seen: Traits, part: Part) -> bool:
    """Tell whether the chip may have the RAM of `part`, or of a larger part on the same die."""
    if seen.ram_size is None:
        return True
    return (
        min(_ram_figures(part)) <= seen.ram_size <= _most_ram(part.family, part.flash_regs, part.aa_locks, part.block)
    )


@cache
def _ram_figures(part: Part) -> tuple[int, ...]:
    """Return every figure that a source has for the RAM of `part`."""
    return (part.ram.size, *(int(other.elsewhere) for other in disagreements(part) if other.figure == "ram"))


@cache
def _most_ram(family: str, flash_regs: str, aa_locks: bool, block: int) -> int:
    """Return the largest figure for the RAM of parts that may share a die."""
    die = (family, flash_regs, aa_locks, block)
    alike = (p for p in all_parts() if (p.family, p.flash_regs, p.aa_locks, p.block) == die)
    return max(size for part in alike for size in _ram_figures(part))


def fitting(seen: Traits, read: Optional[Read] = None) -> tuple[Part, ...]:
    """Return the parts that the chip may be, by name; with `read`, also look at its boot ROM and OPTBL."""
    parts = [part for part in all_parts() if _fits(seen, part) and seen.ram_size in (None, *_ram_figures(part))]
    if read is not None and _lacks_boot_rom(read):
        parts = [part for part in parts if part.boot_rom is None or _boot_rom_is_disputed(part)]
    if read is not None and seen.register_map == "stm8s" and _shows_optbl(read):
        parts = [part for part in parts if any(option.address == _OPTBL for option in option_table(part))]
    return tuple(parts)


def _shows_optbl(read: Read) -> bool:
    """Tell whether a byte and its complement stand where the STM8S map has OPTBL."""
    try:
        value, complement = read(_OPTBL, 2)
    except SwimError as exc:
        if exc.fault not in NO_ACCESS:
            raise
        return False
    return value ^ complement == 0xFF


def _lacks_boot_rom(read: Read) -> bool:
    """Tell whether all bytes are the same where the boot ROM would be; bytes that ROP may hide do not count."""
    try:
        sample = set(read(_BOOT_ROM, _SAMPLE_SIZE))
    except SwimError as exc:
        if exc.fault not in NO_ACCESS:
            raise
        return False
    return len(sample) == 1 and _HIDDEN not in sample


def lacks_the_boot_rom_of(part: Part, seen: Traits, read: Read) -> bool:
    """Tell whether an open chip shows no boot ROM although `part` has one, and its RAM does not prove that it has one.

    That no boot ROM shows is a weak sign (confidence low): it never decides alone.
    """
    if part.boot_rom is None or _boot_rom_is_disputed(part) or _is_too_large_for_a_small_chip(part, seen):
        return False
    return _lacks_boot_rom(read)


def _is_too_large_for_a_small_chip(part: Part, seen: Traits) -> bool:
    """Tell whether the chip has more RAM than any part of the family of `part` without a boot ROM, by every source.

    `check` has compared the RAM with that of `part`. No source says how the boot ROM reads through every probe.
    """
    return seen.ram_size is not None and seen.ram_size > _most_ram_of_small(part.family, part.flash_regs)


@cache
def _most_ram_of_small(family: str, flash_regs: str) -> int:
    """Return the largest figure for the RAM of parts that have no boot ROM, or of which a source says so."""
    kin = (p for p in all_parts() if (p.family, p.flash_regs) == (family, flash_regs))
    small = (p for p in kin if p.boot_rom is None or _boot_rom_is_disputed(p))
    return max((size for p in small for size in _ram_figures(p)), default=0)


def shows_a_boot_rom(read: Read) -> bool:
    """Tell whether different bytes stand at the place of the boot ROM: then the chip has one."""
    try:
        return len(set(read(_BOOT_ROM, _SAMPLE_SIZE))) > 1
    except SwimError as exc:
        if exc.fault not in NO_ACCESS:
            raise
        return False


def may_lack_the_pairs_of(part: Part, seen: Traits, read: Read, *, as_after_a_cut: bool) -> bool:
    """Tell whether an open chip on which some option pairs of `part` do not match may be a chip without these pairs.

    Small chips have neither a boot ROM nor these pairs. A size of the RAM that no small chip of the family has shows
    that it is none. If the sources differ about the boot ROM of `part`, a known size of the RAM is as good. `check` has
    compared it, and small chips have less. But larger chips of other families look like such a part and have fewer
    pairs. Then the pairs must look as an unlock leaves them (`as_after_a_cut`).
    """
    disputed = _boot_rom_is_disputed(part)
    large = (disputed and seen.ram_size is not None) or _is_too_large_for_a_small_chip(part, seen)
    small = not large and _lacks_boot_rom(read)
    return small or (disputed and not as_after_a_cut)


def _boot_rom_is_disputed(part: Part) -> bool:
    return any(other.figure == "boot_rom" for other in disagreements(part))


def group(parts: Sequence[Part]) -> Optional[PartGroup]:
    """Return the facts that `parts` have in common; None if they differ in blocks, registers or ROP."""
    if len({(part.block, part.flash_regs, part.aa_locks, part.eeprom and part.eeprom.start) for part in parts}) != 1:
        return None
    flash = min((part.flash for part in parts), key=_size)
    eeproms = [part.eeprom for part in parts if part.eeprom]
    figures: dict[str, set[object]] = {
        "flash": {part.flash for part in parts},
        "eeprom": {part.eeprom for part in parts},
        "options": {
            (part.options, *((o.address, o.default, o.complement, o.policy) for o in option_table(part)))
            for part in parts
        },
        "meaning": {
            (
                *((o.name, fields_of(part, o)) for o in option_table(part)),
                *(ubc.protected(replace(part, flash=flash), value) for value in range(256)),
            )
            for part in parts
        },
    }
    unique_ids = {part.unique_id for part in parts}
    part = replace(
        parts[0],
        name=names(parts) if len(parts) > 1 else parts[0].name,
        flash=flash,
        eeprom=min(eeproms, key=_size) if eeproms else None,
        ram=min((part.ram for part in parts), key=_size),
        unique_id=unique_ids.pop() if len(unique_ids) == 1 else None,
        has_nrst=any(part.has_nrst for part in parts),
        confidence="medium" if len(parts) > 1 else parts[0].confidence,
    )
    return PartGroup(part, tuple(parts), frozenset(name for name, found in figures.items() if len(found) > 1))


def _size(region: Region) -> int:
    return region.size


def names(parts: Iterable[Part]) -> str:
    """Return `parts` in few words: "STM8S003, STM8S103 or STM8AF"."""
    listed = {part.name[:8] if part.family in _LISTED else part.family for part in parts}
    kinds = sorted(listed, key=lambda kind: (not kind.startswith(_LISTED), kind))
    return " or ".join([", ".join(kinds[:-1]), kinds[-1]] if kinds[1:] else kinds)


def _hint(seen: Traits) -> Hint:
    parts = fitting(seen)
    return Hint("{first}; it may be {names}", first=_HINT, names=names(parts)) if parts else _HINT

"""The names of memories and of pieces of them: "flash", "eeprom", "options", "ram", or ADDRESS:SIZE.

Only this module knows which memory a name means, and what can be done with each memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn, Optional, Union

from ..errors import UsageError
from ..parts.table import UNIQUE_ID_SIZE, Part, Region
from ..support.values import number
from ..words import Hint
from .options import datasize

REGISTERS = Region("registers", 0x5000, 0x800)  # of all peripherals (RM0016, RM0031: "Memory map")


def resolve(part: Part, wanted: Union[str, Region], among: Optional[Sequence[Region]] = None) -> Region:
    """Return the memory of `part`, or the piece of one, that `wanted` means.

    Args:
        part: The chip.
        wanted: The name of a memory, ADDRESS:SIZE such as "0x8000:0x100", or the region itself.
        among: The memories that can be used; None: all that can be read.

    Raises:
        UsageError: There is no such memory, or the region does not lie inside one that can be used.
    """
    memories = part.readable if among is None else among
    choices = ", ".join(map(str, memories))
    if not isinstance(wanted, (str, Region)):
        raise UsageError(
            f"a region is named by a string or a Region, not {type(wanted).__name__}",
            hint="such as 'flash', '0x4000:16' or stm8tool.Region('settings', 0x4000, 16)",
        )
    region = _named(part, wanted) if isinstance(wanted, str) else wanted
    if region is None and re.fullmatch(r"0x[0-9A-Fa-f]+|[0-9]+", str(wanted)):
        raise UsageError(f"'{wanted}' has no size", hint=f"write ADDRESS:SIZE, such as {wanted}:0x100")
    if region is None:
        more = f"; these can be used here: {choices}" if among else ""
        raise UsageError(f"unknown region '{wanted}'", hint=f"use flash, eeprom, options, ram or ADDRESS:SIZE{more}")
    if region.size < 1:
        raise UsageError(
            f"a region of {region.size} bytes cannot be used", hint=f"give a size of 1 or more; it has {choices}"
        )
    if not is_inside(region, memories):
        usable = " that can be used here" if among else ""
        raise UsageError(
            f"0x{region.start:06X}:{region.size} is not inside one memory of the {part.name}{usable}",
            hint=Hint(
                "{watched}{memories}",
                watched=_of_register(region),
                memories=f"these can be used here: {choices}" if among else f"it has {choices}",
            ),
        )
    return region


def _of_register(region: Region) -> Hint:
    """Return how a register of a peripheral is read, if `region` begins at one."""
    if not REGISTERS.start <= region.start < REGISTERS.end:
        return Hint("")
    return Hint("{watch:{register}} shows a register; ", register=f"0x{region.start:04X}:uint8_t")


def by_name(part: Part) -> dict[str, Optional[Region]]:
    """Return the memories that have a name. None is a memory that the part does not have."""
    return {"flash": part.flash, "eeprom": part.eeprom, "options": part.options, "ram": part.ram}


def _named(part: Part, name: str) -> Optional[Region]:
    """Return the region that `name` means; None if it is neither the name of a memory nor ADDRESS:SIZE."""
    known = by_name(part)
    if name in known:
        return known[name] or _data_in_flash(part)
    start, colon, size = name.partition(":")
    return Region("range", number(start), number(size)) if colon else None


def _data_in_flash(part: Part) -> NoReturn:
    """Raise UsageError for a part without EEPROM, with the place in flash where data may be kept."""
    area = datasize.largest(part)
    if area is None:
        raise UsageError(f"the {part.name} has no EEPROM", hint=Hint("use {region:flash}"))
    raise UsageError(
        f"the {part.name} has no separate EEPROM: its option byte DATASIZE turns the end of the flash into data "
        f"EEPROM, {area} at most",
        hint=Hint(
            "{options_show} tells how much; use {region:ADDRESS:SIZE}, such as {region:{area}}",
            area=f"0x{area.start:06X}:{area.size}",
        ),
    )


def readable(part: Part) -> tuple[Region, ...]:
    """Return every memory that can be read, and the unique ID."""
    unique_id = () if part.unique_id is None else (Region("unique ID", part.unique_id, UNIQUE_ID_SIZE),)
    return (*part.readable, *unique_id)


def rest_from(part: Part, start: int) -> Optional[Region]:
    """Return the rest of the memory that holds the address `start`; None if there is no memory."""
    holding = (memory for memory in readable(part) if memory.start <= start < memory.end)
    return next((Region(memory.name, start, memory.end - start) for memory in holding), None)


def writable(part: Part, wanted: Optional[str] = None) -> tuple[Region, ...]:
    """Return the memories that a write may touch: flash and EEPROM, or the one that is named, which may be RAM.

    Raises:
        UsageError: There is no such memory, or a write cannot change it.
    """
    if wanted is None:
        return part.programmable
    region = resolve(part, wanted)
    if not is_inside(region, (*part.programmable, part.ram)):
        raise UsageError(
            f"{region} cannot be written: only flash, EEPROM and RAM can",
            hint=Hint("{options_set} changes option bytes; {options_defaults} brings them to their factory values"),
        )
    return (region,)


def erasable(part: Part, wanted: str) -> Region:
    """Return the memory to erase, or the piece of one, that `wanted` names.

    Raises:
        UsageError: There is no such memory, or it cannot be erased.
    """
    (region,) = writable(part, wanted)
    if is_ram(part, region):
        raise UsageError("RAM cannot be erased: it loses its contents without power", hint="power the board off and on")
    require_whole_blocks(region, part)
    return region


def is_ram(part: Part, region: Region) -> bool:
    """Tell whether `region` is RAM, or a piece of it."""
    return is_inside(region, (part.ram,))


def is_options(part: Part, region: Region) -> bool:
    """Tell whether `region` is the option bytes, or a piece of them."""
    return is_inside(region, (part.options,))


def is_inside(region: Region, memories: Sequence[Region]) -> bool:
    """Tell whether all of `region` lies inside one of `memories`."""
    return any(memory.start <= region.start < region.end <= memory.end for memory in memories)


def require_whole_blocks(region: Region, part: Part) -> None:
    """Raise UsageError unless `region` can be erased on its own."""
    block = part.block
    if region.start % block or region.size % block:
        raise UsageError(
            f"{region} is not whole blocks", hint=f"start and size must be multiples of {block} (0x{block:X}) bytes"
        )

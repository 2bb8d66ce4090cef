"""The result of `parts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...parts.table import OptionByte, Part, Region
    from ..console import Console

_POLICIES = {"never": "; never written", "after-unlock": "; written after an unlock only"}


class MemoryRange(TypedDict):
    """A memory: its first address, and its size in bytes."""

    start: int
    size: int


class OptionFacts(TypedDict):
    """All that is known of an option byte.

    Attributes:
        name: Its name.
        address: Its address.
        factory: Its factory value.
        also_factory: Other factory values that were seen.
        complement: Whether its complement follows it.
        policy: Whether it is written: rop, normal, after-unlock, never.
        source: Where the facts come from.
        confidence: How sure they are.
    """

    name: str
    address: int
    factory: int
    also_factory: list[int]
    complement: bool
    policy: str
    source: str
    confidence: str


class PartFacts(TypedDict):
    """All that is known of a part.

    Attributes:
        part: Its name.
        block: The size of a block of flash or EEPROM.
        unique_id: The address of the unique ID; null if none is documented.
        nrst: Whether the package has the pin.
        registers: The register map, and addresses of registers.
        rop: The address of the byte, and whether 0xAA there locks or opens the chip.
        uncertain: Why the part cannot be programmed; null if it can be.
    """

    part: str
    family: str
    density: str
    flash: MemoryRange
    block: int
    eeprom: Optional[MemoryRange]
    ram: MemoryRange
    options: MemoryRange
    boot_rom: Optional[MemoryRange]
    unique_id: Optional[int]
    nrst: bool
    registers: dict[str, Any]
    rop: dict[str, Any]
    option_bytes: list[OptionFacts]
    confidence: str
    sources: list[str]
    notes: str
    disagreements: list[dict[str, str]]
    uncertain: Optional[str]


class PartsData(TypedDict):
    """The result of `parts` for programs.

    Attributes:
        parts: The parts that were asked for.
    """

    parts: list[PartFacts]


class PartsResult(NamedTuple):
    """The result of `parts`: the parts that were asked for."""

    parts: Sequence[Part]

    def data(self) -> PartsData:
        """Return all facts, for programs."""
        from ..catalogue import facts

        return {"parts": [cast("PartFacts", facts(part)) for part in self.parts]}

    def show(self, console: Console) -> None:
        """Print a table, or all facts about one part."""
        for line in whole(self.parts[0]) if len(self.parts) == 1 else table(self.parts):
            console.say(line)


def table(found: Iterable[Part]) -> Iterator[str]:
    """Yield a line for each part; sizes in bytes."""
    yield "PART          FLASH  EEPROM   RAM  BLOCK  CONFIDENCE"
    count = unsure = 0
    for part in found:
        eeprom = part.eeprom.size if part.eeprom else "-"
        sure = f"{part.confidence}, cannot be programmed: {part.uncertain}" if part.uncertain else part.confidence
        yield f"{part.name:<11} {part.flash.size:>7} {eeprom:>7} {part.ram.size:>5} {part.block:>6}  {sure}"
        count += 1
        unsure += bool(part.uncertain)
    yield f"{count} parts" + (f", {unsure} of them too uncertain to program" if unsure else "")


def whole(part: Part) -> Iterator[str]:
    """Yield all known facts of a part."""
    from ...parts.table import UNIQUE_ID_SIZE, disagreements, option_table
    from ..catalogue import facts

    known = facts(part)
    registers = known["registers"]
    names = ((name, at) for name, at in registers.items() if name != "map" and at is not None)
    yield part.name
    yield f"family:      {part.family}, {part.density} density"
    if part.uncertain:
        yield f"uncertain:   it cannot be programmed: {part.uncertain}"
    yield f"flash:       {_range(part.flash)}, in blocks of {part.block}"
    yield f"eeprom:      {_range(part.eeprom) if part.eeprom else 'none of its own'}"
    yield f"ram:         {_range(part.ram)}"
    yield f"options:     {_range(part.options)}"
    yield f"boot ROM:    {_range(part.boot_rom) if part.boot_rom else 'none'}"
    unique_id = "none is documented" if part.unique_id is None else f"0x{part.unique_id:06X}, {UNIQUE_ID_SIZE} bytes"
    yield f"unique ID:   {unique_id}"
    yield f"NRST pin:    {'yes' if part.has_nrst else 'no'}"
    yield f"registers:   {registers['map']} map, " + ", ".join(f"{name.upper()} 0x{at:04X}" for name, at in names)
    yield f"protection:  0xAA at 0x{known['rop']['address']:04X} {known['rop']['aa']} the chip (ROP)"
    yield f"confidence:  {part.confidence}, for the figures above"
    yield f"sources:     {'; '.join(known['sources'])}"
    if part.notes:
        yield f"notes:       {part.notes}"
    for other in disagreements(part):
        here, elsewhere = (figure or "none" for figure in (other.here, other.elsewhere))
        yield f"disagreed:   {other.figure}: here {here} ({other.why}); {other.who}: {elsewhere}"
    if not part.uncertain:
        yield "option bytes: address, factory value (complement), confidence: source"
        yield from map(_option, option_table(part))


def _option(option: OptionByte) -> str:
    """Return the line of one option byte."""
    value = " or ".join(f"0x{value:02X}" for value in dict.fromkeys((option.default, *option.accepted)))
    complement = f" (0x{option.default ^ 0xFF:02X})" if option.complement else ""
    origin = f"{option.confidence}: {option.source}{_POLICIES.get(option.policy, '')}"
    return f"  {option.name:<13} 0x{option.address:04X}  {value + complement:<12}  {origin}"


def _range(region: Region) -> str:
    return f"0x{region.start:06X}..0x{region.end - 1:06X}, {region.size} bytes"

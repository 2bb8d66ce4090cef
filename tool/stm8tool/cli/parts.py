"""The command `parts`: show the table of chips as a list, one chip with all its facts, or JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .command import PartUse, command

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..parts.table import OptionByte, Part, Region
    from .console import Console
    from .request import Request
    from .results.parts import PartsResult

_POLICIES = {"never": "; never written", "after-unlock": "; written after an unlock only"}


class PartsArguments(NamedTuple):
    """The arguments of `parts`."""

    words: Sequence[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument(
            "words", nargs="*", metavar="PATTERN", help="stm8s103f3, stm8s103, stm8l15?c6; or KEY=VALUE"
        )


def parts(request: Request[PartsArguments], _console: Console) -> PartsResult:
    from .catalogue import select
    from .results.parts import PartsResult

    return PartsResult(select(request.arguments.words))


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
    from ..parts.table import UNIQUE_ID_SIZE, disagreements, option_table
    from .catalogue import facts

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


COMMANDS = (
    command(
        "parts",
        "list the known chips, or show all about one of them",
        parts,
        PartsArguments,
        part=PartUse.NONE,
        writes=False,
    ),
)

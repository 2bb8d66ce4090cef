"""Requests for option bytes, and what a simulated chip holds afterwards."""

from __future__ import annotations

from typing import Optional

from session.bench import Board
from stm8tool.devices import OptionByte, Part, all_parts, option_table
from stm8tool.option_fields import fields_of
from stm8tool.target.option_plan import Change, Danger, requested

# The part with the smallest flash of each, as it takes time to fill; below 8 KB an STM8L101 has no DATASIZE.
_SMALLEST_LAST = sorted((p for p in all_parts() if p.flash.size >= 8192), key=lambda part: -part.flash.size)
ONE_OF_EACH_LAYOUT = {part.option_layout: part.name for part in _SMALLEST_LAST}
# Some layouts differ in their factory values only.
ONE_OF_EACH_STRUCTURE = {tuple((o.address, o.policy) for o in option_table(part)): part.name for part in _SMALLEST_LAST}


def change(board: Board, *texts: str) -> list[Change]:
    """Have option bytes changed; return what that came to."""
    with board.session() as session:
        changes = requested(board.part, session.options(), texts)
        if changes:
            session.change_options(changes, frozenset(Danger))
    return changes


def values(board: Board) -> dict[str, int]:
    """Return what each option byte of the chip holds; those that do not match their complements are missing."""
    options = board.chip.options
    return {option.name: options.byte(option.address) for option in options.table if options.valid(option)}


def other_value(part: Part, option: OptionByte) -> Optional[int]:
    """Return a value that differs from factory in every field, a watchdog among them; None where none is written."""
    if option.policy != "normal":
        return None
    if option.name == "UBC":
        return 0x02
    value = option.default
    for field in fields_of(part, option):
        if not field.reserved:
            allowed = [n for n in range(field.largest + 1) if field.allows(n) and n != field.of(option.default)]
            value = field.put(value, allowed[0])
    return value


def everything(part: Part) -> list[str]:
    """Return a request that changes every option byte that may be changed."""
    wanted = {option.name: other_value(part, option) for option in option_table(part)}
    return [f"{name}=0x{value:02X}" for name, value in wanted.items() if value is not None]

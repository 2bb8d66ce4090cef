"""Requests for option bytes, and what a simulated chip holds afterwards."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from session.bench import Board
from stm8tool.chip.options.plan import Change, Danger
from stm8tool.parts.option_fields import fields_of
from stm8tool.parts.table import OptionByte, Part, all_parts, option_table

# The part with the smallest flash of each, as it takes time to fill; below 8 KB an STM8L101 has no DATASIZE.
_SMALLEST_LAST = sorted((p for p in all_parts() if p.flash.size >= 8192), key=lambda part: -part.flash.size)
ONE_OF_EACH_LAYOUT = {part.option_layout: part.name for part in _SMALLEST_LAST}
# Some layouts differ in their factory values only.
ONE_OF_EACH_STRUCTURE = {tuple((o.address, o.policy) for o in option_table(part)): part.name for part in _SMALLEST_LAST}


class Cut:
    """Lets the supply fail during the Nth write of an option byte, or right after it."""

    def __init__(self, board: Board, monkeypatch: pytest.MonkeyPatch, number: int, fraction: float) -> None:
        self.writes = 0
        begin = board.chip.controller._begin

        def counted(memory: Any, address: int, data: bytes, now: float, duration: float) -> None:
            begin(memory, address, data, now, duration)
            if memory is board.chip.options.memory:
                self.writes += 1
                if self.writes == number:
                    board.chip.plan_power_cut(now + fraction * duration)

        monkeypatch.setattr(board.chip.controller, "_begin", counted)


def change(board: Board, *texts: str) -> list[Change]:
    """Have option bytes changed; return what that came to."""
    with board.open() as chip:
        return list(chip.set_options(*texts, allow=frozenset(Danger)))


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

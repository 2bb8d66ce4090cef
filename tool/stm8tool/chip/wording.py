"""The texts that tell a chip's facts to the user: one wording for `info`, `options show` and `doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from ..parts.option_fields import Field, fields_of
from ..parts.table import Part, Region
from .options import ubc
from .options.bytes import OptionState, left_undone
from .options.datasize import DATASIZE, data_area
from .options.plan import Change
from .options.protection import Protection, Unlocked

FAMILIES = {"stm8s": "STM8S, STM8AF or relatives", "stm8l": "STM8L or STM8AL", None: "its registers do not tell"}
LOCKED = "locked: read protection is on, seen after a reset"

_ROP = "ROP"
_OPTION_HEAD = ("OPTION", "ADDRESS", "VALUE", "COMPLEMENT", "FACTORY", "STATE")


def supply(supply_mv: Optional[int]) -> str:
    """Return the target's supply."""
    return "not measured" if supply_mv is None else f"{supply_mv / 1000:.2f} V as the probe sees it"


def speed(high_speed: bool) -> str:
    """Return the speed of the wire."""
    return f"the wire runs at {'high' if high_speed else 'low'} speed"


def protection(found: Protection) -> str:
    """Return whether ROP is on, and the evidence for it."""
    state = "ON: reads are blocked, an upload erases the chip first" if found.locked else "off"
    if found.unclear:
        state = "unclear: the chip looks blank, and may be read-protected"
    return f"{state} ({found.evidence})"


def unlocked(result: Unlocked) -> str:
    """Return a sentence about the result of an unlock."""
    left = left_alone(result.left)
    if result.erased:
        factory = "" if left else "option bytes are at factory values, "
        return f"unlocked: read protection is off, the chip is erased, {factory}read back{left}"
    if result.restored:
        return f"not read-protected, nothing erased; back at factory values: {', '.join(result.restored)}{left}"
    if left:
        return f"not read-protected: nothing to do{left}"
    return "not read-protected, option bytes are at factory values: nothing to do"


def left_alone(names: Sequence[str]) -> str:
    """Return the rest of a sentence, about option bytes that were not changed; empty if there are none."""
    return f"; not changed, and not at factory values: {', '.join(names)}" if names else ""


def ubc_in_force(states: Sequence[OptionState]) -> Optional[int]:
    """Return the value of UBC that the chip uses; None for a part without it."""
    state = next((state for state in states if state.option.name == ubc.NAME), None)
    if state is None:
        return None
    return state.value if state.consistent else state.option.default


def write_protection(value: int, area: Optional[Region]) -> str:
    """Return the effect of a value of UBC; `area` is the result of `ubc.protected` for it."""
    if area is None:
        return f"0x{value:02X}: none of the flash is write-protected"
    return f"0x{value:02X}: {area} ({area.size} bytes) is write-protected until UBC is set to none, or until an unlock"


def meaning(part: Part, state: OptionState, field: Field, value: int) -> str:
    """Return the effect of a value of a field; empty if no source tells it."""
    if state.option.name == ubc.NAME:
        area = ubc.protected(part, value)
        return f"{area} ({area.size} bytes) is write-protected" if area else "none of the flash is write-protected"
    if state.option.name == DATASIZE:
        area = data_area(part, value)
        return f"{area} ({area.size} bytes) is data EEPROM" if area else "none of the flash is data EEPROM"
    found = field.meaning(value)
    if found is None and state.option.name == _ROP:
        found = field.meaning(0x00)  # all values except 0xAA have the same effect, on each of the two kinds of chip
    return found or ""


def options_in_force(part: Part, states: Sequence[OptionState]) -> Iterator[str]:
    """Yield the table of option bytes; below each, the meaning of its fields in the value that the chip uses."""
    head, *rows = option_table(states)
    yield head
    for state, row in zip(states, rows):
        yield row
        fields = [field for field in fields_of(part, state.option) if not field.reserved]
        for field in fields:
            value = field.of(state.in_force)
            text = meaning(part, state, field, value)
            if field.uncertain:
                text = f"{text} (not known for sure)" if text else "its meaning is not known for sure"
            name = "" if field.is_whole else f"{field.name}={value}"
            if text:
                yield f"    {name:<12}  {text}" if name else f"    {text}"
    yield from unfinished(states)


def unfinished(states: Sequence[OptionState]) -> list[str]:
    """Return a line about an unlock that was cut short, if the option bytes show one."""
    undone = ", ".join(option.name for option in left_undone(states))
    if not undone:
        return []
    advice = "another unlock finishes it and erases nothing; every command that writes option bytes finishes it, too"
    return [f"an earlier unlock was cut short and did not restore {undone}: {advice}"]


def option_changes(part: Part, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the planned changes: bytes, then the fields that get another value, with the meaning of both values."""
    for change in changes:
        option, state = change.option, change.state
        held = f"0x{state.value:02X}" if state.complement is None else f"0x{state.value:02X} 0x{state.complement:02X}"
        new = f"0x{change.value:02X} 0x{change.value ^ 0xFF:02X}" if option.complement else f"0x{change.value:02X}"
        yield f"{option.name} at 0x{option.address:04X}: {held} -> {new}"
        if not state.consistent:
            yield f"    its complement does not match: the chip uses the factory value 0x{option.default:02X}"
        for field in fields_of(part, option):
            old_value, new_value = field.of(state.in_force), field.of(change.value)
            if old_value != new_value and not field.reserved:
                was, becomes = (meaning(part, state, field, value) for value in (old_value, new_value))
                name = "" if field.is_whole else f"{field.name} {old_value} -> {new_value}: "
                if was or becomes:
                    yield f"    {name}{was or 'unknown'} -> {becomes or 'unknown'}"


def options_written(changes: Sequence[Change], *, after_reset: bool = True) -> Iterator[str]:
    """Yield the result of changes that were made, and read back after a reset or before it."""
    plain = ", ".join(change.option.name for change in changes if not change.locks)
    if plain:
        how = "read back after a reset" if after_reset else "read back; the next reset loads them"
        yield f"written and {how}: {plain}"
    if any(change.locks for change in changes):
        yield LOCKED


def option_table(states: Sequence[OptionState]) -> list[str]:
    """Return option bytes as lines; the first line is the head of the table."""
    rows = [_OPTION_HEAD, *map(_cells, states)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _cells(state: OptionState) -> tuple[str, ...]:
    option = state.option
    complement = "none" if state.complement is None else f"0x{state.complement:02X}"
    factory = " or ".join(f"0x{value:02X}" for value in option.accepted)
    return option.name, f"0x{option.address:04X}", f"0x{state.value:02X}", complement, factory, _verdict(state)


def _verdict(state: OptionState) -> str:
    if state.absent:
        return "the chip seems to have none: check the part name"
    if not state.consistent:
        return "complement does not match: the chip uses the factory value"
    return "factory" if state.is_factory else "changed"

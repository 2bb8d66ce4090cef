"""What the bits of an option byte mean: parts/data/option_fields.csv, a row per field.

Its columns: layouts of options.csv (patterns), option, field (empty: reserved bits), bits ("4" or "7..5"), values
(`VALUE=meaning; …`, the value within the field; empty: every value is possible, and nothing is known or it is
computed, as for UBC), source, confidence. A field of low confidence is uncertain: the tool shows it so, and does
not change it unless it is told to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Optional

from .table import OptionByte, Part, option_table, read_table

_TABLE = "option_fields.csv"
_CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True)
class Field:
    """Some bits of one option byte, `low` to `high`; without a name they are reserved."""

    name: str
    low: int
    high: int
    values: tuple[tuple[range, str], ...]
    source: str
    confidence: str

    @property
    def reserved(self) -> bool:
        """The bits have no meaning."""
        return not self.name

    @property
    def uncertain(self) -> bool:
        """Nobody is sure enough of it to change it without being asked twice."""
        return self.confidence == "low"

    @property
    def largest(self) -> int:
        """The largest value that fits."""
        return (1 << self.high - self.low + 1) - 1

    @property
    def is_whole(self) -> bool:
        """It is the whole byte."""
        return self.largest == 0xFF

    def of(self, byte: int) -> int:
        """Return its value in `byte`."""
        return byte >> self.low & self.largest

    def put(self, byte: int, value: int) -> int:
        """Return `byte` with `value` in place of the field's."""
        return byte & ~(self.largest << self.low) | value << self.low

    def meaning(self, value: int) -> Optional[str]:
        """Return what a value means, as far as the table says."""
        return next((text for values, text in self.values if value in values), None)

    def allows(self, value: int) -> bool:
        """Tell whether the field has such a value."""
        return value in range(self.largest + 1) and (not self.values or self.meaning(value) is not None)


def fields_of(part: Part, option: OptionByte) -> tuple[Field, ...]:
    """Return the fields of one option byte of `part`, from bit 0 up; together they have all eight bits."""
    return _load_fields(part.option_layout, option_table(part))[option.name]


@cache
def _load_fields(layout: str, options: tuple[OptionByte, ...]) -> Mapping[str, tuple[Field, ...]]:
    """Build the fields of a layout; ValueError if a row cannot be right."""
    found: dict[str, list[Field]] = {option.name: [] for option in options}
    for row in read_table(_TABLE):
        if any(fnmatchcase(layout, pattern) for pattern in row["layouts"].split()):
            if row["option"] not in found:
                raise ValueError(f"{_TABLE}: {layout} has no option byte {row['option']}")
            found[row["option"]].append(_field(row))
    for option in options:
        fields = found[option.name] = sorted(found[option.name], key=lambda field: field.low)
        bits = [bit for field in fields for bit in range(field.low, field.high + 1)]
        if bits != list(range(8)):
            raise ValueError(f"{_TABLE}: {layout}: the fields of {option.name} are not its eight bits: add its rows")
        if not all(field.allows(field.of(value)) for field in fields for value in option.accepted):
            raise ValueError(f"{_TABLE}: {layout}: a factory value of {option.name} has no meaning")
    return {name: tuple(fields) for name, fields in found.items()}


def _field(row: Mapping[str, str]) -> Field:
    high, _, low = row["bits"].partition("..")
    field = Field(
        name=row["field"],
        low=int(low or high),
        high=int(high),
        values=tuple(map(_value, row["values"].split("; "))) if row["values"] else (),
        source=row["source"],
        confidence=row["confidence"],
    )
    fits = all(0 <= value <= field.largest for values, _ in field.values for value in values)
    if not fits or field.confidence not in _CONFIDENCES or not field.source or (field.reserved and field.values):
        raise ValueError(f"{_TABLE}: {row['option']} {row['bits']}: it has values that do not fit, or no source")
    return field


def _value(text: str) -> tuple[range, str]:
    """Return what `0x00..0x20=meaning` or `1=meaning` says."""
    numbers, _, meaning = text.partition("=")
    first, _, last = numbers.partition("..")
    return range(int(first, 0), int(last or first, 0) + 1), meaning

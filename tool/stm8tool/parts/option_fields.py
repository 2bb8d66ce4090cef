"""The meaning of the bits of an option byte, from parts/data/option_fields.csv, a row per field.

Its columns:

* layouts: those of options.csv, as patterns;
* option;
* field: its name, empty for reserved bits;
* bits: "4" or "7..5";
* values: `VALUE=meaning; …`, with values of the field. Empty means that every value is possible, and that the meaning
  is unknown or computed, as for UBC;
* source;
* confidence: low makes a field uncertain. The tool says so, and changes it only if the user allows it.
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
        """True if the bits have no meaning."""
        return not self.name

    @property
    def uncertain(self) -> bool:
        """True if the meaning is not known for sure: the tool changes it only if the user allows that."""
        return self.confidence == "low"

    @property
    def largest(self) -> int:
        """The largest value that fits."""
        return (1 << self.high - self.low + 1) - 1

    @property
    def is_whole(self) -> bool:
        """True if the field is the whole byte."""
        return self.largest == 0xFF

    def of(self, byte: int) -> int:
        """Return its value in `byte`."""
        return byte >> self.low & self.largest

    def put(self, byte: int, value: int) -> int:
        """Return `byte` with `value` in place of the field's."""
        return byte & ~(self.largest << self.low) | value << self.low

    def meaning(self, value: int) -> Optional[str]:
        """Return the meaning of a value; None if the table does not have it."""
        return next((text for values, text in self.values if value in values), None)

    def allows(self, value: int) -> bool:
        """Tell whether the field may have this value."""
        return value in range(self.largest + 1) and (not self.values or self.meaning(value) is not None)


def fields_of(part: Part, option: OptionByte) -> tuple[Field, ...]:
    """Return the fields of one option byte of `part`, from bit 0 up; together they cover all eight bits."""
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
    """Return the values and the meaning of `0x00..0x20=meaning` or `1=meaning`."""
    numbers, _, meaning = text.partition("=")
    first, _, last = numbers.partition("..")
    return range(int(first, 0), int(last or first, 0) + 1), meaning

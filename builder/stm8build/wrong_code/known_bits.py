"""What SDCC 4.4 and later know of a value before they choose instructions. Pure: no SCons in here.

These versions work out a range for each value, and bits that it always has. They leave instructions out by it. This
module works out less than they do: what it says is known, SDCC knows as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, Optional

from .later_code import Operand, Row
from .syntax_tree import Type

_ALL = (1 << 64) - 1
_LARGEST_SHIFTED = 1 << 61
_DEEPEST = 12  # operations one inside of the other
_SIGN = re.compile(r"[\w-]+ \{(?:[^{}]|\{[^{}]*\})*\}(?:\{[^}]*\})?(?:\[[^\[\]]*\])? (\S+) ")
_COMPARES = ("<", ">", "==", "!=", "<=", ">=", "&&", "||")
_CAST = re.compile(r"\((?:[^()]|\([^()]*\))*\)(?=\S)")


class Known(NamedTuple):
    """The smallest and the largest value, and the bits that are always the same."""

    low: int
    high: int
    mask: int  # the bits that are known
    ones: int  # those that are 1

    def byte(self, index: int) -> Optional[int]:
        """Return a byte of the value where all of its bits are known."""
        if self.mask >> 8 * index & 0xFF != 0xFF:
            return None
        return self.ones >> 8 * index & 0xFF


class Values:
    """What is known of the values of one function."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Take the operations of the function."""
        self._made: dict[str, list[Row]] = {}
        for row in rows:
            if row.result:
                self._made.setdefault(row.result.name, []).append(row)
        self._known: dict[str, Optional[Known]] = {}

    def of(self, operand: Operand, depth: int = 0) -> Optional[Known]:
        """Return what is known; None for nothing."""
        if not 0 < operand.type.size <= 4:
            return None
        if operand.value is not None:
            value = operand.value
            if operand.type.signed and value >> 8 * operand.type.size - 1:
                value -= 1 << 8 * operand.type.size
            return Known(value, value, _ALL, value & _ALL)
        if not operand.is_temporary:
            return _of_type(operand.type)
        if operand.name not in self._known:
            self._known[operand.name] = _of_type(operand.type)  # until it is worked out: a loop leads here again
            made = [self._result(row, depth + 1) for row in self._made.get(operand.name, [])]
            self._known[operand.name] = _joined(made) if made and depth < _DEEPEST else _of_type(operand.type)
        return self._known[operand.name]

    def _result(self, row: Row, depth: int) -> Optional[Known]:
        assert row.result is not None
        kind = row.result.type
        operands = row.operands()
        plain = _of_type(kind)
        if not 0 < kind.size <= 4 or plain is None or depth > _DEEPEST:
            return plain
        if len(operands) == 1 and (_CAST.match(row.text) or row.text.startswith(operands[0].name or "0x")):
            return _cast(self.of(operands[0], depth), kind)
        sign = operation(row)
        if sign in _COMPARES or row.text.startswith("not "):
            return Known(0, 1, _ALL & ~1, 0)
        if len(operands) != 2 or sign is None:
            return plain
        left, right = (self.of(operand, depth) for operand in operands)
        if left is None or right is None:
            return plain
        made = _combined(sign, left, right, plain, kind)
        return _narrowed(made) if made else plain


def operation(row: Row) -> Optional[str]:
    """Return the sign between two operands."""
    match = _SIGN.match(row.text)
    return match[1] if match else None


def _of_type(kind: Type) -> Optional[Known]:
    """Return what a type says of its values; None for those that are no whole numbers, or too large."""
    bits = 1 if "_Bool" in kind.text else kind.width
    if not bits or bits >= 64 or kind.size == 0:
        return None
    if kind.signed:
        return Known(-(1 << bits - 1), (1 << bits - 1) - 1, 0, 0)
    return Known(0, (1 << bits) - 1, _ALL & ~((1 << bits) - 1), 0)


def _joined(made: list[Optional[Known]]) -> Optional[Known]:
    """Return what is known of a value that is made in several places."""
    whole = made[0]
    for other in made[1:]:
        if whole is None or other is None:
            return None
        mask = whole.mask & other.mask & ~(whole.ones ^ other.ones)
        whole = Known(min(whole.low, other.low), max(whole.high, other.high), mask, whole.ones & mask)
    return whole


def _cast(value: Optional[Known], kind: Type) -> Optional[Known]:
    plain = _of_type(kind)
    if value is None or plain is None or not plain.low <= value.low <= value.high <= plain.high:
        return plain
    return value if value.low >= 0 else Known(value.low, value.high, plain.mask, 0)


def _combined(sign: str, left: Known, right: Known, plain: Known, kind: Type) -> Optional[Known]:
    positive = left.low >= 0 and right.low >= 0
    if sign == "&":
        mask = (left.mask & right.mask) | (left.mask & ~left.ones) | (right.mask & ~right.ones)
        high = min(left.high, right.high) if positive else plain.high
        low = 0 if left.low >= 0 or right.low >= 0 else plain.low
        return Known(low, high, mask & _ALL, left.ones & right.ones & mask)
    if sign in ("|", "^") and positive:
        high = (1 << max(left.high, right.high).bit_length()) - 1
        both = left.mask & right.mask
        mask = both | left.ones | right.ones if sign == "|" else both
        return Known(
            0, min(high, plain.high), mask, (left.ones | right.ones if sign == "|" else left.ones ^ right.ones) & mask
        )
    if sign == "+" and left.high + right.high <= plain.high and left.low + right.low >= plain.low:
        return Known(left.low + right.low, left.high + right.high, plain.mask if plain.low >= 0 else 0, 0)
    if sign == "*" and positive and left.high * right.high <= plain.high:
        return Known(left.low * right.low, left.high * right.high, plain.mask if plain.low >= 0 else 0, 0)
    if sign in ("<<", ">>") and positive and right.low == right.high < 8 * kind.size:
        return _shifted(sign, left, right.low, plain)
    return None


def _shifted(sign: str, value: Known, count: int, plain: Known) -> Optional[Known]:
    if sign == ">>":
        return Known(0, min(value.high >> count, plain.high), value.mask >> count, value.ones >> count)
    if value.high << count > _LARGEST_SHIFTED:
        return None
    mask = (value.mask << count | (1 << count) - 1) & _ALL
    return Known(value.low << count, value.high << count, mask, value.ones << count & mask)


def _narrowed(value: Known) -> Known:
    """Return the same with the upper bits that a range says are 0."""
    if value.low < 0 or value.high >= 1 << 62:
        return value
    above = _ALL & ~((1 << value.high.bit_length()) - 1)
    return Known(value.low, value.high, value.mask | above, value.ones & ~above)

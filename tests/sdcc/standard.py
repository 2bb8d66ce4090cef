"""The integer types and operators of C11 for a machine with 16-bit int, in two's complement.

`UndefinedError` means that the standard leaves something undefined. 6.3.1.3 leaves a conversion to a signed type to the
implementation. SDCC wraps, and programs may rely on that. A right shift of a negative number is left to the
implementation, too. It is not in the programs.
"""

from __future__ import annotations

import operator
from typing import NamedTuple


class UndefinedError(Exception):
    """The standard does not say which result comes out."""


class Type(NamedTuple):
    """An integer type."""

    name: str
    bits: int
    signed: bool
    rank: int

    @property
    def low(self) -> int:
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def high(self) -> int:
        return (1 << self.bits - self.signed) - 1

    def wrap(self, value: int) -> int:
        """Convert a value to this type."""
        if self.name == "_Bool":
            return int(value != 0)
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if value > self.high else value

    def holds(self, value: int) -> bool:
        return self.low <= value <= self.high


BOOL = Type("_Bool", 1, False, 0)
S8, U8 = Type("signed char", 8, True, 1), Type("unsigned char", 8, False, 1)
INT, UINT = Type("int", 16, True, 3), Type("unsigned int", 16, False, 3)
S32, U32 = Type("long", 32, True, 4), Type("unsigned long", 32, False, 4)
S64, U64 = Type("long long", 64, True, 5), Type("unsigned long long", 64, False, 5)
TYPES = (S8, U8, INT, UINT, S32, U32, S64, U64)
BOXES = (BOOL, *TYPES)
SUFFIX = {INT: "", UINT: "u", S32: "L", U32: "UL", S64: "LL", U64: "ULL"}


def promoted(kind: Type) -> Type:
    """Return the type after the integer promotions (6.3.1.1); int holds every value of a narrower type."""
    return INT if kind.rank < INT.rank else kind


def common(left: Type, right: Type) -> Type:
    """Return the type of the usual arithmetic conversions (6.3.1.8)."""
    left, right = promoted(left), promoted(right)
    if left.rank != right.rank and left.signed != right.signed:
        return max(left, right, key=lambda kind: kind.rank)  # a higher rank has more bits here, so it holds the other
    if left.signed == right.signed:
        return max(left, right, key=lambda kind: kind.rank)
    return right if left.signed else left


ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul}
BITS = {"&": operator.and_, "|": operator.or_, "^": operator.xor}
COMPARISONS = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
SHIFTS = ("<<", ">>")


def checked(kind: Type, value: int) -> int:
    """Return the result of an operation; a signed one that does not fit is undefined (6.5)."""
    if kind.signed and not kind.holds(value):
        raise UndefinedError(f"{value} does not fit {kind.name}")
    return kind.wrap(value)


def result(sign: str, left: Type, right: Type) -> Type:
    """Return the type of an expression with two operands."""
    if sign in COMPARISONS or sign in ("&&", "||"):
        return INT
    return promoted(left) if sign in SHIFTS else common(left, right)


def binary(sign: str, left: Type, a: int, right: Type, b: int) -> int:
    """Return the value of an expression with two operands."""
    if sign in SHIFTS:
        kind = promoted(left)
        if not 0 <= b < kind.bits or a < 0:
            raise UndefinedError("a shift")
        return checked(kind, a << b) if sign == "<<" else a >> b
    kind = common(left, right)
    a, b = kind.wrap(a), kind.wrap(b)
    if sign in COMPARISONS:
        return int(COMPARISONS[sign](a, b))
    if sign in BITS:
        return kind.wrap(BITS[sign](a, b))
    if sign in ARITHMETIC:
        return checked(kind, ARITHMETIC[sign](a, b))
    if b == 0:
        raise UndefinedError("a division by zero")
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    checked(kind, quotient)  # INT_MIN / -1; and % of it, by 6.5.5
    return checked(kind, quotient if sign == "/" else a - b * quotient)


def unary(sign: str, operand: Type, value: int) -> int:
    """Return the value of an expression with one operand."""
    if sign == "!":
        return int(value == 0)
    kind = promoted(operand)
    return checked(kind, -value) if sign == "-" else kind.wrap(~value)


def literal(kind: Type, value: int) -> str:
    """Return a constant expression of exactly this type and value."""
    if kind not in SUFFIX:
        return f"({kind.name}){value}"
    suffix = SUFFIX[kind]
    if value >= 0:
        return f"{value}{suffix}"
    return f"({value + 1}{suffix} - 1)" if value == kind.low else f"({value}{suffix})"

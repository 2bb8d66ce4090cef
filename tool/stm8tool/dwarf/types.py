"""The types of SDCC's debug information: their sizes, and values from bytes and back. No chip in here.

SDCC's ways (seen with 4.2.0): all numbers are big-endian, but a bit-field of more than 8 bits has its low byte first.
Each enumeration is a plain number, and each bit-field is unsigned.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple, Optional, Union

_MOST_DIGITS = 40  # no number of a program has so many

Value = Union[int, float, bool, None, list["Value"], dict[str, "Value"]]


class NumberKind(Enum):
    """How the bytes of a number are read. The value is DWARF's encoding."""

    BOOL = 2
    FLOAT = 4
    SIGNED = 5
    SIGNED_CHAR = 6
    UNSIGNED = 7
    CHAR = 8


class Scalar(NamedTuple):
    """A number.

    Attributes:
        is_doubtful: SDCC's debug information may have a wrong sign or size for it, see `signs.py`.
    """

    name: str
    size: int
    kind: NumberKind
    is_doubtful: bool = False

    @property
    def is_signed(self) -> bool:
        """Tell whether it has a sign."""
        return self.kind in (NumberKind.SIGNED, NumberKind.SIGNED_CHAR)


class PointerType(NamedTuple):
    """A pointer. `target` returns the type that it leads to; None for `void *`."""

    size: int
    target: Callable[[], Optional[AnyType]]

    @property
    def name(self) -> str:
        """Its spelling in C."""
        target = self.target()
        return f"{target.name if target else 'void'} *"


class ArrayType(NamedTuple):
    """An array of one dimension; one of two dimensions is an array of arrays."""

    element: AnyType
    length: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.element.size * self.length

    @property
    def name(self) -> str:
        """Its spelling in C."""
        counts = ""
        element: AnyType = self
        while isinstance(element, ArrayType):
            counts += f"[{element.length}]"
            element = element.element
        return f"{element.name}{counts}"


class BitPlace(NamedTuple):
    """The place of a bit-field in its bytes: its lowest bit, counted from the least significant one, and its width."""

    shift: int
    width: int


class MemberField(NamedTuple):
    """A member of a structure or union; `bits` if it is a bit-field."""

    name: str
    offset: int
    type: AnyType
    bits: Optional[BitPlace]
    size: int


class RecordType(NamedTuple):
    """A structure, or a union."""

    name: str
    size: int
    members: tuple[MemberField, ...]


class OpaqueType(NamedTuple):
    """A type without bytes of its own: a function, or a structure that is only declared."""

    name: str
    size: int = 0


AnyType = Union[Scalar, PointerType, ArrayType, RecordType, OpaqueType]


class Leaf(NamedTuple):
    """One number inside a value: the rest of its name, such as ".speed" or "[2]", and where it is."""

    suffix: str
    offset: int
    size: int
    type: Union[Scalar, PointerType]
    bits: Optional[BitPlace]


# -- values --------------------------------------------------------------------------------------------------------


def leaves(kind: AnyType, suffix: str = "", offset: int = 0) -> Iterator[Leaf]:
    """Yield the numbers in a type, in the order of their declarations."""
    if isinstance(kind, ArrayType):
        for index in range(kind.length):
            yield from leaves(kind.element, f"{suffix}[{index}]", offset + index * kind.element.size)
    elif isinstance(kind, RecordType):
        for member in kind.members:
            inner, at = f"{suffix}.{member.name}", offset + member.offset
            if member.bits and isinstance(member.type, Scalar):
                yield Leaf(inner, at, member.size, member.type, member.bits)
            else:
                yield from leaves(member.type, inner, at)
    elif not isinstance(kind, OpaqueType):
        yield Leaf(suffix, offset, kind.size, kind, None)


def value_of(kind: AnyType, data: bytes, bits: Optional[BitPlace] = None) -> Value:
    """Return the value of a type in `data`: a number, a list for an array, a dictionary for a structure."""
    if isinstance(kind, ArrayType):
        size = kind.element.size
        return [value_of(kind.element, data[index * size : (index + 1) * size]) for index in range(kind.length)]
    if isinstance(kind, RecordType):
        return {
            member.name: value_of(member.type, data[member.offset : member.offset + member.size], member.bits)
            for member in kind.members
        }
    if isinstance(kind, OpaqueType):
        return None
    if bits is not None:
        return int.from_bytes(data, "little") >> bits.shift & (1 << bits.width) - 1
    if isinstance(kind, PointerType):
        return int.from_bytes(data, "big")
    if kind.kind is NumberKind.FLOAT:
        return float(struct.unpack(">f" if kind.size == 4 else ">d", data)[0])
    if kind.kind is NumberKind.BOOL:
        return any(data)
    return int.from_bytes(data, "big", signed=kind.is_signed)


def text_of_value(kind: AnyType, value: Value) -> str:
    """Return a value for a reader, in one line."""
    if isinstance(value, list) and isinstance(kind, ArrayType):
        return f"[{', '.join(text_of_value(kind.element, item) for item in value)}]"
    if isinstance(value, dict) and isinstance(kind, RecordType):
        members = (f"{field.name}: {text_of_value(field.type, value[field.name])}" for field in kind.members)
        return f"{{{', '.join(members)}}}"
    if isinstance(kind, PointerType) and isinstance(value, int):
        return f"0x{value:0{2 * kind.size}X}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.7g}"
    return "?" if value is None else str(value)


def character_of(kind: AnyType, value: Value) -> str:
    """Return the printable character that a value may be, in quotes; "" if it is none. To SDCC, uint8_t is a char."""
    is_char = isinstance(kind, Scalar) and "char" in kind.name and not isinstance(value, bool)
    return repr(chr(value)) if is_char and isinstance(value, int) and 0x20 < value < 0x7F else ""


# -- bytes from texts ----------------------------------------------------------------------------------------------


class ValueTextError(Exception):
    """A text is not a value of the type. The message says which values are."""


def bytes_of(kind: AnyType, text: str, bits: Optional[BitPlace] = None) -> bytes:
    """Return the bytes of a value that a user has written; for a bit-field its number, low byte first, unshifted.

    Raises:
        ValueTextError: It does not fit the type.
    """
    if isinstance(kind, (ArrayType, RecordType, OpaqueType)):
        raise ValueTextError("only a number can be set, one at a time")
    if isinstance(kind, Scalar) and kind.kind is NumberKind.FLOAT and bits is None:
        return _float_bytes(kind, text)
    low, high = _limits(kind, bits)
    number = {"true": 1, "false": 0}.get(text) if isinstance(kind, Scalar) and kind.kind is NumberKind.BOOL else None
    number = _number(text) if number is None else number
    if number is None or not low <= number <= high:
        raise ValueTextError(f"a whole number from {low} to {high} fits, such as {high} or 0x{high:X}")
    if bits is not None:
        return number.to_bytes((bits.width + 7) // 8, "little")
    return number.to_bytes(kind.size, "big", signed=number < 0)


def _limits(kind: Union[Scalar, PointerType], bits: Optional[BitPlace]) -> tuple[int, int]:
    if isinstance(kind, Scalar) and kind.kind is NumberKind.BOOL:
        return 0, 1
    width = 8 * kind.size if bits is None else bits.width
    if bits is None and isinstance(kind, Scalar) and kind.is_signed:
        return -(1 << width - 1), (1 << width - 1) - 1
    return 0, (1 << width) - 1


def _float_bytes(kind: Scalar, text: str) -> bytes:
    try:
        return struct.pack(">f" if kind.size == 4 else ">d", float(text))
    except (ValueError, OverflowError) as exc:
        raise ValueTextError("a number that a float can hold fits, such as 1.5 or 2e-3") from exc


def _number(text: str) -> Optional[int]:
    """Return a whole number that is written as in C, or as a character in single quotes."""
    if len(text) == 3 and text[0] == text[2] == "'" and text.isascii():
        return ord(text[1])
    try:
        return int(text, 0) if text.isascii() and not text.startswith(("0_", "_")) else None
    except ValueError:  # zeros lead, or Python converts no number of that many digits
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def is_doubtful(kind: AnyType) -> bool:
    """Tell whether one of the numbers in a type is doubtful, bit-fields apart."""
    return any(isinstance(leaf.type, Scalar) and leaf.type.is_doubtful for leaf in leaves(kind) if not leaf.bits)

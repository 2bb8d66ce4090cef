"""Make types of SDCC's debug information.

`DW_AT_bit_offset` counts from the most significant bit of a number. An entry of a type may stand between the members of
a structure (seen with SDCC 4.2.0).
"""

from __future__ import annotations

import re
from typing import Any, Optional

from .reading import name_of, number_of
from .signs import QUALIFIERS, Signs
from .types import (
    AnyType,
    ArrayType,
    BitPlace,
    MemberField,
    NumberKind,
    OpaqueType,
    PointerType,
    RecordType,
    Scalar,
)

_PLUS_UCONST = 0x23  # DW_OP_plus_uconst, in front of the offset of a member
_THROUGH = (*QUALIFIERS, "DW_TAG_typedef")
_DEEPEST = 64  # types inside types; only a damaged file has more
_LARGEST = 1 << 16  # elements of an array: no STM8 has more RAM


class TypeReader:
    """Reads the types of one compilation unit.

    Args:
        top: The top entry of the unit.
    """

    def __init__(self, top: Any) -> None:
        self._signs = Signs(top)

    def type_of(self, die: Any) -> Optional[AnyType]:
        """Return the type that an entry names in DW_AT_type; None if it names none, which is `void`.

        Raises:
            ValueError, LookupError: The entry makes no sense.
        """
        return self._type_of(die, _DEEPEST)

    def named_type(self, die: Any) -> AnyType:
        """Return the type that an entry itself is, such as a structure; errors: see `type_of`."""
        return self._made(die, _DEEPEST) or OpaqueType("void")

    def _type_of(self, die: Any, depth: int) -> Optional[AnyType]:
        if depth == 0:
            raise ValueError("a type contains itself")
        if "DW_AT_type" not in die.attributes:
            return None
        return self._made(die.get_DIE_from_attribute("DW_AT_type"), depth - 1)

    def _made(self, die: Any, depth: int) -> Optional[AnyType]:
        size = number_of(die, "DW_AT_byte_size") or 0
        name = name_of(die)
        if die.tag in _THROUGH:
            kind = self._type_of(die, depth)
            target = die.get_DIE_from_attribute("DW_AT_type") if isinstance(kind, Scalar) else None
            is_base = target is not None and target.tag == "DW_TAG_base_type"
            return self._signs.judged(die, kind) if is_base and isinstance(kind, Scalar) else kind
        if die.tag == "DW_TAG_base_type":
            return Scalar(name, size, NumberKind(number_of(die, "DW_AT_encoding")))
        if die.tag == "DW_TAG_pointer_type":
            return PointerType(size, lambda: self._type_of(die, _DEEPEST))
        if die.tag == "DW_TAG_array_type":
            return self._array(die, depth)
        if die.tag in ("DW_TAG_structure_type", "DW_TAG_union_type"):
            word = "union" if die.tag == "DW_TAG_union_type" else "struct"
            named = word if re.fullmatch(r"__\d{8}|", name) else f"{word} {name}"  # SDCC numbers those without a name
            if not size:
                return OpaqueType(named)
            members = [child for child in die.iter_children() if child.tag == "DW_TAG_member"]
            return RecordType(named, size, tuple(self._member(child, depth) for child in members))
        return OpaqueType("function" if die.tag == "DW_TAG_subroutine_type" else die.tag[len("DW_TAG_") :])

    def _array(self, die: Any, depth: int) -> AnyType:
        kind = self._type_of(die, depth)
        if kind is None:
            raise ValueError("an array of nothing")
        ranges = [child for child in die.iter_children() if child.tag == "DW_TAG_subrange_type"]
        for child in reversed(ranges):
            last = number_of(child, "DW_AT_upper_bound")
            count = 0 if last is None else last + 1  # without a bound its size is not known here: `extern int a[]`
            if not 0 <= count <= _LARGEST:
                raise ValueError("an array is too large")
            kind = ArrayType(kind, count)
        return kind

    def _member(self, die: Any, depth: int) -> MemberField:
        kind = self._type_of(die, depth)
        if kind is None:
            raise ValueError("a member of no type")
        place = die.attributes.get("DW_AT_data_member_location")
        offset = 0 if place is None else member_offset(bytes(place.value))
        width = number_of(die, "DW_AT_bit_size")
        if width is None:
            return MemberField(name_of(die), offset, kind, None, kind.size)
        size = number_of(die, "DW_AT_byte_size") or kind.size
        shift = 8 * size - (number_of(die, "DW_AT_bit_offset") or 0) - width
        if shift < 0 or width < 1:
            raise ValueError("a bit-field is outside of its bytes")
        return MemberField(name_of(die), offset, kind, BitPlace(shift, width), size)


def member_offset(expression: bytes) -> int:
    """Return the offset in a location of a member: DW_OP_plus_uconst and an unsigned LEB128 number."""
    if not expression or expression[0] != _PLUS_UCONST:
        raise ValueError("the location of a member is not a plain offset")
    value = 0
    for index, byte in enumerate(expression[1:]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            break
    return value


def is_const(die: Any) -> bool:
    """Tell whether the type of an entry is const, or an array of const elements."""
    for _ in range(_DEEPEST):
        if "DW_AT_type" not in die.attributes:
            return False
        die = die.get_DIE_from_attribute("DW_AT_type")
        if die.tag == "DW_TAG_const_type":
            return True
        if die.tag not in (*_THROUGH, "DW_TAG_array_type"):
            return False
    return False

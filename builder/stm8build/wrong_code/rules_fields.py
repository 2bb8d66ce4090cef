"""The constructs of C from which SDCC makes wrong code with bit-fields.

Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .rules_bytes import is_cut_again, is_widened, largest
from .syntax_tree import Function, Node
from .tree_questions import (
    BITWISE,
    COMPARISONS,
    EQUALITIES,
    operands,
    out_of_commas,
    variable_and_constant,
    widened_to,
)

_NEW_FIELD = re.compile(
    r"\b(?:int|char|long|_Bool)-bitfield"
)  # since SDCC 4.4 the type of a bit-field is `unsigned-int-bitfield`
_PLACES = ("PTR_ACCESS", "ACCESS")
_POINTED_TO = ("PTR_ACCESS", "ARRAY_OP", "DEREF")
_INTO = ("ASSIGN(=)", "RETURN", "CAST")
_NARROWED = (*BITWISE, "ADD", "SUB", "MULT", "COMPL", "LEFT_SHIFT", "RIGHT_SHIFT")  # SDCC does these in 8 bits


def field_copy(function: Function) -> Iterator[Node]:
    """Yield where a bit-field of more than 8 bits goes into one byte: a narrower bit-field, or a char."""
    for node in function.nodes():
        if node.kind not in _INTO:
            continue
        into = function.returns if node.kind == "RETURN" else node.type
        if not 0 < into.width <= 8 or into.text.startswith("_Bool"):
            continue
        sources = node.children[1:] if node.kind == "ASSIGN(=)" else node.children
        if any(_reads_wide_field(source) for source in sources):
            yield node


def _reads_wide_field(node: Node) -> bool:
    if node.kind in _PLACES:
        return node.type.bits > 8
    if node.kind == "CAST" and node.from_type and 0 < node.type.width <= 8:
        return False  # which is a place of its own
    if node.kind == "RIGHT_SHIFT" and len(node.children) == 2 and node.children[1].kind != "CONSTANT":
        return False
    return node.kind in (*_NARROWED, "CAST") and any(_reads_wide_field(child) for child in node.children)


def field_against_negative(function: Function) -> Iterator[Node]:
    """Yield comparisons of an unsigned bit-field of 8 bits with a negative constant."""
    for node in function.nodes():
        found = variable_and_constant(node) if node.kind in (*COMPARISONS, *EQUALITIES) else None
        if found and found[1] < 0 and found[2].type.size == 1:
            field = found[0].type
            if field.bits == 8 and not field.signed:
                yield node


def field_cast(function: Function) -> Iterator[Node]:
    """Yield a bit-field that is cast to unsigned int and then meets a signed value."""
    for node in function.nodes():
        if node.kind != "CAST" or not node.from_type or node.type.signed or node.type.size != 2:
            continue
        above = node.parent
        if not 8 < node.from_type.bits < 16 or above is None or above.kind not in (*COMPARISONS, "SUB", "ADD"):
            continue
        if _meets_a_signed_value(node, function):
            yield above


def _meets_a_signed_value(node: Node, function: Function) -> bool:
    """Whether it matters for what an int is used that SDCC has a wrong opinion of its sign."""
    above = node.parent
    other = next((child for child in above.children if child is not node), None) if above else None
    if above is None or other is None or not other.type.signed or not 0 < other.type.size <= 2:
        return False
    if above.kind in (*COMPARISONS, "DIV", "MOD"):
        return other.kind != "CONSTANT"
    if above.kind == "SUB" or (above.kind == "ADD" and other.kind != "CONSTANT"):
        into = widened_to(above, function)
        used = above.parent.kind if above.parent else ""
        return (into is not None and into[0] > 2) or used in (*COMPARISONS, "DIV", "MOD", "RIGHT_SHIFT")
    return False


def field_as_unsigned(function: Function) -> Iterator[Node]:
    """Yield - and ~ of a bit-field of 9 to 15 bits, and & | ^ of it and a constant, where SDCC takes it as unsigned."""
    for node in function.nodes():
        if node.kind in ("UMINUS", "COMPL") and _is_wide_field(node.children[0], (*BITWISE, "RIGHT_SHIFT")):
            if _is_asked_for_its_sign(node, function):
                yield node
        elif node.kind in BITWISE and _is_wide_field(node, BITWISE) and _meets_a_signed_value(node, function):
            yield node


def _is_wide_field(node: Node, operations: tuple[str, ...]) -> bool:
    """Whether a value is an unsigned bit-field of 9 to 15 bits, or one of some operations on it and a constant."""
    found = variable_and_constant(node) if node.kind in operations else None
    field = found[0] if found else node
    return field.kind in _PLACES and 8 < field.type.bits < 16 and not field.type.signed


def _is_asked_for_its_sign(node: Node, function: Function) -> bool:
    above = out_of_commas(node).parent
    if above is None:
        return False
    others = [child for child in above.children if child is not node]
    if above.kind == "RIGHT_SHIFT":
        return above.children[0] is node
    if above.kind == "SWITCH":
        return any((case.value or 0) < 0 for case in others)
    if above.kind in (*COMPARISONS, *EQUALITIES):
        return any(other.type.size > 2 for other in others)
    into = widened_to(node, function)
    return (into is not None and into[0] > 2) or "float" in above.type.text


def field_and_byte(function: Function) -> Iterator[Node]:
    """Yield a bit-field of up to 8 bits and an unsigned char that meet in 8 bits, with a sign."""
    for node in function.nodes():
        both = operands(node)
        if both and node.kind not in BITWISE:
            both = _without_cast_to_byte(both[0]), _without_cast_to_byte(both[1])
        if both and (meet_in_a_byte(node, both[0], both[1], function) or loses_the_sign(node, both, function)):
            yield node


def loses_the_sign(node: Node, both: tuple[Node, Node], function: Function) -> bool:
    """Whether `|` or `^` of a signed bit-field and a comparison is taken as an unsigned char."""
    if node.kind not in ("OR", "XOR") or node.type.size != 1 or node.type.signed:
        return False
    fields = any(one.type.bits and one.type.width <= 8 and one.type.signed for one in both)
    truths = any(one.kind in (*COMPARISONS, "EQ(==)") and "_Bool" not in one.type.text for one in both)
    return fields and truths and is_widened(node, function)


def _without_cast_to_byte(node: Node) -> Node:
    """Return the bit-field that is cast to an unsigned char: SDCC leaves the cast out."""
    is_cast = node.kind == "CAST" and node.from_type and 0 < node.from_type.bits <= 8 and not node.from_type.signed
    return node.children[0] if is_cast and node.type.size == 1 and not node.type.signed else node


def meet_in_a_byte(node: Node, one: Node, two: Node, function: Function) -> bool:
    """Whether an operation of 8 bits takes a value above 127 as a negative one, because the other is a bit-field."""
    if not (one.type.bits or two.type.bits) or "CONSTANT" in (one.kind, two.kind):
        return False
    if _may_be_above_127(two):
        other = one
    elif _may_be_above_127(one):
        other = two
    else:
        return False
    both_are_fields = one.type.bits > 0 and two.type.bits > 0
    if not other.type.signed:  # SDCC takes a shorter bit-field for a signed char, since 4.4 only on the left
        if not other.type.bits or other.type.width > 7 or node.kind in EQUALITIES:
            return False
        if (both_are_fields or (other is two and _NEW_FIELD.search(other.type.text))) and node.kind != "DIV":
            return False
        if other is two and not both_are_fields and _NEW_FIELD.search(other.type.text):
            return False
    if not 0 < other.type.width <= 8:
        return False
    if node.kind in (*COMPARISONS, *EQUALITIES):
        return True
    if node.type.size != 1:
        return False
    if node.kind in ("OR", "XOR"):
        is_right = "_Bool" in other.type.text and not node.type.signed  # a _Bool on the right, and in SDCC 4.2.0
        return not is_right and is_widened(node, function)
    return node.kind in ("DIV", "MOD")


def _may_be_above_127(node: Node) -> bool:
    """Whether a value is an unsigned one of 8 bits that may be above 127."""
    return node.type.width == 8 and not node.type.signed and largest(node) > 127


def long_into_field(function: Function) -> Iterator[Node]:
    """Yield a long of a struct that goes into a bit-field of more than 8 bits."""
    for node in function.nodes():
        both = operands(node) if node.kind == "ASSIGN(=)" and node.type.bits > 8 else None
        if both and _reads_long_member(both[1]):
            yield node


def _reads_long_member(node: Node) -> bool:
    if node.kind == "PTR_ACCESS":
        return node.type.size == 4
    if node.kind == "CAST" and node.type.bits:  # in an initialiser
        return any(map(_reads_long_member, node.children))
    return node.kind in ("ADD", "SUB", *BITWISE) and any(_reads_long_member(child) for child in node.children)


def stored_as_a_field(function: Function) -> Iterator[Node]:
    """Yield a bit-field that goes as it is into a char or an int, which SDCC then takes for a bit-field, too."""
    for node in function.nodes():
        if node.kind != "ASSIGN(=)" or len(node.children) != 2 or node.children[0].kind not in _POINTED_TO:
            continue
        place, value = node.children[0].type, node.children[1]
        while value.kind == "COMMA(,)" and value.children:
            value = value.children[-1]
        if (
            value.kind == "CAST"
            and value.children
            and (value.type.size, value.type.signed) == (place.size, place.signed)
        ):
            value = value.children[0]
        field = value.type
        fits = field.bits and field.signed == place.signed and _has_bytes(field.bits, place.size)
        if value.kind in _PLACES and fits and "_Bool" not in f"{place.text} {field.text}":
            yield node


def _has_bytes(bits: int, size: int) -> bool:
    """Whether a bit-field takes the bytes of a type; SDCC copies 8 bits as they are."""
    return bits < 8 if size == 1 else size == 2 and 8 < bits <= 16


def kept_sign_of_a_field(function: Function) -> Iterator[Node]:
    """Yield a signed bit-field that is cast to an unsigned type, and then widened or divided as a signed one."""
    for node in function.nodes():
        if node.kind != "CAST" or node.type.signed or node.type.size not in (1, 2) or not _is_signed_field(node):
            continue
        if _widens_as_signed(node, function):
            yield node


def _widens_as_signed(node: Node, function: Function) -> bool:
    """Whether a value meets a wider signed one, or is divided, or becomes a wider signed one."""
    above = node.parent
    if above is None:
        return False
    if above.kind in ("DIV", "MOD") and node.type.size == 1:
        return True
    if above.kind in (*COMPARISONS, *EQUALITIES):
        others = [child for child in above.children if child is not node and child.kind != "CONSTANT"]
        return any(other.type.signed and other.type.size > node.type.size for other in others)
    into = widened_to(node, function)
    is_wider = into is not None and into[0] > node.type.size and into[1]
    return is_wider and above.kind not in ("RIGHT_SHIFT", "SWITCH") and not is_cut_again(above, function)


def _is_signed_field(cast: Node) -> bool:
    """Whether a cast is of a signed bit-field, or of the minus of one."""
    inner = cast.children[0] if cast.children else cast
    if inner.kind == "UMINUS" and cast.type.size == 1 and inner.children[0].kind == "CAST":
        cast = inner.children[0]
    field = cast.from_type
    return field is not None and field.signed and 0 < field.bits < 16 and field.bits != 8

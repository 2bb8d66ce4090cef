"""The constructs of C that SDCC works out in 8 bits, and whose result is used as a wider one.

Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

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

_INT = 2  # bytes
_IN_BYTES = ("ADD", "SUB", *BITWISE)


def choice_of_bytes(function: Function) -> Iterator[Node]:
    """Yield `c ? a : b` of an unsigned char and a signed one, which SDCC takes for two signed chars."""
    for node in function.nodes():
        if node.kind != "QUEST(?)" or node.type.size != 1 or not node.type.signed:
            continue
        if len(node.children) != 2 or node.children[1].kind != "COLON(:)":
            continue
        asked, values = node.children[0], node.children[1].children
        values = _that_matter(values, asked)
        matters = is_widened(_out_of_bytes(node), function) and not equals_a_small_constant(node)
        if any(map(is_taken_as_signed, values)) and matters:
            yield node


def _that_matter(values: list[Node], asked: Node) -> list[Node]:
    """Return the values of a choice without the last one in `v ? w : v`: it is 0."""
    return [value for value in values if not (value is values[-1] and value.same_as(asked))]


def choice_with_a_field(function: Function) -> Iterator[Node]:
    """Yield `c ? a : b` of a bit-field and a char or another bit-field, which SDCC takes for an unsigned char."""
    for node in function.nodes():
        if node.kind != "QUEST(?)" or not node.children or node.type.size != 1 or node.type.signed:
            continue
        asked, last = node.children[0], node.children[-1]
        is_whole = last.kind == "COLON(:)"  # the condition is not there in initial values
        values = last.children if is_whole else node.children
        if not any(value.type.bits for value in values):
            continue
        if not any(map(_may_be_negative, _that_matter(values, asked) if is_whole else values)):
            continue
        matters = is_widened(_out_of_bytes(node), function) and not equals_a_small_constant(node)
        if matters and not _counts_bits(node):
            yield node


def _counts_bits(node: Node) -> bool:
    """Whether a value is the number of bits of a shift; that is never negative."""
    above = node.parent
    return above is not None and above.kind in ("LEFT_SHIFT", "RIGHT_SHIFT") and above.children[-1] is node


def _may_be_negative(node: Node) -> bool:
    return node.type.signed and node.type.width <= 8 and (node.kind != "CONSTANT" or (node.value or 0) < 0)


def equals_a_small_constant(node: Node) -> bool:
    """Whether a value of 8 bits is compared with a constant that is the same as a signed and as an unsigned char."""
    above = node.parent
    if above is None or above.kind not in EQUALITIES:
        return False
    return any(child.kind == "CONSTANT" and 0 <= (child.value or 0) < 128 for child in above.children)


def _out_of_bytes(node: Node) -> Node:
    """Return the outermost sum or the like of 8 bits that a value is a part of."""
    while node.parent and node.parent.kind in _IN_BYTES and node.parent.type.size == 1:
        node = node.parent
    return node


def is_taken_as_signed(node: Node) -> bool:
    """Whether a value may be above 127, and is of an unsigned char."""
    return node.type.size == 1 and not node.type.signed and largest(node) > 127


def largest(node: Node) -> int:
    """Return the largest value that an unsigned char may have."""
    if _is_truth(node):
        return 1
    if node.kind == "CONSTANT":
        return (node.value or 0) % 256
    constants = [child.value or 0 for child in node.children if child.kind == "CONSTANT"]
    if node.kind == "&":
        return min([255, *(constant % 256 for constant in constants)])
    left, last = (node.children[0], node.children[-1]) if len(node.children) == 2 else (node, node)
    if last.kind != "CONSTANT" or not last.value or last.value < 0 or left.type.size != 1 or left.type.signed:
        return 255
    if node.kind == "RIGHT_SHIFT":
        return largest(left) >> last.value
    if node.kind == "DIV":
        return largest(left) // last.value
    return min(255, last.value - 1) if node.kind == "MOD" else 255


def _is_truth(node: Node) -> bool:
    """Whether a value is 0 or 1."""
    while node.kind == "CAST" and node.children:
        node = node.children[0]
    return "_Bool" in node.type.text or node.kind in (*COMPARISONS, *EQUALITIES, "NOT", "ANDAND", "OROR")


def is_widened(node: Node, function: Function) -> bool:
    """Whether more of a value of 8 bits is used than these."""
    above = out_of_commas(node).parent
    if above is None:
        return False
    if above.kind in (*COMPARISONS, *EQUALITIES, "RIGHT_SHIFT"):
        return True
    if above.kind in ("DIV", "MOD") and above.type.size == 1:
        return True
    if above.kind == "SWITCH":
        return any(not 0 <= (case.value or 0) < 128 for case in above.children[1:])
    if above.kind == "&" and any(
        child.kind == "CONSTANT" and 0 <= (child.value or 0) < 256 for child in above.children
    ):
        return False
    into = widened_to(node, function)
    return into is not None and into[0] > 1 and not is_cut_again(above, function)


_KEEPS_THE_LOW_BYTE = ("ADD", "SUB", "MULT", "UMINUS", "COMPL", "CAST", *BITWISE)


def is_cut_again(node: Node, function: Function) -> bool:
    """Whether only the low byte of a sum, a product or the like is used."""
    while node.kind in _KEEPS_THE_LOW_BYTE and node.type.size > 1 and node.parent:
        node = node.parent
    into = function.returns if node.kind == "RETURN" else node.type
    return node.kind in ("RETURN", "ASSIGN(=)", "CAST") and into.size == 1


def byte_and_constant(function: Function) -> Iterator[Node]:
    """Yield `& | ^` of a byte with a constant; only the source tells whether this fits the type of the byte."""
    for node in function.nodes():
        if node.kind not in BITWISE or node.type.size != 1 or not variable_and_constant(node):
            continue
        if node.kind == "&" and not node.type.signed:
            continue  # the byte holds the result
        used = _out_of_bytes(node)
        if is_widened(used, function) or (used is node and node.kind == "XOR" and _is_asked_for_zero(node)):
            yield node


_ASKS = ("NOT", "ANDAND", "OROR", "IF", "IFX")


def _is_asked_for_zero(node: Node) -> bool:
    """Whether a program asks only whether the value is 0."""
    above = node.parent
    if above is None:
        return False
    if above.kind == "QUEST(?)":
        return above.children[0] is node
    return above.kind in _ASKS


def product_as_truth(function: Function) -> Iterator[Node]:
    """Yield the product of two bytes that is only asked whether it is 0, and which SDCC cuts to 8 bits."""
    for node in function.nodes():
        if node.kind != "MULT" or node.type.size != 1 or node.parent is None:
            continue
        if _fits(node.children):
            continue
        above = node.parent
        into = function.returns if above.kind == "RETURN" else above.type
        becomes_truth = above.kind in ("ASSIGN(=)", "RETURN", "CAST") and "_Bool" in into.text
        if becomes_truth or _is_asked_for_zero(node):
            yield node


def remainder_of_true(function: Function) -> Iterator[Node]:
    """Yield `!v % c` or the like with an unsigned char c, which SDCC takes for a signed one."""
    for node in function.nodes():
        both = operands(node) if node.kind == "MOD" else None
        if both and "_Bool" in both[0].type.text and both[1].kind != "CONSTANT" and is_taken_as_signed(both[1]):
            yield node


def _fits(factors: list[Node]) -> bool:
    """Whether a product needs no more than 8 bits."""
    if any(map(_is_truth, factors)):
        return True
    return not any(factor.type.signed for factor in factors) and math.prod(map(largest, factors)) < 256


def divided_by_one(function: Function) -> Iterator[Node]:
    """Yield a signed char that is divided by a 1 of one byte, where an int is made of it: it is widened with 0."""
    for node in function.nodes():
        both = operands(node) if node.kind == "DIV" else None
        if not both or both[1].kind != "CONSTANT" or both[1].value != 1:
            continue
        if both[1].type.size != 1 or "_Bool" in both[1].type.text:
            continue
        above = out_of_commas(node).parent
        if both[0].type.size != 1 or not both[0].type.signed or _is_never_negative(both[0]) or above is None:
            continue
        into = widened_to(node, function)
        is_long = into is not None and into[0] > _INT  # SDCC 4.5.0 makes it right
        place = above.children[0] if above.kind == "ASSIGN(=)" else node
        may_become_long = place.kind == "SYMBOL" and place.level > 0
        if is_long or may_become_long or equals_a_small_constant(node):
            continue
        if is_widened(node, function):
            yield node


def _is_never_negative(node: Node) -> bool:
    """Whether a value is what `&` leaves of the seven low bits."""
    while node.kind == "CAST" and node.children:
        node = node.children[0]
    constants = [child.value for child in node.children if child.kind == "CONSTANT"]
    return node.kind == "&" and any(value is not None and 0 <= value < 128 for value in constants)


def value_of_an_assignment(function: Function) -> Iterator[Node]:
    """Yield an assignment of `-v` or `~v` to a signed variable whose value is used: SDCC takes it as unsigned."""
    for node in function.nodes():
        both = operands(node) if node.kind == "ASSIGN(=)" and node.type.signed else None
        if not both or both[1].kind not in ("UMINUS", "COMPL"):
            continue
        if both[1].type.signed or both[1].type.size != node.type.size or node.type.bits:
            continue
        if _has_a_sign_that_counts(node, function):
            yield node


def _has_a_sign_that_counts(node: Node, function: Function) -> bool:
    """Whether it makes a difference if a value is taken as unsigned."""
    inner = out_of_commas(node)
    above = inner.parent
    if above is None or above.kind in ("NOT", "ANDAND", "OROR", "SWITCH", "IF"):
        return False
    if above.kind in (*COMPARISONS, "RIGHT_SHIFT", "DIV", "MOD"):
        return True
    others = [child for child in above.children if child is not inner]
    if above.kind in EQUALITIES:
        return any(other.kind != "CONSTANT" and other.type.size > node.type.size for other in others)
    if above.kind == "QUEST(?)" and above.children[0] is inner:
        return False
    if above.kind == "&" and any(0 <= (other.value or -1) < 1 << 8 * node.type.size for other in others):
        return False
    into = function.returns if above.kind == "RETURN" else above.type
    return into.size > node.type.size or into.text.startswith("float")

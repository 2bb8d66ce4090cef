"""The constructs of C that SDCC works out in 8 bits, and whose result is used as a wider one.

Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

from collections.abc import Iterator

from .syntax_tree import Function, Node
from .tree_questions import BITWISE, COMPARISONS, EQUALITIES, variable_and_constant, widened_to

_IN_BYTES = ("ADD", "SUB", *BITWISE)


def choice_of_bytes(function: Function) -> Iterator[Node]:
    """Yield `c ? a : b` of an unsigned char and a signed one, which SDCC takes for two signed chars."""
    for node in function.nodes():
        if node.kind != "QUEST(?)" or node.type.size != 1 or not node.type.signed:
            continue
        if len(node.children) != 2 or node.children[1].kind != "COLON(:)":
            continue
        asked, values = node.children[0], node.children[1].children
        values = [value for value in values if not (value is values[-1] and value.same_as(asked))]  # 0 in `v ? w : v`
        if any(map(is_taken_as_signed, values)) and is_widened(node, function):
            yield node


def is_taken_as_signed(node: Node) -> bool:
    """Whether a value may be above 127, and is of an unsigned char."""
    if node.type.size != 1 or node.type.signed or _is_truth(node):
        return False
    if node.kind == "CONSTANT":
        return (node.value or 0) > 127
    constants = [child.value or 0 for child in node.children[-1:] if child.kind == "CONSTANT"]
    halved = node.kind == "RIGHT_SHIFT" and any(constant > 0 for constant in constants)
    masked = node.kind == "&" and any(constant < 128 for constant in constants)
    return not halved and not masked


def _is_truth(node: Node) -> bool:
    """Whether a value is 0 or 1."""
    return "_Bool" in node.type.text or node.kind in (*COMPARISONS, *EQUALITIES, "NOT", "ANDAND", "OROR")


def is_widened(node: Node, function: Function) -> bool:
    """Whether more of a value of 8 bits is used than these."""
    above = node.parent
    if above is None:
        return False
    if above.kind in (*COMPARISONS, *EQUALITIES, "SWITCH", "RIGHT_SHIFT"):
        return True
    into = widened_to(node, function)
    return into is not None and into[0] > 1


def byte_and_constant(function: Function) -> Iterator[Node]:
    """Yield `|` and `^` of a byte with a constant; only the source tells whether this fits the type of the byte."""
    for node in function.nodes():
        if node.kind not in ("OR", "XOR") or node.type.size != 1 or not variable_and_constant(node):
            continue
        used = node
        while used.parent and used.parent.kind in _IN_BYTES and used.parent.type.size == 1:
            used = used.parent
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
        if any(map(_is_truth, node.children)):
            continue  # it fits
        above = node.parent
        into = function.returns if above.kind == "RETURN" else above.type
        becomes_truth = above.kind in ("ASSIGN(=)", "RETURN", "CAST") and "_Bool" in into.text
        if becomes_truth or _is_asked_for_zero(node):
            yield node

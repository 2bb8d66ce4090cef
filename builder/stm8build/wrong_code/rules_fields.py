"""The constructs of C from which SDCC makes wrong code with bit-fields.

Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

from collections.abc import Iterator

from .syntax_tree import Function, Node
from .tree_questions import BITWISE, COMPARISONS, EQUALITIES, operands, variable_and_constant, widened_to

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
    if node.kind in ("PTR_ACCESS", "ACCESS"):
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
        if not 8 < node.from_type.bits < 16 or above is None:
            continue
        other = next((child for child in above.children if child is not node), None)
        if other is None or not other.type.signed or not other.type.size or other.type.size > 2:
            continue
        if above.kind in COMPARISONS and other.kind != "CONSTANT":
            yield above
        elif above.kind in ("SUB", "ADD") and (above.kind == "SUB" or other.kind != "CONSTANT"):
            into = widened_to(above, function)
            used = above.parent.kind if above.parent else ""
            if (into and into[0] > 2 and into[1]) or used in COMPARISONS or used in ("DIV", "MOD", "RIGHT_SHIFT"):
                yield above


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

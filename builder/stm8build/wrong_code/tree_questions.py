"""Questions to a syntax tree that several rules ask. Pure: no SCons in here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from .syntax_tree import Function, Node

COMPARISONS = ("LT(<)", "GT(>)", "LE(<=)", "GE(>=)")
EQUALITIES = ("EQ(==)", "NE(!=)")
BITWISE = ("&", "OR", "XOR")
_COMMA = "COMMA(,)"


def assignments(function: Function) -> Iterator[Node]:
    """Yield the assignments of a function."""
    return (node for node in function.nodes() if node.kind == "ASSIGN(=)")


def is_volatile(node: Node) -> bool:
    """Whether a node is a volatile; a pointer to one is not."""
    text = node.type.text
    return "volatile" in text and "*" not in text


def is_whole_upper_half(value: int) -> bool:
    """Whether an unsigned value of 64 bits has nothing in its low 32 bits."""
    return value >= 1 << 32 and value & 0xFFFFFFFF == 0


def operands(node: Node) -> Optional[tuple[Node, Node]]:
    return (node.children[0], node.children[1]) if len(node.children) == 2 else None


def variable_and_constant(node: Node) -> Optional[tuple[Node, int, Node]]:
    """Return the operand that is not constant, the value of the other one, and that one."""
    both = operands(node)
    for one, two in (both, both[::-1]) if both else ():
        if two.kind == "CONSTANT" and two.value is not None and one.kind != "CONSTANT":
            return one, two.value, two
    return None


def out_of_choices(node: Node) -> Node:
    """Return the outermost `?:` of which a node is one of the values; the node itself where there is none."""
    while (
        node.parent
        and node.parent.kind in ("QUEST(?)", "COLON(:)", _COMMA)
        and node.parent.type.size == node.type.size
        and (node.parent.kind != _COMMA or node.parent.children[-1] is node)
    ):
        node = node.parent
    return node


def out_of_commas(node: Node) -> Node:
    """Return the outermost comma that passes a value on; the node itself where there is none."""
    while node.parent and node.parent.kind == _COMMA and node.parent.children[-1] is node:
        node = node.parent
    return node


def widened_to(node: Node, function: Function) -> Optional[tuple[int, bool]]:
    """Return size and sign of the type in which a value is used; None where that is not known."""
    above = out_of_commas(node).parent
    if above is None:
        return None
    if above.kind == "RETURN":
        return function.returns.size, function.returns.signed
    return above.type.size, above.type.signed

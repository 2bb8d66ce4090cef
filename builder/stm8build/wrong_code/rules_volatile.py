"""The constructs of C from which SDCC makes too many or too few accesses to a volatile.

Each rule yields the nodes that come out wrong, or that may: `confirmations.py` looks at the source and the assembler,
too. Pure: no SCons in here.
"""

from __future__ import annotations

from collections.abc import Iterator

from .syntax_tree import Function, Node
from .tree_questions import is_volatile, operands

_SHIFTS = ("LEFT_SHIFT", "RIGHT_SHIFT")
_UNCHANGED = {  # by these constants
    **{kind: {0} for kind in ("OR", "XOR", "ADD", "SUB", *_SHIFTS)},
    **{kind: {1} for kind in ("MULT", "DIV")},
    "&": {-1, 0xFF, 0xFFFF, 0xFFFFFFFF},
}


def _without_casts(node: Node) -> Node:
    while node.kind == "CAST" and node.children:
        node = node.children[0]
    return node


def shift_in_place(function: Function) -> Iterator[Node]:
    """Yield where a shift is stored in a volatile variable of one byte."""
    for node in function.nodes():
        both = operands(node) if node.kind == "ASSIGN(=)" else None
        if not both or both[0].kind != "SYMBOL" or both[0].type.size != 1:
            continue
        if is_volatile(both[0]) and _without_casts(both[1]).kind in _SHIFTS:
            yield node


def unread(function: Function) -> Iterator[Node]:
    """Yield where the value of a volatile that a pointer leads to is not used."""
    for node in function.statements:
        read = _without_casts(node)
        if read.kind in ("DEREF", "ARRAY_OP", "PTR_ACCESS") and is_volatile(read):
            yield read


def untouched(function: Function) -> Iterator[Node]:
    """Yield where a volatile variable is written as it is, or compared with a value that it never has."""
    for node in function.nodes():
        both = operands(node) if node.kind in ("ASSIGN(=)", "COMMA(,)") else None
        if not both or both[0].kind != "SYMBOL" or not is_volatile(both[0]):
            continue
        if node.kind == "COMMA(,)":
            if both[1].kind == "CONSTANT" and node.type.text.startswith("const-_Bool"):
                yield both[0]
            continue
        value = _without_casts(both[1])
        if value.same_as(both[0]) or _leaves_as_it_is(value, both[0]):
            yield node


def _leaves_as_it_is(node: Node, variable: Node) -> bool:
    both = operands(node) if node.kind in _UNCHANGED else None
    if not both or both[1].kind != "CONSTANT" or not _without_casts(both[0]).same_as(variable):
        return False
    return both[1].value in _UNCHANGED[node.kind]


def index_read_twice(function: Function) -> Iterator[Node]:
    """Yield where an element with a volatile index is read and written; the source tells whether by one operator."""
    for node in function.nodes():
        both = operands(node) if node.kind == "ASSIGN(=)" else None
        reads = both is not None and any(below.same_as(both[0]) for below in both[1].walk())
        if both and reads and any(map(is_volatile, _indices(both[0]))):
            yield node


def _indices(place: Node) -> Iterator[Node]:
    for node in place.walk():
        if node.kind == "ARRAY_OP" and len(node.children) == 2:
            yield from node.children[1].walk()

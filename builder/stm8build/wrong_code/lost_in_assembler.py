"""More sequences of SDCC's assembler in which something is lost. Pure: no SCons in here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .syntax_tree import Function, Node
from .tree_questions import assignments
from .wrong_assembler import GAP, Place, places_of

KINDS = ("lost-third-byte", "lost-offset")

_PATTERNS = {
    # The third byte of the minus of a long is in A, nothing keeps it, and the fourth byte is made there.
    "lost-third-byte": re.compile(
        rf"\tpush\ta\n{GAP}\tclr\ta\n{GAP}\tsbc\ta, \(1, sp\)\n{GAP}(?:\taddw\tsp, #1\n|\tpop\ta\n){GAP}"
        rf"\tclr\ta\n{GAP}\tsbc\ta, "
    ),
    # SDCC has moved the addition of an offset from the address into the store, past a load by way of the same address.
    "lost-offset": re.compile(rf"\tld\ta, \(([xy])\)\n{GAP}\tld\t\([^\n,]+, \1\), a\n"),
}
_THROUGH_POINTERS = ("PTR_ACCESS", "ARRAY_OP", "DEREF")


def lost(assembler: str, functions: Iterable[Function]) -> Iterator[Place]:
    """Yield the places of both kinds; `functions` are those of the syntax tree."""
    named = {function.name: function for function in functions}
    for place in places_of(_PATTERNS, assembler):
        function = named.get(place.function)
        if place.kind != "lost-offset" or (function and _writes_back(function, place.file, place.line)):
            yield place


def _writes_back(function: Function, file: str, line: int) -> bool:
    """Whether a line stores a byte where it was read: `p->m[0]` at the same address has lost no offset."""
    for node in assignments(function):
        if (node.file, node.line) == (file, line) and node.children[0].kind in _THROUGH_POINTERS:
            place, value = node.children[0], node.children[-1]
            if any(below.same_as(place) for below in value.walk()) or _holds(value, place, function):
                return True
    return False


def _holds(value: Node, place: Node, function: Function) -> bool:
    """Whether a local variable has got the value of a place, or begins with one that has an offset."""
    if value.kind != "SYMBOL" or not value.level:
        return False
    for node in assignments(function):
        if node.children[0].same_as(value):
            read = list(node.children[-1].walk())
            if any(below.same_as(place) for below in read) or (
                node in function.initial and any(map(_has_offset, read))
            ):
                return True
    return False


def _has_offset(node: Node) -> bool:
    """Whether a place is at an address plus a number, as it is in the initial values."""
    address = node.children[0] if node.kind in _THROUGH_POINTERS else node
    return address.kind == "ADD" and bool(address.children[-1].value)

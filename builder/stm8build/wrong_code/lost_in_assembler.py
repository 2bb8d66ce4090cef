"""More sequences of SDCC's assembler in which something is lost. Pure: no SCons in here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from .syntax_tree import Function, Node
from .tree_questions import assignments, variable_and_constant
from .wrong_assembler import GAP, Place, places_of

KINDS = ("lost-middle-byte", "lost-offset")

_STORE = rf"\tld\t[^a\n][^\n]*, a\n{GAP}"
_LOAD = rf"\tld\ta, [^\n]+\n{GAP}(?:\tpushw\t[xy]\n{GAP})?"
_DROP = rf"(?:\taddw\tsp, #1\n|\tpop\ta\n){GAP}"
_REST = rf"\ta, [^\n]+\n{GAP}(?:\tpopw\t[xy]\n{GAP})?"
_BYTE, _NEXT = rf"\t(?:sub|sbc){_REST}", rf"\tsbc{_REST}"

_PATTERNS = {
    # A byte of a difference or a minus is in A, nothing keeps it, and the byte above it is made there.
    "lost-middle-byte": re.compile(
        rf"\tpush\ta\n{GAP}\tclr\ta\n{GAP}\tsbc\ta, \(1, sp\)\n{GAP}{_DROP}\tclr\ta\n{GAP}\tsbc\ta, "
        rf"|{_BYTE}{_STORE}{_LOAD}{_NEXT}(?:{_DROP})?{_LOAD}{_NEXT}{_STORE}"
    ),
    # The low byte of a difference is in A, and nothing keeps it. The next byte is kept, so this is not a comparison.
    "lost-low-byte": re.compile(
        rf"\tsub\ta, \(1, sp\)\n{GAP}{_DROP}\tld\ta, [^\n]+\n{GAP}\tsbc\ta, [^\n]+\n{GAP}{_STORE}"
    ),
    # SDCC has moved the addition of an offset from the address into the store, past a load by way of the same address.
    "lost-offset": re.compile(rf"\tld\ta, \(([xy])\)\n{GAP}\tld\t\([^\n,]+, \1\), a\n"),
}
_SHIFTS = ("RIGHT_SHIFT", "GETBYTE", "GETWORD")
_THROUGH_POINTERS = ("PTR_ACCESS", "ARRAY_OP", "DEREF")


def lost(assembler: str, functions: Iterable[Function]) -> Iterator[Place]:
    """Yield the places of these kinds; `functions` are those of the syntax tree."""
    named = {function.name: function for function in functions}
    for place in places_of(_PATTERNS, assembler):
        function, question = named.get(place.function), _QUESTIONS.get(place.kind)
        if question is None or (function and question(function, place.file, place.line)):
            yield place


def _uses_the_low_byte(function: Function, file: str, line: int) -> bool:
    """Whether a line has a difference of longs, and no shift that drops its low byte."""
    there = [node for node in function.nodes() if (node.file, node.line) == (file, line)]
    differs = any(node.kind == "SUB" and node.type.size == 4 for node in there)
    return differs and not drops_the_low_byte([function], file, line)


def drops_the_low_byte(functions: Iterable[Function], file: str, line: int) -> bool:
    """Tell whether a line needs no low byte: it shifts to the right by at least eight bits, or asks only for the sign.

    Then SDCC leaves the low byte out.
    """
    nodes = [node for function in functions for node in function.nodes() if (node.file, node.line) == (file, line)]
    # SDCC gives the line 0 to some of its own operations.
    shifts = (one for node in nodes for one in (node, node.parent) if one is not None and one.kind in _SHIFTS)
    if any((one.children[-1].value or 0) >= 8 for one in shifts):
        return True
    differences = [node for node in nodes if node.kind == "SUB" and node.type.size > 1]
    return bool(differences) and all(map(_is_asked_for_its_sign, differences))


def _is_asked_for_its_sign(difference: Node) -> bool:
    above = difference.parent
    asked = variable_and_constant(above) if above and above.kind in ("LT(<)", "GE(>=)") else None
    return asked is not None and asked[1] == 0


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


_QUESTIONS: dict[str, Callable[[Function, str, int], bool]] = {
    "lost-offset": _writes_back,
    "lost-low-byte": _uses_the_low_byte,
}

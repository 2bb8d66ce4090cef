"""Bytes that SDCC stores where a global pointer leads to, without loading them first. Pure: no SCons in here.

Where X is in use, SDCC writes `ld [_p], a`. It takes A for the byte even if the byte is in memory, or a constant. A
local variable may be in A, so these are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Optional

from .syntax_tree import Function, Node
from .wrong_assembler import Lines, Place, functions_of

_STORE = re.compile(r"^\tld\t\[_(\w+)(?:\+\d+)?\], a\n", re.MULTILINE)
_STATIC = r"_(\w+?)_\d+_\d+"  # after the name of the function: a static variable of it
_PLACES = ("DEREF", "PTR_ACCESS", "ARRAY_OP")
_CHANGES_A = re.compile(
    r"(?:ld|and|or|xor|add|adc|sub|sbc|exg)\ta\b|(?:clr|inc|dec|cpl|neg|pop|swap|daa|s[lr][la]|r[lr]c)\ta$"
    r"|r[lr]wa\t|div\t|call"
)


def unloaded_bytes(functions: list[Function], assembler: str) -> Iterator[Place]:
    """Yield the stores of a constant or of a global variable for which A was not loaded."""
    if "\tld\t[_" not in assembler:
        return
    lines = Lines(assembler)
    for name, start, end in functions_of(assembler):
        for store in _STORE.finditer(assembler, start, end):
            file, line = lines.at(store.start())
            static = re.fullmatch(re.escape(name) + _STATIC, store[1])
            values = _values(functions, file, line, static[1] if static else store[1])
            before = assembler[start : store.start()].splitlines()
            if values and not any(_may_be_in_a(value, before) for value in values):
                yield Place("unloaded-byte", file, line, name)


def _values(functions: Iterable[Function], file: str, line: int, pointer: str) -> list[Node]:
    """Return what a line of C stores where a pointer leads to; SDCC may have put the pointer for a local copy of it."""
    by_pointer: dict[bool, list[Node]] = {True: [], False: []}
    for function in functions:
        for node in function.nodes():
            if (node.file, node.line, node.kind) == (file, line, "ASSIGN(=)") and len(node.children) == 2:
                place, value = node.children
                root = _pointer(place) if place.kind in _PLACES and place.type.size == 1 else None
                if root and (root.name == pointer or root.level):
                    by_pointer[root.name == pointer].append(value)
    return by_pointer[True] or by_pointer[False]


def _pointer(place: Node) -> Optional[Node]:
    """Return the pointer that leads to a place; None for a place in an array or a struct."""
    node = place
    while node.kind != "SYMBOL" and node.children:
        node = node.children[0]
    return node if node.kind == "SYMBOL" and "*" in node.type.text else None


def _may_be_in_a(value: Node, before: list[str]) -> bool:
    """Whether A may hold a value after some rows of assembler, such as behind `if (g == 7)`."""
    row, *later = _since_the_last_change(before) or [""]
    if value.kind == "CONSTANT":
        number = (value.value or 0) % 256
        asked = next((each for each in later if each != "tnz\ta"), "")
        is_zero = not number and (row == "clr\ta" or asked.startswith(("jreq\t", "jrne\t")))
        return is_zero or row == f"ld\ta, #0x{number:02x}" or f"cp\ta, #0x{number:02x}" in later
    if value.kind != "SYMBOL" or value.level or value.type.size != 1:
        return True  # which register holds it is not known
    return row == f"ld\ta, _{value.name}+0" or f"ld\t_{value.name}+0, a" in later


def _since_the_last_change(before: list[str]) -> list[str]:
    """Return the last instruction that changes A, and those behind it; none where there is none."""
    found: list[str] = []
    for line in reversed(before):
        if line.startswith("\t"):
            found.insert(0, line.strip())
            if _CHANGES_A.match(found[0]):
                return found
    return []

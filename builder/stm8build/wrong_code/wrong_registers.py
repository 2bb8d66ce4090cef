"""Wrong code that shows in the assembler: a register holds another value than SDCC thinks. Pure: no SCons here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .syntax_tree import Function, Node
from .tree_questions import variable_and_constant
from .wrong_assembler import GAP, Lines, Place, functions_of

_ADDS = r"\t(?:addw|subw)\tx, \(1, sp\)\n"  # SDCC writes `(0x01, sp)` for the place of a value
_PRODUCT = re.compile(rf"(?:^(?:\tsllw\tx\n|{_ADDS}|;[^\n]*\n))+", re.MULTILINE)
_PUSHED = re.compile(r"^\tpushw\tx\n(?:;[^\n]*\n)*\Z", re.MULTILINE)
_SHIFTS = 8  # at least so many for a constant with a bit in its high byte


def unpushed_factors(assembler: str) -> Iterator[Place]:
    """Yield where SDCC multiplies by shifts and sums, and has not pushed the value that it adds."""
    if not re.search(_ADDS, assembler):
        return
    lines = Lines(assembler)
    for name, start, end in functions_of(assembler):
        for found in _PRODUCT.finditer(assembler, start, end):
            is_sum = re.search(_ADDS, found[0]) is not None and found[0].count("\tsllw") >= _SHIFTS
            if is_sum and not _PUSHED.search(assembler, start, found.start()):
                yield Place("unpushed-factor", *lines.at(found.end() - 1), name)


def _or_low_byte(group: int) -> str:
    """Return the pattern of `or` with the low byte of a register; `group` is the number of its group."""
    return rf"\tld\ta, ([xy])l\n{GAP}\tor\ta, [^\n]+\n{GAP}\tld\t\{group}l, a\n{GAP}"


# A long is in X and Y. The result of `or` goes to the low byte, and into a byte of the other half as well. That byte
# was in A before, or it is on the stack.
_INTO_TWO_BYTES = (
    re.compile(rf"{_or_low_byte(1)}\tld\t(?!\1)[xy][hl], a\n"),
    re.compile(
        rf"\tld\t\((0x[0-9a-f]+), sp\), a\n{GAP}{_or_low_byte(2)}"
        rf"\texg\ta, ([xy])l\n{GAP}\tld\t\([^\n]+, sp\), a\n{GAP}\texg\ta, \3l\n{GAP}\tld\t\(\1, sp\), a\n"
    ),
)


def doubled_bytes(functions: list[Function], assembler: str) -> Iterator[Place]:
    """Yield where the low byte of a long | a constant is stored in the place of another byte, too."""
    if "\tor\ta, " not in assembler:
        return
    lines = Lines(assembler)
    for name, start, end in functions_of(assembler):
        for pattern in _INTO_TWO_BYTES:
            for found in pattern.finditer(assembler, start, end):
                where = lines.at(found.end() - 1)
                if any((node.file, node.line) == where and _is_long_or_constant(node) for node in _nodes(functions)):
                    yield Place("overwritten-byte", *where, name)


def _nodes(functions: Iterable[Function]) -> Iterator[Node]:
    return (node for function in functions for node in function.nodes())


def _is_long_or_constant(node: Node) -> bool:
    return node.kind == "OR" and node.type.size == 4 and variable_and_constant(node) is not None

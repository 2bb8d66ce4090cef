"""SDCC's intermediate code after its last changes, with the place of each byte of a value. Pure: no SCons in here.

`--dump-i-code` writes it beside the object, once for each step. Two steps matter here. After `lospre` SDCC has moved
and narrowed operations, and a variable that has lost its value shows. After `rassgn` each value has its registers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

from .syntax_tree import Type, parse_type

NARROWED, PLACED = ".dumplospre", ".dumprassgn"  # suffixes of the files

_MARK = re.compile(r"\(l\d+:s\d+:k\d+:d\d+:s\d+:b\d+\)\t")
_ROW = re.compile(r"^(.+?)\(l(\d+):s\d+:k(\d+):d\d+:s\d+:b\d+\)\t+ ?(.*)$")
_KEYS = re.compile(r"\[k\d+ [^\]]*\]\{ [^}]*\}")
_PROC = re.compile(r"proc _(\w+)")
_BLOCK = "Basic Block "
_OPERAND = re.compile(
    r"(?<![\w.])(?:(?P<number>0x[0-9a-f]+|-?\d[\d.e+-]*) |(?P<name>[A-Za-z_]\w*) )"
    r"\{(?P<type>(?:[^{}]|\{[^{}]*\})*)\}"
    r"(?:\{ sir@ (?P<variable>\w*)\})?"
    r"(?:\[(?P<places>(?:[^\[\]]|\[[^\[\]]*\])*)\])?"
)
_NARROWED_TYPE = re.compile(r"(?:(?:const|volatile)-)*(unsigned-)?_BitInt\((\d+)\)")  # SDCC's own, in whole bytes
_LOCAL = re.compile(r"_\w+?_(\w+)_\d+_\d+$")


class Operand(NamedTuple):
    """A value that an operation takes or makes."""

    name: str  # empty for a constant
    value: Optional[int]  # of a constant
    type: Type
    variable: str  # of C, as far as SDCC knows it
    places: tuple[str, ...]  # of its bytes, the lowest one first; one word for all that are on the stack

    @property
    def is_temporary(self) -> bool:
        """Whether it is a value that SDCC may keep in registers."""
        return self.name.startswith("iTemp")

    @property
    def is_static(self) -> bool:
        """Whether it has an address that does not change."""
        return bool(self.name) and not self.is_temporary and not self.type.text.endswith(" auto")

    @property
    def is_on_the_stack(self) -> bool:
        """Whether all of its bytes are on the stack."""
        if self.is_temporary:
            return bool(self.places) and all(place.startswith("_") for place in self.places)
        return bool(self.name) and not self.is_static


class Row(NamedTuple):
    """One operation."""

    file: str
    line: int
    result: Optional[Operand]  # None where it makes no value, and for a store to where a pointer leads
    text: str  # what stands after the result

    def operands(self) -> list[Operand]:
        """Return the values that it takes, and the constants."""
        return [_operand(match) for match in _OPERAND.finditer(self.text)]


def lines_of(code: str) -> Iterator[str]:
    """Yield the lines of a file with intermediate code, each operation in one of its own, and the heads of the blocks.

    SDCC writes no end of line after inline assembler, so the next operation stands in its last line.
    """
    files: list[str] = []  # the last one first
    seen: set[str] = set()  # SDCC prints a block again with each one before it
    for line in code.splitlines():
        if line.startswith(_BLOCK):
            yield line
        if "(l" not in line or line in seen:
            continue
        if "\tproc _" in line:
            seen.clear()  # another function may have the same rows in the same line
        seen.add(line)
        begin = 0
        for mark in _MARK.finditer(line):
            name = line[begin : mark.start()]
            file = name if name in files else next((each for each in files if _ends_with(name, each)), name)
            if file not in files[:1]:
                files = [file, *(each for each in files if each != file)]
            if file != name:
                yield line[begin : mark.start() - len(file)]
                begin = mark.start() - len(file)
        yield line[begin:]


def _ends_with(name: str, file: str) -> bool:
    """Whether a name is that of a file with assembler before it, and not a longer path."""
    return name.endswith(file) and name[: -len(file)][-1:] not in ("/", "\\", ":")


@functools.lru_cache(maxsize=1)  # several rules ask for the same file, one after the other
def procedures(code: str) -> list[tuple[str, list[Row]]]:
    """Return the name of each function and its operations, each one once: SDCC prints some several times.

    A block that nothing leads to is left out: SDCC prints it before the function, and has thrown parts of it away.
    """
    found = []
    name, is_reached = "", True
    rows: dict[int, Row] = {}
    for line in lines_of(code):
        if line.startswith(_BLOCK):
            is_reached = not re.search(r"\bnoPath\b", line)
            continue
        match = _ROW.match(line)
        if not match or not is_reached:
            continue
        text = _KEYS.sub("", match[4])
        begins = _PROC.match(text)
        if begins:
            if name and begins[1] != name:
                found.append((name, list(rows.values())))
                rows = {}
            name = begins[1]
        elif name:
            rows.setdefault(int(match[3]), _row(match[1], int(match[2]), text))
    if name:
        found.append((name, list(rows.values())))
    return found


def _row(file: str, line: int, text: str) -> Row:
    made = _OPERAND.match(text)
    after = re.compile(r" :?= ").match(text, made.end()) if made and made["name"] else None
    if made and after:
        return Row(file, line, _operand(made), text[after.end() :])
    return Row(file, line, None, text)


def _operand(match: re.Match[str]) -> Operand:
    kind = _type(match["type"])
    value = None
    if (match["number"] or "").startswith("0x"):  # a number with a fraction has no such sign
        value = int(match["number"], 16) & (1 << (kind.width or 64)) - 1
    local = _LOCAL.match(match["variable"] or "")
    variable = local[1] if local else match["name"] or ""
    return Operand(match["name"] or "", value, kind, variable, tuple((match["places"] or "").split()))


def _type(text: str) -> Type:
    narrowed = _NARROWED_TYPE.match(text)
    return Type(text, -(-int(narrowed[2]) // 8), not narrowed[1], 0) if narrowed else parse_type(text)

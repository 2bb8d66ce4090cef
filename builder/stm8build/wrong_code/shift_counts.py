"""Shifts whose number of bits is overwritten by the value, in the assembler that SDCC writes. Pure: no SCons in here.

SDCC may put both into one place on the stack: nothing uses the number after the shift.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from .wrong_assembler import GAP, Lines, Place, functions_of, rows_of

_PLACE = r"\((?:0x[0-9a-f]+|\d+), sp\)"
# The number of bits is loaded, and the loop shifts places on the stack.
_SHIFT_LOOP = re.compile(
    rf"\tld\ta, ({_PLACE})\n{GAP}"
    rf"\tjreq\t\S+\n{GAP}\d+\$:\n{GAP}"
    rf"((?:\t(?:(?:sraw|srlw|sllw|slaw|rrcw|rlcw)\t[xy]|(?:sra|srl|sll|sla|rrc|rlc)\t{_PLACE})\n{GAP})+)"
    r"\tdec\ta\n"
)
# `srl (8, sp)` reads the place as well, but what it leaves there is lost in the same way.
_WRITTEN = re.compile(r"(ldw?|clr|s[lr][la]|r[lr]c|inc|dec|cpl|neg)\t\((0x[0-9a-f]+|\d+), sp\)(?:, |$)")
_NUMBER = re.compile(r"\((0x[0-9a-f]+|\d+), sp\)")
_SP_BY = re.compile(r"(sub|addw|add)\tsp, #(0x[0-9a-f]+|\d+)$")
_PUSHES = {"push": 1, "pushw": 2, "pop": -1, "popw": -2}
# A function that returns eight bytes gets the address where they go as its last argument.
_ADDRESS = re.compile(r"ldw\t([xy]), sp\naddw\t\1, #(0x[0-9a-f]+|\d+)\npushw\t\1$")


def overwritten_counts(assembler: str) -> Iterator[Place]:
    """Yield shifts whose number of bits lies in the place of the value, and was overwritten by it."""
    if "\tdec\ta\n" not in assembler:
        return
    lines = Lines(assembler)
    for name, start, end in functions_of(assembler):
        for loop in _SHIFT_LOOP.finditer(assembler, start, end):
            place = _number(loop[1])
            shifted = {int(each, 0) for each in _NUMBER.findall(loop[2])}
            before = [row for row, _ in rows_of(assembler[start : loop.start()])]
            if place in shifted and _is_lost(before, place):
                yield Place("overwritten-count", *lines.at(loop.end() - 1), name)


def _number(text: str) -> int:
    match = _NUMBER.search(text)
    return int(match[1], 0) if match else 0


def _is_lost(rows: list[str], place: int) -> bool:
    """Whether a place was written twice, and not read in between. Each push before it makes its number larger."""
    writes = 0
    for index in range(len(rows) - 1, -1, -1):
        row = rows[index]
        word = row.split("\t")[0]
        if word in _PUSHES:
            place -= _PUSHES[word]
        elif _SP_BY.match(row):
            place += _added(row)
        elif word.startswith("call"):
            end = rows[index + 1] if index + 1 < len(rows) else ""
            result = _result(rows[:index])
            return writes == 1 and result is not None and bool(_SP_BY.match(end)) and result <= place - 2 < result + 8
        elif word.startswith("j"):
            return False
        else:
            written = _WRITTEN.match(row)
            if written:
                start = int(written[2], 0)
                writes += place in ({start, start + 1} if written[1] == "ldw" else {start})
            else:
                start = _number(row)
                if place in (start, start + 1) and (place == start or "w\t" in row):
                    return False
        if writes == 2:
            return True
        if place < 1:
            return False
    return False


def _added(row: str) -> int:
    """Return what an instruction adds to the stack pointer."""
    match = _SP_BY.match(row)
    assert match
    return -int(match[2], 0) if match[1] == "sub" else int(match[2], 0)


def _result(rows: list[str]) -> Optional[int]:
    """Return the place on the stack that a function with these arguments stores eight bytes in."""
    for index in range(len(rows) - 1, 1, -1):
        word = rows[index].split("\t")[0]
        if word in _PUSHES:
            address = _ADDRESS.match("\n".join(rows[index - 2 : index + 1]))
            return int(address[2], 0) if address else None
        if word.startswith(("call", "j")):
            return None
    return None

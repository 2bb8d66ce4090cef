"""Wrong code that shows in the assembler that SDCC writes beside each object. Pure: no SCons in here.

Some faults of SDCC depend on which register holds what, so the C source alone does not tell. These are the sequences
that no right translation has. The lines of C stand in comments between the instructions.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Optional

_C_LINE = re.compile(r"^;\t(.+?): (\d+): ", re.MULTILINE)
_FUNCTION = re.compile(r"^_(\w+):\n(.*?)(?=^;\t-{5,}|^\t\.area|\Z)", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r"^; Version (\d+)\.(\d+)\.(\d+)", re.MULTILINE)

# Between two instructions there may be comments, such as the lines of C.
GAP = r"(?:;[^\n]*\n)*"
_KEPT = r"(?:\t(?:ld\t[^a\n][^\n]*, a|rlwa\t[xy]|rrwa\t[xy])\n" + GAP + ")+"
_SIGN = (  # of the value that is subtracted, as one or more bytes
    r"(?:\tld\ta, [^\n]+\n"
    + GAP
    + r"\trlc\ta\n"
    + GAP
    + r"\tclr\ta\n"
    + GAP
    + r"\tsbc\ta, #0x00\n"
    + GAP
    + r"(?:\tld\t\([^\n]+, sp\), a\n"
    + GAP
    + ")+)?"
)
_LOW_BYTE = r"\tpush\ta\n" + GAP + _SIGN + r"\tld\ta, [^\n]+\n" + GAP + r"\tsub\ta, \(1, sp\)\n" + GAP
_DROPPED = r"(?:\taddw\tsp, #1\n|\tpop\ta\n)" + GAP  # pop: --opt-code-size
_LOAD = r"(?:\tld\ta, [^\n]+\n" + GAP + r")?(?:\tpushw\t[xy]\n" + GAP + ")?"

_ANY_LOAD = rf"(?:\tld\ta, [^\n]+|\tclr\ta)\n{GAP}"

_PATTERNS = {
    # The next byte is subtracted without the borrow.
    "lost-borrow": re.compile(
        _LOW_BYTE
        + "(?:(?:"
        + _DROPPED
        + "|"
        + _KEPT
        + ")"
        + _LOAD
        + r"\tsub\ta, |"
        + _KEPT
        + r"\tldw\t([xy]), [^\n]+\n"
        + GAP
        + r"\tsubw\t\1, \()"
    ),
    # The low byte of the difference is overwritten before anything has kept it.
    "lost-low-byte": re.compile(
        rf"(?:{_LOW_BYTE}{_DROPPED}{_LOAD}\tsbc\ta, |"
        # The third byte of four is lost in the same way.
        rf"\tsbc\ta, \(1, sp\)\n{GAP}{_DROPPED}\tld\ta, [^\n]+\n{GAP}\tsbc\ta, [^\n]+\n{GAP}\tld\t[^\n]+, a\n|"
        # The next byte is stored twice, so one of the places gets the wrong one.
        rf"\tpush\ta\n{GAP}{_SIGN}{_ANY_LOAD}\ts(?:ub|bc)\ta, \(1, sp\)\n{GAP}{_DROPPED}{_ANY_LOAD}"
        rf"\tsbc\ta, [^\n]+\n{GAP}\tld\t[^\n]+, a\n{GAP}\tld\t[^\n]+, a\n)"
    ),
    "negated-borrow": re.compile(
        r"\tsub\ta, \(1, sp\)\n"
        + GAP
        + _DROPPED
        + r"\tnegw\t[xy]\n|\tld\ta, #(?!0xff)[^\n]+\n"  # 0xff minus a byte has no borrow
        + GAP
        + r"\tsub\ta, \(1, sp\)\n"
        + GAP
        + r"\trlwa\t[xy]\n"
        + GAP
        + r"\tneg\ta\n"
    ),
    # The byte that was just made is stored once more, in the place of the highest byte.
    "byte-stored-twice": re.compile(
        r"\tsbc\ta, [^\n]+\n"
        + GAP
        + r"(?:\tpopw\t[xy]\n"
        + GAP
        + r")?\tld\t[^\n]+, a\n"
        + GAP
        + r"\tld\t([xy])h, a\n"
        + GAP
        + r"\tld\ta, [^\n]+\n"
        + GAP
        + r"\tld\t\1l, a\n"
        + GAP
        + r"\tjrnc\t"
    ),
    # A was pushed as well, so the places of the stack have moved by one byte, and the register gets A.
    "popped-early": re.compile(
        r"\tpushw\t([xy])\n"
        + GAP
        + r"(?:\txor\ta, \([12], sp\)\n"
        + GAP
        + r")?\tpush\ta\n"
        + GAP
        + r"(?:\t(?:ld\ta, [^\n]+|clr\ta)\n"
        + GAP
        + r")?\t(?:xor|or|and)\ta, \([12], sp\)\n"
        + GAP
        + r"\tpopw\t\1\n"
    ),
    "divided-by-itself": re.compile(r"\tclrw\tx\n" + GAP + r"\tld\txl, a\n" + GAP + r"\tdiv\tx, a\n"),
    # An interrupt overwrites the bytes below the stack pointer.
    "below-the-stack": re.compile(r"\t\w+\t(?:a, )?\((?:0|0x00), sp\)(?:, a)?\n"),
    "complemented-twice": re.compile(
        r"\tcpl\ta\n"
        + GAP
        + r"(?:\tldw\t[xy], \([^\n]+\n"
        + GAP
        + r")?(?:\tcplw\t[xy]\n"
        + GAP
        + r")?\tld\t([xy])h, a\n"
        + GAP
        + r"(?:\tld\ta, [^\n]+\n"
        + GAP
        + r"\tld\t\1l, a\n"
        + GAP
        + r")?\tcplw\t\1\n"
    ),
}

KINDS = (
    *_PATTERNS,
    *("moved-parameter", "overwritten-byte", "overwritten-count", "misplaced-false", "unloaded-byte"),
    *("unpushed-factor", "lost-argument", "lost-argument-of-a-pointer"),
)

_SP_BY = re.compile(r"(sub|addw|add)\tsp, #(0x[0-9a-f]+|\d+)$")
_SP_PLACE = re.compile(r"\((0x[0-9a-f]+|\d+), sp\)")
_PUSHES = {"push": 1, "pushw": 2, "pop": -1, "popw": -2}


class Place(NamedTuple):
    """Where something wrong was seen."""

    kind: str
    file: str
    line: int
    function: str


@functools.lru_cache(maxsize=1)  # several rules ask for the same file, one after the other
def _comments(assembler: str) -> tuple[list[int], list[tuple[str, int]]]:
    """Return the offsets of the comments with a line of C, and these lines."""
    found = [(match.start(), match[1], int(match[2])) for match in _C_LINE.finditer(assembler)]
    return [offset for offset, _, _ in found], [(file, line) for _, file, line in found]


class Lines:
    """Which line of C an offset in the assembler comes from."""

    def __init__(self, assembler: str) -> None:
        """Read the comments."""
        self._offsets, self._lines = _comments(assembler)

    def at(self, offset: int) -> tuple[str, int]:
        """Return file and line; an empty name where SDCC wrote no comments."""
        index = bisect_right(self._offsets, offset) - 1
        return self._lines[index] if index >= 0 else ("", 0)


def version(assembler: str) -> tuple[int, int, int]:
    """Return the version of the SDCC that wrote it; zeros where it does not say."""
    match = _VERSION.search(assembler)
    return (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)


@functools.lru_cache(maxsize=1)
def functions_of(assembler: str) -> list[tuple[str, int, int]]:
    """Return the name of each function, and where its instructions begin and end."""
    return [(found[1], found.start(2), found.end(2)) for found in _FUNCTION.finditer(assembler)]


def patterns(assembler: str) -> Iterator[Place]:
    """Yield the sequences that no right translation has."""
    if not any(
        sign in assembler for sign in ("(0, sp)", "(1, sp)", "(2, sp)", "\tcpl\ta\n", "\tdiv\tx, a\n", "\tjrnc\t")
    ):
        return
    yield from places_of(_PATTERNS, assembler)


def places_of(sequences: Mapping[str, re.Pattern[str]], assembler: str) -> Iterator[Place]:
    """Yield where some sequences stand in functions."""
    lines = Lines(assembler)
    for name, start, end in functions_of(assembler):
        for kind, pattern in sequences.items():
            for match in pattern.finditer(assembler, start, end):
                yield Place(kind, *lines.at(match.end() - 1), name)


def moved_parameters(assembler: str, names: Collection[str], large: bool) -> Iterator[Place]:
    """Yield where a function of `names`, which return a long long, takes the pointer to its result for a parameter.

    The caller puts this pointer below the parameters on the stack. SDCC 4.2 forgets it where it needs the place of a
    parameter. A right function only loads the pointer, and then stores through it.
    """
    if not names:
        return
    lines = Lines(assembler)
    for function in _FUNCTION.finditer(assembler):
        if function[1] in names:
            offset = _first_misuse(function[2], 3 if not large else 4)
            if offset is not None:
                yield Place("moved-parameter", *lines.at(function.start(2) + offset), function[1])


def _first_misuse(code: str, above: int) -> Optional[int]:
    """Return the offset of the first instruction that takes the pointer for something else; `above`: of the address."""
    depth, frame = 0, -1
    rows = list(rows_of(code))
    for index, (row, offset) in enumerate(rows):
        moved = _SP_BY.match(row)
        if moved:
            amount = int(moved[2], 0)
            depth += amount if moved[1] == "sub" else -amount
            frame = depth if frame < 0 else frame
            continue
        frame = max(frame, 0)
        following = [text for text, _ in rows[index + 1 : index + 10]]
        if _misuses(row, following, depth + above):
            return offset
        word = row.split("\t")[0]
        depth += _PUSHES.get(word, 0)
        if word in ("call", "callf", "callr") and not (following and following[0].startswith("addw\tsp")):
            depth = frame  # the callee has removed its arguments
    return None


def rows_of(code: str) -> Iterator[tuple[str, int]]:
    """Yield the instructions and their offsets."""
    offset = 0
    for line in code.splitlines(keepends=True):
        if line.startswith("\t"):
            yield line.strip(), offset
        offset += len(line)


def _misuses(row: str, following: list[str], hidden: int) -> bool:
    place = _SP_PLACE.search(row)
    if place and int(place[1], 0) in (hidden, hidden + 1):
        load = re.match(r"ldw\t([xy]), \(", row)
        return not load or not _stores_through(load[1], following)
    address = re.match(r"ldw\t([xy]), sp$", row)
    if address and following:
        added = re.match(rf"addw\t{address[1]}, #(0x[0-9a-f]+|\d+)$", following[0])
        return added is not None and int(added[1], 0) >= hidden
    return False


def _stores_through(register: str, following: list[str]) -> bool:
    """Whether the register is the address of a store before it gets another value."""
    for row in following:
        if re.match(rf"ldw?\t\((?:#?(?:0x[0-9a-f]+|\d+), )?{register}\), ", row):
            return True
        if re.match(rf"(?:ldw|popw|clrw|exgw|incw|decw|addw|subw)\t{register}\b", row):
            return False
    return False


class Code:
    """The instructions by their line of C."""

    def __init__(self, assembler: str) -> None:
        """Take the whole assembler of a file."""
        self._assembler = assembler
        self._of_lines: dict[tuple[str, int], str] = {}

    def of_line(self, file: str, line: int) -> str:
        """Return the instructions of a line of C."""
        if not self._of_lines:
            marks = list(_C_LINE.finditer(self._assembler))
            for mark, following in zip(marks, [*marks[1:], None]):
                where = (mark[1], int(mark[2]))
                code = self._assembler[mark.end() : following.start() if following else len(self._assembler)]
                rows = "".join(row for row in code.splitlines(keepends=True) if row.startswith("\t"))
                self._of_lines[where] = self._of_lines.get(where, "") + rows
        return self._of_lines.get((file, line), "")

    def is_folded(self, file: str, line: int) -> bool:
        """Whether a line has no instruction that combines bits: SDCC has worked the value out itself."""
        code = self.of_line(file, line)
        combines = re.search(r"^\t(?:and|or|xor|bcp|bset|bres|bcpl|btj[tf]|cpl|cplw|srl|srlw)\t", code, re.MULTILINE)
        return bool(code) and not combines


def code_of_functions(assembler: str) -> dict[str, Code]:
    """Return the instructions of each function. The line that it begins in stands before its name."""
    marks = [mark.start() for mark in _C_LINE.finditer(assembler)]
    begins = {name: marks[bisect_right(marks, start) - 1] for name, start, _ in functions_of(assembler) if marks}
    return {
        name: Code(assembler[min(begins[name], start) : end]) for name, start, end in functions_of(assembler) if marks
    }


_STORED = re.compile(r"ld\t\((0x[0-9a-f]+|\d+), sp\), a$")
_CHANGES_A = re.compile(
    r"(?:ld|and|or|xor|add|adc|sub|sbc|rrwa|rlwa|exg)\ta\b|(?:clr|inc|dec|cpl|neg|pop|swap|s[lr][la]|r[lr]c)\ta$"
)


def overwritten_bytes(assembler: str) -> Iterator[Place]:
    """Yield where the result of an `or` is also stored in the place of another byte that is not used yet.

    SDCC keeps a byte on the stack, then forgets that A no longer holds it, and stores A there again.
    """
    if "\tor\ta, #" not in assembler:
        return
    lines = Lines(assembler)
    for function in _FUNCTION.finditer(assembler):
        offset = _first_overwritten(function[2])
        if offset is not None:
            yield Place("overwritten-byte", *lines.at(function.start(2) + offset), function[1])


def _first_overwritten(code: str) -> Optional[int]:
    waiting: set[int] = set()  # places on the stack with a byte that is not used yet
    result, kept = False, False  # whether A holds the result of an `or`, and whether that is stored somewhere
    offset = 0
    for line in code.splitlines(keepends=True):
        row, at, offset = line.strip(), offset, offset + len(line)
        if not line.startswith("\t"):
            if not line.startswith(";"):
                waiting.clear()  # a label: another way leads here
            continue
        stored = _STORED.match(row)
        if stored:
            place = int(stored[1], 0)
            if result and kept and place in waiting:
                return at
            waiting.add(place)
            kept = True
            continue
        if row.startswith("or\ta, #"):
            result, kept = True, False
        elif _CHANGES_A.match(row):
            result = False
        elif re.match(r"ld\t[xy][hl], a$", row):
            kept = True
        word = row.split("\t")[0]
        if word in _PUSHES or word.startswith(("call", "j", "ret")) or _SP_BY.match(row):
            waiting.clear()
        used = _SP_PLACE.search(row)
        if used:
            place = int(used[1], 0)
            waiting -= {place, place + 1} if word.endswith("w") else {place}
    return None


# The result of a comparison: 1 where the values are equal, else 0. A byte may still be pushed when the 0 is stored.
_TRUTH = re.compile(
    r"\tld\ta, #0x01\n"
    + GAP
    + r"\tld\t\((0x[0-9a-f]+), sp\), a\n"
    + GAP
    + r"\tjra\t(\d+\$)\n(?:\d+\$:\n|"
    + GAP
    + r")+\tpop\ta\n(?:\d+\$:\n)+"
    + GAP
    + r"\tclr\t\((0x[0-9a-f]+), sp\)\n"
    + GAP
    + r"\2:"
)


def misplaced_falses(assembler: str) -> Iterator[Place]:
    """Yield comparisons whose 0 is stored one byte below the place of their 1."""
    lines = Lines(assembler)
    for function in _FUNCTION.finditer(assembler):
        for match in _TRUTH.finditer(assembler, function.start(2), function.end(2)):
            if int(match[1], 0) != int(match[3], 0):
                yield Place("misplaced-false", *lines.at(match.end() - 1), function[1])

"""Cut the assembler that SDCC writes for one file into functions and constants. Pure: no SCons in here.

Only files that look as SDCC writes them are cut. A file with anything else in it, such as a macro or a second code
area inside a function, stays whole. The labels of a dropped piece are gone, so the assembler or the linker refuses a
program that still names one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from . import debug_lines

CUT_AREAS = ("CODE", "CONST")  # an area that the program names itself may have readers outside the program
FUNCTION, CONSTANT = "function", "constant"

_LINE = ";\t-----------------------------------------"
_HEADER = re.compile(r";\t function (\w+)$")
_AREA = re.compile(r"\.area\s+(\S+)")
_LABEL = re.compile(r"([A-Za-z_.$][\w.$]*|\d+\$)\s*::?(?!=)")
_ASSIGNED = re.compile(r"([A-Za-z_$][\w.$]*)\s*==?(?!:)\s*(.*)$")
_NAME = re.compile(r"(?<![\w.$])[A-Za-z_.$][\w.$]*")
_END = ("ret", "retf", "iret", "jp", "jpf", "jra", "jrt")  # the instruction after these is not the next one
_TEXTS = (".ascii", ".asciz", ".ascis", ".str", ".strz", ".strs")
_DATA = (*_TEXTS, ".db", ".byte", ".fcb", ".dw", ".word", ".fdb", ".ds", ".blkb")
_ELSEWHERE = (".module", ".optsdcc", ".org", ".uleb128", ".sleb128")  # and outside of what is cut
_HERE = "."  # the address of the line itself


class Piece(NamedTuple):
    """A function or a constant: lines of the file from `start` to before `end`."""

    kind: str
    name: str  # its first label
    names: tuple[str, ...]  # everything that it defines
    area: str
    start: int
    end: int
    uses: tuple[str, ...]  # every word in it that could be a symbol
    runs_on: bool  # into the next piece of its area
    is_handler: bool  # of an interrupt


class Cut(NamedTuple):
    """One file. What is in no piece always stays."""

    problem: str  # why the file stays whole; empty if it is cut
    pieces: tuple[Piece, ...] = ()
    names: tuple[str, ...] = ()  # what the rest defines
    uses: tuple[str, ...] = ()  # what the rest could refer to


class UnknownError(Exception):
    """A line that SDCC does not write."""


class _Code:
    """What one run of lines defines and uses, and how it ends."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.uses: dict[str, None] = {}
        self.has_bytes = False
        self.ends = False
        self.is_handler = False

    def label(self, name: str) -> None:
        if not name[0].isdigit():  # a local label: nothing outside of its function can name it
            self.names[name] = None
        self.ends = False

    def take(self, text: str, allowed: Collection[str], cut: bool) -> None:
        """Take the text of a line after its labels."""
        assigned = _ASSIGNED.match(text)
        if assigned:
            self.names[assigned[1]] = None
            self._use([] if assigned[2].strip() == _HERE else _NAME.findall(_code(assigned[2])), cut)
            return
        words = text.split(None, 1)
        word, rest = words[0].lower(), "".join(words[1:])
        if word.startswith("."):
            if word == ".globl":
                return
            if word not in allowed:
                raise UnknownError(f"the directive {word}")
            self.has_bytes, self.ends = True, False
            if word in _TEXTS:
                return
        else:
            if not word.isalpha() or rest[:1] in ("=", "."):  # `name =: 5`, `name .equ 5`, `jra .+4`
                raise UnknownError(text)
            self.has_bytes, self.ends = True, word in _END
            self.is_handler |= word == "iret"
        self._use(_NAME.findall(_code(rest)), cut)

    def _use(self, words: list[str], cut: bool) -> None:
        if cut and _HERE in words:
            raise UnknownError("an address relative to the line itself")
        self.uses.update(dict.fromkeys(words))


def _code(text: str) -> str:
    """Return the text without its comment. A quote may hold a semicolon: then the comment stays."""
    return text if "'" in text or '"' in text else text.partition(";")[0]


def _lines(text: str) -> list[str]:
    """Return the lines with their ends.

    SDCC copies each line of C into a comment. There, a byte of a letter can be what Python takes for the end of a line.
    """
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _is_comment(text: str) -> bool:
    return not text or text.startswith(";")


def _is_mark(text: str) -> bool:
    """Tell whether it is a label for a debugger: SDCC gives them names with `$`, and no byte."""
    assigned = _ASSIGNED.match(text)
    return assigned is not None and "$" in assigned[1] and assigned[2].strip() == _HERE


def cut(text: str) -> Cut:
    """Return the pieces of an assembler file."""
    try:
        return _Cutter(_lines(text)).cut()
    except UnknownError as exc:
        return Cut(str(exc))


class _Cutter:
    def __init__(self, lines: list[str]) -> None:
        self.lines = [line.rstrip() for line in lines]
        self.texts = [line.strip() for line in lines]
        self.pieces: list[Piece] = []
        self.rest = _Code()
        self.declared: dict[str, None] = {}  # by .globl
        self.area = ""
        self.floor = 0  # no piece begins before this line

    def cut(self) -> Cut:
        place = 0
        while place < len(self.texts):
            is_function = self.area == "CODE" and self._header(place)
            place = self._function(place) if is_function else self._other(place)
        known = {name for piece in self.pieces for name in (*piece.names, *piece.uses)}
        self.rest.uses.update(
            dict.fromkeys(name for name in self.declared if name not in known and name not in self.rest.names)
        )
        return Cut("", tuple(self.pieces), tuple(self.rest.names), tuple(self.rest.uses))

    def _header(self, place: int) -> str:
        """Return the name of the function whose header begins at a line, or an empty text."""
        if self.lines[place] != _LINE or self.lines[place + 2 : place + 3] != [_LINE]:
            return ""
        found = _HEADER.match(self.lines[place + 1])
        return found[1] if found else ""

    def _begin(self, place: int, name: str) -> int:
        """Return the first line of the comments, and of the debugger's labels, that belong to a function."""
        while place > self.floor:
            before = self.texts[place - 1]
            if not _is_comment(before) and not (_is_mark(before) and f"${name}$" in before):
                break
            place -= 1
        return place

    def _function(self, header: int) -> int:
        """Take the function whose header begins at a line; return the line after it."""
        name = self._header(header)
        start = self._begin(header, name)
        end = header + 3
        self.floor = end
        while end < len(self.texts) and not _AREA.match(self.texts[end]):
            following = self._header(end)
            if following:
                end = self._begin(end, following)
                break
            end += 1
        code = _Code()
        for text in self.texts[start:end]:
            self._line(text, code, cut=True, allowed=_DATA)
        labels = [label for label in code.names if "$" not in label]
        if not labels or labels[0] != f"_{name}":
            raise UnknownError(f"the function {name} does not begin with its label")
        self._add(FUNCTION, labels[0], start, end, code)
        return end

    def _line(self, text: str, code: _Code, cut: bool, allowed: Collection[str]) -> None:
        if text.startswith(".globl"):
            self.declared.update(dict.fromkeys(text.replace(",", " ").split()[1:]))
        while not _is_comment(text):
            label = _LABEL.match(text)
            if not label:
                code.take(text, allowed, cut)
                break
            code.label(label[1])
            text = text[label.end() :].strip()

    def _other(self, place: int) -> int:
        """Take a line outside of functions, or a constant; return the line after it."""
        text = self.texts[place]
        area = _AREA.match(text)
        if area:
            self.area = area[1]
            self.floor = place + 1
        elif self.area in CUT_AREAS and not _is_comment(text) and not _is_mark(text):
            return self._constant(place)
        elif self.area.startswith(".debug"):
            self._line(text, _Code(), cut=False, allowed=(*_DATA, *_ELSEWHERE))
        elif not _is_mark(text):
            self._line(text, self.rest, cut=False, allowed=(*_DATA, *_ELSEWHERE))
        return place + 1

    def _constant(self, start: int) -> int:
        code = _Code()
        place = start
        while place < len(self.texts):
            text = self.texts[place]
            if _AREA.match(text) or _is_mark(text) or self._header(place):
                break
            if _LABEL.match(text) and code.has_bytes:
                break
            if not _is_comment(text) and not _LABEL.match(text) and not text.startswith("."):
                raise UnknownError("code outside of functions")
            self._line(text, code, cut=True, allowed=_DATA)
            place += 1
        if not code.names:
            raise UnknownError("data without a name")
        self._add(CONSTANT, next(iter(code.names)), start, place, code)
        return place

    def _add(self, kind: str, name: str, start: int, end: int, code: _Code) -> None:
        self.floor = end
        runs_on = kind == FUNCTION and not code.ends
        self.pieces.append(
            Piece(kind, name, tuple(code.names), self.area, start, end, tuple(code.uses), runs_on, code.is_handler)
        )


def without(text: str, found: Cut, dropped: Collection[int]) -> str:
    """Return an assembler file without some of its pieces.

    Their lines stay as empty ones, because SDCC's assembler makes debugger labels of line numbers.

    Args:
        text: The file.
        found: What `cut` returned for it.
        dropped: The places of the pieces in `found.pieces`.
    """
    gone = {name for place in dropped for name in found.pieces[place].names}
    lines, marks = debug_lines.adjusted(_lines(text), gone)
    kept = set(found.uses).union(found.names)
    for place, piece in enumerate(found.pieces):
        if place in dropped:
            for number in range(piece.start, piece.end):
                if lines[number].strip().partition(" ")[0] not in marks or not _is_mark(lines[number].strip()):
                    lines[number] = _ending(lines[number])
        else:
            kept.update(piece.uses, piece.names)
    named = kept.union(*(piece.uses for piece in found.pieces), gone)
    for number, line in enumerate(lines):
        words = line.split()
        if words[:1] == [".globl"] and len(words) == 2 and words[1] in named and words[1] not in kept:
            lines[number] = _ending(line)
    return "".join(lines)


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]

"""Read what SDCC's linker reads and writes: objects, libraries, and its map. Pure: no SCons in here.

An object of SDCC is text (ASxxxx, "Object module format"). A library is an archive of `ar`.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

_AREA_LINE = re.compile(r"A (\S+) size ([0-9A-F]+) flags ([0-9A-F]+)", re.IGNORECASE)
_SYMBOL_LINE = re.compile(r"S (\S+) (Def|Ref)([0-9A-F]+)", re.IGNORECASE)
_LISTED = re.compile(r"(.*?)\s*\[ (.*?) ?\]\s*$")
_SYM_LINE = re.compile(r"^ {0,2}([0-9A-F]{1,3}) (\S+) +(?:= +)?([0-9A-F]{6}) ", re.MULTILINE)
_ARCHIVE, _HEADER_SIZE = b"!<arch>\n", 60


class Symbol(NamedTuple):
    """A symbol that other objects can use."""

    name: str
    area: int  # its place in `Object.areas`
    offset: int


class Object(NamedTuple):
    """An object: its areas with their sizes, what it defines, and what it refers to."""

    areas: list[tuple[str, int]]
    symbols: list[Symbol]
    refers: list[str]

    @property
    def defines(self) -> list[str]:
        """Return the names of its symbols."""
        return [symbol.name for symbol in self.symbols]


class Member(NamedTuple):
    """A file in a library."""

    name: str
    content: bytes


class Linked(NamedTuple):
    """What the linker has linked, in its order."""

    objects: list[str]
    members: list[tuple[str, str]]  # the library, and the name in it


def read_object(text: str) -> Object:
    """Return an object's tables."""
    found = Object([], [], [])
    for line in text.splitlines():
        area, symbol = _AREA_LINE.match(line), _SYMBOL_LINE.match(line)
        if area:
            found.areas.append((area[1], int(area[2], 16)))
        elif symbol and symbol[2].lower() == "def":
            if symbol[1] != ".__.ABS.":
                found.symbols.append(Symbol(symbol[1], len(found.areas) - 1, int(symbol[3], 16)))
        elif symbol:
            found.refers.append(symbol[1])
        elif line[:2] == "T ":
            break
    return found


def members(content: bytes) -> Optional[list[Member]]:
    """Return the files in a library, or None if it is not an archive of `ar`."""
    if not content.startswith(_ARCHIVE):
        return None
    found: list[Member] = []
    long_names = b""
    place = len(_ARCHIVE)
    while place + _HEADER_SIZE <= len(content):
        header = content[place : place + _HEADER_SIZE]
        name, size = header[:16].rstrip(), int(header[48:58])
        place += _HEADER_SIZE
        body = content[place : place + size]
        place += size + size % 2
        if name == b"//":
            long_names = body
        elif name not in (b"/", b"/SYM64/"):
            if name[:1] == b"/" and name[1:].isdigit():
                name = long_names[int(name[1:]) :].partition(b"\n")[0]
            found.append(Member(name.rstrip(b"/").decode("utf-8", "replace"), body))
    return found


def linked(map_text: str) -> Linked:
    """Return what the linker's map lists as linked."""
    found = Linked([], [])
    part = path = ""
    for line in map_text.splitlines():
        if line.startswith(("Files Linked ", "Libraries Linked ", "User Base Address", "ASxxxx")):
            part = line.split()[0]
            continue
        listed = _LISTED.match(line)
        path = (listed[1] if listed else line.strip()) or path  # a long path stands on a line of its own
        if listed and part == "Files":
            found.objects.append(path)
        elif listed and part == "Libraries":
            found.members.append((path, listed[2]))
    return found


def places(sym_text: str) -> dict[str, tuple[int, int]]:
    """Return label -> area and offset, from the table of symbols that SDCC's assembler writes beside a listing."""
    return {name: (int(area, 16), int(offset, 16)) for area, name, offset in _SYM_LINE.findall(sym_text)}

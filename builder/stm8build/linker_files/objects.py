"""Read an object of SDCC, and the table of symbols beside it. Pure: no SCons in here.

An object is text. Its head has the areas in their order, and after each area the symbols that it defines there. Format:
sdas and sdld, asxhtm.html in SDCC's source, "Object module format".
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

_ABSOLUTE = 8  # flag of an area: it lies at an address of its own
_AREA_LINE = re.compile(r"A (\S+) size ([0-9A-F]+) flags ([0-9A-F]+)(?: addr ([0-9A-F]+))?", re.IGNORECASE)
_SYMBOL_LINE = re.compile(r"S (\S+) (Def|Ref)([0-9A-F]+)", re.IGNORECASE)
_LABEL_LINE = re.compile(r"^ {0,2}([0-9A-F]{1,3}) (\S+) +(?:= +)?([0-9A-F]{6}) (\w*)", re.MULTILINE)
_NO_AREA = ".__.ABS."  # every object has this symbol


class Area(NamedTuple):
    """An object's part of an area."""

    name: str
    size: int
    address: Optional[int] = None  # None: it follows the parts of other objects


class Symbol(NamedTuple):
    """A symbol that other objects can use."""

    name: str
    area: int  # its place in `Object.areas`; -1 is an address outside all areas
    offset: int  # from the beginning of the area's part


class Object(NamedTuple):
    """An object: its areas, what it defines, and what it refers to."""

    areas: list[Area]
    symbols: list[Symbol]
    refers: list[str]

    @property
    def defines(self) -> list[str]:
        """Return the names of its symbols."""
        return [symbol.name for symbol in self.symbols]


class Label(NamedTuple):
    """A label of an object, also one that no other object can use."""

    name: str
    area: int  # its place in `Object.areas`
    offset: int  # in an area with an address of its own: the address
    is_global: bool
    moves: bool  # the linker adds the address of the area


def read_object(text: str) -> Object:
    """Return an object's tables."""
    found = Object([], [], [])
    for line in text.splitlines():
        area, symbol = _AREA_LINE.match(line), _SYMBOL_LINE.match(line)
        if area:
            absolute = int(area[3], 16) & _ABSOLUTE and area[4]
            found.areas.append(Area(area[1], int(area[2], 16), int(area[4], 16) if absolute else None))
        elif symbol and symbol[2].lower() == "def":
            if symbol[1] != _NO_AREA:
                start = (found.areas[-1].address or 0) if found.areas else 0
                found.symbols.append(Symbol(symbol[1], len(found.areas) - 1, int(symbol[3], 16) - start))
        elif symbol:
            found.refers.append(symbol[1])
        elif line[:2] == "T ":
            break
    return found


def defines(content: bytes, symbol: str) -> bool:
    """Tell whether an object, or an object of a library, defines a symbol. Objects are text in both."""
    return re.search(rb"^S " + re.escape(symbol.encode()) + rb" Def", content, re.MULTILINE) is not None


def labels(table: str) -> list[Label]:
    """Return the labels in the table of symbols (.sym) that SDCC's assembler writes beside a listing."""
    return [
        Label(name, int(area, 16), int(offset, 16), "G" in kind, "R" in kind)
        for area, name, offset, kind in _LABEL_LINE.findall(table)
    ]

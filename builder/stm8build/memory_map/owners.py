"""Name the owner of each byte that the linker uses: a file, and a function or variable.

The sizes come from the ELF, so they add up to the size of the program. The modules only divide them. No SCons in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .object_pieces import Piece

NO_FILE = "(not in any file)"  # bytes that no module has; there are none unless the linker's map was not understood
_KINDS = {
    "HOME": "vectors",
    "GSINIT": "start-up",
    "GSFINAL": "start-up",
    "CODE": "code",
    "CONST": "constant",
    "INITIALIZER": "initial value",
    "DATA": "variable",
    "INITIALIZED": "variable",
    "SSEG": "stack",
}
_WITHOUT_NAME = {
    "vectors": "interrupt vectors",
    "start-up": "start-up code",
    "initial value": "initial values",
    "stack": "begin of the stack",
}
_STATIC = re.compile(r"_\d+_\d+$")  # SDCC's numbers for the block of a static variable
_VECTORS, _PROGRAM_START = "__interrupt_vect", "__sdcc_program_startup"


class Section(NamedTuple):
    """An area as the linker has placed it."""

    name: str
    address: int
    size: int
    memory: str


class Item(NamedTuple):
    """Some bytes of a memory."""

    memory: str
    address: int
    size: int
    file: str
    name: str  # of the function or variable, as C spells it
    kind: str  # code, constant, variable, …
    area: str


class Memory(NamedTuple):
    """A memory of the chip."""

    name: str
    start: int
    size: int


class Gap(NamedTuple):
    """Bytes between two things that the program has placed."""

    memory: str
    address: int
    size: int


def items(sections: Iterable[Section], modules: Iterable[tuple[str, list[Piece]]]) -> list[Item]:
    """Return what is in the sections, by address. Each of their bytes is in one item.

    Args:
        sections: The sections of the ELF.
        modules: (file, its pieces) of each module, in the order of linking.
    """
    rows = list(modules)
    found: list[Item] = []
    for section in sections:
        place = section.address
        held: list[Item] = []
        for file, pieces in rows:
            for piece in pieces:
                if piece.area != section.name:
                    continue
                start = place if piece.address is None else piece.address
                held += _named(section, file, piece, start)
                place = start + piece.size
        found += _exactly(section, held)
    return sorted(found, key=lambda item: (item.memory, item.address))


def _named(section: Section, file: str, piece: Piece, start: int) -> list[Item]:
    """Divide a module's piece at its names."""
    kind = _KINDS.get(piece.area, "placed")
    names = {name.offset: name.text for name in sorted(piece.names, reverse=True) if 0 <= name.offset < piece.size}
    if kind not in ("code", "constant", "variable", "initial value", "placed", "vectors"):
        names = {}  # the start-up code is one row
    borders = sorted({0, *names})
    return [
        Item(
            section.memory,
            start + begin,
            end - begin,
            file,
            shown(names.get(begin, ""), kind),
            "start-up" if names.get(begin) == _PROGRAM_START else kind,
            piece.area,
        )
        for begin, end in zip(borders, [*borders[1:], piece.size])
    ]


def shown(name: str, kind: str) -> str:
    """Return a name of assembler as a reader knows it."""
    if name == _VECTORS:
        return _WITHOUT_NAME["vectors"]
    if name == _PROGRAM_START:
        return _WITHOUT_NAME["start-up"]
    if name.startswith("__xinit_"):
        return _STATIC.sub("", name[len("__xinit_") :].lstrip("_"))
    if name.lstrip("_").startswith("str_"):
        return "texts"
    if kind in ("variable", "initial value"):
        name = _STATIC.sub("", name)
    return name[1:] if name.startswith("_") else name or _WITHOUT_NAME.get(kind, kind)


def _exactly(section: Section, held: list[Item]) -> list[Item]:
    """Return the items with each byte of the section in exactly one of them."""
    found: list[Item] = []
    place, end = section.address, section.address + section.size
    for item in sorted(held, key=lambda item: item.address):
        if item.address > place:
            found.append(_unknown(section, place, min(item.address, end)))
        start, stop = max(item.address, place), min(item.address + item.size, end)
        if start < stop:
            found.append(item._replace(address=start, size=stop - start))
            place = stop
        place = max(place, min(item.address, end))
    if place < end:
        found.append(_unknown(section, place, end))
    return found


def _unknown(section: Section, start: int, end: int) -> Item:
    name = f"area {section.name}"
    return Item(section.memory, start, end - start, NO_FILE, name, _KINDS.get(section.name, "placed"), section.name)


def gaps(found: Sequence[Item], memory: Memory) -> list[Gap]:
    """Return the bytes between the things that the program has placed in a memory."""
    own = [item for item in found if item.memory == memory.name]
    result: list[Gap] = []
    for item, following in zip(own, own[1:]):
        end = item.address + item.size
        if following.address > end:
            result.append(Gap(memory.name, end, following.address - end))
    return result

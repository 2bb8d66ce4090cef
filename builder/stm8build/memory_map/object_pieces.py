"""The parts of areas that the objects of a program bring, and the names in these. No SCons in here.

Each object brings a piece of an area, and an area is the row of these pieces in the order of linking. An object tells
the sizes of its areas. The assembler's .sym beside it also tells its static names.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from ..linker_files.objects import labels, read_object


class Name(NamedTuple):
    """A name in an area, as assembler spells it."""

    text: str
    offset: int  # from the beginning of the module's piece


class Piece(NamedTuple):
    """One module's part of an area."""

    area: str
    address: Optional[int]  # None: it follows the pieces of other modules
    size: int
    names: list[Name]


def pieces(relocatable: str, table: str = "") -> list[Piece]:
    """Return the parts of areas that a module brings.

    Args:
        relocatable: The text of its .rel.
        table: The text of its .sym. Without it, static names are missing.
    """
    module = read_object(relocatable)
    found = [Piece(area.name, area.address, area.size, []) for area in module.areas]
    for symbol in module.symbols:
        if symbol.area >= 0 and "$" not in symbol.name:  # with a $ it is a label for a debugger
            found[symbol.area].names.append(Name(symbol.name, symbol.offset))
    for label in labels(table):
        # A label that only its own file knows is a place inside a routine, unless it is a name of C.
        is_named = label.moves and (label.is_global or label.name.startswith("_")) and "$" not in label.name
        piece = found[label.area] if is_named and label.area < len(found) else None
        name = Name(label.name, label.offset - ((piece and piece.address) or 0))
        if piece and name not in piece.names:
            piece.names.append(name)
    return [piece for piece in found if piece.size]

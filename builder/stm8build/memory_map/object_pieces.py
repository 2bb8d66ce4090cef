"""The parts of areas that the objects of a program bring, and the names in these. No SCons in here.

Each object brings a piece of an area, and an area is the row of these pieces in the order of linking. An object tells
the sizes of its areas. The assembler's .sym beside it also tells its static names.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

from ..linker_files.objects import labels, read_object

_FUNCTION = re.compile(r"^;\t function (\w+)$", re.MULTILINE)  # SDCC's heading of each function


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


def pieces(relocatable: str, table: str = "", assembler: str = "") -> list[Piece]:
    """Return the parts of areas that a module brings.

    Args:
        relocatable: The text of its .rel.
        table: The text of its .sym. Without it, static names are missing.
        assembler: What SDCC has written for it. Without it, a static label of inline assembler may count as a function.
    """
    module = read_object(relocatable)
    found = [Piece(area.name, area.address, area.size, []) for area in module.areas]
    for symbol in module.symbols:
        if symbol.area >= 0 and "$" not in symbol.name:  # with a $ it is a label for a debugger
            found[symbol.area].names.append(Name(symbol.name, symbol.offset))
    functions = {f"_{name}" for name in _FUNCTION.findall(assembler)}
    rows = labels(table)
    with_code = {label.area for label in rows if label.name in functions}
    for label in rows:
        # A label that only its own file knows is a place inside a routine, unless it is a name of C.
        of_c = label.name.startswith("_") and (label.area not in with_code or label.name in functions)
        is_named = label.moves and (label.is_global or of_c) and "$" not in label.name
        piece = found[label.area] if is_named and label.area < len(found) else None
        name = Name(label.name, label.offset - ((piece and piece.address) or 0))
        if piece and name not in piece.names:
            piece.names.append(name)
    return [piece for piece in found if piece.size]

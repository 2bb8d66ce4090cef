"""The linked modules of a program: their parts of areas, the names in these, and their sources. No SCons in here.

The linker's map names the modules in the order of linking. Each module brings a piece of an area, and an area is the
row of these pieces. An object tells the sizes of its areas. The assembler's .sym beside it also tells its static names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Optional

from ..linker_files.archives import members
from ..linker_files.maps import Listed
from ..linker_files.objects import labels, read_object

_WHOLE = "whole-"  # begins the name of an object in the folder `unused` that has all its functions


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


def source_of(path: Path, sources: Mapping[Path, str]) -> str:
    """Return the source of an object. An object without its unused functions lies elsewhere and has the same name."""
    if path.resolve() in sources:
        return sources[path.resolve()]
    stem = path.stem[len(_WHOLE) :] if path.stem.startswith(_WHOLE) else path.stem
    same = {file for made, file in sources.items() if made.stem == stem}
    return same.pop() if len(same) == 1 else f"{stem}{path.suffix}"


class Objects:
    """The texts of a program's modules; each library is read once."""

    def __init__(self, built: Iterable[Path]) -> None:
        """Keep where objects lie that this build has made: a library has no .sym."""
        self._built: dict[str, list[Path]] = {}
        for path in built:
            self._built.setdefault(path.name, []).append(path)
        self._libraries: dict[str, dict[str, str]] = {}

    def read(self, module: Listed) -> tuple[Optional[Path], str, str]:
        """Return (the object if this build has made it, the text of its .rel, the text of its .sym)."""
        if not module.member:
            path = Path(module.path)
            return path, path.read_text("utf-8", "replace"), _listed(path)
        if module.path not in self._libraries:
            found = members(Path(module.path).read_bytes()) or []
            self._libraries[module.path] = {name: content.decode("utf-8", "replace") for name, content in found}
        text = self._libraries[module.path].get(module.member, "")
        for path in self._built.get(module.member, []):
            if path.is_file() and path.read_text("utf-8", "replace").split() == text.split():
                return path, text, _listed(path)
        return None, text, ""


def _listed(path: Path) -> str:
    file = path.with_suffix(".sym")
    return file.read_text("utf-8", "replace") if file.is_file() else ""

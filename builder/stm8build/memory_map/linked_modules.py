"""Read the linker's files: the modules of a program, their areas, and the names in these. No SCons in here.

The linker's map names the modules in the order of linking. Each module brings a piece of an area, and an area is the
row of these pieces. An object tells the sizes of its areas. The assembler's .sym beside it also tells its static names.
Formats: sdas and sdld, asxhtm.html in SDCC's source; ar(5) for libraries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Optional

_ABSOLUTE = 8  # flag of an area: its pieces lie at addresses of their own
_WHOLE = "whole-"  # begins the name of an object in the folder `unused` that has all its functions
_FILES, _LIBRARIES, _END = "Files Linked", "Libraries Linked", "User Base Address Definitions"
_PAIR = re.compile(r"^(\S.*?)\s+\[ (.*?) \]$", re.MULTILINE)
_PAGE = re.compile(r"^\f?ASxxxx Linker .*$|^Hexadecimal .*$", re.MULTILINE)
_AREA = re.compile(r"^A (\S+) size ([0-9A-F]+) flags ([0-9A-F]+) addr ([0-9A-F]+)")
_SYMBOL = re.compile(r"^S (\S+) Def([0-9A-F]+)")
_LISTED = re.compile(r"^ ([ 0-9A-F][0-9A-F]) (\S+)\s+([0-9A-F]{6}) (\w*)$", re.MULTILINE)
_LISTED_AREA = re.compile(r"^ +([0-9A-F]+) (\S+) +size +[0-9A-F]+ +flags +[0-9A-F]+$", re.MULTILINE)


class Module(NamedTuple):
    """An object of a program."""

    path: str  # the object, or the library that holds it
    member: str  # its name in the library; empty: it is not from a library


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


def modules(map_text: str) -> list[Module]:
    """Return the modules of a program in the order of linking, from the linker's .map."""
    text = _PAGE.sub("", map_text)
    files, _, rest = text[text.find(_FILES) :].partition(_LIBRARIES)
    objects, libraries = files.partition("\n")[2], rest.partition("\n")[2].partition(_END)[0]
    if not rest:
        objects = objects.partition(_END)[0]
    return [
        *(Module(path, "") for path, _ in _PAIR.findall(objects)),
        *(Module(path, member) for path, member in _PAIR.findall(libraries)),
    ]


def pieces(relocatable: str, listed: str = "") -> list[Piece]:
    """Return the parts of areas that a module brings.

    Args:
        relocatable: The text of its .rel.
        listed: The text of its .sym. Without it, static names are missing.
    """
    found: list[Piece] = []
    for line in relocatable.splitlines():
        area, symbol = _AREA.match(line), _SYMBOL.match(line)
        if area:
            size, flags, address = (int(number, 16) for number in area.groups()[1:])
            found.append(Piece(area[1], address if flags & _ABSOLUTE else None, size, []))
        elif symbol and found and "$" not in symbol[1]:  # with a $ it is a label for a debugger
            found[-1].names.append(_name(found[-1], symbol[1], int(symbol[2], 16)))
    held = {piece.area: piece for piece in found}
    areas = {int(number, 16): name for number, name in _LISTED_AREA.findall(listed)}
    for number, text, offset, kind in _LISTED.findall(listed):
        piece = held.get(areas.get(int(number, 16), ""))
        # A label that only its own file knows is a place inside a routine, unless it is a name of C.
        if piece and "R" in kind and ("G" in kind or text.startswith("_")) and "$" not in text:
            name = _name(piece, text, int(offset, 16))
            if name not in piece.names:
                piece.names.append(name)
    return [piece for piece in found if piece.size]


def _name(piece: Piece, text: str, value: int) -> Name:
    return Name(text, value - (piece.address or 0))


def members(library: bytes) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of each object in a library."""
    place, long_names = 8, b""
    while library.startswith(b"!<arch>\n") and place + 60 <= len(library):
        name, size = library[place : place + 16].rstrip(), int(library[place + 48 : place + 58])
        content = library[place + 60 : place + 60 + size]
        place += 60 + size + size % 2
        if name == b"//":
            long_names = content
        elif name[:1] == b"/" and name[1:].isdigit():
            name = long_names[int(name[1:]) :].partition(b"/")[0]
            yield name.decode("utf-8", "replace"), content.decode("utf-8", "replace")
        elif name != b"/":
            yield name.rstrip(b"/").decode("utf-8", "replace"), content.decode("utf-8", "replace")


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

    def read(self, module: Module) -> tuple[Optional[Path], str, str]:
        """Return (the object if this build has made it, the text of its .rel, the text of its .sym)."""
        if not module.member:
            path = Path(module.path)
            return path, path.read_text("utf-8", "replace"), _listed(path)
        if module.path not in self._libraries:
            self._libraries[module.path] = dict(members(Path(module.path).read_bytes()))
        text = self._libraries[module.path].get(module.member, "")
        for path in self._built.get(module.member, []):
            if path.is_file() and path.read_text("utf-8", "replace").split() == text.split():
                return path, text, _listed(path)
        return None, text, ""


def _listed(path: Path) -> str:
    file = path.with_suffix(".sym")
    return file.read_text("utf-8", "replace") if file.is_file() else ""

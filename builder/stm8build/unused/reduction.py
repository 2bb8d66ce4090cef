"""Leave out the functions and constants that a linked program does not reach. Pure: no SCons in here.

The input is what the linker has linked. For each file compiled by SDCC there is the assembler beside the object. This
module cuts it into pieces, finds the pieces that the program reaches, and assembles the file without the others.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ..linker_files.linked_objects import Unit
from ..linker_files.objects import Label, Object, labels, read_object
from .pieces import CONSTANT, FUNCTION, Cut, Piece, cut, without
from .reach import Module, Reached, reached

FORMAT = 2  # of the files in which this module keeps a cut; another one where `pieces` changes
NO_ASSEMBLER = "this build has not compiled it from C"

_OTHER_NAME = re.compile(r"[^\w.-]")
_LATIN = "latin-1"  # every byte stays as it is

# Assembles the first file into the second one, with this option for a program with debug information; tells whether
# the assembler had nothing to say.
Assemble = Callable[[Path, Path, str], bool]


class Dropped(NamedTuple):
    """A function or a constant that is not in the program."""

    symbol: str
    kind: str
    size: int
    file: str


class Kept(NamedTuple):
    """A file that stays whole or goes whole."""

    file: str
    why: str


class Result(NamedTuple):
    """The program without what it does not reach."""

    objects: dict[Path, str]  # in the linker's order; for the user: the source, or the library with the name in it
    dropped: list[Dropped]
    whole: list[Kept]


class _Examined(NamedTuple):
    unit: Unit
    module: Module
    sizes: tuple[int, ...]  # of the pieces
    option: str  # of the assembler


def reduce(units: Sequence[Unit], names: Iterable[str], folder: Path, assemble: Assemble) -> Result:
    """Return the program without what it does not reach.

    Args:
        units: The program, in the linker's order.
        names: Symbols that stay anyway, as the assembler writes them.
        folder: For the new objects, and for what the next build needs not do again.
        assemble: Runs SDCC's assembler.
    """
    wanted = list(names)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        examined = list(threads.map(lambda unit: _examine(unit, folder, assemble), units))
        while True:
            found = reached([each.module for each in examined], wanted)
            futures = [
                threads.submit(_remake, place, each, found, folder, assemble) for place, each in enumerate(examined)
            ]
            made = [future.result() for future in futures]
            wrong = [place for place, path in enumerate(made) if path is None and place in found.modules]
            if not wrong:
                break
            for place in wrong:
                whole = Cut("its parts do not assemble alone")
                examined[place] = examined[place]._replace(module=examined[place].module._replace(cut=whole), sizes=())
    objects = {path: each.unit.file for path, each in zip(made, examined) if path is not None}
    dropped = [one for place, each in enumerate(examined) for one in _dropped(place, each, found)]
    whole_units = [Kept(each.unit.file, each.module.cut.problem) for each in examined if each.module.cut.problem]
    return Result(objects, dropped, whole_units)


#
# One file
#


def _home(unit: Unit, folder: Path) -> Path:
    """Return the folder for an object. Its name is the same in each build."""
    number = hashlib.sha256(unit.path.encode("utf-8", "replace")).hexdigest()[:8]
    return folder / f"{_stem(unit)}-{number}"


def _stem(unit: Unit) -> str:
    """Return the name of an object without its ending: SDCC's assembler makes labels of it for a debugger."""
    return _OTHER_NAME.sub("_", Path(unit.assembler or unit.path).stem)


def _examine(unit: Unit, folder: Path, assemble: Assemble) -> _Examined:
    """Return the pieces of a file and their sizes, from the last build if the file is the same."""
    linked = read_object(unit.content.decode(_LATIN))
    if unit.assembler is None or not unit.assembler.is_file():
        return _Examined(unit, Module(unit.own, linked, Cut(NO_ASSEMBLER)), (), "")
    text = unit.assembler.read_bytes()
    key = hashlib.sha256(b"\0".join((str(FORMAT).encode(), text, unit.content))).hexdigest()
    home = _home(unit, folder)
    cache = home / "pieces.json"
    held = _held(cache, key)
    if held is None:
        held = _look(unit, linked, text, home, assemble)
        data = {"key": key, "cut": held[0], "sizes": held[1], "option": held[2]}
        home.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(data), encoding="utf-8")
    found, sizes, option = held
    return _Examined(unit, Module(unit.own, linked, found), sizes, option)


def _held(cache: Path, key: str) -> Optional[tuple[Cut, tuple[int, ...], str]]:
    try:
        data = json.loads(cache.read_text(encoding="utf-8"))
        if data["key"] != key:
            return None
        problem, pieces, names, uses = data["cut"]
        found = Cut(problem, tuple(_piece(fields) for fields in pieces), tuple(names), tuple(uses))
        return found, tuple(data["sizes"]), data["option"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # there is none, or not one of ours: it is written anew


def _piece(fields: list[Any]) -> Piece:
    return Piece._make(tuple(field) if isinstance(field, list) else field for field in fields)


def _look(unit: Unit, linked: Object, text: bytes, home: Path, assemble: Assemble) -> tuple[Cut, tuple[int, ...], str]:
    found = cut(text.decode(_LATIN))
    if found.problem:
        return found, (), ""
    full = home / "full"
    full.mkdir(parents=True, exist_ok=True)
    source, target = full / f"{_stem(unit)}.asm", full / f"{_stem(unit)}.rel"
    source.write_bytes(text)
    for option in ("", "y"):
        target.unlink(missing_ok=True)
        if assemble(source, target, option) and _same(target.read_bytes(), unit.content):
            break
    else:
        return Cut("its assembler does not give its object"), (), ""
    sizes = _sizes(found, linked, labels(target.with_suffix(".sym").read_text(_LATIN)))
    if sizes is None:
        return Cut("its parts have gaps"), (), ""
    return found, sizes, option


def _same(one: bytes, other: bytes) -> bool:
    """Tell whether two objects are equal, apart from the path of the assembler file."""
    first, second = (
        [line for line in content.splitlines() if not line.startswith(b";!FILE")] for content in (one, other)
    )
    return first == second


def _sizes(found: Cut, linked: Object, table: Iterable[Label]) -> Optional[tuple[int, ...]]:
    """Return the sizes of the pieces, or None if they do not fill their areas from end to end."""
    names = [area.name for area in linked.areas]
    places = {label.name: (label.area, label.offset) for label in table}
    sizes = [0] * len(found.pieces)
    for area in {piece.area for piece in found.pieces}:
        number = names.index(area)
        own = [place for place, piece in enumerate(found.pieces) if piece.area == area]
        at = [places.get(found.pieces[place].name, (-1, -1)) for place in own]
        ends = [offset for _, offset in at[1:]] + [linked.areas[number].size]
        if at[0][1] != 0 or any(where != number for where, _ in at):
            return None
        for place, (_, start), end in zip(own, at, ends):
            sizes[place] = end - start
    return tuple(sizes) if min(sizes, default=0) >= 0 else None


def _remake(place: int, each: _Examined, found: Reached, folder: Path, assemble: Assemble) -> Optional[Path]:
    """Return the object without what is not reached, or None if that is nothing or does not assemble."""
    if place not in found.modules:
        return None
    gone = _gone(place, each, found)
    if not gone:
        return _unchanged(each.unit, folder)
    assert each.unit.assembler is not None
    text = without(each.unit.assembler.read_bytes().decode(_LATIN), each.module.cut, gone).encode(_LATIN)
    home = _home(each.unit, folder)
    source, target = home / f"{_stem(each.unit)}.asm", home / f"{_stem(each.unit)}.rel"
    if not (target.is_file() and source.is_file() and source.read_bytes() == text):
        target.unlink(missing_ok=True)
        source.write_bytes(text)
        if not assemble(source, target, each.option):
            target.unlink(missing_ok=True)
            return None
    return target if _is_the_rest(read_object(target.read_text(_LATIN)), each, gone) else None


def _unchanged(unit: Unit, folder: Path) -> Path:
    """Return the path of an object as it is; the linker gets one out of a library as a file of its own."""
    if unit.own:
        return Path(unit.path)
    home = _home(unit, folder)
    path = home / f"whole-{_stem(unit)}.rel"
    if not path.is_file() or path.read_bytes() != unit.content:
        home.mkdir(parents=True, exist_ok=True)
        path.write_bytes(unit.content)
        table = unit.made.with_suffix(".sym") if unit.made else None
        if table and table.is_file():  # it has the static names
            path.with_suffix(".sym").write_bytes(table.read_bytes())
    path.with_suffix(".lst").write_text("", encoding="ascii")  # the linker reads the listing of every object
    return path


def _is_the_rest(made: Object, each: _Examined, gone: set[int]) -> bool:
    """Tell whether a new object has the sizes and symbols of the old one without some pieces."""
    left = {area.name: area.size for area in each.module.object.areas}
    names = _for_the_linker(each.module.object)
    for place in gone:
        piece = each.module.cut.pieces[place]
        left[piece.area] -= each.sizes[place]
        names.difference_update(piece.names)
    return {area.name: area.size for area in made.areas} == left and _for_the_linker(made) == names


def _for_the_linker(module: Object) -> set[str]:
    """Return the symbols that are not for a debugger."""
    return {name for name in module.defines if "$" not in name}


#
# What is dropped
#


def _gone(place: int, each: _Examined, found: Reached) -> set[int]:
    return {number for number in range(len(each.module.cut.pieces)) if (place, number) not in found.pieces}


def _dropped(place: int, each: _Examined, found: Reached) -> list[Dropped]:
    if each.module.cut.problem:
        return [] if place in found.modules else _whole_module(each)
    pieces = each.module.cut.pieces
    return [
        Dropped(pieces[number].name, pieces[number].kind, each.sizes[number], each.unit.file)
        for number in sorted(_gone(place, each, found))
    ]


def _whole_module(each: _Examined) -> list[Dropped]:
    """Return the symbols of a library's module that is not in the program. Its local ones count for those before."""
    found: list[Dropped] = []
    for number, (area, size, _) in enumerate(each.module.object.areas):
        own = sorted((symbol.offset, symbol.name) for symbol in each.module.object.symbols if symbol.area == number)
        if area not in ("CODE", "CONST") or not size:
            continue
        starts = own or [(0, f"{each.unit.file} {area}")]
        ends = [offset for offset, _ in starts[1:]] + [size]
        kind = FUNCTION if area == "CODE" else CONSTANT
        first = starts[0][0]
        for place, ((offset, name), end) in enumerate(zip(starts, ends)):
            found.append(Dropped(name, kind, end - offset + (0 if place else first), each.unit.file))
    return found

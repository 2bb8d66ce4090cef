"""Find the objects of a linked program, from the linker's map. Pure: no SCons in here."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from .archives import Member, members
from .maps import Listed
from .objects import read_object

REFERENCE = "main_reference.rel"  # its only use is that `main` is linked


class UnknownError(Exception):
    """What is linked cannot be told, as one sentence."""


class Origin(NamedTuple):
    """Where an object comes from."""

    path: Path  # of the object in the build directory
    file: str  # for the user: its source
    assembler: Optional[Path]  # written by SDCC; None if it did not


class Unit(NamedTuple):
    """An object of the program."""

    path: str  # of the object; of a library's, one that no other object has
    own: bool  # always linked; otherwise from a library
    file: str  # for the user: the source, or the library with the name in it
    content: bytes
    assembler: Optional[Path]
    made: Optional[Path]  # where this build has it as a file of its own


def plain(path: str) -> str:
    """Return a path that is equal for all spellings of it."""
    return os.path.normcase(os.path.abspath(path))  # noqa: PTH100 -- it must not follow links


def units(
    listed: Sequence[Listed],
    symbols: Collection[str],
    objects: Iterable[Origin],
    parts: Callable[[str], Iterable[Origin]],
) -> list[Unit]:
    """Return the program's objects in the linker's order.

    Args:
        listed: What the linker's map lists.
        symbols: Those of the program.
        objects: The program's objects that the build has made.
        parts: Gives the objects of a library that the build has made.

    Raises:
        UnknownError: a library has another format, or several members of one name.
    """
    own_paths = [one.path for one in listed if not one.member]
    if not own_paths:
        raise UnknownError("the linker's map does not list what is linked")
    known = {plain(str(origin.path)): origin for origin in objects}
    found = []
    for path in own_paths:
        origin = known.get(plain(path))
        if origin or Path(path).name != REFERENCE:
            file, assembler = (origin.file, origin.assembler) if origin else (path, None)
            found.append(Unit(path, True, file, Path(path).read_bytes(), assembler, Path(path)))
    held: dict[str, dict[str, list[Member]]] = {}
    origins: dict[str, list[Origin]] = {}
    from_libraries = [one for one in listed if one.member]
    for library in dict.fromkeys(library for library, _ in from_libraries):
        own = [name for where, name in from_libraries if where == library]
        held[library] = _linked_members(library, own, symbols)
        origins[library] = list(parts(library))
    for library, name in from_libraries:
        member = held[library][name].pop(0)
        origin = next((one for one in origins[library] if _is(one, member)), None)
        file, assembler = (origin.file, origin.assembler) if origin else (f"{Path(library).name}({name})", None)
        path = f"{library}|{name}|{len(held[library][name])}"
        found.append(Unit(path, False, file, member.content, assembler, origin.path if origin else None))
    return found


def _is(origin: Origin, member: Member) -> bool:
    return origin.path.name == member.name and origin.path.is_file() and origin.path.read_bytes() == member.content


def _linked_members(library: str, own: list[str], symbols: Collection[str]) -> dict[str, list[Member]]:
    """Return the members of a library that are linked. Several may have one name: then their symbols decide."""
    found = members(Path(library).read_bytes())
    if found is None:
        raise UnknownError(f"{library} is not an archive of sdar")
    chosen = {}
    for name in dict.fromkeys(own):
        candidates = [member for member in found if member.name == name]
        if len(candidates) > own.count(name):
            candidates = [member for member in candidates if _defines_only(member, symbols)]
        if len(candidates) != own.count(name):
            raise UnknownError(f"{library} has several members {name}, and the linker does not tell which one it takes")
        chosen[name] = candidates
    return chosen


def _defines_only(member: Member, symbols: Collection[str]) -> bool:
    return all(name in symbols for name in read_object(member.content.decode("latin-1")).defines)

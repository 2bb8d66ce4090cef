"""Find the functions and constants that a linked program reaches. Pure: no SCons in here.

The modules are those that the linker has linked without leaving anything out. So each symbol has one definition, and
this one stays: leaving out a function never lets another library's definition in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Optional

from ..linker_files.objects import Object
from .pieces import Cut

# A module of a library that has only these may be left out. Any other area has an effect by itself. It starts the
# program, initialises a register, or has an address that something outside of the program reads.
_PLAIN_AREAS = ("_CODE", "CODE", "CONST", "DATA", "INITIALIZED", "INITIALIZER", "SSEG")


class Module(NamedTuple):
    """A module of the program: its object, and its pieces."""

    own: bool  # an object that is always linked; otherwise from a library
    object: Object
    cut: Cut

    def stays(self) -> bool:
        """Tell whether the module is in the program even if nothing refers to it."""
        return self.own or any(
            area.size and area.name not in _PLAIN_AREAS and not area.name.startswith(".debug")
            for area in self.object.areas
        )


class Reached(NamedTuple):
    """What stays: the places of modules, and of pieces in them."""

    modules: set[int]
    pieces: set[tuple[int, int]]


def reached(modules: list[Module], names: Iterable[str]) -> Reached:
    """Return what the program reaches from its start.

    Args:
        modules: All of the linked program. A module that is not cut stays whole, or goes whole.
        names: Further symbols that stay, such as `_main`.
    """
    return _Search(modules).run(names)


class _Search:
    def __init__(self, modules: list[Module]) -> None:
        self.modules = modules
        self.found = Reached(set(), set())
        self.work: list[tuple[int, Optional[int]]] = []  # a module, and its piece or None for the rest of it
        self.inside = [_definitions(module.cut) for module in modules]
        self.outside: dict[str, list[int]] = {}
        for place, module in enumerate(modules):
            for name in module.object.defines:
                self.outside.setdefault(name, []).append(place)

    def run(self, names: Iterable[str]) -> Reached:
        for place, module in enumerate(self.modules):
            if module.stays():
                self._module(place)
        for name in names:
            for place, inside in enumerate(self.inside):  # also a static one
                for number in inside.get(name, ()):
                    self._piece(place, number)
            self._names(None, [name])
        while self.work:
            place, piece = self.work.pop()
            cut = self.modules[place].cut
            if piece is not None:
                self._names(place, cut.pieces[piece].uses)
            elif cut.problem:
                self._names(None, self.modules[place].object.refers)
            else:
                self._names(place, cut.uses)
        return self.found

    def _names(self, place: Optional[int], names: Iterable[str]) -> None:
        """Reach what names mean in a module, or outside of all modules."""
        for name in names:
            if place is not None and name in self.inside[place]:
                for piece in self.inside[place][name]:
                    self._piece(place, piece)
                continue
            for other in self.outside.get(name, ()):
                self._module(other)
                for piece in self.inside[other].get(name, ()):
                    self._piece(other, piece)

    def _module(self, place: int) -> None:
        if place in self.found.modules:
            return
        self.found.modules.add(place)
        self.work.append((place, None))
        for number, piece in enumerate(self.modules[place].cut.pieces):
            if piece.is_handler:
                self._piece(place, number)

    def _piece(self, place: int, number: int) -> None:
        while (place, number) not in self.found.pieces:
            self._module(place)
            self.found.pieces.add((place, number))
            self.work.append((place, number))
            pieces = self.modules[place].cut.pieces
            if not pieces[number].runs_on:
                return
            area = pieces[number].area
            number = next((n for n in range(number + 1, len(pieces)) if pieces[n].area == area), number)


def _definitions(cut: Cut) -> dict[str, list[int]]:
    """Return name -> the pieces that define it; none if the rest of the module does."""
    found: dict[str, list[int]] = {name: [] for name in cut.names}
    for number, piece in enumerate(cut.pieces):
        for name in piece.names:
            found.setdefault(name, []).append(number)
    return found

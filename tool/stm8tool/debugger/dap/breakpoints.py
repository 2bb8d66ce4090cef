"""The breakpoints of an editor. It sends all those of a file, or of a kind, at once.

The chip compares two addresses. So one that does not fit is shown as not verified, with the sentence why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Optional

from ...errors import TargetError, UsageError
from ..comparators import AccessKind, Condition, watchpoint
from ..program import Place
from ..source_run import SourceDebugger
from .messages import ClientArguments
from .sources import Sources
from .wire import told

_ACCESS = {"read": AccessKind.READ, "write": AccessKind.WRITE, "readWrite": AccessKind.EITHER}
_HIGHEST = 0xFFFFFF


class _Wanted(NamedTuple):
    """A breakpoint that the client wants; `find` returns its place, or raises UsageError."""

    text: str
    find: Callable[[], Place]


class EditorBreakpoints:
    """Sets what a client wants, and removes what it does not want any more.

    Args:
        debugger: The program in the chip.
        sources: Its files.
        line_base: The number of the first line for the client: 1, or 0.
    """

    def __init__(self, debugger: SourceDebugger, sources: Sources, line_base: int) -> None:
        self._debugger = debugger
        self._sources = sources
        self._line_base = line_base
        self._numbers: dict[str, set[int]] = {}  # by the file, or by the kind
        self._watched: list[Condition] = []
        self._refused = 0

    def set_lines(self, arguments: ClientArguments) -> list[dict[str, Any]]:
        """Set those of one source file, in place of the ones before."""
        lines = [item.number("line") + 1 - self._line_base for item in arguments.list("breakpoints")]
        try:
            file = self._sources.file_of(arguments.inner("source"))
        except UsageError as exc:
            return [self._failed(exc) for _ in lines]
        find = self._debugger.program.find

        def wanted(line: int) -> _Wanted:
            return _Wanted(f"{file}:{line}", lambda: find(f"{file}:{line}", None))

        return self._set(f"file {file}", [wanted(line) for line in lines])

    def set_functions(self, arguments: ClientArguments) -> list[dict[str, Any]]:
        """Set those at functions."""
        names = [item.text("name") for item in arguments.list("breakpoints")]
        find = self._debugger.program.find

        def wanted(name: str) -> _Wanted:
            return _Wanted(name, lambda: find(name, None))

        return self._set("functions", [wanted(name) for name in names])

    def set_instructions(self, arguments: ClientArguments) -> list[dict[str, Any]]:
        """Set those at addresses."""
        items = arguments.list("breakpoints")
        addresses = [address_of(item.text("instructionReference"), item.number("offset", 0)) for item in items]
        at = self._debugger.program.lines.at

        def wanted(address: int) -> _Wanted:
            return _Wanted(f"*0x{address:X}", lambda: Place(address, at(address), ""))

        return self._set("instructions", [wanted(address) for address in addresses])

    def set_data(self, arguments: ClientArguments) -> list[dict[str, Any]]:
        """Set those at accesses to data."""
        target = self._debugger.target
        for condition in self._watched:
            target.remove(condition)
        self._watched = []
        return [self._watch(item) for item in arguments.list("breakpoints")]

    def _watch(self, item: ClientArguments) -> dict[str, Any]:
        try:
            condition = self._condition(item)
            self._debugger.target.add(condition)
        except (UsageError, TargetError) as exc:
            return self._failed(exc)
        self._watched.append(condition)
        return {"verified": True}

    @staticmethod
    def _condition(item: ClientArguments) -> Condition:
        address, _, size = item.text("dataId").partition("+")
        access = _ACCESS.get(item.text("accessType", "write"))
        if access is None or not size.isdecimal() or not 0 < int(size[:4]) <= 0x100:
            raise UsageError("this is not data that can be watched", hint="ask dataBreakpointInfo for its dataId")
        return watchpoint(access, address_of(address, 0), int(size[:4]))

    def is_here(self) -> Optional[int]:
        """Return the number of the breakpoint where the program stands; None if there is none."""
        pc = self._debugger.target.registers.pc
        return next((n for n, point in self._debugger.breakpoints.items() if point.place.address == pc), None)

    def _set(self, group: str, wanted: Sequence[_Wanted]) -> list[dict[str, Any]]:
        places = [self._found(one) for one in wanted]
        addresses = {place.address for place in places if isinstance(place, Place)}
        before = self._numbers.pop(group, set())
        kept = set().union(*self._numbers.values())
        for number in before - kept:
            if self._debugger.breakpoints[number].place.address not in addresses:
                self._debugger.delete_breakpoint(number)
        self._numbers[group] = set()
        return [self._one(group, one.text, place) for one, place in zip(wanted, places)]

    @staticmethod
    def _found(wanted: _Wanted) -> Any:
        try:
            return wanted.find()
        except UsageError as exc:
            return exc

    def _one(self, group: str, text: str, place: Any) -> dict[str, Any]:
        if not isinstance(place, Place):
            return self._failed(place)
        try:
            point = self._debugger.add_breakpoint(text, place)
        except TargetError as exc:
            return self._failed(exc)
        self._numbers[group].add(point.number)
        shown: dict[str, Any] = {"id": point.number, "verified": True}
        shown["instructionReference"] = f"0x{place.address:06X}"
        if place.line is not None:
            shown["line"] = place.line.line - 1 + self._line_base
            shown["source"] = self._sources.shown(place.line.file)
        if place.note:
            shown["message"] = place.note
        return shown

    @staticmethod
    def _failed(error: Any) -> dict[str, Any]:
        return {"verified": False, "message": told(error)}


def address_of(reference: str, offset: int) -> int:
    """Return the address that a client means; UsageError if it is none."""
    try:
        address = int(reference, 0) + offset if len(reference) < 16 else -1
    except ValueError:
        address = -1
    if not 0 <= address <= _HIGHEST:
        raise UsageError("this is not an address of the chip", hint=f"give 0x0 to 0x{_HIGHEST:X}")
    return address

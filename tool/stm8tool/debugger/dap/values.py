"""Frames, scopes and variables with the numbers by which a client asks for their parts. Each stop makes them anew."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Union

from ...dwarf.types import ArrayType, OpaqueType, PointerType, RecordType
from ...errors import TargetError, UsageError
from ..expressions import member_of, number_of_operand, text_of_operand, unknown
from ..registers import REGISTERS
from ..scopes import Operand
from ..source_run import NO_VALUE, SourceDebugger
from .messages import ClientArguments
from .wire import told

_LOCALS, _GLOBALS, _REGISTERS = "Locals", "Globals", "Registers"
_MOST_CHILDREN = 1000  # parts that are shown at once; our choice
_LONGEST_SHOWN = 200  # characters of a structure in one line; our choice
_STALE = "the program has run since: ask for the stack trace again"


class _Scope(NamedTuple):
    """One scope of one frame."""

    kind: str
    frame: int


class _Part(NamedTuple):
    """A value that has parts, its name as an expression, and its frame."""

    operand: Operand
    expression: str
    frame: int


class _Child(NamedTuple):
    name: str
    expression: str
    operand: Operand


class Values:
    """The frames and variables that a client may look at while the program stands.

    Args:
        debugger: The program in the chip.
    """

    def __init__(self, debugger: SourceDebugger) -> None:
        self._debugger = debugger
        self._first = 1  # the number of frame 0 of this stop
        self._next = 1
        self._known: dict[int, Union[_Scope, _Part]] = {}

    def forget(self) -> None:
        """Begin anew: the program has run."""
        self._known = {}
        self._first = self._next
        self._next += 1

    # -- frames -----------------------------------------------------------------------------------------------

    def frame_number(self, index: int) -> int:
        """Return the number of a frame for the client."""
        self._next = max(self._next, self._first + index + 1)
        return self._first + index

    def select(self, number: Optional[int]) -> int:
        """Look at the frame of that number; None means the innermost one. Return its index."""
        index = 0 if number is None else number - self._first
        if not 0 <= index < len(self._debugger.backtrace.frames):
            raise UsageError(f"there is no frame {number} now", hint=_STALE)
        self._debugger.selected = index
        return index

    def scopes(self, number: int) -> list[dict[str, Any]]:
        """Return the scopes of a frame."""
        index = self.select(number)
        found = [(_LOCALS, "locals", False), (_GLOBALS, "", True), (_REGISTERS, "registers", False)]
        if self._debugger.frame.function is None:
            found = found[1:]
        return [
            {
                "name": name,
                "variablesReference": self._kept(_Scope(name, index)),
                "expensive": is_slow,
                **({"presentationHint": hint} if hint else {}),
            }
            for name, hint, is_slow in found
        ]

    # -- variables --------------------------------------------------------------------------------------------

    def variables(self, arguments: ClientArguments) -> list[dict[str, Any]]:
        """Return the variables of a scope, or the parts of one."""
        whole = self._require(arguments.number("variablesReference"))
        if isinstance(whole, _Scope) and whole.kind == _REGISTERS:
            return self._registers(whole.frame)
        start = max(0, arguments.number("start", 0))
        count = arguments.number("count", 0)
        count = count if 0 < count < _MOST_CHILDREN else _MOST_CHILDREN
        if arguments.text("filter", "") == ("named" if self._is_array(whole) else "indexed"):
            return []
        children = self._children(whole)[start : start + count]
        return [{"name": child.name, **self.shown(child.operand, child.expression, whole.frame)} for child in children]

    def shown(self, operand: Operand, expression: str, frame: int) -> dict[str, Any]:
        """Return a value for the client, with a number if it has parts."""
        text = text_of_operand(operand)
        answer: dict[str, Any] = {
            "value": text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…",
            "variablesReference": 0,
        }
        if expression:
            answer["evaluateName"] = expression
        if operand.type is not None:
            answer["type"] = operand.type.name
        if operand.address is not None:
            answer["memoryReference"] = f"0x{operand.address:06X}"
        if _has_parts(operand):
            answer["variablesReference"] = self._kept(_Part(operand, expression, frame))
            if isinstance(operand.type, ArrayType):
                answer["indexedVariables"] = operand.type.length
        return answer

    def set(self, arguments: ClientArguments) -> dict[str, Any]:
        """Set a variable, a part of one, or a register; return its new value."""
        whole = self._require(arguments.number("variablesReference"))
        name, value = arguments.text("name"), arguments.text("value")
        debugger = self._debugger
        debugger.selected = whole.frame
        if isinstance(whole, _Scope) and whole.kind == _REGISTERS:
            debugger.assign(f"${name}", value)
            return next(row for row in self._registers(whole.frame) if row["name"] == name)
        child = self._child(whole, name)
        debugger.assign_to(child.expression or name, child.operand, value)
        return self.shown(self._child(whole, name).operand, child.expression, whole.frame)

    def data_id(self, arguments: ClientArguments) -> dict[str, Any]:
        """Return what a data breakpoint at a variable, or at an expression, watches."""
        name = arguments.text("name")
        if arguments.has("variablesReference"):
            whole = self._require(arguments.number("variablesReference"))
            if isinstance(whole, _Scope) and whole.kind == _REGISTERS:
                return {"dataId": None, "description": "the chip watches memory, and a register is not in memory"}
            operand = self._child(whole, name).operand
        else:
            self.select(arguments.number("frameId") if arguments.has("frameId") else None)
            operand = self._debugger.evaluator().evaluate(name)
        if operand.address is None or operand.type is None or not operand.type.size:
            return {"dataId": None, "description": f"{name} is not in memory, so the chip cannot watch it"}
        return {
            "dataId": f"0x{operand.address:06X}+{operand.type.size}",
            "description": f"{name} at 0x{operand.address:06X}",
            "accessTypes": ["read", "write", "readWrite"],
        }

    # -- inside -----------------------------------------------------------------------------------------------

    def _kept(self, whole: Union[_Scope, _Part]) -> int:
        number = self._next
        self._next += 1
        self._known[number] = whole
        return number

    def _require(self, number: int) -> Union[_Scope, _Part]:
        whole = self._known.get(number)
        if whole is None:
            raise UsageError(f"there are no variables with the number {number} now", hint=_STALE)
        return whole

    @staticmethod
    def _is_array(whole: Union[_Scope, _Part]) -> bool:
        return isinstance(whole, _Part) and isinstance(whole.operand.type, ArrayType)

    def _child(self, whole: Union[_Scope, _Part], name: str) -> _Child:
        for child in self._children(whole):
            if child.name == name:
                return child
        raise UsageError(f"there is no variable {name[:40]} here", hint=_STALE)

    def _children(self, whole: Union[_Scope, _Part]) -> list[_Child]:
        if isinstance(whole, _Part):
            return self._parts_of(whole)
        self._debugger.selected = whole.frame
        return self._locals() if whole.kind == _LOCALS else self._globals()

    def _locals(self) -> list[_Child]:
        debugger = self._debugger
        found = debugger.scopes.locals_of(debugger.frame)
        return [_Child(name, name, debugger.scopes.operand(die, debugger.frame)) for name, die in found.items()]

    def _globals(self) -> list[_Child]:
        scopes = self._debugger.scopes
        found = [(name, file, die) for file, all_of in scopes.all_globals() for name, die in all_of.items()]
        names = [name for name, _, _ in found]
        return [
            _Child(name, name, scopes.operand(die, None))
            if names.count(name) == 1
            else _Child(f"{name} ({file})", "", scopes.operand(die, None))
            for name, file, die in sorted(found, key=lambda item: item[:2])
        ]

    def _parts_of(self, whole: _Part) -> list[_Child]:
        operand, name = whole.operand, whole.expression
        if operand.type is not None and operand.address is not None:
            operand = self._debugger.scopes.at(operand.type, operand.address)  # the user may have set a part of it
        if isinstance(operand.type, RecordType):
            return [
                _Child(member.name, name and f"{name}.{member.name}", member_of(operand, member))
                for member in operand.type.members
            ]
        if isinstance(operand.type, ArrayType):
            element, size = operand.type.element, operand.type.element.size
            return [
                _Child(
                    f"[{index}]",
                    name and f"{name}[{index}]",
                    Operand(
                        element,
                        operand.data[index * size : (index + 1) * size],
                        None if operand.address is None else operand.address + index * size,
                    ),
                )
                for index in range(min(operand.type.length, len(operand.data) // size if size else 0))
            ]
        return [_Child("*", name and f"(*{name})", self._pointed(operand))]

    def _pointed(self, operand: Operand) -> Operand:
        target = operand.type.target() if isinstance(operand.type, PointerType) else None
        if target is None:
            raise unknown(operand)
        try:
            return self._debugger.scopes.at(target, int(number_of_operand(operand)))
        except TargetError as exc:
            return Operand(target, b"", None, unknown=told(exc))

    def _registers(self, index: int) -> list[dict[str, Any]]:
        state = self._debugger.backtrace.frames[index].state
        rows = []
        for register in REGISTERS:
            value, digits = getattr(state, register.name), (register.most.bit_length() + 3) // 4
            text = f"<{NO_VALUE}>" if value is None else f"0x{value:0{digits}X}"
            name = {"name": register.name, "evaluateName": f"${register.name}"}
            rows.append({**name, "value": text, "variablesReference": 0})
        return rows


def _has_parts(operand: Operand) -> bool:
    if operand.unknown:
        return False
    if isinstance(operand.type, PointerType):
        target = operand.type.target()
        return target is not None and not isinstance(target, OpaqueType) and target.size > 0
    return isinstance(operand.type, RecordType) or (isinstance(operand.type, ArrayType) and bool(operand.data))

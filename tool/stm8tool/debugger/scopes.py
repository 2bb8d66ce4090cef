"""The variables that a frame sees: its arguments, its locals by block, and those outside of functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Optional

from ..dwarf.frames import Frame
from ..dwarf.locations import FRAME_UNKNOWN, InMemory, InRegisters, Unknown, locate, stack_offset
from ..dwarf.reading import name_of, number_of
from ..dwarf.type_reader import TypeReader
from ..dwarf.types import AnyType, BitPlace
from ..errors import UsageError
from .program import SourceProgram

_OF_COMPILER = re.compile(r"__(?:str_)?\d", re.ASCII)  # strings and temporaries that SDCC names itself
_KINDS = ("DW_TAG_formal_parameter", "DW_TAG_variable")

Read = Callable[[int, int], bytes]


def _on_stack(die: Any, blocks: tuple[int, ...]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield the variables on the stack, each with the blocks around it."""
    for child in die.iter_children():
        if child.tag in _KINDS and stack_offset(child) is not None:
            yield child, blocks
        elif child.tag == "DW_TAG_lexical_block":
            yield from _on_stack(child, (*blocks, child.offset))


class Operand(NamedTuple):
    """A part of an expression, with a value or with the reason why it has none.

    Attributes:
        type: Its type; None for a plain number.
        data: Its bytes.
        address: Where it is in memory; None for values and for what is in registers.
        bits: Its place in its bytes, if it is a bit-field.
        unknown: Why it has no value, or "".
        doubt: Why its value may be wrong, or "". `doubt_of` finds more reasons, in the type.
    """

    type: Optional[AnyType]
    data: bytes
    address: Optional[int]
    bits: Optional[BitPlace] = None
    unknown: str = ""
    doubt: str = ""


class Scopes:
    """Finds variables by their names.

    Args:
        program: The program.
        read: Reads the chip's memory: address, count.
    """

    def __init__(self, program: SourceProgram, read: Read) -> None:
        self._program = program
        self._read = read
        self._types: dict[int, TypeReader] = {}  # by the place of their unit

    def locals_of(self, frame: Frame) -> dict[str, Any]:
        """Return the arguments and locals that are visible in a frame, the inner ones in place of outer ones."""
        function = frame.function
        if function is None:
            return {}
        low = number_of(function.die, "DW_AT_low_pc") or 0
        found: dict[str, Any] = {}
        for die, is_sure in self._visible(function.die, frame.place, function.start - low):
            name = name_of(die)
            if name and not _OF_COMPILER.match(name) and (is_sure or name not in found):
                found[name] = die
        return found

    def _visible(self, die: Any, pc: int, shift: int, *, is_sure: bool = True) -> Iterator[tuple[Any, bool]]:
        """Yield the variables whose block has this place, and whether that is sure."""
        blocks = []
        for child in die.iter_children():
            if child.tag in _KINDS:
                yield child, is_sure
            elif child.tag == "DW_TAG_lexical_block":
                low, high = number_of(child, "DW_AT_low_pc"), number_of(child, "DW_AT_high_pc")
                # Of a function that was made inline, some blocks have no range: their variables may be meant,
                # but they do not hide those around.
                if low is None or high is None or low + shift <= pc < high + shift:
                    blocks.append((child, is_sure and low is not None and high is not None))
        for block, block_is_sure in blocks:
            yield from self._visible(block, pc, shift, is_sure=block_is_sure)

    def globals_in(self, file: str) -> dict[str, Any]:
        """Return the variables of a file of C that are outside of its functions, with a place or a value."""
        return {
            name_of(die): die
            for unit in self._program.data.units
            if name_of(unit) == file
            for die in unit.iter_children()
            if die.tag == "DW_TAG_variable"
            and "DW_AT_declaration" not in die.attributes
            and not _OF_COMPILER.match(name_of(die))
        }

    def all_globals(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each file of C with its variables outside of functions."""
        for file in dict.fromkeys(name_of(unit) for unit in self._program.data.units):
            yield file, self.globals_in(file)

    def find(self, name: str, frame: Optional[Frame]) -> Operand:
        """Return a variable.

        Raises:
            UsageError: There is none of that name, or several.
        """
        if frame is not None:
            local = self.locals_of(frame).get(name)
            if local is not None:
                return self.operand(local, frame)
            function = frame.function
            own = self.globals_in(function.file).get(name) if function else None
            if own is not None:
                return self.operand(own, None)
        found = [
            (name_of(unit), die)
            for unit in self._program.data.units
            for variable, die in self.globals_in(name_of(unit)).items()
            if variable == name
        ]
        outside = [die for _, die in found if "DW_AT_external" in die.attributes] or [die for _, die in found]
        if len(outside) == 1:
            return self.operand(outside[0], None)
        if found:
            files = ", ".join(file for file, _ in found)
            raise UsageError(f"several files have a static variable {name}", hint=f"stop in one of them: {files}")
        raise self._nothing(name)

    def _nothing(self, name: str) -> UsageError:
        address = self._program.symbols.get(f"_{name}")
        if self._program.functions.named(name):
            return UsageError(f"{name} is a function", hint=f"break {name} stops there")
        if address is not None:
            return UsageError(
                f"{name} is at 0x{address:06X}, but the debug information does not have its type",
                hint=f"x 0x{address:X} shows its bytes; SDCC leaves out const variables with __at",
            )
        return UsageError(
            f"no variable {name} is known here", hint="`locals` shows those of the function; SDCC drops unused ones"
        )

    def operand(self, die: Any, frame: Optional[Frame]) -> Operand:
        """Return a variable with its bytes, or with the reason why they cannot be trusted."""
        kind = self.type_of(die)
        if kind is None:
            return Operand(None, b"", None, unknown="the debug information gives it no type")
        found = locate(die, frame, self._program.lines, self._program.code)
        if isinstance(found, InMemory):
            return self.at(kind, found.address)._replace(doubt=self._sharing(die, kind, frame))
        if isinstance(found, InRegisters):
            return Operand(kind, found.data[-kind.size :], None)
        return Operand(kind, b"", None, unknown=found.reason if isinstance(found, Unknown) else FRAME_UNKNOWN)

    def _sharing(self, die: Any, kind: AnyType, frame: Optional[Frame]) -> str:
        """Return the doubt about a variable whose place on the stack SDCC also gave to another one, or "".

        Nothing tells which of them is there now. Of two blocks side by side only one is active.
        """
        offset = stack_offset(die)
        if offset is None or frame is None or frame.function is None:
            return ""
        names: dict[str, None] = {}
        for other, blocks in _on_stack(frame.function.die, ()):
            there, size = stack_offset(other) or 0, getattr(self.type_of(other), "size", 0)
            if other.offset == die.offset or not (there < offset + kind.size and offset < there + size):
                continue
            own = next(path for variable, path in _on_stack(frame.function.die, ()) if variable.offset == die.offset)
            if own[: len(blocks)] == blocks or blocks[: len(own)] == own:
                name = name_of(other)
                names["a value of its own" if _OF_COMPILER.match(name) else name] = None
        return f"SDCC uses the same place for {' and '.join(names)}" if names else ""

    def type_of(self, die: Any) -> Optional[AnyType]:
        """Return the type that an entry names; None for `void`."""
        unit = die.cu.cu_offset
        if unit not in self._types:
            self._types[unit] = TypeReader(die.cu.get_top_DIE())
        return self._types[unit].type_of(die)

    def at(self, kind: AnyType, address: int, bits: Optional[BitPlace] = None, size: Optional[int] = None) -> Operand:
        """Return what is in memory at an address."""
        count = kind.size if size is None else size
        if not count:
            return Operand(kind, b"", address, bits, "it has no size")
        return Operand(kind, self._read(address, count), address, bits)

"""Operands, and how they are read and written: the lines of Python that all instructions share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, Union

from .opcodes import MODES, Row

SPACE = 0xFFFFFF
BEFORE = "before"  # how an EXIT is marked that does not belong to an instruction that was executed

Value = Union[int, str]  # known, or an expression


class MemoryLayout(NamedTuple):
    """The memory that a core reaches directly: it reads and writes `ram` and reads `rom`. The bus serves the rest.

    A push at `stack_low` rolls the stack pointer over to `stack_top`.
    """

    ram_end: int
    rom_start: int
    rom_end: int
    stack_low: int = 0
    stack_top: int = 0xFFFF


class Instruction(NamedTuple):
    """A decoded instruction; `operands` are the numbers in its code."""

    address: int
    row: Row
    operands: tuple[int, ...]

    @property
    def next(self) -> int:
        return self.address + self.row.length & SPACE


# The sizes of the numbers in an operand.
PARTS = {
    "#byte>long": (1, 2),
    "short>short": (1, 1),
    "long>long": (2, 2),
    "long,#bit": (2,),
    "long,#bit,rel": (2, 1),
}


def parts(mode: str) -> tuple[int, ...]:
    """Return the sizes of the numbers in the operand of a mode."""
    size = MODES[mode][0]
    return PARTS.get(mode, (size,) if size else ())


def plus(left: Value, right: Value) -> Value:
    """Add two values, now if both are known."""
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    return f"{left} + {right}" if right else left


@cache
def _lines(text: str, own: str) -> tuple[str, ...]:
    if "R" in text:
        text = re.sub(r"\bR\b", own, text)
    if "S" in text:
        text = re.sub(r"\bS\b", "y" if own == "x" else "x", text)
    return tuple(line for line in text.split("; ") if line)


@cache
def _ends_with_name(lines: tuple[str, ...], name: str) -> bool:
    """Tell whether the first line ends with a name that occurs nowhere else."""
    words = re.findall(r"\w+", " ".join(lines))
    return lines[0].endswith(" " + name) and words.count(name) == 1


class Writer:
    """Writes the lines of one function.

    Attributes:
        guard: Addresses of RAM code in this block: whoever writes there leaves the block.
        escapes: The block is left before an access at an address that is not known and is not in RAM.
        here: The address of the present instruction.
    """

    def __init__(self, layout: MemoryLayout, guard: range = range(0), *, escapes: bool = False) -> None:
        self.layout = layout
        self.guard = guard
        self.escapes = escapes
        self.here: Value = 0
        self.lines: list[tuple[int, str]] = []
        self.cycles = 0
        self.count = 0
        self.stores = False
        self.fixed = True  # every way through takes a number of cycles that is known
        self.next: Value = 0

    def put(self, *texts: str, indent: int = 0) -> None:
        self.lines.extend((indent, text) for text in texts)

    def script(self, text: str, reg: str = "") -> None:
        """Put the lines of `semantics.py`."""
        self.put(*_lines(text, reg.lower() or "x"))

    def script_with(self, text: str, name: str, value: str, reg: str = "") -> None:
        """Put the lines of `semantics.py` for a value that has a name there, without the name if it occurs once."""
        lines = _lines(text, reg.lower() or "x")
        if _ends_with_name(lines, name):
            self.put(lines[0][: -len(name)] + value, *lines[1:])
        else:
            self.put(f"{name} = {value}", *lines)

    def leave(self, target: Value, row: Row, extra: int = 0, indent: int = 0) -> None:
        """End the function with the registers stored and the PC at `target`."""
        pure = int(self.fixed and not self.stores)
        self.put(f"EXIT {target}|{self.cycles + row.cycles + extra}|{self.count + 1}|{pure}", indent=indent)

    # -- memory ---------------------------------------------------------------------------------------------

    def escape(self, condition: str) -> None:
        """Leave the block before the present instruction, which has done nothing that it would not do again."""
        if self.escapes:
            self.put(f"if {condition}:")
            self.put(f"EXIT {self.here}|{self.cycles}|{self.count}|{BEFORE}", indent=1)

    @property
    def _now(self) -> str:
        return f"n + {self.cycles}"

    def bytes_at(self, address: Value, size: int) -> str:
        """Return an expression for `size` bytes from an address, the first the highest."""
        name = "p"
        if address in ("x", "y", "sp"):
            name = str(address)
        elif not isinstance(address, int):
            self.put(f"p = {address}")
            address = "p"
        plain = " | ".join(
            f"m[{plus(address, i)}]" + (f" << {8 * (size - 1 - i)}" if i < size - 1 else "") for i in range(size)
        )
        slow = " | ".join(
            f"rd({plus(address, i)}, {self._now})" + (f" << {8 * (size - 1 - i)}" if i < size - 1 else "")
            for i in range(size)
        )
        ram, low, high = self.layout.ram_end - size + 1, self.layout.rom_start, self.layout.rom_end - size + 1
        if isinstance(address, int):
            return f"({plain if address < ram or low <= address < high else slow})"
        if self.escapes:
            self.escape(f"{name} >= {ram}")
            return f"({plain})"
        in_rom = f" or {low} <= {name} < {high}" if low < high else ""
        return f"({plain} if {name} < {ram}{in_rom} else {slow})"

    def store(self, address: Value, values: Sequence[str], row: Row) -> None:
        """Write bytes, as the last that an instruction does; leave the block after it if the bus asks for that."""
        self.stores = True
        last = len(values) - 1
        end = self.layout.ram_end - last
        if isinstance(address, int):
            touched = range(address, address + last + 1)
            if address < end and not any(byte in self.guard for byte in touched):
                self.put(*(f"m[{byte}] = {value}" for byte, value in zip(touched, values)))
                return
            self._write_to_bus([str(byte) for byte in touched], values, row, "if")
            return
        self.put(f"p = {address}")
        self.escape(f"p >= {end}")
        guarded = f" and not {self.guard.start - last} <= p < {self.guard.stop}" if self.guard else ""
        self.put(f"if p < {end}{guarded}:")
        places = [str(plus("p", i)) for i in range(last + 1)]
        self.put(*(f"m[{place}] = {value}" for place, value in zip(places, values)), indent=1)
        if guarded or not self.escapes:
            self._write_to_bus(places, values, row, "elif")

    def _write_to_bus(self, places: Sequence[str], values: Sequence[str], row: Row, word: str) -> None:
        calls = [f"wr({place}, {value}, {self._now})" for place, value in zip(places, values)]
        self.put(f"{word} {' | '.join(calls)}:")
        self.leave(self.next, row, indent=1)

    def push(self, *values: str) -> None:
        self.stores = True
        low, top = self.layout.stack_low, self.layout.stack_top
        for value in values:
            if self.escapes:
                self.put(f"m[sp] = {value}")
            else:
                self.put(f"if sp < {self.layout.ram_end}: m[sp] = {value}", f"else: wr(sp, {value}, {self._now})")
            self.put(f"sp = sp - 1 if sp != {low} else {top}")

    def pop(self, name: str) -> None:
        low, top = self.layout.stack_low, self.layout.stack_top
        self.put(f"sp = sp + 1 if sp != {top} else {low}")
        outside = "" if self.escapes else f" if sp < {self.layout.ram_end} else rd(sp, {self._now})"
        self.put(f"{name} = m[sp]{outside}")

    def address(self, mode: str, operand: Value) -> Value:
        """Return the effective address; an index is added without a wrap at 16 bits (PM0044: up to 0x1FFFE)."""
        if mode in ("short", "long", "ext"):
            return operand
        index = mode[-2].lower() if mode.endswith(("X)", "Y)")) else "sp" if mode.endswith("SP)") else ""
        if ".e" in mode or ".w" in mode:
            base: Value = self.bytes_at(operand, 3 if ".e" in mode else 2)
        else:
            base = operand
        far = ".e" in mode or "ext" in mode
        if not index:
            return base
        if mode in ("(X)", "(Y)"):
            return index
        return f"({index} + {base}) & {SPACE}" if far else f"{index} + {base}"

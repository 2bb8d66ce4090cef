"""From lines of Python to functions that execute STM8 code.

There is one generator for both uses. A *step* executes one opcode and reads its operand when it runs. It serves code
that has seldom run. A *block* executes up to BLOCK_LENGTH instructions with their operands as constants, and leaves out
the flags that nothing reads. Both load the registers into locals and store what they changed. Measured on compiled
programs with CPython 3.11: 0.4 to 0.6 million instructions a second by steps, 2.7 to 7 million by blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from types import CodeType
from typing import Any, NamedTuple, Union

from . import semantics
from .generate import write
from .opcodes import Row
from .writer import BEFORE, Instruction, MemoryLayout, Writer, parts

BLOCK_LENGTH = 48
LONGEST_DIVISION = 15  # cycles that DIV and DIVW may take above those of the table

REGISTERS = ("a", "x", "y", "sp", "im", *semantics.FLAGS)

_FLAGS = frozenset(semantics.FLAGS)
_TO_SPACES = str.maketrans(dict.fromkeys("()[]|&^~<>+-*/%=,:", " "))


def step_source(row: Row, layout: MemoryLayout) -> str:
    """Return the source of a function that executes this opcode wherever it stands."""
    writer = Writer(layout)
    names, offset = [], 1 + bool(row.prefix)
    for index, size in enumerate(parts(row.mode)):
        pieces = [f"m[q + {offset + i}] << {8 * (size - 1 - i)}" for i in range(size)]
        names.append(f"o{index}")
        writer.put(f"o{index} = {' | '.join(pieces)}")
        offset += size
    following = f"q + {row.length}"
    write(writer, row, names, following)
    writer.put(f"EXIT {following}|{writer.cycles}|1|0")
    return _source(writer, "step", None, ["q = s.pc"])


def block_source(code: Sequence[Instruction], layout: MemoryLayout, *, escapes: bool = False) -> str:
    """Return the source of a function that executes these instructions, which follow each other.

    Args:
        code: The instructions.
        layout: The memory.
        escapes: It is left before an instruction that reaches beyond RAM at an address that only the registers tell.
    """
    start, end = code[0].address, code[-1].next
    in_ram = start < layout.ram_end
    writer = Writer(layout, range(start, end) if in_ram else range(0), escapes=escapes)
    for instruction in code:
        writer.here = instruction.address
        write(writer, instruction.row, instruction.operands, instruction.next)
    writer.put(f"EXIT {end}|{writer.cycles}|{writer.count}|0")
    return _source(writer, "block", start, [])


def longest(code: Sequence[Instruction]) -> int:
    """Return the most cycles that a block takes."""
    return sum(item.row.cycles + LONGEST_DIVISION * (item.row.action in semantics.DIVIDE) for item in code) + 1


def _source(writer: Writer, name: str, start: Union[int, None], head: list[str]) -> str:
    lines = _without_dead_flags(writer.lines)
    names: set[str] = set()
    targets: set[str] = set()
    for _, line in lines:
        words = _words(line)
        names |= words.all
        targets.add(words.target)
    used = [reg for reg in REGISTERS if reg in names]
    changed = [reg for reg in REGISTERS if reg in targets]
    back = f"EXIT {start}|"
    loops = start is not None and any(line.startswith(back) and not line.endswith(BEFORE) for _, line in lines)
    out = [f"def {name}(s, m=m, rd=rd, wr=wr):", *(f"    {line}" for line in head), "    n = s.cycles"]
    if used:
        out.append(f"    {', '.join(used)} = {', '.join(f's.{reg}' for reg in used)}")
    body = "    "
    if loops:
        out += ["    k = s.count", "    lim = s.limit - s.reserve", "    old = None", "    while True:"]
        body = "        "
    save = f"{', '.join(f's.{reg}' for reg in changed)} = {', '.join(changed)}; " if changed else ""
    for indent, line in lines:
        pad = body + "    " * indent
        if not line.startswith("EXIT "):
            out.append(pad + line)
            continue
        target, cycles, count, pure = line[5:].rsplit("|", 3)
        if loops and target == str(start) and pure != BEFORE:
            out += _loop(pad, changed, cycles, count, pure == "1")
            cycles = count = "0"
        counted = f"s.count = k + {count}" if loops else f"s.count += {count}"
        out.append(f"{pad}{save}s.pc = {target}; s.cycles = n + {cycles}; {counted}; return")
    return "\n".join(out) + "\n"


def _loop(pad: str, changed: list[str], cycles: str, count: str, pure: bool) -> list[str]:
    """Go back to the start of the block; a round that changed nothing skips to the next event."""
    out = [f"{pad}n += {cycles}; k += {count}"]
    if not pure:
        return [*out, f"{pad}old = None", f"{pad}if n <= lim: continue"]
    state = f"({', '.join(changed)},)" if changed else "()"
    out += [
        f"{pad}if {state} == old and n < lim and not s.volatile: n += (lim - n) // {cycles} * {cycles}; s.jumped = 1",
        f"{pad}old = {state}; s.volatile = False",
    ]
    return [*out, f"{pad}if n <= lim: continue"]


class _Words(NamedTuple):
    """The names in a line; if it sets one, that is its target."""

    all: frozenset[str]
    target: str
    flags_read: frozenset[str]


@cache
def _words(line: str) -> _Words:
    target, sets, rest = line.partition(" = ")
    names = frozenset(line.translate(_TO_SPACES).split())
    if not (sets and target.isidentifier()):
        return _Words(names, "", names & _FLAGS)
    return _Words(names, target, frozenset(rest.translate(_TO_SPACES).split()) & _FLAGS)


def _without_dead_flags(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Leave out each `flag = ...` whose flag is set again before anything reads it."""
    live = set(_FLAGS)
    kept = []
    for indent, line in reversed(lines):
        if line.startswith("EXIT "):
            live = set(_FLAGS)
        else:
            words = _words(line)
            if not indent and words.target in _FLAGS:
                if words.target not in live:
                    continue
                live.discard(words.target)
            live |= words.flags_read
        kept.append((indent, line))
    return kept[::-1]


@cache
def _compiled(source: str, name: str) -> CodeType:
    return compile(source, f"<stm8 {name}>", "exec")


def compile_function(
    source: str, name: str, memory: bytearray, read: Callable[[int, int], int], write: Callable[[int, int, int], bool]
) -> Callable[[Any], None]:
    """Return the function of a source text; it takes the core."""
    names: dict[str, Any] = {"m": memory, "rd": read, "wr": write}
    exec(_compiled(source, name), names)
    function: Callable[[Any], None] = names[name]
    return function

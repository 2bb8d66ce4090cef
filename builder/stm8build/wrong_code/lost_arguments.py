"""Calls whose argument is lost, in the assembler that SDCC writes. Pure: no SCons in here.

Where a call is the last thing that a function does, SDCC 4.2 makes a jump of it, and first takes the function's own
bytes off the stack. It does so through A or X, which may hold an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .later_code import Row, procedures
from .wrong_assembler import GAP, Lines, Place, functions_of, rows_of

_JUMP = re.compile(r"^\tjpf?\t_(\w+)$", re.MULTILINE)
_CALLED = re.compile(r"call _(\w+) ")
_REGISTERS = {1: "a", 2: "x", 4: "xy"}  # by the size of the argument
_POPS = re.compile(r"(?:pop\t(a)|popw\t([xy]))$")
_TAKES_THE_RETURN_ADDRESS = re.compile(r"ldw\t([xy]), \(1, sp\)$")
# The function's own parameters are dropped: this pop brings nothing back.
_MOVES_IT = re.compile(r"ldw\t([xy]), \(1, sp\)\nldw\t\(\d+, sp\), \1$")
_NEUTRAL = re.compile(r"(?:ldw\t\(\d+, sp\), [xy]|addw\tsp, #\S+)$")
_PARTS = {"a": r"\ba\b", "x": r"\bx[lh]?\b", "y": r"\by[lh]?\b"}
_LOADED = re.compile(r"ldw?\t[axy], \((?:0x0)?1, sp\)$")  # it has what the pop brings


# Where the place that is taken off the stack holds the argument, the call is right.
_CHANGES_A = (
    r"\t(?:ld\ta, (?!\(0x01, sp\)\n)[^\n]+|(?:and|or|xor|add|adc|sub|sbc)\ta, [^\n]+"
    r"|(?:clr|inc|dec|cpl|neg|pop|swap|s[lr][la]|r[lr]c)\ta)\n" + GAP
)
_CHANGES_X = (
    r"\t(?:ldw\tx, (?!\(0x01, sp\)\n)[^\n]+|(?:addw|subw)\tx, [^\n]+|ld\tx[hl], a"
    r"|(?:clrw|incw|decw|negw|cplw|popw|s[lr][la]w|r[lr]cw)\tx)\n" + GAP
)
_BY_A_POINTER = (
    re.compile(_CHANGES_A + rf"(?:\tldw\t[xy], (?!\()[^\n]+\n{GAP})?\tpop\ta\n{GAP}\tjp\t\([xy]\)\n"),
    re.compile(_CHANGES_X + rf"(?:\tldw\ty, (?!\()[^\n]+\n{GAP})?\tpopw\tx\n{GAP}\tjp\t\(y\)\n"),
)


def lost_arguments_of_pointers(assembler: str) -> Iterator[Place]:
    """Yield jumps to where a pointer leads, before which A or X with an argument is overwritten."""
    if not re.search(r"^\tjp\t\([xy]\)$", assembler, re.MULTILINE):
        return
    lines = Lines(assembler)
    for name, start, end in functions_of(assembler):
        for by_pointer in _BY_A_POINTER:
            for each in by_pointer.finditer(assembler, start, end):
                yield Place("lost-argument-of-a-pointer", *lines.at(each.start()), name)


def lost_arguments(placed: str, assembler: str) -> Iterator[Place]:
    """Yield jumps to a function before which a register with an argument is overwritten."""
    if not _JUMP.search(assembler):
        return
    taken = {function: _taken(rows) for function, rows in procedures(placed)} if "send " in placed else {}
    lines = Lines(assembler)
    for name, start, end in functions_of(assembler):
        for jump in _JUMP.finditer(assembler, start, end):
            registers = taken.get(name, {}).get(jump[1], set())
            rows = list(rows_of(assembler[start : jump.start()])) if registers else []
            offset = _overwritten(rows, registers)
            if offset >= 0:
                yield Place("lost-argument", *lines.at(start + offset), name)


def _taken(rows: list[Row]) -> dict[str, set[str]]:
    """Return the registers with arguments, by the function that is called."""
    taken: dict[str, set[str]] = {}
    waiting: set[str] = set()
    for row in rows:
        if row.text.startswith("send "):
            for operand in row.operands():
                size = 2 if "*" in operand.type.text else operand.type.size
                waiting |= set(_REGISTERS.get(size, ""))
        called = _CALLED.search(row.text)
        if called:
            taken.setdefault(called[1], set()).update(waiting)
            waiting = set()
    return taken


def _overwritten(rows: list[tuple[str, int]], registers: set[str]) -> int:
    """Return the offset of the instruction that overwrites an argument; -1 where none does."""
    for index in range(len(rows) - 1, -1, -1):
        row, offset = rows[index]
        pops, takes = _POPS.match(row), _TAKES_THE_RETURN_ADDRESS.match(row)
        if takes and index + 1 < len(rows) and _NEUTRAL.match(rows[index + 1][0]):
            if takes[1] in registers:
                return offset
        elif pops:
            register = pops[1] or pops[2]
            before = [row for row, _ in rows[:index]]
            if register in registers and (_MOVES_IT.search("\n".join(before[-2:])) or _is_unused(register, before)):
                return offset
        elif not _NEUTRAL.match(row):
            return -1
    return -1


def _is_unused(register: str, rows: list[str]) -> bool:
    """Whether a register has a value that nothing has used yet: then a pop does not bring back what was saved."""
    for row in reversed(rows):
        word, _, operands = row.partition("\t")
        if word.startswith(("call", "j")):
            return False
        if not re.search(_PARTS[register], operands):
            continue
        if word == "bcp":
            return True  # it has been an `and`, whose result is lost
        writes = re.match(_PARTS[register], operands) and word not in ("push", "pushw", "cp", "cpw", "tnz", "tnzw")
        return bool(writes) and not _LOADED.match(row)
    return True

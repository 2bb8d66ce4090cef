"""Finds out whether a CPU waits: it goes round in a short loop that changes nothing, until something else does.

Such a loop reads memory or registers, compares, and jumps back. Each round begins with the same registers and ends with
them, and nothing is written. So the place of the CPU after any number of cycles is known without executing them.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple, Optional

from ..state import GIVEN, State
from . import semantics
from .core import Cpu, decode
from .opcodes import Row

LONGEST = 16  # instructions that are looked at; firmware polls in two or three

_OWN = {*semantics.PLAIN, *semantics.RMWW, *semantics.CONDITIONS, "JRA"} - {"SIM", "JRIL", "JRIH"}
_READING = {*semantics.ALU, *semantics.WORD, "TNZ", "BTJT", "BTJF"}
_INDEX = {"": 0, "X": 2, "Y": 3, "P": 4}  # places in `Cpu.state`, by the last letter of the register


class _Look(NamedTuple):
    """One instruction as far as it matters here: its code, and the memory that it reads."""

    code: bytes
    register: int
    base: int
    size: int


class Loop(NamedTuple):
    """A loop in which the CPU waits.

    Attributes:
        states: The CPU before each instruction of a round.
        offsets: For each of them, the cycles from there up to each instruction of a round, and up to its end.
        reads: The addresses of its code and of the memory that it reads.
    """

    states: list[tuple[int, ...]]
    offsets: list[list[int]]
    reads: frozenset[int]

    def after(self, place: int, cycles: int) -> tuple[int, int]:
        """Return the first place that the CPU reaches after so many cycles or more, and how many these are."""
        offsets = self.offsets[place]
        rounds, rest = divmod(cycles, offsets[-1])
        step = bisect_left(offsets, rest)
        return (place + step) % len(self.states), rounds * offsets[-1] + offsets[step]


class Finder:
    """Finds the loops of one CPU."""

    STATE = State(left={"_core": GIVEN, "_looks": "made anew from the code"})

    def __init__(self, core: Cpu) -> None:
        self._core = core
        self._looks: dict[int, Optional[_Look]] = {}  # None for an instruction that no such loop contains

    def find(self, limit: int) -> Optional[Loop]:
        """Return the loop in which the CPU waits, if it does; it executes some instructions to see that."""
        core = self._core
        seen: list[tuple[int, ...]] = []
        cycles: list[int] = []
        reads: list[range] = []
        core.volatile = False
        for _ in range(LONGEST):
            look = self._look(core.pc)
            if look is None or core.cycles >= limit or (core.cautious and core.pc in core.closed):
                return None
            state = core.state
            if state in seen:
                return _loop(seen, cycles, reads, seen.index(state), core.cycles)
            seen.append(state)
            cycles.append(core.cycles)
            start = look.base + (state[look.register] if look.register else 0)
            reads += (range(core.pc, core.pc + len(look.code)), range(start, start + look.size))
            core.step()
            if core.volatile:  # the loop may wait from now on
                core.volatile = False
                seen, cycles, reads = [], [], []
        return None

    def _look(self, pc: int) -> Optional[_Look]:
        memory = self._core.m
        if pc not in self._looks:
            self._looks[pc] = _look_at(memory, pc)
        look = self._looks[pc]
        if look is not None and memory[pc : pc + len(look.code)] != look.code:
            look = self._looks[pc] = _look_at(memory, pc)
        return look


def _look_at(memory: bytearray, pc: int) -> Optional[_Look]:
    instruction = decode(memory, pc) if pc < len(memory) - 8 else None
    if instruction is None:
        return None
    row = instruction.row
    code = bytes(memory[pc : pc + row.length])
    if row.action in _OWN or (row.action in semantics.RMW and row.mode == "A"):
        return _Look(code, 0, 0, 0)
    if row.action not in _READING:
        return None
    if row.mode in ("#byte", "#word", "A"):
        return _Look(code, 0, 0, 0)
    index = _index(row)
    if index is None:
        return None
    base = instruction.operands[0] if instruction.operands else 0
    return _Look(code, index, base, 2 if row.action in semantics.WORD else 1)


def _index(row: Row) -> Optional[int]:
    """Return the register that is added to the operand, as its place in the state; None for a pointer."""
    mode = row.mode
    if "." in mode:
        return None
    return _INDEX[mode[-2]] if mode.endswith(")") else 0


def _loop(seen: list[tuple[int, ...]], cycles: list[int], reads: list[range], first: int, end: int) -> Loop:
    states = seen[first:]
    at = [*cycles[first:], *(cycle + end - cycles[first] for cycle in cycles[first:])]
    offsets = [[cycle - at[place] for cycle in at[place : place + len(states)]] for place in range(len(states))]
    for row in offsets:
        row.append(end - cycles[first])
    return Loop(states, offsets, frozenset(address for touched in reads[2 * first :] for address in touched))

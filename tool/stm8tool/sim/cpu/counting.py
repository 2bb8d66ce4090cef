"""A core that counts: how often it executed each instruction, and how many cycles that took.

It is a class of its own, so that the core which does not count loses no time. `sim/core_bus.py` makes it in its
place. Blocks and waiting loops stay as fast as they can: a block only notes after which of its instructions it was
left. All instructions before that one were executed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

from ..state import GIVEN, State
from . import semantics
from .core import INTERRUPT_CYCLES, Bus, Cpu, _Block, decode
from .idle import Finder, Loop
from .writer import Instruction

_ONE_ROUND = 1 << 62  # more cycles than any limit: a block that loops is left after each round


class Count(NamedTuple):
    """How often an instruction was executed, and the CPU cycles of all that together."""

    times: int
    cycles: int


class _Tally:
    """How often a block was left after each of its instructions, and the cycles above those of the table."""

    def __init__(self, code: Sequence[Instruction]) -> None:
        self.code = code
        self.left = [0] * (len(code) + 1)
        self.more = [0] * (len(code) + 1)
        self.table = [0]  # the cycles up to each place
        for instruction in code:
            self.table.append(self.table[-1] + instruction.row.cycles)


class Counts:
    """The counts of one CPU."""

    def __init__(self) -> None:
        self._single: dict[int, list[int]] = {}
        self._tallies: list[_Tally] = []

    def add(self, address: int, times: int, cycles: int) -> None:
        """Count an instruction."""
        found = self._single.setdefault(address, [0, 0])
        found[0] += times
        found[1] += cycles

    def tally(self, code: Sequence[Instruction]) -> _Tally:
        """Return the place where a new block counts."""
        made = _Tally(code)
        self._tallies.append(made)
        return made

    def clear(self) -> None:
        """Begin again at 0."""
        self._single.clear()
        for tally in self._tallies:
            tally.left[:] = tally.more[:] = [0] * len(tally.left)

    def by_address(self) -> Mapping[int, Count]:
        """Return the counts by the address of the instruction."""
        found = {address: [times, cycles] for address, (times, cycles) in self._single.items()}
        for tally in self._tallies:
            passed = 0
            for place in reversed(range(len(tally.code))):
                instruction = tally.code[place]
                passed += tally.left[place + 1]
                if passed:
                    held = found.setdefault(instruction.address, [0, 0])
                    held[0] += passed
                    held[1] += passed * instruction.row.cycles + tally.more[place + 1]
        return {address: Count(*found[address]) for address in sorted(found)}


class CountingCpu(Cpu):
    """A CPU that counts into `counts`."""

    STATE = State(left={**Cpu.STATE.left, "_counts": GIVEN, "_dividing": "made anew from the code"})

    def __init__(self, bus: Bus, counts: Counts) -> None:
        self._counts = counts
        self._dividing: set[int] = set()  # where blocks begin that are executed by steps
        super().__init__(bus)

    def _execute(self) -> int:
        pc, before = self.pc, self.cycles
        heat = super()._execute()
        if self.cycles != before:  # not for an illegal opcode
            self._counts.add(pc, 1, self.cycles - before)
        return heat

    def _interrupt(self) -> bool:
        entered = super()._interrupt()
        if entered:
            self._counts.add(self.pc, 0, INTERRUPT_CYCLES)
        return entered

    def translate(self, address: int) -> Optional[_Block]:
        """Return a new block that counts; None also if it divides, as the cycles of that depend on the numbers."""
        block = None if address in self._dividing else super().translate(address)
        if block is None:
            return None
        code: list[Instruction] = []
        at = block.start
        while at < block.end:
            instruction = decode(self.m, at)
            if instruction is None or instruction.row.action in semantics.DIVIDE:
                self._dividing.add(address)
                self._drop(block)
                return None
            code.append(instruction)
            at = instruction.next
        tally = self._counts.tally(code)
        left, more, table, run = tally.left, tally.more, tally.table, block.run

        def counted(core: Any) -> None:
            core.reserve = _ONE_ROUND
            count, cycles = core.count, core.cycles
            run(core)
            place = core.count - count
            left[place] += 1
            more[place] += core.cycles - cycles - table[place]

        block.run = counted
        return block

    def forget(self) -> None:
        """Drop the translations, because memory outside of RAM has changed."""
        super().forget()
        self._dividing.clear()

    def forget_outside_ram(self) -> None:
        """Drop the translations outside of RAM."""
        super().forget_outside_ram()
        self._dividing.clear()

    def _drop(self, block: _Block) -> None:
        for blocks in (self._blocks, self._careful_blocks):
            if blocks.get(block.start) is block:
                del blocks[block.start]


class CountingFinder(Finder):
    """Finds the loops in which a CPU waits, and counts their rounds."""

    STATE = State(left={**Finder.STATE.left, "_counts": GIVEN})

    def __init__(self, core: Cpu, counts: Counts) -> None:
        super().__init__(core)
        self._counts = counts

    def find(self, limit: int) -> Optional[Loop]:
        """Return the loop in which the CPU waits, if it does."""
        loop = super().find(limit)
        return loop and _CountedLoop(*loop).into(self._counts)


class _CountedLoop(Loop):
    _counts: Counts

    def into(self, counts: Counts) -> _CountedLoop:
        self._counts = counts
        return self

    def after(self, place: int, cycles: int) -> tuple[int, int]:
        """Return the first place after so many cycles, as `Loop` does, and count the instructions up to it."""
        reached, passed = super().after(place, cycles)
        length, offsets = len(self.states), self.offsets[place]
        rounds, rest = divmod(passed, offsets[-1])
        for step in range(length):
            times = rounds + (offsets[step] < rest)
            if times:
                taken = offsets[step + 1] - offsets[step]
                self._counts.add(self.states[(place + step) % length][0], times, times * taken)
        return reached, passed

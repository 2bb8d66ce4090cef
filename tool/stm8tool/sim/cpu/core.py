"""The core: registers, flags, interrupts, and the loop that runs translated blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Optional, Protocol

from ..state import GIVEN, SCRATCH, State
from .functions import BLOCK_LENGTH, block_source, compile_function, longest, step_source
from .generate import ENDS
from .opcodes import PREFIXES, TABLE
from .writer import SPACE, Instruction, MemoryLayout, parts

RESET_VECTOR = 0x8000
INTERRUPTS = 0x8008  # the vector of interrupt 0
INTERRUPT_CYCLES = 9
TRAP_PRIORITY = 3
MASK = 0x28
LEVELS = {0x20: 0, 0x08: 1, 0x00: 2, 0x28: 3}  # I1, I0 in CC; level 3 is masked
LEVEL_BITS = {level: bits for bits, level in LEVELS.items()}
TOP_LEVEL = 0  # the number of TLI, which nothing masks

_IN_DEBUG = "a register of the CPU, saved with the debug module"
WARM = 60  # a block is translated when its start has been jumped to so often; a short loop after `LOOP_WARM` rounds
LOOP_WARM = 12
SHORT = 128  # bytes


class Bus(Protocol):
    """The accesses that the core leaves to others; it reads and writes `memory` directly, padded by 8 bytes."""

    memory: bytearray
    layout: MemoryLayout

    def read(self, address: int, now: int) -> int:
        """Return the byte at an address outside of plain memory."""

    def write(self, address: int, value: int, now: int) -> bool:
        """Take a byte for an address outside of RAM, or in RAM where code runs.

        Returns:
            Whether something has changed that the code which runs now does not expect: the core looks around.
        """


class BlockedError(Exception):
    """The bus cannot serve an access now: the instruction has had no effect, and is executed again later."""


_BUS_ACCESS = re.compile(r"\b(?:rd|wr)\(([^,]+),")
_ALWAYS_FREE = range(0x5080, 0x5800)  # peripherals without the flash controller: they never keep the CPU waiting
_IAPSR = (0x505F, 0x5054)


def _never_waits(source: str) -> bool:
    """Tell whether no access of a block can meet a busy array. At addresses in registers it reaches RAM only."""
    places = [int(place) for place in _BUS_ACCESS.findall(source) if place.isdigit()]
    return all(place in _ALWAYS_FREE or place in _IAPSR for place in places)


_Step = tuple[Callable[[Any], None], int]  # a function for an opcode, and the length of the instruction
_NO_MEMORY = -1  # the opcode of an address without memory


class _Block:
    __slots__ = ("code", "end", "free", "longest", "loops", "run", "start")

    def __init__(
        self, run: Callable[[Any], None], start: int, end: int, longest: int, code: bytes, *, free: bool, loops: bool
    ) -> None:
        self.loops = loops
        self.run = run
        self.free = free
        self.start = start
        self.end = end
        self.longest = longest
        self.code = code


def decode(memory: bytearray, address: int) -> Optional[Instruction]:
    """Return the instruction at an address, or None for an illegal opcode."""
    prefix, at = 0, address
    if memory[at] in PREFIXES:
        prefix, at = memory[at], at + 1
    row = TABLE.get((prefix, memory[at]))
    if row is None:
        return None
    at += 1
    operands = []
    for size in parts(row.mode):
        operands.append(int.from_bytes(memory[at : at + size], "big"))
        at += size
    return Instruction(address, row, tuple(operands))


class Cpu:
    """An STM8 CPU on a bus.

    Attributes:
        cycles: CPU cycles since the reset.
        count: Instructions executed, without those of idle loops that were jumped over.
        limit: `run` returns at this cycle; the bus may lower it while it is written to.
        most: `run` begins no block that could end after this cycle.
        sleep: WFI, WFE or HALT while the CPU waits in it, else "".
        stopped: Why the CPU cannot go on: BREAK, an illegal opcode, no memory; else "".
        pending: Interrupts that are requested: number to level 1 to 3.
        interrupt_line: The level that JRIH and JRIL look at.
        breakpoint: `run` returns before the instruction at this address; None for no such address. Call `forget` after
            a change.
        pauses: `run` returns when the CPU falls asleep. Otherwise, and if it sleeps already, it sleeps up to the limit.
        stops: As `breakpoint`, for those of the debug module; they may change at any time by `stop_before`.
        watched: Every access goes through the bus, so that it can be looked at.
        cautious: Reads of `rom` go through the bus, which may have to wait. Blocks end before an access that may wait.
        closed: While it is cautious, `run` returns before an instruction at these addresses.
        jumped: A block has jumped over rounds of a loop in which the CPU waits.
        volatile: The bus has read something that changes with time, so that an idle loop must be run.
    """

    STATE = State(
        left={
            **dict.fromkeys(("bus", "m", "layout", "_watching", "_careful", "_end", "closed"), GIVEN),
            **dict.fromkeys(("a", "x", "y", "sp", "pc", "cf", "nv", "zv", "vf", "hf", "im"), _IN_DEBUG),
            **dict.fromkeys(("sleep", "stopped"), _IN_DEBUG),
            **dict.fromkeys(("_steps", "_blocks", "_careful_blocks", "_heat"), "made anew from the code"),
            **dict.fromkeys(("cycles", "count"), "count from when it is made"),
            **dict.fromkeys(
                ("limit", "most", "reserve", "jumped", "volatile", "pauses", "watched", "cautious"), SCRATCH
            ),
            **dict.fromkeys(("breakpoint", "interrupt_line"), "set by the code that runs a program"),
            "stops": "follows from the debug module",
            "pending": "follows from the peripherals",
        }
    )

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.m = bus.memory
        self.layout = bus.layout
        self._watching = bus.layout._replace(ram_end=0, rom_start=0, rom_end=0)
        self._careful = bus.layout._replace(rom_start=0, rom_end=0)
        self._steps: dict[MemoryLayout, dict[int, _Step]] = {
            layout: {} for layout in (self.layout, self._careful, self._watching)
        }
        self._blocks: dict[int, _Block] = {}
        self._careful_blocks: dict[int, _Block] = {}
        self._heat: dict[int, int] = {}
        self._end = len(self.m) - 8
        self.cycles = 0
        self.count = 0
        self.limit = 0
        self.most = 0
        self.reserve = 0
        self.jumped = False
        self.volatile = False
        self.pauses = False
        self.breakpoint: Optional[int] = None
        self.stops: frozenset[int] = frozenset()
        self.watched = False
        self.cautious = False
        self.closed = range(0)
        self.interrupt_line = 1
        self.pending: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """Do what a reset does to the CPU; A, X and Y are undefined by PM0044 and 0 here."""
        self.a = self.x = self.y = 0
        self.sp = self.layout.stack_top
        self.pc = RESET_VECTOR
        self.cc = MASK
        self.sleep = ""
        self.stopped = ""
        self.pending.clear()

    # The flags, in the form of semantics.py.
    cf = nv = zv = vf = hf = im = 0

    @property
    def cc(self) -> int:
        """The condition code register: V 0 I1 H I0 N Z C."""
        zero = 0 if self.zv else 2
        return self.vf & 128 | self.im | self.hf & 16 | (self.nv & 128) >> 5 | zero | self.cf

    @cc.setter
    def cc(self, value: int) -> None:
        self.vf = value & 128
        self.hf = value & 16
        self.nv = (value & 4) << 5
        self.zv = ~value & 2
        self.cf = value & 1
        self.im = value & MASK

    @property
    def registers(self) -> tuple[int, int, int, int, int, int]:
        """PC, A, X, Y, SP, CC."""
        return self.pc, self.a, self.x, self.y, self.sp, self.cc

    @property
    def state(self) -> tuple[int, ...]:
        """All registers, the flags as they are kept here."""
        return (
            *(self.pc, self.a, self.x, self.y, self.sp),
            *(self.cf, self.nv, self.zv, self.vf, self.hf, self.im),
        )

    @state.setter
    def state(self, values: tuple[int, ...]) -> None:
        self.pc, self.a, self.x, self.y, self.sp, *flags = values
        self.cf, self.nv, self.zv, self.vf, self.hf, self.im = flags

    # -- running --------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Execute one instruction, or enter the handler of an interrupt."""
        if self.stopped or (self.pending and self._interrupt()):
            return
        if not self.sleep:
            self._execute()

    def _execute(self) -> int:
        """Execute the instruction at PC; return by how much it warms the one that comes next: 0 if it did not jump."""
        pc = self.pc
        layout = self._watching if self.watched else self._careful if self.cautious else self.layout
        steps = self._steps[layout]
        code = self.m[pc] if pc < self._end else _NO_MEMORY
        if code in PREFIXES:
            code = code << 8 | self.m[pc + 1]
        found = steps.get(code)
        if found is None:
            row = TABLE.get((code >> 8, code & 0xFF))
            if row is None:
                self.stopped = "an illegal opcode" if pc < self._end else "no memory to fetch from"
                return 0
            step = compile_function(step_source(row, layout), "step", self.m, self.bus.read, self.bus.write)
            found = steps[code] = step, row.length
        found[0](self)
        if self.pc > SPACE:
            self.pc &= SPACE
        if self.pc == pc + found[1]:
            return 0
        return WARM // LOOP_WARM if 0 <= pc - self.pc < SHORT else 1

    def run(self, limit: int, most: int = 0) -> None:
        """Execute until `cycles` reaches the limit, or something stops the CPU.

        Args:
            limit: Where to return.
            most: The last block may end up to here, if that is later.
        """
        self.limit, self.most = limit, max(limit, most)
        slept, cautious, pending, memory = bool(self.sleep), self.cautious, self.pending, self.m
        blocks = self._careful_blocks if cautious else self._blocks
        looks = bool(self.stops or self.breakpoint is not None or (cautious and self.closed))
        heat = 0  # a place in the middle of a block, where the last run has ended, does not begin another one
        while self.cycles < self.limit and not self.stopped:
            if pending and self._interrupt():
                heat = 1
                continue
            if self.sleep:
                self.cycles = self.limit if slept or not self.pauses else self.cycles
                return
            pc = self.pc
            if looks and (pc == self.breakpoint or pc in self.stops or (cautious and pc in self.closed)):
                return
            block = blocks.get(pc)
            if block is None and heat:
                block = self._translate(pc, heat)
            began = self.cycles
            if block is None or began + block.longest > self.most or (cautious and not block.free):
                heat = self._execute()
                continue
            if block.code and memory[pc : block.end] != block.code:
                del blocks[pc]  # code in RAM that has changed
                continue
            if block.loops:
                self.reserve = max(0, block.longest - (self.most - self.limit))
            block.run(self)
            heat = 1 if self.cycles != began else self._execute()

    def run_to(self, address: int, limit: int) -> bool:
        """Step until the PC is at an address; return whether it got there before the limit."""
        self.limit = limit
        while self.pc != address and self.cycles < limit and not self.stopped:
            if self.sleep and not self.pending:
                self.cycles = limit
            self.step()
        return self.pc == address

    def _translate(self, address: int, heat: int) -> Optional[_Block]:
        """Return a block for an address that has run often, or None."""
        heat += self._heat.get(address, 0)
        self._heat[address] = heat
        return self.translate(address) if heat >= WARM else None

    def translate(self, address: int) -> Optional[_Block]:
        """Return a new block that begins at an address; None where its first instruction cannot be executed."""
        code: list[Instruction] = []
        at, in_ram = address, address < self.layout.ram_end
        while len(code) < BLOCK_LENGTH and at < self._end and not (code and self._stops_at(at)):
            instruction = decode(self.m, at)
            if instruction is None or (in_ram and at + instruction.row.length > self.layout.ram_end):
                break
            code.append(instruction)
            at += instruction.row.length
            if instruction.row.action in ENDS:
                break
        if not code:
            return None
        source = block_source(code, self._careful if self.cautious else self.layout, escapes=self.cautious)
        run = compile_function(source, "block", self.m, self.bus.read, self.bus.write)
        held = bytes(self.m[address:at]) if in_ram else b""
        free, loops = self.cautious and _never_waits(source), "s.reserve" in source
        block = _Block(run, address, at, longest(code), held, free=free, loops=loops)
        (self._careful_blocks if self.cautious else self._blocks)[address] = block
        self._heat.pop(address, None)
        return block

    def _stops_at(self, address: int) -> bool:
        return address == self.breakpoint or address in self.stops

    def stop_before(self, addresses: frozenset[int]) -> None:
        """Let `run` return before the instructions at these addresses, instead of those before."""
        if addresses != self.stops:
            self.stops = addresses
            self.forget()

    def forget(self) -> None:
        """Drop the translations, because memory outside of RAM has changed."""
        self._blocks.clear()
        self._careful_blocks.clear()
        self._heat.clear()

    def forget_outside_ram(self) -> None:
        """Drop the translations outside of RAM: those in RAM are compared with their code anyway."""
        for blocks in (self._blocks, self._careful_blocks):
            for start in [start for start in blocks if start >= self.layout.ram_end]:
                del blocks[start]
        self._heat.clear()

    # -- interrupts -----------------------------------------------------------------------------------------

    def _interrupt(self) -> bool:
        """Enter the handler of the most urgent request if the level of the CPU lets it; return whether it did."""
        number = min(self.pending, key=lambda item: (item != TOP_LEVEL, -self.pending[item], item))
        level = TRAP_PRIORITY if number == TOP_LEVEL else self.pending[number]
        if number != TOP_LEVEL and level <= LEVELS[self.im]:
            return False
        pc, y, x = self.pc, self.y, self.x
        for value in (pc & 255, pc >> 8 & 255, pc >> 16, y & 255, y >> 8, x & 255, x >> 8, self.a, self.cc):
            self._push(value)
        self.sleep = ""
        self.im = LEVEL_BITS[level]
        self.pc = INTERRUPTS + 4 * number
        self.cycles += INTERRUPT_CYCLES
        return True

    def _push(self, value: int) -> None:
        if self.sp < self.layout.ram_end and not self.watched:
            self.m[self.sp] = value
        else:
            self.bus.write(self.sp, value, self.cycles)
        self.sp = self.sp - 1 if self.sp != self.layout.stack_low else self.layout.stack_top

    # The names that generated code may set.
    a = x = y = sp = pc = 0

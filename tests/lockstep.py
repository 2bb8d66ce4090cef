"""Random STM8 programs, executed by our core and by Debian's uCsim, and compared.

A program is made while our core executes it. So every address that it uses is in RAM or in a table in flash, and a
difference comes from the CPU, not from a memory. A row of ucsim/differences.csv describes a known difference. After
such an instruction our core gets uCsim's state, so the rest of the program is compared, too.
"""

from __future__ import annotations

import csv
import functools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from disassembly import text
from plain_bus import PlainBus
from stm8tool.sim.cpu.core import Cpu, decode
from stm8tool.sim.cpu.functions import block_source, compile_function, longest
from stm8tool.sim.cpu.opcodes import TABLE, Row
from stm8tool.sim.cpu.writer import Instruction, MemoryLayout, parts
from ucsim_talk import dumped, hex_text, registers, split, talk

DIFFERENCES = Path(__file__).with_name("ucsim") / "differences.csv"
LAYOUT = MemoryLayout(0x1800, 0x8000, 0x28000, 0, 0x17FF)
SIZE = 0x28000
DATA = range(0x400)  # what programs write
STACK = range(0x1700, 0x1800)
POINTERS = 0x80  # where pointers are put that an instruction needs
CODE, CODE_END = 0x8100, 0x17E00
TABLE_AREA = range(0x18000, 0x28000)  # random bytes that programs read
HANDLER = 0x8080

LOOK = (
    f"dump /h rom 0x{DATA.start:x} 0x{DATA.stop - 1:x} 64",
    f"dump /h rom 0x{STACK.start:x} 0x{STACK.stop - 1:x} 64",
)

# Not in random programs: they end the simulation there. tests/sim/test_cpu.py has them.
APART = {"BREAK", "HALT", "WFI", "WFE"}

Answer = tuple[tuple[int, ...], bytes]  # registers, and the memory that programs write
Patch = Callable[[Cpu, Cpu], None]  # the core after the instruction, and its registers before


def differences() -> list[dict[str, str]]:
    """Return the rows of the table."""
    with DIFFERENCES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def encode(row: Row, numbers: list[int]) -> bytes:
    """Return the machine code of an instruction."""
    head = bytes([row.prefix, row.opcode] if row.prefix else [row.opcode])
    return head + b"".join(n.to_bytes(size, "big") for n, size in zip(numbers, parts(row.mode)))


@functools.cache
def code(mnemonic: str, operands: str, mode: str, *numbers: int) -> bytes:
    """Return the machine code for what a program needs to get a register or pointer right."""
    (row,) = [r for r in TABLE.values() if (r.mnemonic, r.operands, r.mode) == (mnemonic, operands, mode)]
    return encode(row, list(numbers))


@dataclass
class Check:
    """A place where both are compared: after so many instructions from `start`."""

    start: int
    steps: int
    registers: tuple[int, ...]
    memory: bytes
    ram: bytes  # before it
    listing: list[str] = field(default_factory=list)


class Program:
    """Random code for all of flash, and what our core makes of it.

    Attributes:
        blocks: One sequence in so many is executed by translated blocks, too.
    """

    def __init__(self, seed: int, patches: dict[str, Patch], blocks: int = 1) -> None:
        self.blocks = blocks
        self.random = random.Random(seed)
        self.patches = patches
        self.bus = PlainBus(SIZE, LAYOUT)
        memory = self.bus.memory
        for area in (DATA, STACK, TABLE_AREA):
            memory[area.start : area.stop] = self.random.randbytes(len(area))
        memory[0x8004:0x8008] = bytes.fromhex("82") + HANDLER.to_bytes(3, "big")
        memory[HANDLER] = 0x80  # IRET
        self.core = Cpu(self.bus)
        self.image = b""
        self.checks: list[Check] = []
        self.rows = [row for row in TABLE.values() if row.action not in APART]
        self.seen: Counter[str] = Counter()
        self.at = CODE
        self.steps = 0
        self.listing: list[str] = []

    def fill(self, instructions: int, each: int) -> None:
        """Make checks of `each` instructions until there are enough, or flash is full."""
        total = 0
        while total < instructions and self.at < CODE_END - 40 * each:
            total += self._sequence(each)
        self.image = bytes(self.bus.memory[0x8000:SIZE])

    def _sequence(self, length: int) -> int:
        start, self.steps, self.listing = self.at, 0, []
        before = self._snapshot()
        self.core.pc = start
        self._set_sp()
        for mnemonic, operands, mode, bits in (("LDW", "X,{m}", "#word", 16), ("LDW", "Y,{m}", "#word", 16)):
            self.run(code(mnemonic, operands, mode, self.random.getrandbits(bits)))
        self.run(code("LD", "A,{m}", "#byte", self.random.getrandbits(8)))
        self.run(code("PUSH", "{m}", "#byte", self.random.getrandbits(8) & 0xBF))
        self.run(code("POP", "CC", ""))
        while self.steps < 7 + length:  # 7 set the registers
            self._one()
        memory = self._written()
        check = Check(start, self.steps, self.core.registers, memory, before[0], self.listing)
        self.checks.append(check)
        if len(self.checks) % self.blocks == 0:
            self._check_blocks(before, check)
        return self.steps

    def _written(self) -> bytes:
        memory = self.bus.memory
        return bytes(memory[DATA.start : DATA.stop] + memory[STACK.start : STACK.stop])

    def _snapshot(self) -> tuple[bytes, tuple[int, ...]]:
        core = self.core
        return bytes(self.bus.memory[: LAYOUT.ram_end]), (core.a, core.x, core.y, core.sp, core.cc)

    def run(self, machine_code: bytes) -> None:
        """Lay an instruction where the PC is, and execute it."""
        self.bus.memory[self.at : self.at + len(machine_code)] = machine_code
        self.at += len(machine_code)
        self.step()

    def step(self) -> None:
        core = self.core
        instruction = decode(self.bus.memory, core.pc)
        assert instruction is not None
        self.listing.append(f"{core.pc:05X} {text(instruction):24} " + shown(core))
        self.steps += 1
        self.seen[instruction.row.action] += 1
        apply(core, instruction, self.patches, core.step)

    def _set_sp(self) -> None:
        self.run(code("LDW", "X,{m}", "#word", self.random.randrange(0x1760, 0x17C0)))
        self.run(code("LDW", "SP,X", ""))

    def _one(self) -> None:
        if not STACK.start + 0x20 <= self.core.sp <= STACK.stop - 0x20:
            self._set_sp()
        row = self.random.choice(self.rows)
        if row.action in ("JP", "CALL", "JPF", "CALLF", "INT", "CALLR") or row.mode.endswith("rel"):
            self._jump(row)
        elif row.action in ("RET", "RETF", "IRET"):
            self._back(row)
        elif row.action == "TRAP":
            self.run(encode(row, []))
            self.step()  # INT
            self.step()  # IRET
        elif row.action == "POPCC":
            self.run(code("PUSH", "{m}", "#byte", self.random.getrandbits(8) & 0xBF))  # bit 6 is in the table
            self.run(encode(row, []))
        elif row.action == "TOSP":
            self.run(code("LDW", row.reg + ",{m}", "#word", self.random.randrange(0x1740, 0x17C0)))
            self.run(encode(row, []))
        elif row.action in ("ADDSP", "SUBSP"):
            self.run(encode(row, [self.random.randrange(0x10)]))
        else:
            self._with_memory(row)

    # -- operands -------------------------------------------------------------------------------------------

    def _with_memory(self, row: Row) -> None:
        sizes = parts(row.mode)
        numbers = [self.random.getrandbits(8 * size) for size in sizes]
        stores = row.action not in ("LD", "LDW", "CPW", "ADDW", "SUBW", "PUSHM", "TNZ")
        stores = stores and not (row.operands == "A,{m}" and row.action != "EXG")
        if row.mode in ("#byte", "#word", "", "A", "X", "Y"):
            pass
        elif row.mode == "(byte,SP)":
            numbers[0] = self.random.randrange(0x1E)
        elif ">" in row.mode or row.mode.startswith("long,#bit"):
            limits = {1: 0x100, 2: DATA.stop}
            skip = row.mode.startswith("#byte")
            numbers[skip:] = [self.random.randrange(limits[size]) for size in sizes[skip:]]
        else:
            numbers = self._aim(row, stores)
        self.run(encode(row, numbers))

    def _target(self, stores: bool, low: int, high: int) -> int:
        """Return an address in [low, high) that the program may use; prefer the edges a little."""
        areas = [DATA] if stores else [DATA, TABLE_AREA]
        fitting = [range(max(a.start, low), min(a.stop - 1, high)) for a in areas]
        area = self.random.choice([a for a in fitting if len(a) > 0])
        return self.random.choice(area)

    def _aim(self, row: Row, stores: bool) -> list[int]:
        """Return operands for which the effective address is a good one; set registers and pointers for it."""
        mode, core = row.mode, self.core
        index = "X" if mode.endswith("X)") else "Y" if mode.endswith("Y)") else ""
        if "." in mode:
            return self._aim_pointer(mode, index, stores)
        space = {"byte": 0x100, "short": 0x100, "word": 0x10000, "long": 0x10000, "ext": 0x1000000}
        width = next((size for name, size in space.items() if name in mode), 1)
        if not index:
            return [self._target(stores, 0, width)]
        value = core.x if index == "X" else core.y
        try:
            target = self._target(stores, value, value + width)
        except IndexError:
            target = self._target(stores, 0, 0x10000 + width - 1)
            value = self.random.randrange(max(0, target - width + 1), min(target, 0xFFFF) + 1)
            self.run(code("LDW", index + ",{m}", "#word", value))
        return [target - value] if parts(mode) else []

    def _aim_pointer(self, mode: str, index: str, stores: bool) -> list[int]:
        size = 3 if ".e" in mode else 2
        value = (self.core.x if index == "X" else self.core.y) if index else 0
        limit = 1 << 8 * size
        try:  # no wrap at 24 bits here: ucsim/differences.csv has it
            target = self._target(stores, value, value + limit)
        except IndexError:
            value = self.random.randrange(0x200)
            target = self._target(stores, value, value + limit)
            self.run(code("LDW", index + ",{m}", "#word", value))
        place = self.random.randrange(POINTERS, POINTERS + 0x60)
        self._pointer(place, target - value, size)
        return [place]

    def _pointer(self, place: int, value: int, size: int) -> None:
        for offset, byte in enumerate(value.to_bytes(size, "big")):
            self.run(code("MOV", "{m}", "#byte>long", byte, place + offset))

    # -- jumps ----------------------------------------------------------------------------------------------

    def _land(self) -> None:
        """Fill the gap to where the PC is, or run through it."""
        end = self.core.pc
        if end < self.at:
            raise AssertionError("a jump backwards")
        self.bus.memory[self.at : end] = b"\x9d" * (end - self.at)
        self.at = end

    def _jump(self, row: Row) -> None:
        gap = self.random.randrange(4)
        if row.mode.endswith("rel"):
            numbers = [self.random.choice(DATA)] if row.mode.startswith("long") else []
            self.run(encode(row, [*numbers, gap]))
            while self.core.pc < self.at + gap:
                self.bus.memory[self.core.pc] = 0x9D
                self.step()
            self._land()
            return
        mode = row.mode
        index = "X" if mode.endswith("X)") else "Y" if mode.endswith("Y)") else ""
        before = 4 * 5 + 8  # an upper bound for what is laid before the jump
        target = self.at + before + row.length + gap
        place = self.random.randrange(POINTERS, POINTERS + 0x60)
        value = 0
        numbers = [target]
        if index:
            width = 0x100 if "byte" in mode else 1 if mode in ("(X)", "(Y)") else 0x4000
            value = (target & 0xFFFF) - self.random.randrange(min(width, (target & 0xFFFF) + 1))
            self.run(code("LDW", index + ",{m}", "#word", value))
        if "." in mode:
            size = 3 if ".e" in mode else 2
            self._pointer(place, target - value & (0xFFFFFF if size == 3 else 0xFFFF), size)
            numbers = [place]
        elif index:
            numbers = [(target & 0xFFFF) - value] if parts(mode) else []
        elif mode == "long":
            numbers = [target & 0xFFFF]
        if self.at >> 16 != target >> 16 and row.action in ("JP", "CALL"):
            return  # the section ends here
        self.run(encode(row, numbers))
        self._land()

    def _back(self, row: Row) -> None:
        target = self.at + 60
        if row.action == "RET" and self.at >> 16:
            return  # uCsim leaves the section; that is in the table
        if self.at >> 16 != target >> 16:
            return
        push = [target & 255, target >> 8 & 255]
        if row.action != "RET":
            push.append(target >> 16)
        if row.action == "IRET":
            push += [self.random.getrandbits(8) for _ in range(5)] + [self.random.getrandbits(8) & 0xBF]
        for byte in push:
            self.run(code("PUSH", "{m}", "#byte", byte))
        self.run(encode(row, []))
        self._land()

    # -- the same by blocks ---------------------------------------------------------------------------------

    def _check_blocks(self, before: tuple[bytes, tuple[int, ...]], check: Check) -> None:
        """Execute the sequence again by translated blocks; they must come to what single steps came to."""
        for escapes in (False, True):
            self._check_blocks_of(before, check, escapes=escapes)

    def _check_blocks_of(self, before: tuple[bytes, tuple[int, ...]], check: Check, *, escapes: bool) -> None:
        bus = PlainBus(0, LAYOUT)
        bus.size, bus.memory = SIZE, bytearray(self.bus.memory)
        bus.memory[: LAYOUT.ram_end] = before[0]
        core = Cpu(bus)
        core.a, core.x, core.y, core.sp, core.cc = before[1]
        core.pc, core.limit = check.start, 1 << 60
        while core.count < check.steps:
            run = self._run_of(bus.memory, core.pc, check.steps - core.count)
            if len(run) == 1:
                apply(core, run[0], self.patches, core.step)
                continue
            core.reserve = longest(run)
            began, source = core.cycles, block_source(run, LAYOUT, escapes=escapes)
            compile_function(source, "block", bus.memory, bus.read, bus.write)(core)
            if core.cycles == began:  # an access beyond RAM
                core.step()
        memory = bytes(bus.memory[DATA.start : DATA.stop] + bus.memory[STACK.start : STACK.stop])
        if (core.registers, memory) != (check.registers, check.memory):
            raise AssertionError("blocks differ from steps:\n" + "\n".join(check.listing) + f"\n{core.registers}")

    def _run_of(self, memory: bytearray, address: int, most: int) -> list[Instruction]:
        run: list[Instruction] = []
        while len(run) < min(most, 12):
            instruction = decode(memory, address)
            if instruction is None or (run and instruction.row.action in self.patches):
                break
            run.append(instruction)
            address = instruction.next
            if instruction.row.action in self.patches or instruction.row.action in ("JRA", "JP", "TRAP", "IRET", "INT"):
                break
            if instruction.row.action.startswith(("CALL", "RET", "JPF")):
                break
        return run


def shown(core: Cpu) -> str:
    return f"A={core.a:02X} X={core.x:04X} Y={core.y:04X} SP={core.sp:04X} CC={core.cc:02X}"


def apply(core: Cpu, instruction: Instruction, patches: dict[str, Patch], execute: Callable[[], None]) -> None:
    """Execute an instruction; then bring the core to what uCsim makes of it."""
    patch = patches.get(instruction.row.action)
    if patch is None:
        execute()
        return
    before = Cpu(core.bus)
    before.a, before.x, before.y, before.sp, before.cc, before.pc = core.a, core.x, core.y, core.sp, core.cc, core.pc
    execute()
    patch(core, before)


def _inverted_zero(core: Cpu, before: Cpu) -> None:
    divisor = before.y if core.m[before.pc] == 0x65 else before.a
    if divisor:
        core.zv = 0 if core.zv else 1
    else:
        core.cc = before.cc | 1


def _masked_below_level_3(core: Cpu, before: Cpu) -> None:
    if before.im in (0x08, 0x20):
        jump = core.m[before.pc + 1] == 0x2D
        core.pc = before.pc + 3 + (core.m[before.pc + 2] if jump else 0)
        core.cycles += 1 if jump else -1


# By action; each has its rows in ucsim/differences.csv.
PATCHES: dict[str, Patch] = {"DIV": _inverted_zero, "DIVW": _inverted_zero}
PATCHES |= {"JRM": _masked_below_level_3, "JRNM": _masked_below_level_3}


def example(row: dict[str, str], folder: Path) -> tuple[str, str]:
    """Execute a row of the table by both; return the registers after it, as the table has them."""
    bus = PlainBus(SIZE, LAYOUT)
    start, machine_code = int(row["at"], 16), bytes.fromhex(row["code"])
    a, x, y, cc = (int(row[name], 16) for name in ("a", "x", "y", "cc"))
    setting = code("LDW", "X,{m}", "#word", 0x17C0) + code("LDW", "SP,X", "") + code("LDW", "X,{m}", "#word", x)
    setting += code("LDW", "Y,{m}", "#word", y) + code("LD", "A,{m}", "#byte", a) + code("PUSH", "{m}", "#byte", cc)
    setting += code("POP", "CC", "")
    bus.memory[start - len(setting) : start + len(machine_code)] = setting + machine_code
    core = Cpu(bus)
    core.pc = start - len(setting)
    steps = 7 + int(row["steps"])
    for _ in range(steps):
        core.step()
    (folder / "program.hex").write_text(hex_text(bytes(bus.memory[0x8000:SIZE]), 0x8000))
    commands = [f'file "{folder / "program.hex"}"', f"pc 0x{start - len(setting):x}", f"step {steps}", "info registers"]
    theirs = registers(split(talk(commands, folder))[-1])
    assert theirs
    return _told(core.registers), _told(theirs)


def _told(state: tuple[int, ...]) -> str:
    return "PC={:05X} A={:02X} X={:04X} Y={:04X} SP={:04X} CC={:02X}".format(*state)


def trace(check: Check, program: Program, folder: Path) -> str:
    """Return the listing of a check up to the first instruction after which the registers differ."""
    (folder / "program.hex").write_text(hex_text(program.image, 0x8000))
    (folder / "ram.hex").write_text(hex_text(check.ram, 0))
    lines = [f'file "{folder / "program.hex"}"', f'file "{folder / "ram.hex"}"', f"pc 0x{check.start:x}"]
    states = [registers(piece) for piece in split(talk(lines + ["step 1"] * check.steps, folder))]
    for index, (pc, a, x, y, sp, flags) in enumerate(state for state in states[:-1] if state):
        theirs = f"A={a:02X} X={x:04X} Y={y:04X} SP={sp:04X} CC={flags:02X}"
        if index < 6:  # the registers are not set yet
            continue
        if not check.listing[index + 1].endswith(theirs) or not check.listing[index + 1].startswith(f"{pc:05X}"):
            return "\n".join([*check.listing[: index + 2], f"uCsim: {pc:05X} {theirs}"])
    return "\n".join([*check.listing, f"ours {check.registers}"])


def witness(program: Program, folder: Path) -> list[Optional[Answer]]:
    """Return what uCsim holds at each check; None where uCsim itself dies of one, of a corrupted heap."""
    (folder / "program.hex").write_text(hex_text(program.image, 0x8000))
    found: list[Optional[Answer]] = []
    while len(found) < len(program.checks):
        # uCsim 0.6.4 crashes with a corrupted heap in about one check of 400; then another one goes on after it.
        (folder / "ram.hex").write_text(hex_text(program.checks[len(found)].ram, 0))
        lines = [f'file "{folder / "program.hex"}"', f'file "{folder / "ram.hex"}"']
        for check in program.checks[len(found) :]:
            lines += [f"pc 0x{check.start:x}", f"step {check.steps}", *LOOK]
        more = answers(talk(lines, folder))
        found += more or [None]
    return found


def answers(output: str) -> list[Answer]:
    """Take apart what `info registers` and the dumps print."""
    found = []
    for piece in split(output):
        state = registers(piece)
        dump = dumped(piece)
        if state and len(dump) == len(DATA) + len(STACK):
            found.append((state, dump))
    return found

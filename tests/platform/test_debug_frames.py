"""Frames and places of variables in programs by a real SDCC, at every instruction that the simulator's core executes.

The truth about callers is a shadow stack, which follows calls and returns. The truth about arguments is in the source:
each function gets the same values in every call, and changes none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from debugged import LARGE, MEDIUM, MODELS, build
from pio import Core
from plain_bus import PlainBus
from stm8tool.debugger.program import SourceProgram
from stm8tool.debugger.scopes import Scopes
from stm8tool.dwarf import locations, reading
from stm8tool.dwarf.frames import ENTERED_BY_JUMP, NO_DATA, WIDE_RESULT, CpuState
from stm8tool.dwarf.types import value_of
from stm8tool.image import elf
from stm8tool.parts.table import find_part
from stm8tool.sim.cpu.core import Cpu
from stm8tool.sim.cpu.writer import MemoryLayout

pytestmark = pytest.mark.platform

PART = find_part("stm8s208rb")
LAYOUT = MemoryLayout(0x1800, 0x8000, 0x28000, 0, 0x17FF)
SIZE = 0x28000

MAIN_C = """\
#include <stdint.h>
volatile int16_t out;
volatile int32_t wide;
volatile uint8_t small;
volatile float real;
volatile uint8_t trapped;
void assembler(void);

static int16_t last(int16_t a) { small = 1; return a + out; }

int16_t byte_and_word(uint8_t a, int16_t b)
{
    out = b;
    small = a;
    return last(b) + a;
}

int16_t popping(int16_t a, int16_t b, uint8_t c)
{
    out = a;
    small = c;
    out = last(b);
    return b - a + c;
}

uint8_t popping_bytes(uint8_t a, uint8_t b)
{
    small = a;
    if (last(b) == 3)
        small = 9;
    return a ^ b;
}

int32_t long_result(int32_t a, int16_t b)
{
    int32_t sum = a;
    wide = a;
    sum += last(b);
    return sum + wide;
}

int64_t wide_result(int16_t a)
{
    out = a;
    small = 4;
    return 5;
}

float real_result(float a, uint8_t b)
{
    real = a;
    small = b;
    return a * 2.0f;
}

int16_t spilled(int16_t a, uint8_t b)
{
    int16_t sum = 0;
    uint8_t i;
    for (i = 0; i < 3; i++)
        sum += last(a) + b + i;
    out = sum;
    return sum;
}

uint8_t deep(uint8_t a)
{
    if (small == 77)
        return 0;
    small = 77;
    return deep(5) + a;
}

void on_trap(void) __trap
{
    uint8_t seen = trapped;
    trapped = seen + 1;
    out = last(7);
}

void main(void)
{
    for (;;) {
        out = byte_and_word(18, -1234);
        out = popping(291, -5, 200);
        small = popping_bytes(17, 34);
        wide = long_result(-70000, 4321);
        out = (int16_t)wide_result(999);
        real = real_result(1.5f, 66);
        out = spilled(2222, 11);
        small = 0;
        small = deep(5);
        __asm__("trap");
        assembler();
    }
}
"""
ASSEMBLER_S = """\
\t.globl _assembler
\t.area CODE
_assembler:
\tpush a
\tnop
\tpop a
\tRETURN
"""
ARGUMENTS: dict[str, dict[str, float]] = {
    "byte_and_word": {"a": 18, "b": -1234},
    "popping": {"a": 291, "b": -5, "c": 200},
    "popping_bytes": {"a": 17, "b": 34},
    "long_result": {"a": -70000, "b": 4321},
    "wide_result": {"a": 999},
    "real_result": {"a": 1.5, "b": 66},
    "spilled": {"a": 2222, "b": 11},
    "deep": {"a": 5},
}
# 44 KB of constants before the code lift it above 0xFFFF.
HIGH_C = """\
const char first[20000] = {1};
const char second[14000] = {2};
volatile char sink;
void touch(void) { sink = first[1]; sink = second[2]; }
"""
MOST = 6000  # instructions: several rounds of the loop in main


class Moment(NamedTuple):
    """The CPU before one instruction, and where its function and the callers of that return to."""

    state: CpuState
    returns: tuple[tuple[int, int], ...]  # PC and SP after each return, the innermost one first


class Run:
    """One program that executes on the core."""

    def __init__(self, file: Path) -> None:
        content = file.read_bytes()
        bus = PlainBus(SIZE, LAYOUT)
        for section in elf.sections(content):
            if not section.is_ram(PART.ram.size):
                bus.memory[section.address : section.address + len(section.data)] = section.data
        self.memory = bus.memory
        self.core = Cpu(bus)
        self.program = SourceProgram(reading.load(str(file)), PART, [])
        self.scopes = Scopes(self.program, self.read)

    def read(self, address: int, count: int) -> bytes:
        return bytes(self.memory[address : address + count])

    def moments(self) -> Iterator[Moment]:
        """Execute, and keep a shadow stack: where each call and trap will return to."""
        core, shadow = self.core, list[tuple[int, int]]()
        while core.pc != elf.symbols(self.program.data.content)["_main"]:
            core.step()
        for _ in range(MOST):
            pc, a, x, y, sp, cc = core.registers
            yield Moment(CpuState(pc, sp, a, x, y, cc), tuple(reversed(shadow)))
            code = self.read(pc, 4)
            opcode = code[1] if code[0] in (0x72, 0x90, 0x91, 0x92) else code[0]
            core.step()
            if opcode in (0xCD, 0xAD, 0xDD, 0xED, 0xFD):
                shadow.append((int.from_bytes(self.read(core.sp + 1, 2), "big"), sp))
            elif opcode == 0x8D:
                shadow.append((int.from_bytes(self.read(core.sp + 1, 3), "big"), sp))
            elif code[0] == 0x83:
                shadow.append((pc + 1, sp))
            elif shadow and core.pc == shadow[-1][0] and core.sp >= shadow[-1][1]:
                shadow[-1] = (shadow[-1][0], core.sp)
                shadow.pop()


@pytest.fixture(scope="module", params=["4.2", "newer"])
def sdcc(request: pytest.FixtureRequest) -> str:
    core: Core = request.getfixturevalue("core" if request.param == "4.2" else "newer")
    return core.sdcc()


@pytest.fixture(params=[MEDIUM, LARGE, "above 64 K"])
def run(sdcc: str, tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    model = MEDIUM if request.param == MEDIUM else LARGE
    sources = {"main.c": MAIN_C, "assembler.s": ASSEMBLER_S.replace("RETURN", "ret" if model == MEDIUM else "retf")}
    if request.param == "above 64 K":
        sources = {"high.c": HIGH_C, **sources}
    return Run(build(sdcc, tmp_path, sources, model=model))


def test_the_caller_is_right_or_said_to_be_unknown_at_every_instruction(run: Run) -> None:
    known = 0
    reasons: dict[str, set[str]] = {}
    for state, returns in run.moments():
        trace = run.program.unwinder.backtrace(state, run.read, PART.ram.end)
        frames = trace.frames
        found = [frame.state.pc for frame in frames[1:]]
        assert found == [pc for pc, _ in returns[: len(found)]], (hex(state.pc), trace.end)
        known += len(found)
        innermost = frames[-1].function
        reasons.setdefault(trace.end, set()).add(innermost.name if innermost else "")
    assert known > 2000, (known, reasons, run.core.registers, run.core.stopped)
    assert set(reasons) <= {ENTERED_BY_JUMP, WIDE_RESULT, NO_DATA}
    assert reasons[ENTERED_BY_JUMP] == {"main"}
    assert reasons[WIDE_RESULT] == {"wide_result"}
    assert reasons[NO_DATA] == {""}


def test_the_stack_pointer_of_the_caller_is_the_one_after_the_return(run: Run) -> None:
    """Functions that pop their arguments leave it higher than the call found it."""
    expected: dict[tuple[int, int], int] = {}
    claimed: dict[tuple[int, int], set[int]] = {}
    for state, returns in run.moments():
        frames = run.program.unwinder.backtrace(state, run.read, PART.ram.end).frames
        if len(frames) > 1:
            claimed.setdefault((len(returns), frames[1].state.pc), set()).add(frames[1].state.sp)
        for depth in (len(returns) + 1,):
            expected[depth, state.pc] = state.sp
    checked = [key for key in claimed if key in expected]
    assert len(checked) > 8
    assert {key: claimed[key] for key in checked} == {key: {expected[key]} for key in checked}


def test_an_argument_is_right_or_said_to_be_unknown_at_every_instruction(run: Run) -> None:
    shown: dict[tuple[str, str], int] = {}
    hidden: dict[tuple[str, str], set[str]] = {}
    for state, _ in run.moments():
        for frame in run.program.unwinder.backtrace(state, run.read, PART.ram.end).frames:
            function = frame.function
            if function is None or function.name not in ARGUMENTS:
                continue
            for name, value in ARGUMENTS[function.name].items():
                operand = run.scopes.operand(run.scopes.locals_of(frame)[name], frame)
                key = function.name, name
                if operand.unknown:
                    hidden.setdefault(key, set()).add(operand.unknown)
                    continue
                assert operand.type is not None
                assert value_of(operand.type, operand.data) == value, (key, hex(state.pc), hex(frame.state.pc))
                shown[key] = shown.get(key, 0) + 1
    assert len(shown) >= 11
    known = {
        *(locations.AT_ENTRY_ONLY, locations.NOT_STORED_YET, locations.NOT_THERE_YET),
        *(locations.FRAME_UNKNOWN, locations.OPTIMISED_AWAY, locations.REMOVED),
    }
    assert {reason for reasons in hidden.values() for reason in reasons} <= known
    assert locations.AT_ENTRY_ONLY in {reason for reasons in hidden.values() for reason in reasons}


def test_every_function_has_its_whole_range(run: Run) -> None:
    symbols = elf.symbols(run.program.data.content)
    functions = run.program.functions.all
    assert {function.name for function in functions} >= {"main", "last", "on_trap", *ARGUMENTS}
    for function in functions:
        if f"_{function.name}" in symbols:
            assert function.start == symbols[f"_{function.name}"]
        last = run.program.lines.at(function.end - 1)
        assert last is not None, function.name
        assert last.end == function.end, function.name


@pytest.mark.parametrize("model", MODELS)
def test_the_model_is_seen_in_the_code(sdcc: str, tmp_path: Path, model: str) -> None:
    sources = {"main.c": MAIN_C, "assembler.s": ASSEMBLER_S.replace("RETURN", "ret")}
    run = Run(build(sdcc, tmp_path, sources, model=model))
    assert run.program.return_size == (2 if model == MEDIUM else 3)


def test_a_variable_of_a_removed_name_is_not_guessed(sdcc: str, tmp_path: Path) -> None:
    text = "volatile char out;\nvoid main(void)\n{\n    char gone = 3;\n    out = gone;\n    for (;;) ;\n}\n"
    run = Run(build(sdcc, tmp_path, {"main.c": text}))
    main = run.program.functions.named("main")[0]
    frame = run.program.unwinder.backtrace(CpuState(main.start, 0x17FF, 0, 0, 0, 0), run.read, PART.ram.end).frames[0]
    found = run.scopes.locals_of(frame)
    assert "gone" in found
    assert run.scopes.operand(found["gone"], frame).unknown

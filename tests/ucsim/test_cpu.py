"""Our core compared with Debian's uCsim: random instructions, and programs that SDCC compiles."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from intelhex import IntelHex

import lockstep
import ucsim_talk
from plain_bus import PlainBus
from stm8tool.sim.cpu.core import Cpu
from stm8tool.sim.cpu.opcodes import TABLE

pytestmark = pytest.mark.ucsim

INSTRUCTIONS = 200_000
IN_EACH = 60  # instructions between two comparisons
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.c"))
LARGE = {"large.c"}


def test_random_instructions_come_to_what_ucsim_makes_of_them(tmp_path: Path) -> None:
    compared, seed, executed = 0, 0, set()
    while compared < INSTRUCTIONS:
        seed += 1
        program = lockstep.Program(seed, lockstep.PATCHES, blocks=3)
        program.fill(INSTRUCTIONS, IN_EACH)
        answers = lockstep.witness(program, tmp_path)
        # None means that uCsim itself crashed, which hides all that comes after it.
        assert answers.count(None) <= len(answers) // 50, f"uCsim died {answers.count(None)} times"
        for check, answer in zip(program.checks, answers):
            if answer is not None and answer != (check.registers, check.memory):
                pytest.fail(f"seed {seed}:\n{lockstep.trace(check, program, tmp_path)}")
            compared += check.steps if answer else 0
        executed |= program.seen.keys()
    assert executed == {row.action for row in TABLE.values()} - lockstep.APART


@pytest.mark.parametrize("row", lockstep.differences(), ids=lambda row: f"{row['instruction']} CC={row['cc']}")
def test_a_listed_difference_is_as_the_table_has_it(row: dict[str, str], tmp_path: Path) -> None:
    assert lockstep.example(row, tmp_path) == (row["ours"], row["ucsim"])


def test_each_instruction_that_is_patched_in_random_programs_is_listed() -> None:
    assert lockstep.PATCHES.keys() <= {row["action"] for row in lockstep.differences()}


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda source: source.stem)
def test_a_compiled_program_leaves_the_same_memory_and_registers(source: Path, tmp_path: Path) -> None:
    model = ["--model-large"] if source.name in LARGE else []
    output = tmp_path / "program.ihx"
    subprocess.run(["sdcc", "-mstm8", *model, str(source), "-o", str(output)], check=True, capture_output=True)
    bus = PlainBus(lockstep.SIZE, lockstep.LAYOUT)
    image = IntelHex(str(output))
    for start, end in image.segments():
        bus.memory[start:end] = image.tobinarray(start=start, end=end - 1).tobytes()
    core = Cpu(bus)
    core.run(50_000_000)
    assert core.stopped == "BREAK"

    (tmp_path / "ram.hex").write_text(ucsim_talk.hex_text(bytes(lockstep.LAYOUT.ram_end), 0))
    ram_end = lockstep.LAYOUT.ram_end
    commands = [f'file "{output}"', f'file "{tmp_path / "ram.hex"}"', "run 0x8000", "info registers"]
    commands.append(f"dump /h rom 0x0 0x{ram_end - 1:x} 64")
    last = ucsim_talk.split(ucsim_talk.talk(commands, tmp_path))[-1]
    theirs = ucsim_talk.registers(last)
    assert theirs is not None
    assert core.registers[1:] == theirs[1:]  # all but the PC: uCsim stays on BREAK
    memory = ucsim_talk.dumped(last)
    assert len(memory) == ram_end
    assert bytes(bus.memory[:ram_end]) == memory
    assert any(memory[:0x200])  # the program has written something

"""The code that SDCC makes, executed by our own core: seeded random programs, and the reduced kinds of wrong code."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

import pytest

from sdcc import interrupts
from sdcc.machine import OPTIONS, OUT, RefusedError, compile_c, loaded, results
from sdcc.programs import Maker, Program

pytestmark = pytest.mark.sdcc

HERE = Path(__file__).parent
PROGRAMS, FUNCTIONS = 200, 2


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def outcome(row: dict[str, str], code: str, folder: Path) -> str:
    """Return the results of a kind's program in hex, or its accesses to registers."""
    text = f'{OUT}{row["declarations"]}\nvoid main(void) {{ {code} __asm__("break"); for (;;) ; }}\n'
    image = compile_c(text, row["options"].split(), folder)
    if "PUT" in code:
        return " ".join(f"{value:x}" for value in results(image))
    core = loaded(image)
    core.run(100_000)
    assert core.stopped == "BREAK"
    return " ".join(f"{way}{at:04x}" + (f"={byte:02x}" if way == "w" else "") for way, at, byte in core.bus.accesses)


def is_4_2_0() -> bool:
    return " 4.2.0 " in subprocess.run(["sdcc", "--version"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("row", rows("kinds.csv"), ids=lambda row: f"{row['kind']}: {row['code']}")
def test_a_reduced_kind_comes_out_as_the_table_has_it(row: dict[str, str], tmp_path: Path) -> None:
    found = outcome(row, row["code"], tmp_path)
    if is_4_2_0():
        assert found == row["sdcc"]
    else:
        assert found in (row["sdcc"], row["c"])  # a later SDCC may be right


@pytest.mark.parametrize("row", rows("kinds.csv"), ids=lambda row: f"{row['kind']}: {row['right']}")
def test_the_spelling_beside_a_kind_comes_out_right(row: dict[str, str], tmp_path: Path) -> None:
    assert outcome(row, row["right"], tmp_path) == row["c"]


def option_of(seed: int) -> str:
    """The options with which a seed is compiled; 10000 takes too long for this test."""
    names = [name for name in OPTIONS if name != "10000"]
    return names[seed % len(names)]


def found_by_sdcc(program: Program, option: str, folder: Path) -> Optional[list[int]]:
    """Return the results, or None if SDCC refuses the program."""
    folder.mkdir()
    try:
        return results(compile_c(program.text(), OPTIONS[option], folder))
    except RefusedError:
        return None


def test_random_programs_come_out_as_the_standard_has_it(tmp_path: Path) -> None:
    listed = {int(row["seed"]) for row in rows("wrong.csv")}
    seeds = [seed for seed in range(1, PROGRAMS + 1 + len(listed)) if seed not in listed]
    programs = [Maker(seed).program(FUNCTIONS) for seed in seeds]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        futures = [
            threads.submit(found_by_sdcc, program, option_of(seed), tmp_path / str(seed))
            for seed, program in zip(seeds, programs)
        ]
        wrong = [
            seed for seed, program, future in zip(seeds, programs, futures) if future.result() != program.expected()
        ]
    assert len(seeds) == PROGRAMS
    assert not wrong


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_evaluator_agrees_with_the_compiler_of_the_host(seed: int, tmp_path: Path) -> None:
    """Every operation is cast to the type that it has with 16-bit int, so that the host's wider int changes nothing."""
    from sdcc.host import host_text

    assert shutil.which("gcc"), "gcc is needed"
    program = Maker(seed).program(6)
    source, output = tmp_path / "program.c", tmp_path / "program"
    source.write_text(host_text(program))
    subprocess.run(["gcc", "-w", "-fwrapv", "-O0", source, "-o", output], check=True, capture_output=True)
    printed = subprocess.run([output], check=True, capture_output=True, text=True).stdout.split()
    assert [int(word, 16) for word in printed] == program.expected()


@pytest.mark.parametrize("option", ["default", "speed", "100", "large"])
def test_an_interrupt_after_every_instruction_changes_nothing(option: str, tmp_path: Path) -> None:
    alone, disturbed, count = interrupts.compared(2, OPTIONS[option], tmp_path)
    assert count > 100
    assert disturbed == alone

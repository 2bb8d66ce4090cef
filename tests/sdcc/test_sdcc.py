"""The code that SDCC makes, executed by our own core: seeded random programs. For the known kinds see test_kinds.py."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

import pytest

from sdcc import fuzz, interrupts
from sdcc.machine import OPTIONS, RefusedError, compile_c, results
from sdcc.programs import Maker, Program

pytestmark = pytest.mark.sdcc

HERE = Path(__file__).parent
PROGRAMS, FUNCTIONS = 200, 2
MORE_PROGRAMS = 20  # of each kind that is not plain C


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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


@pytest.mark.parametrize("programs", ["assembler", "handler", "library"])
def test_random_programs_with_more_than_plain_c_come_out_right_or_the_search_says_why(programs: str) -> None:
    names = [name for name in OPTIONS if name != "10000"]
    work = fuzz.Work(programs, False, True, "", names, FUNCTIONS, False)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        outcomes = list(threads.map(lambda seed: fuzz.outcome(seed, work), range(1, MORE_PROGRAMS + 1)))
    assert [one for one in outcomes if one.state == "wrong" and not one.explained] == []
    assert sum(one.state == "right" for one in outcomes) > 0.8 * MORE_PROGRAMS  # SDCC refuses one or two
    assert sum(one.checks for one in outcomes) > 10 * MORE_PROGRAMS
    assert programs != "handler" or sum(one.interrupts for one in outcomes) > MORE_PROGRAMS

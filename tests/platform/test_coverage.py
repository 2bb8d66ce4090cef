"""`sim run --coverage` and `--hot-spots` over a program by a real SDCC."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugged import build, line_of
from documents import read, section
from pio import Core, Project, stm8tool

pytestmark = pytest.mark.platform

MAIN_C = """\
#include "clamp.h"
#define UART1(n) (*(volatile unsigned char *)(0x5230 + n))
volatile unsigned char total, unused;

static void put(char letter)
{
    UART1(1) = letter;
    while (!(UART1(0) & 0x40))
        ;
}

void never(void)
{
    unused = 1;
}

void main(void)
{
    unsigned char i;
    UART1(3) = 0x11;
    UART1(2) = 0x06;
    UART1(5) = 0x08;
    for (i = 0; i < 10; i++)
        total += clamp(i);
    put('k');
    if (total == 0)
        never();
    for (;;)
        ;
}
"""
CLAMP_H = "unsigned char clamp(unsigned char value);\n"
CLAMP_C = """\
#include "clamp.h"
unsigned char clamp(unsigned char value)
{
    if (value > 6)
        return 6;
    return value + 1;
}
"""
SOURCES = {"src/main.c": MAIN_C, "src/clamp.h": CLAMP_H, "src/clamp.c": CLAMP_C}


@pytest.fixture
def board(core: Core, tmp_path: Path) -> Path:
    """A folder with program.elf, and board.chip that holds the program."""
    build(core.sdcc(), tmp_path, SOURCES)
    stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=tmp_path)
    done = stm8tool("--probe", "sim:board.chip", "--part", "stm8s103f3", "write", "program.elf", cwd=tmp_path)
    assert done.code == 0, done.output
    return tmp_path


def run(folder: Path, *words: str, code: int = 0) -> str:
    done = stm8tool("sim", "run", "board.chip", "--elf", "program.elf", *words, cwd=folder)
    assert done.code == code, done.output
    return done.output


def records(folder: Path, file: str) -> dict[str, dict[str, int]]:
    """Return the lines and the functions of a file, with their counts, from coverage.info."""
    text = (folder / "coverage.info").read_text(encoding="utf-8")
    (one,) = [block for block in text.split("end_of_record\n") if f"SF:{file}\n" in block]
    found: dict[str, dict[str, int]] = {"DA": {}, "FNDA": {}}
    for line in one.splitlines():
        kind, _, rest = line.partition(":")
        first, _, second = rest.partition(",")
        if kind == "DA":
            found[kind][first] = int(second)
        elif kind == "FNDA":
            found[kind][second] = int(first)
    return found


def test_the_lines_that_ran_are_counted_and_the_others_are_0(board: Path) -> None:
    said = run(board, "--until-uart", "k", "--coverage", "coverage.info")
    assert "lines with code were executed" in said
    main, clamp = records(board, "src/main.c"), records(board, "src/clamp.c")

    def of(words: str, source: str = MAIN_C) -> int:
        return (main if source is MAIN_C else clamp)["DA"][str(line_of(source, words))]

    assert of("total += clamp") == 10
    assert of("UART1(1) = letter") == 1
    assert of("unused = 1") == 0
    assert of("if (value > 6)", CLAMP_C) == 10
    assert of("return 6", CLAMP_C) == 3
    assert of("return value + 1", CLAMP_C) == 7
    assert main["FNDA"] == {"put": 1, "never": 0, "main": 1}
    assert clamp["FNDA"] == {"clamp": 10}


def test_hot_spots_are_functions_and_lines_with_their_cycles(board: Path) -> None:
    lines = run(board, "--until-uart", "k", "--hot-spots").splitlines()
    functions = lines.index(next(line for line in lines if "calls" in line))
    places = lines.index(next(line for line in lines if "times" in line))
    assert functions < places
    tables = lines[functions + 1 : places], lines[places + 1 :]
    (put,) = [line.split() for line in tables[0] if line.endswith(" put")]
    assert put[3:] == ["1", f"src/main.c:{line_of(MAIN_C, 'UART1(1) = letter')}", "put"]
    waits = f"src/main.c:{line_of(MAIN_C, 'while (!(UART1')}"
    assert waits in tables[1][0]  # the program mostly waits for its UART
    cycles = [int(line.split()[0]) for line in tables[0] if line.split()[0].isdigit()]
    assert cycles == sorted(cycles, reverse=True)


def test_a_run_that_fails_leaves_its_coverage_too(board: Path) -> None:
    run(board, "--until-uart", "nothing", "--for", "20ms", "--coverage", "coverage.info", code=1)
    assert records(board, "src/clamp.c")["FNDA"] == {"clamp": 10}


def test_a_board_with_another_program_is_refused(board: Path) -> None:
    (board / "src" / "clamp.c").write_text(CLAMP_C.replace("6", "7"), encoding="utf-8")
    stm8tool("--probe", "sim:board.chip", "--part", "stm8s103f3", "erase", cwd=board)
    said = run(board, "--for", "1ms", "--coverage", "coverage.info", code=1)
    assert "the board holds another program than program.elf [E-OTHER-BUILD]" in said
    assert not (board / "coverage.info").exists()


def test_the_commands_of_the_page_measure_a_project(project: Project) -> None:
    project.source(MAIN_C)
    project.source(CLAMP_C, "clamp.c")
    project.source(CLAMP_H, "clamp.h")
    project.configure("stm8sblue\nbuild_type = debug")
    built = project.run()
    assert built.code == 0, built.output
    commands = [
        line for line in section(read("docs/testing.md"), "Coverage").splitlines() if line.startswith("stm8tool ")
    ]
    assert len(commands) == 3
    for command in commands:
        done = stm8tool(*command.split()[1:], cwd=project.folder)
        assert done.code == 0, done.output
    assert "src/clamp.c:" in done.output
    assert "SF:src/main.c\n" in (project.folder / "coverage.info").read_text(encoding="utf-8")

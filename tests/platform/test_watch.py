"""Live variables of programs that the real SDCC compiles, on simulated chips; docs/watch.md as a newcomer copies it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from documents import examples, read
from pio import ROOT, Core, Project, Result, stm8tool

pytestmark = pytest.mark.platform

PAGE = read("docs/watch.md")
BLOCKS = re.findall(r"^```(ini|c)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

# Everything that a program can have. `main` ends in a loop that changes only `beat`.
PROGRAM = """
#include <stdint.h>
#include <stdbool.h>
enum colour { RED, GREEN = 5, BLUE };
struct motor { int16_t speed; uint8_t on : 1; uint8_t mode : 3; uint16_t level : 10; uint8_t history[3]; };
union both { uint32_t all; uint8_t bytes[4]; };
volatile uint8_t beat;
volatile uint16_t word = 0xBEEF;
volatile int16_t temperature = -40;
volatile uint32_t big = 0xDEADBEEF;
volatile int32_t deep = -100000;
uint64_t huge = 0x123456789ABCDEF0;
volatile int8_t small = -3;
char letter = 'A';
bool ready = true;
float ratio = 0.5f;
enum colour colour = GREEN;
int16_t temp[4] = {1, -2, 3, -4};
uint8_t grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
struct motor motor = {300, 1, 5, 700, {7, 8, 9}};
struct motor fleet[2] = {{1}, {2}};
struct motor *current;
uint8_t *bytes;
union both both = {0x01020304};
const uint8_t table[4] = {9, 8, 7, 6};
static uint8_t state = 11;
extern uint8_t other(void);
uint8_t step(void) { static uint8_t calls; return calls += 42; }
void main(void)
{
    current = &fleet[1];
    bytes = grid[1];
    beat = step() + other() + state;
    for (;;) { ++beat; }
}
"""
OTHER = """
#include <stdint.h>
static uint8_t state = 22;
uint8_t other(void) { return state; }
"""
VALUES = {
    "word": 0xBEEF,
    "temperature": -40,
    "big": 0xDEADBEEF,
    "deep": -100000,
    "huge": 0x123456789ABCDEF0,
    "small": -3,
    "letter": 65,
    "ready": True,
    "ratio": 0.5,
    "colour": 5,
    "temp": [1, -2, 3, -4],
    "temp[1]": -2,
    "grid": [[1, 2, 3], [4, 5, 6]],
    "grid[1][2]": 6,
    "motor": {"speed": 300, "on": 1, "mode": 5, "level": 700, "history": [7, 8, 9]},
    "motor.level": 700,
    "motor.history[1]": 8,
    "*current": {"speed": 2, "on": 0, "mode": 0, "level": 0, "history": [0, 0, 0]},
    "current->speed": 2,
    "bytes[2]": 6,
    "both": {"all": 0x01020304, "bytes": [1, 2, 3, 4]},
    "table": [9, 8, 7, 6],
    "main.c:state": 11,
    "other.c:state": 22,
    "step:calls": 42,
}


class Chip:
    """A project whose program is on a simulated board."""

    def __init__(self, project: Project, board: str, part: str, model: str, options: str = "") -> None:
        self.project = project
        self.board = board
        self.words = ["--probe", "sim:board.chip", "--part", part]
        project.configure(f"{board}\nbuild_type = debug\nupload_port = sim:board.chip\n{options}")
        created = stm8tool(
            "sim", "create", "board.chip", "--part", part, "--probe", model, "--force", cwd=project.folder
        )
        assert created.code == 0, created.output
        uploaded = project.run("upload")
        assert uploaded.code == 0, uploaded.output

    def run(self, command: str, *words: str) -> Result:
        elf = str(self.project.built("firmware.elf", self.board))
        return stm8tool(*self.words, command, elf, *words, cwd=self.project.folder)

    def values(self, *names: str) -> dict[str, object]:
        """Return the values of one sample."""
        result = self.run("watch", *names, "--count", "1", "--events")
        assert result.code == 0, result.output
        events = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
        (found,) = [event["values"] for event in events if event["event"] == "sample"]
        return found


@pytest.fixture
def full(project: Project) -> Project:
    """A project with the two files."""
    project.source(PROGRAM)
    (project.folder / "src" / "other.c").write_text(OTHER, encoding="utf-8")
    return project


@pytest.mark.parametrize(
    ("board", "part", "model", "options"),
    [
        ("stm8sblue", "stm8s103f3", "v2", ""),
        ("nucleo_8s208rb", "stm8s208rb", "v3", "board_build.memory_model = large"),
        ("nucleo_8l152r8", "stm8l152r8", "v3", ""),
        ("nucleo_8l152r8", "stm8l152r8", "v2", "board_build.memory_model = large"),
    ],
)
def test_every_kind_of_variable_has_its_value_and_takes_a_new_one(
    full: Project, board: str, part: str, model: str, options: str
) -> None:
    _reads_and_sets(Chip(full, board, part, model, options))


@pytest.mark.parametrize("model", ["medium", "large"])
def test_so_it_is_with_a_newer_sdcc(newer: Core, tmp_path: Path, model: str) -> None:
    project = Project(newer, tmp_path)
    project.source(PROGRAM)
    (project.folder / "src" / "other.c").write_text(OTHER, encoding="utf-8")
    _reads_and_sets(Chip(project, "stm8sblue", "stm8s103f3", "v3", f"board_build.memory_model = {model}"))


def _reads_and_sets(chip: Chip) -> None:
    assert chip.values(*VALUES) == VALUES
    first, second = chip.values("beat"), chip.values("beat")
    assert first != second

    settings = ["word=1", "temperature=-2", "huge=3", "ratio=-2.5", "temp[3]=0x7FFF", "motor.on=0", "motor.level=341"]
    settings += ["current->speed=-7", "bytes[0]='x'", "other.c:state=99", "ready=false"]
    result = chip.run("set", *settings)
    assert result.code == 0, result.output
    after = chip.values(*VALUES)
    assert after == {
        **VALUES,
        "word": 1,
        "temperature": -2,
        "huge": 3,
        "ratio": -2.5,
        "ready": False,
        "temp": [1, -2, 3, 0x7FFF],
        "grid": [[1, 2, 3], [ord("x"), 5, 6]],
        "motor": {"speed": 300, "on": 0, "mode": 5, "level": 341, "history": [7, 8, 9]},
        "motor.level": 341,
        "*current": {"speed": -7, "on": 0, "mode": 0, "level": 0, "history": [0, 0, 0]},
        "current->speed": -7,
        "other.c:state": 99,
    }


def test_a_build_without_debug_information_and_another_build_are_refused(full: Project) -> None:
    chip = Chip(full, "stm8sblue", "stm8s103f3", "v2")
    full.configure("stm8sblue\nupload_port = sim:board.chip")
    assert full.run().code == 0
    plain = chip.run("watch", "beat")
    assert plain.output.splitlines()[-1].endswith("firmware.elf has no debug information [E-NO-DWARF]")
    full.source(PROGRAM.replace("state = 11", "state = 12"))
    full.configure("stm8sblue\nbuild_type = debug\nupload_port = sim:board.chip")
    assert full.run().code == 0
    other = chip.run("watch", "beat")
    assert re.search(r"another program than .*firmware\.elf \[E-OTHER-BUILD\]$", other.output.splitlines()[-1])


def test_what_a_program_does_not_have_is_told(full: Project) -> None:
    chip = Chip(full, "stm8sblue", "stm8s103f3", "v2")
    for name, message in {
        "state": "'state' is the name of 2 variables",
        "calls": "calls",
        "temperatur": "no variable 'temperatur'",
        "temp[4]": "outside of an array with 4 elements",
    }.items():
        result = chip.run("watch", name, "--count", "1")
        assert message in result.output
        assert (result.code == 0) == (name == "calls"), result.output


def test_without_unused_code_the_variables_are_those_that_are_left(full: Project) -> None:
    full.source(PROGRAM + "uint8_t lonely = 77;\nuint8_t never(void) { static uint8_t gone; return gone + lonely; }\n")
    chip = Chip(full, "stm8sblue", "stm8s103f3", "v2", "board_build.remove_unused = yes")
    assert chip.values("word", "step:calls", "main.c:state") == {"word": 0xBEEF, "step:calls": 42, "main.c:state": 11}
    dropped = chip.run("watch", "table")
    assert "table has no place in this program: it was optimised away" in dropped.output


# -- the page --------------------------------------------------------------------------------------------------------


def test_the_page_takes_a_newcomer_to_a_plotted_variable(project: Project) -> None:
    (_, ini), (_, program) = BLOCKS
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    project.source(program)
    used = []
    for example in examples(PAGE):
        words = shlex.split(example.command)
        result = project.typed(example.command)
        if "--plot" in words and importlib.util.find_spec("matplotlib") is None:
            # matplotlib is not a dependency: the page says that the command then tells how to install it
            assert result.code == 7
            assert "-m pip install matplotlib\n" in result.output
        else:
            assert result.code == 0, result.output
            assert example.fits(result.output), result.output
        if "--plot" in words and result.code == 0:
            assert b"motor.speed" in Path(project.folder, "speed.svg").read_bytes()
        used.append(next(word for word in words if word in ("create", "upload", "watch", "set")))
    assert used == ["create", "upload", "watch", "watch", "set"]


def test_the_python_program_of_the_page_reads_and_sets(project: Project) -> None:
    (_, ini), (_, program) = BLOCKS
    (python,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    project.source(program)
    assert stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder).code == 0
    assert project.run("upload").code == 0
    done = subprocess.run(
        [sys.executable, "-c", python],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tool")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert re.fullmatch(r"counter \d+\ngain 20\n", done.stdout), done.stderr


def test_the_names_of_the_page_are_those_of_its_program(project: Project) -> None:
    (_, ini), (_, program) = BLOCKS
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    project.source(program)
    assert project.run().code == 0
    listed = stm8tool("--part", "stm8s103f3", "watch", str(project.built("firmware.elf")), "--list", cwd=project.folder)
    assert [line.split()[0] for line in listed.output.splitlines()] == ["counter", "gain", "motor", "table", "temp"]

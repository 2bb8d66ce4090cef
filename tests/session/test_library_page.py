"""The programs of docs/api.md as they stand there, and the names that the page lists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import stm8tool
from documents import Example, first_cells, read, run
from pio import ROOT
from session.library_desk import FIRMWARE, PART, board
from stm8tool.probe.stlink import find
from stm8tool.sim import bus, store

PAGE = read("docs/api.md")
PROGRAMS: dict[str, tuple[str, str]] = {
    name: (program, shown)
    for name, program, shown in re.findall(
        r"^### (.*?)\n.*?^```python\n(.*?)^```\n\n```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    )
}
BOARDS: dict[str, Sequence[Sequence[str]]] = {"Test rig": [(), ("unpowered",), ("dead-block=0x8040",)]}
OPTIONS = {"Options": ["UBC=0x02"]}


# -- the page --------------------------------------------------------------------------------------------------------


def test_there_are_five_programs() -> None:
    assert list(PROGRAMS) == ["Flash", "Back up", "Options", "Production with serial numbers", "Test rig"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_stands_below_it(desk: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Simulated probes are where this machine's USB would be; not a letter of the program is another."""
    Path("usb").mkdir()
    for number, faults in enumerate(BOARDS.get(name, [()])):
        options = OPTIONS.get(name, [])
        store.create(f"usb/{number}.chip", stm8tool.find_part(PART), "v2", faults=faults, options=options)
    files = bus.attach("usb")[0].chip_files
    attached = bus.SimBus({path.partition("#")[2]: desk / file for path, file in files.items()}, "")
    monkeypatch.setattr(find, "system_bus", lambda: attached)
    program, expected = PROGRAMS[name]

    def ran(_words: list[str]) -> int:
        exec(compile(program, f"docs/api.md, {name}", "exec"), {"__name__": "__main__"})
        return 0

    _, shown = run([], ran)
    assert Example(name, expected).fits(shown), shown


def test_the_programs_have_types_that_fit(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    files = []
    for number, (program, _) in enumerate(PROGRAMS.values()):
        files.append(tmp_path / f"program_{number}.py")
        files[-1].write_text(program, encoding="utf-8")
    files.append(tmp_path / "wrong.py")
    files[-1].write_text("import stm8tool\nstm8tool.open(part=7)\nstm8tool.opne()\n", encoding="utf-8")
    settings = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache"))
    command = [sys.executable, "-I", "-m", "mypy", *settings, *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    found = [line.partition(".py:")[2] for line in done.stdout.splitlines() if "wrong.py:" in line]
    assert [line.rpartition("  ")[2] for line in found] == ["[arg-type]", "[attr-defined]"], done.stdout + done.stderr
    assert done.stdout.count(": error: ") == 2, done.stdout


def test_the_first_lines_of_the_page_and_of_the_package_are_a_program(desk: Path) -> None:
    lines = re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert lines
    assert re.sub(r"^ {4}", "", stm8tool.__doc__ or "", flags=re.MULTILINE).count(lines[1]) == 1
    board()
    exec(lines[1].replace('"stlink"', '"sim:board.chip"'), {})
    with stm8tool.open("sim:board.chip", part=PART) as chip:
        assert chip.read()[: len(FIRMWARE)] == FIRMWARE


def test_every_name_of_the_library_is_on_the_page_and_no_other() -> None:
    named = [name for cell in first_cells(PAGE) for name in cell.split(", ")]
    assert sorted(named) == sorted(stm8tool.__all__)


@pytest.mark.parametrize("name", stm8tool.__all__)
def test_every_name_of_the_library_is_there_and_has_a_docstring(name: str) -> None:
    found = getattr(stm8tool, name)
    assert name in dir(stm8tool)
    assert found.__doc__ or name == "Progress"  # an alias of a type


def test_every_method_that_the_page_names_is_there_and_no_other() -> None:
    row = re.search(r"^\| `Chip` \| (.*) \|$", PAGE, re.MULTILINE)
    assert row
    public = {name for name in dir(stm8tool.Chip) if not name.startswith("_")}
    assert set(re.findall(r"`(\w+)`", row[1])) == public


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    misspelt = "opne"
    with pytest.raises(AttributeError, match="module 'stm8tool' has no attribute 'opne'"):
        getattr(stm8tool, misspelt)

"""What is on the screen, word for word; progress only ever appends."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from cli.desk import Desk, Result, program

_GOLDEN = Path(__file__).parent / "golden"


def _transcript(desk: Desk, *commands: str) -> str:
    """Return commands as typed, then what each had to say: stdout, stderr marked by "! ", and the exit code."""
    text = ""
    for command in commands:
        result = desk.run(*command.split())
        text += f"$ stm8tool {command}\n{result.out}"
        text += "".join(f"! {line}\n" for line in result.err.splitlines())
        text += f"exit code {result.code}\n\n" if result.code else "\n"
    return text


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    "name", ["write", "locked_upload", "info", "list", "sim_show", "refused", "no_answer", "weak_link"]
)
def test_the_screen_is_as_it_was(desk: Desk, name: str) -> None:
    desk.chip("board.chip", content=program(3000, seed=7))
    desk.chip("locked.chip", locked=True)
    desk.chip("low.chip", part="stm8l151k4", model="v2")
    desk.chip("dead.chip", model="v21", faults=["unpowered"])
    desk.chip("old.chip", model="v1")
    desk.chip("off.chip", faults=["unpowered"])
    desk.chip("held.chip", faults=["nrst-stuck-low"])
    desk.chip("shorted.chip", faults=["swim-stuck-low"])
    desk.chip("weak.chip", faults=["bit-flip-every=500"])
    desk.chip("weaker.chip", faults=["nak-every=50"])
    desk.chip("slow.chip", faults=["hsit-stuck"])
    desk.chip("swimless.chip", model="v21", faults=["swimless-firmware"])
    desk.hex("firmware.hex", (0x8000, program(1000)))
    golden = (_GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ stm8tool (.*)$", golden, re.MULTILINE)
    assert _transcript(desk, *commands) == golden


def test_progress_on_a_terminal_is_a_bar_and_in_a_pipe_lines(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk.hex("a.hex", (0x8000, program(4096)))
    desk.chip()
    piped = desk.flash("write", file)
    desk.chip()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = desk.flash("write", file)
    assert "writing: 2048 of 4096 bytes\n" in piped.out
    assert "#" not in piped.out
    assert f"  writing |{'#' * 40}| 4096 bytes\n" in shown.out


@pytest.mark.parametrize("mode", ["bar", "lines"])
def test_an_error_in_the_middle_of_progress_begins_on_a_line_of_its_own(desk: Desk, mode: str) -> None:
    desk.chip(faults=["unplug-after=480"])
    result = desk.flash("--progress", mode, "write", desk.hex("a.hex", (0x8000, program(8192))))
    assert result.code == 3
    assert result.out.endswith("\n")
    assert "writing" in result.out


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("list", 0),
        ("info", 0),
        ("write a.hex", 0),
        ("verify a.hex", 6),
        ("read out.bin", 0),
        ("erase", 0),
        ("unlock", 0),
        ("reset", 0),
    ],
)
def test_results_are_on_stdout_and_reasons_on_stderr(desk: Desk, command: str, code: int) -> None:
    desk.chip(content=program(64))
    desk.hex("a.hex", (0x8000, program(64, seed=2)))
    result: Result = desk.flash(*command.split())
    assert result.code == code
    assert bool(result.err) == bool(code)
    assert result.out or code

"""The section of docs/farm.md, as it stands there: from nothing to a green test, and two boards for four processes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from plugin_boards import ROOT, TALKING, small_program
from stm8tool_pytest import Board, settings

PAGE = (ROOT / "docs" / "farm.md").read_text(encoding="utf-8").partition("\n## pytest\n")[2].partition("\n## ")[0]
LIMIT_S = 300  # longer than a busy machine needs; only a hang takes as long


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def fits(expected: str, said: str) -> bool:
    """Tell whether a text is that of the page: "…" is any text in a line, or, alone on one, any lines."""
    lines = expected.splitlines(keepends=True)
    pieces = ("(?:.*\\n)*" if line == "…\n" else ".*".join(map(re.escape, line.split("…"))) for line in lines)
    return re.fullmatch("".join(pieces), said) is not None


def test_from_nothing_to_a_green_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (test,) = blocks("python")
    Path("test_board.py").write_text(test, encoding="utf-8")
    Path("firmware.elf").write_bytes(small_program(TALKING))
    commands = [
        example for block in blocks("console") for example in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)
    ]
    for command, expected in commands:
        program, *words = shlex.split(command)
        path = [str(Path(sysconfig.get_path("scripts"), program))]
        if program == "stm8tool":  # the tool is not installed here: a path file leads to its modules
            path = [sys.executable, "-I", "-m", "stm8tool"]
        done = subprocess.run([*path, *words], capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not expected or fits(expected, done.stdout), done.stdout
    assert len(commands) == 4


def test_the_page_has_every_option_and_every_method(pytester: pytest.Pytester) -> None:
    parser = pytest.Parser(_ispytest=True)
    settings.add_options(parser)
    options = {name for option in parser.getgroup("stm8").options for name in option.names()}
    assert options == set(re.findall(r"^\| `(--stm8-\w+)", PAGE, re.MULTILINE))
    methods = {name for name in vars(Board) if not name.startswith("_")}
    assert all(re.search(rf"`{name}\(", PAGE) for name in methods)

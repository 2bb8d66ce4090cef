"""The section of docs/farm.md, as it stands there: from nothing to a flashed board. Only the port is another."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stm8tool
from jump_desk import PROGRAM, ROOT, Exporter, free_address, run, start
from stm8tool_jumpstarter.driver import Stm8

PAGE = (ROOT / "docs" / "farm.md").read_text(encoding="utf-8").partition("\n## jumpstarter\n")[2].partition("\n## ")[0]
ADDRESS = "127.0.0.1:7000"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[str, str]]:
    """Yield each command with the output that the page has."""
    for block in blocks("console"):
        yield from re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)


def fits(expected: str, said: str) -> bool:
    """Tell whether a text is that of the page: "…" is any text in a line, or, alone on one, any lines."""
    lines = expected.splitlines(keepends=True)
    pieces = ("(?:.*\\n)*" if line == "…\n" else ".*".join(map(re.escape, line.split("…"))) for line in lines)
    return re.fullmatch("".join(pieces), said) is not None


def test_from_nothing_to_a_flashed_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stm8tool.save_image("firmware.hex", stm8tool.Image([stm8tool.Segment(0x8000, PROGRAM)]))
    (config,), (program,) = blocks("yaml"), blocks("python")
    Path("desk.yaml").write_text(config, encoding="utf-8")
    Path("test.py").write_text(program, encoding="utf-8")
    (serve,) = (block for block in blocks("text") if block.startswith("jmp run"))
    address = free_address()
    create, *rest = examples()
    # The tool is not installed here: a path file leads to its modules.
    code, said = run(sys.executable, "-I", "-m", *shlex.split(create[0]))
    assert code == 0, said
    words = shlex.split(serve.replace(ADDRESS, address))
    exporter = Exporter(start(*words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE), address)
    try:
        exporter.wait_for("Session server started")
        for command, expected in rest:
            code, said = run(*shlex.split(command.replace(ADDRESS, address)))
            assert code == 0, said
            assert fits(expected, said), said
    finally:
        exporter.end()
    assert len(rest) == 3


def test_the_page_names_every_command_and_every_setting() -> None:
    rows = set(re.findall(r"^\| `(?:j stm8 )?(\w+)", PAGE, re.MULTILINE))
    assert {"flash", "verify", "dump", "erase", "reset", "unlock", "info", "options", "console"} <= rows
    settings = {name for name in Stm8.__annotations__ if not name.startswith("_")}
    assert settings <= rows

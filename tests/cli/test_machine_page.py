"""The scripts and programs of docs/machine-interface.md as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.desk import ROOT, Desk, program
from documents import Example, examples, read
from patience import LIMIT_S

PAGE = read("docs/machine-interface.md")
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```\n\n```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands are found by a POSIX shell")


@pytest.fixture
def shell(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where `stm8tool` is a command, with firmware.hex of two blocks and the board of the page."""
    folder = desk.folder / "bin"
    folder.mkdir()
    command = folder / "stm8tool"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{ROOT / "tool"}" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    desk.hex("firmware.hex", (0x8000, program(100)))
    desk.chip()
    return desk


def ran(kind: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block of the page."""
    words = ["sh", "-c", text] if kind == "sh" else [sys.executable, "-I", "-c", text]
    return subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False)


def test_the_page_has_a_script_and_three_programs() -> None:
    assert [kind for kind, _, _ in BLOCKS] == ["sh", "python", "python", "python"]


@pytest.mark.parametrize(("kind", "text", "expected"), BLOCKS)
def test_a_block_prints_what_stands_below_it(shell: Desk, kind: str, text: str, expected: str) -> None:
    if "jq " in text and not shutil.which("jq"):
        text = with_python(text)
    done = ran(kind, text, shell.folder)
    assert (done.returncode, done.stdout) == (0, expected), done.stderr


@pytest.mark.parametrize(("kind", "text"), [block[:2] for block in BLOCKS[:3]])
def test_a_block_tells_a_failure(shell: Desk, kind: str, text: str) -> None:
    if "jq " in text and not shutil.which("jq"):
        text = with_python(text)
    done = ran(kind, text.replace("sim:board.chip", "sim:missing.chip"), shell.folder)
    assert "E-USAGE" in done.stdout + done.stderr
    assert done.returncode == {"sh": 2, "python": done.returncode}[kind]


def with_python(text: str) -> str:
    """Return the script with another reader of JSON, for a machine without jq."""
    reader = (
        "import json,sys;told=json.load(open('told.json'));e=told['error'];"
        "print('ok: %d blocks written' % told['result']['upload']['written']['programmed'] if told['ok'] "
        "else e['code']+': '+e['message'])"
    )
    return re.sub(r"jq -r '.*?' told.json", lambda _: f'"{sys.executable}" -c "{reader}"', text, flags=re.DOTALL)


def test_the_examples_show_what_happens(desk: Desk) -> None:
    desk.hex("firmware.hex", (0x8000, program(100)))
    shown = list(examples(PAGE))
    assert len(shown) == 3
    for example in shown:
        _, text = example.run()
        assert Example(example.command, example.expected).fits(text), text

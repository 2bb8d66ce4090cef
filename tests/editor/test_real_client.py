"""`stm8tool dap` with dap-python, a client of another project, and the program of docs/debugging.md."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import documents
from editor.environment import HERE, PYTHON
from pio import ROOT
from stm8tool.sim import store

pytestmark = pytest.mark.dap


def test_a_client_of_another_project_debugs_the_program_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = documents.read("docs/debugging.md")
    (source,) = re.findall(
        r"^```c\n(.*?)^```",
        documents.section(page, "From nothing to a printed local"),
        re.MULTILINE | re.DOTALL,
    )
    Path("blink.c").write_text(source, encoding="utf-8")
    for example in documents.examples(documents.section(page, "Editors")):
        if example.command.startswith("sdcc "):
            subprocess.run(["sdcc", *example.words], check=True, capture_output=True)
        else:
            assert example.run()[0] == 0
    launch = {"program": "blink.elf", "probe": "sim:board.chip", "part": "stm8s103f3", "upload": True}
    command = [sys.executable, "-I", str(ROOT / "tool"), "dap"]
    done = subprocess.run(
        [str(PYTHON), str(HERE / "session.py"), json.dumps(launch), "9", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen.pop("value").startswith("1 (the debug information may have")  # `total` is volatile
    assert seen == {
        "verified": [True],
        "stopped": "breakpoint",
        "frames": [["blink", 9], ["main", 17]],
        "variables": {"times": "1", "i": seen["variables"]["i"]},
        "after": "returned: 1",
        "code": 0,
    }
    assert seen["variables"]["i"].startswith("<in a register")
    assert store.describe("board.chip").state == "running"

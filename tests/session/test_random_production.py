"""Boards are produced while power is cut and the process is killed; tests/random_production.py does it more often."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "random_production.py"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork, which gives each life a process of its own")
def test_no_number_is_used_twice_and_no_line_is_lost_whatever_is_cut() -> None:
    words = [sys.executable, "-I", str(SCRIPT), "--count", "150", "--first", "7"]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {line.split(maxsplit=1)[1]: int(line.split()[0]) for line in done.stdout.splitlines()[1:]}
    assert counts["chips"] >= 150
    assert counts["killed"] > 3
    assert counts["passed"] > counts["gaps"] > 3

"""What has to hold before a commit, besides the tests."""

from __future__ import annotations

import shutil

from . import generating
from .environments import VENV, virtual_environment
from .system import ROOT, run

# Their names hide modules: the standard `platform`, and the package dev/. mypy gets copies with other names.
COPIED = {"platform.py": "ststm8_platform.py", "dev.py": "dev_door.py"}


def check() -> int:
    """Run ruff and mypy, and compare what is generated with what is committed."""
    python = virtual_environment()
    folder = VENV / "check"
    folder.mkdir(exist_ok=True)
    copies = [shutil.copyfile(ROOT / name, folder / other) for name, other in COPIED.items()]
    commands = [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",), ("mypy", *map(str, copies))]
    return max(*(run(python, "-I", "-m", *command) for command in commands), generating.check())

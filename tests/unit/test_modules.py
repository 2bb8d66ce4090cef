"""Every module compiles and can be imported without a warning, on each Python that the tests run on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pio import ROOT

FOLDERS = ("tool", "builder", "boards", "docs", "misc", "release", "dev", "examples")
SOURCES = [ROOT / "platform.py", ROOT / "dev.py", *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]
NOT_OURS = {"_deps", "_vendor", "build", ".pio"}


def sources() -> list[Path]:
    return [path for path in SOURCES if not NOT_OURS & set(path.relative_to(ROOT).parts)]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_compiles_without_a_warning(path: Path) -> None:
    assert compile(path.read_text(encoding="utf-8"), str(path), "exec")


def test_every_module_of_the_tool_is_imported_without_a_warning() -> None:
    names = [
        ".".join(path.relative_to(ROOT / "tool").with_suffix("").parts)
        for path in sources()
        if path.is_relative_to(ROOT / "tool" / "stm8tool") and not path.name.startswith("__")
    ]
    assert "stm8tool.api" in names
    code = f"import importlib, sys\nsys.path.insert(0, sys.argv[1])\nfor name in {names}: importlib.import_module(name)"
    words = [sys.executable, "-W", "error", "-I", "-c", code, str(ROOT / "tool")]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

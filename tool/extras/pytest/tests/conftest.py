"""Simulated boards for the tests of the plugin. Programs and files come from the checkout's tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "tests"))

from cli.desk import STM8S, hex_text, talking  # noqa: E402
from dwarf_files import small_program  # noqa: E402
from stm8tool.parts.table import find_part  # noqa: E402
from stm8tool.sim import store  # noqa: E402

# Text for the console, then a loop that counts at 0x10.
TALKING = talking(b"hello\n")[:-2] + bytes.fromhex("3C1020FC")
OTHER = talking(b"bye\n")[:-2] + bytes.fromhex("3C1020FC")

Make = Callable[..., str]


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep variables of the run around this one from the runs inside of it."""
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        if name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)


@pytest.fixture
def make(pytester: pytest.Pytester) -> Make:
    """Return a function that makes a board and returns its selector. All files of a test are beside it."""
    (pytester.path / "talking.hex").write_text(hex_text((0x8000, TALKING)), encoding="ascii")
    (pytester.path / "talking.bin").write_bytes(TALKING)
    (pytester.path / "talking.elf").write_bytes(small_program(TALKING))
    (pytester.path / "other.hex").write_text(hex_text((0x8000, OTHER)), encoding="ascii")

    def made(name: str = "board.chip", *, content: bytes = TALKING, locked: bool = False, **more: list[str]) -> str:
        store.create(pytester.path / name, find_part(STM8S), "v3", content=content, locked=locked, **more)
        return f"sim:{name}"

    return made

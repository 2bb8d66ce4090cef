"""Simulated boards, and the files of their programs. The programs come from the checkout's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "tests"))

from cli.desk import STM8S, hex_text, talking  # noqa: E402
from dwarf_files import small_program  # noqa: E402
from stm8tool.parts.table import find_part  # noqa: E402
from stm8tool.sim import store  # noqa: E402

# Text for the console, then a loop that counts at 0x10.
TALKING = talking(b"hello\n")[:-2] + bytes.fromhex("3C1020FC")
OTHER = talking(b"bye\n")[:-2] + bytes.fromhex("3C1020FC")
PART = ("--stm8-part", STM8S)

Make = Callable[..., str]


def write_files(folder: Path) -> None:
    """Write the programs in the formats that the tests use."""
    (folder / "talking.hex").write_text(hex_text((0x8000, TALKING)), encoding="ascii")
    (folder / "talking.bin").write_bytes(TALKING)
    (folder / "talking.elf").write_bytes(small_program(TALKING))
    (folder / "other.hex").write_text(hex_text((0x8000, OTHER)), encoding="ascii")


def make_board(path: Path, content: bytes = TALKING, locked: bool = False, faults: tuple[str, ...] = ()) -> None:
    """Make a board whose program talks."""
    store.create(path, find_part(STM8S), "v3", content=content, locked=locked, faults=faults)

"""A simulated board whose program counts, and the ELF files that belong to it and that do not."""

from __future__ import annotations

from pathlib import Path

from cli.desk import Desk
from dwarf_files import small_program
from elf_files import ALLOC, make_elf

# The vector, a table, and a loop: INC 0x10, JRA to it.
COUNTING = bytes.fromhex("82008008 01020304 3C10 20FC")


def furnish(desk: Desk) -> None:
    """Put board.chip, whose program counts at 0x10, on a desk, and its ELF beside those of others."""
    desk.chip(content=COUNTING)
    Path("counting.elf").write_bytes(small_program(COUNTING))
    Path("other.elf").write_bytes(small_program(COUNTING[:-1] + b"\xfd"))
    Path("plain.elf").write_bytes(make_elf(("CODE", 0x8000, COUNTING, ALLOC)))

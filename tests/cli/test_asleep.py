"""`debug` with a program that sleeps in HALT: the CPU cannot be stopped then, and the user hears it."""

from __future__ import annotations

from cli.desk import Desk
from dwarf_files import small_program
from stm8tool.sim import store


def test_a_time_limit_ends_the_wait_for_a_chip_that_sleeps(desk: Desk) -> None:
    sleeps = b"\x82\x00\x80\x04\x8e\x20\xfd"  # HALT
    desk.chip(content=sleeps)
    (desk.folder / "held.elf").write_bytes(small_program(sleeps))
    result = desk.flash("debug", "held.elf", "--do", "continue 10ms")
    assert result.code == 4
    assert result.reason == "error: the chip sleeps in HALT, so its CPU cannot be stopped [E-TARGET-SILENT]"
    assert "wait until its program wakes up" in result.hint
    assert store.describe(desk.folder / "board.chip").state == "running: asleep in HALT"

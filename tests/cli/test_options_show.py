"""`stm8tool options show`: what the chip's option bytes are, and which differ from the factory's."""

from __future__ import annotations

import re

from cli.desk import STM8L, Desk


def test_options_are_shown_with_what_differs(desk: Desk) -> None:
    desk.chip()
    desk.set_option("AFR", 0x81)
    shown = desk.flash("options", "show").out.splitlines()
    lines = [line for line in shown if not line.startswith(" ")]
    assert lines[0].split() == ["OPTION", "ADDRESS", "VALUE", "COMPLEMENT", "FACTORY", "STATE"]
    assert [line.split()[0] for line in lines[1:]] == ["ROP", "UBC", "AFR", "MISC", "CLK", "HSECNT"]
    assert lines[3].split() == ["AFR", "0x4803", "0x81", "0x7E", "0x00", "changed"]
    assert all(line.endswith("  factory") for line in lines[1:] if not line.startswith("AFR"))
    below = shown[shown.index(lines[3]) + 1 : shown.index(lines[4])]
    assert [line.split()[0] for line in below] == [f"AFR{bit}={int(bit in (0, 7))}" for bit in range(8)]


def test_all_values_that_chips_were_shipped_with_are_factory_values(desk: Desk) -> None:
    desk.chip(part=STM8L)
    out = desk.flash("options", "show", part=STM8L).out
    assert re.search(r"^BOR +0x480A +0x00 +none +0x00 or 0x01 +factory$", out, re.MULTILINE)


def test_options_of_a_locked_chip_are_not_shown(desk: Desk) -> None:
    desk.chip(locked=True)
    result = desk.flash("options", "show")
    assert (result.code, result.out, result.reason[-12:]) == (5, "", "[E-ROP-READ]")


def test_options_need_a_part_and_a_command(desk: Desk) -> None:
    desk.chip()
    assert desk.run("--probe", "sim:board.chip", "options", "show").reason.endswith("which chip? [E-USAGE]")
    assert desk.flash("options").code == 2

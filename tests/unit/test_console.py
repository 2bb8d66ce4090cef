"""Progress that only appends, and errors whose reason comes last."""

from __future__ import annotations

import pytest

from stm8tool.cli.console import Console
from stm8tool.errors import UsageError


def test_a_bar_only_appends_and_is_full_when_all_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("bar")
    for done in range(0, 1025, 64):
        console.progress("writing", done, 1024)
    out = capsys.readouterr().out
    assert out == "  writing |" + "#" * 40 + "| 1024 bytes\n"


def test_lines_come_at_half_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("lines")
    for done in range(64, 1025, 64):
        console.progress("writing", done, 1024)
    assert capsys.readouterr().out.splitlines() == ["writing: 512 of 1024 bytes", "writing: 1024 of 1024 bytes"]


def test_a_second_run_of_the_same_stage_begins_at_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("bar")
    for _ in range(2):
        console.progress("reading", 64, 64)
    assert capsys.readouterr().out.count("#" * 40 + "|") == 2


def test_an_unfinished_bar_ends_its_line_before_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("bar")
    console.progress("writing", 512, 1024)
    console.error(UsageError("the reason", hint="the way out", details=["what was seen"]))
    captured = capsys.readouterr()
    assert captured.out.endswith("#\n")
    assert captured.err.splitlines() == ["  what was seen", "hint: the way out", "error: the reason [E-USAGE]"]


def test_a_countdown_asks_each_time_it_begins_and_counts_the_last_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("lines")
    for left_s in (*range(12, 0, -1), 12, 12):
        console.power_cycle(left_s)
    asked = "switch the board's power off and on now (12 s)"
    counted = [f"{left_s} s left" for left_s in (10, 5, 4, 3, 2, 1)]
    assert capsys.readouterr().out.splitlines() == [asked, *counted, asked, asked]


def test_a_countdown_in_the_middle_of_a_bar_begins_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("bar")
    console.progress("writing", 512, 1024)
    console.power_cycle(30)
    assert "#\nswitch" in capsys.readouterr().out

"""A report for SDCC's tracker has all that its developers need, and none is made of a program that comes out right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdcc.report import report
from stm8build.wrong_code.kinds import BY_NAME

pytestmark = pytest.mark.sdcc
SDCC = shutil.which("sdcc") or "sdcc"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "cut-constant",
            (
                "sdcc -mstm8 -c wrong.c",
                "int f(int v) { return v < 0x10005UL; }",
                "Expected by the C standard, with an int of 16 bits: f(7) is 0x1",
                "Seen: f(7) is 0x0",
                "What happens: the constant is cut, and the comparison is signed.",
                "_f:",
            ),
        ),
        (
            "untouched",
            (
                "Expected by the C standard, with an int of 16 bits: f() makes these accesses from 0x5000 on "
                "(r: read, w: write): r5000 w5000=00",
                "Seen: f() makes these accesses from 0x5000 on (r: read, w: write): none",
            ),
        ),
        ("below-the-stack", ("Seen where an interrupt comes after each instruction: (f(0), b) is 0x1",)),
    ],
)
def test_a_report_has_the_program_what_c_says_what_came_out_and_the_assembler(
    name: str, lines: tuple[str, ...], tmp_path: Path
) -> None:
    text = report(BY_NAME[name], SDCC, tmp_path)
    assert text
    assert set(lines) <= set(text.splitlines())
    assert text.startswith(f"Title: STM8: wrong code for {BY_NAME[name].construct}\n")
    assert ".area" not in text


def test_there_is_no_report_of_a_program_that_comes_out_right(tmp_path: Path) -> None:
    kind = BY_NAME["cut-constant"]
    assert report(kind._replace(program=kind.cure), SDCC, tmp_path) is None

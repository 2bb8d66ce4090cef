"""The commands of `debug`: numbers at the edge of what Python computes, and a time that is none."""

from __future__ import annotations

import pytest

from cli.desk import Desk, talking
from dwarf_files import small_program


@pytest.fixture
def board(desk: Desk) -> Desk:
    """A desk with board.chip, and with the ELF of its program."""
    desk.chip(content=talking())
    (desk.folder / "held.elf").write_bytes(small_program(talking()))
    return desk


_LARGE = "9" * 350


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("continue -1s", "continue -1s is not a time [E-USAGE]"),
        ("c 2", "continue 2 is not a time [E-USAGE]"),
        (f"print {_LARGE} + 0.5", "a number is too large for '+' with a fraction [E-USAGE]"),
        (f"print {_LARGE} / 0.5", "a number is too large for '/' with a fraction [E-USAGE]"),
        (f"set counter = {_LARGE} * 1.5", "a number is too large for '*' with a fraction [E-USAGE]"),
    ],
)
def test_a_command_that_makes_no_sense_is_one_error_in_its_own_words(board: Desk, command: str, reason: str) -> None:
    result = board.flash("debug", "held.elf", "--do", command)
    assert (result.code, result.reason) == (2, f"error: {reason}")
    assert result.hint
    assert board.is_idle()


@pytest.mark.parametrize(
    ("expression", "shown"),
    [("/x -1", "0xFFFFFFFF"), ("/x -2147483649", "0xFF7FFFFFFF"), ("/t -1", "0b" + 32 * "1")],
)
def test_a_negative_number_has_a_form_without_a_sign(board: Desk, expression: str, shown: str) -> None:
    result = board.flash("debug", "held.elf", "--do", f"print{expression}")
    assert result.out.splitlines()[-1] == f"{expression.split()[1]} = {shown}"

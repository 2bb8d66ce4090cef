"""`set`: variables of a program that runs, and how it refuses."""

from __future__ import annotations

import re

import pytest

from cli.counting_board import COUNTING
from cli.desk import STM8L, STM8S, Desk


@pytest.mark.parametrize("model", ["v2", "v3"])
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_variables_are_set(board: Desk, part: str, model: str) -> None:
    board.chip(content=COUNTING, part=part, model=model)
    result = board.flash("set", "counting.elf", "gain=12", "temp[1] = -40", "motor.on=1", "0x30:float=1.5", part=part)
    assert (result.code, result.err) == (0, "")
    assert result.out == "gain: 0 -> 12\ntemp[1]: 0 -> -40\nmotor.on: 0 -> 1\n0x30:float: 0 -> 1.5\n"
    names = ("gain", "temp[1]", "motor.on", "0x30:float")
    shown = board.flash("watch", "counting.elf", *names, "--count", "1", part=part).out
    assert shown == "0.000 s  gain = 12  temp[1] = -40  motor.on = 1  0x30:float = 1.5\n"


def test_a_variable_that_the_program_writes_is_read_back_and_told(board: Desk) -> None:
    result = board.flash("set", "counting.elf", "counter=7")
    assert re.fullmatch(r"counter: \d+ -> 7\n", result.out)
    assert re.fullmatch(r"set: the program has changed counter again: it is \d+ now\n", result.err)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["counting.elf"], "error: which variable? [E-USAGE]"),
        (["counting.elf", "gain"], "error: 'gain' sets nothing [E-USAGE]"),
        (["counting.elf", "gain="], "error: 'gain=' sets nothing [E-USAGE]"),
        (["counting.elf", f"gain={'9' * 5000}"], f"error: gain cannot be '{'9' * 40}…': it is unsigned char [E-USAGE]"),
        (["counting.elf", "temp[1]=3", "gain=300"], "error: gain cannot be '300': it is unsigned char [E-USAGE]"),
        (["counting.elf", "motor.on=2"], "error: motor.on cannot be '2': it is a bit-field of 1 bits [E-USAGE]"),
        (["counting.elf", "temp=1"], "error: temp cannot be '1': it is int[3] [E-USAGE]"),
        (
            ["counting.elf", "table[1]=3"],
            "error: table[1] is at 0x008005, which is not RAM, so it cannot be set while the program runs [E-NOT-RAM]",
        ),
        (
            ["0x8004:uint8_t=1"],
            "error: 0x8004:uint8_t is at 0x008004, which is not RAM, so it cannot be set while the program runs "
            "[E-NOT-RAM]",
        ),
        (["counting.elf", "zero=3"], "error: counting.elf has no variable 'zero' [E-NO-VARIABLE]"),
        (["other.elf", "gain=3"], "error: the chip runs another program than other.elf [E-OTHER-BUILD]"),
        (["plain.elf", "gain=3"], "error: plain.elf has no debug information [E-NO-DWARF]"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_set_is_refused_and_nothing_is_set(board: Desk, words: list[str], reason: str) -> None:
    result = board.flash("set", *words)
    assert (result.out, result.reason) == ("", reason)
    assert result.hint
    shown = board.flash("watch", "counting.elf", "gain", "temp", "motor.on", "--count", "1").out
    assert shown == "0.000 s  gain = 0  temp = [0, 0, 0]  motor.on = 0\n"


def test_a_register_that_the_simulator_does_not_model_keeps_its_value_and_that_is_told(board: Desk) -> None:
    result = board.flash("set", "0x5200:uint8_t=4")
    assert (result.code, result.out) == (0, "0x5200:uint8_t: 0 -> 4\n")
    assert result.err.startswith("warning: the simulator does not model SPI at 0x005200: ")
    assert board.flash("watch", "0x5200:uint8_t", "--count", "1").out == "0.000 s  0x5200:uint8_t = 4\n"


def test_what_the_simulator_does_not_know_is_an_error_with_a_hint(board: Desk) -> None:
    result = board.flash("set", "0x50CD:uint8_t=1")
    assert (result.code, result.hint) == (1, "hint: a real chip may know it; leave this address out")
    assert result.reason.startswith("error: the simulator does not know this: CLK_SWIMCCR doubles the clock of SWIM")

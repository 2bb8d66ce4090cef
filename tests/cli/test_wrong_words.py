"""Words that make no sense: the error says which word, and the hint what to write in its place."""

from __future__ import annotations

import pytest

from cli.counting_board import COUNTING
from cli.desk import Desk

USAGE = "[E-USAGE]"


@pytest.mark.parametrize(
    ("words", "reason", "hint"),
    [
        ("read out.bin --region 0x8000", "'0x8000' has no size", "write ADDRESS:SIZE, such as 0x8000:0x100"),
        ("erase --range 0x8000", "'0x8000' has no size", "write ADDRESS:SIZE, such as 0x8000:0x100"),
        ("write x.hex --fill 0x8000:10", "fill 0x8000:10: not ADDRESS:SIZE=BYTE", "such as --fill 0x9000:0x100=0xFF"),
        ("write x.hex --fill zz", "'zz' is not a number", "write 0 to 255, or 0x00 to 0xFF"),
        ("write x.hex --baud x", "'x' is not a number", "use 4800 to 1000000, such as --baud 115200"),
        ("options set AFR=zz", "'zz' is not a number", "such as AFR=0x01"),
        ("options set 0x4803=1", "the STM8S103F3 has no option byte 0x4803", "it has ROP, UBC, AFR, MISC, CLK, HSECNT"),
        ("watch 0x10", "0x10 is an address without a type", "write a type, such as 0x10:uint8_t"),
        ("watch 0x10:foo", "'0x10:foo': 'foo' is not a type that the tool knows", "such as uint8_t, int16_t, float"),
        ("set 0x10=1", "0x10 is an address without a type", "write a type, such as 0x10:uint8_t=1"),
        ("set gain=1", "gain=1 names no program", "name the ELF before it, such as firmware.elf gain=12"),
        ("parts flash=x", "flash=x: 'x' is not a number", "such as flash=8K or flash=8K-32K"),
        ("parts flash=8K-", "flash=8K-: '' is not a number", "such as flash=8K or flash=8K-32K"),
        ("run", "the following arguments are required: ADDRESS", "stm8tool run --help says more"),
    ],
)
def test_a_wrong_word_is_named_and_the_hint_fits_it(desk: Desk, words: str, reason: str, hint: str) -> None:
    desk.chip(content=COUNTING)
    desk.hex("x.hex", (0x8000, COUNTING))
    result = desk.flash(*words.split())
    assert (result.code, result.reason, result.hint) == (2, f"error: {reason} {USAGE}", f"hint: {hint}")


@pytest.mark.parametrize("size", ["0", "-1"])
def test_a_region_without_a_byte_is_refused(desk: Desk, size: str) -> None:
    result = desk.flash("read", "out.bin", "--region", f"0x8000:{size}")
    assert (result.code, result.reason) == (2, f"error: a region of {size} bytes cannot be used {USAGE}")
    assert result.hint.startswith("hint: give a size of 1 or more; it has eeprom 0x004000..")


def test_a_region_of_registers_leads_to_the_command_that_reads_them(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("read", "out.bin", "--region", "0x5400:16")
    assert result.hint.startswith("hint: `watch 0x5400:uint8_t` shows a register; it has eeprom 0x004000")


@pytest.mark.parametrize("command", ["list", "info", "doctor"])
def test_a_word_that_can_name_no_probe_is_refused_by_each_command(desk: Desk, command: str) -> None:
    result = desk.run("--probe", "sim:.#nonsense", command)
    assert (result.code, result.reason) == (2, f"error: 'nonsense' does not name a probe {USAGE}")


def test_spaces_around_the_name_of_a_probe_do_no_harm(desk: Desk) -> None:
    desk.chip()
    assert desk.run("--probe", "sim:.# stlinkv2 ", "list").code == 0


def test_a_backup_that_is_not_there_is_not_to_be_built(desk: Desk) -> None:
    result = desk.flash("restore", "backup.hex")
    assert (result.code, result.reason) == (2, "error: backup.hex: no such file [E-FILE]")
    assert result.hint == "hint: check the path; `read --all` saves such a file"


@pytest.mark.parametrize("words", [("watch", "0x7F00:uint8_t"), ("set", "0x7F99:uint8_t=1")])
def test_the_registers_of_the_cpu_are_for_a_debugger(desk: Desk, words: tuple[str, str]) -> None:
    desk.chip(content=COUNTING)
    result = desk.flash(*words)
    assert (result.code, result.hint) == (2, "hint: a debugger halts the program and reaches them")
    assert " is a register of the CPU or of its debug module" in result.reason


def test_a_register_that_does_not_hold_what_was_written_is_not_blamed_on_the_program(desk: Desk) -> None:
    desk.chip(content=COUNTING)
    result = desk.flash("set", "0x5230:uint8_t=1")  # the status of the UART
    assert result.err == "set: the register 0x5230:uint8_t does not hold what was written: it is 128 now\n"


def test_an_address_of_another_machine_is_refused_in_one_sentence(desk: Desk) -> None:
    desk.chip()
    result = desk.run("sim", "serve", "board.chip", "--host", "192.0.2.1")
    assert result.code == 2
    assert result.reason.startswith("error: cannot listen on 192.0.2.1 port 3240: ")
    assert "attempting" not in result.reason

"""Files of every format on the command line, and what `--patch`, `--fill` and `--serial-number` make of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.desk import Desk, program
from stm8tool.image import Segment, save
from unit.test_elf import ALLOC, make_elf

PROGRAM = program(100)


def test_every_format_writes_the_same_bytes(desk: Desk) -> None:
    save("a.hex", [Segment(0x8000, PROGRAM)])
    save("a.mot", [Segment(0x8000, PROGRAM)])
    Path("a.elf").write_bytes(make_elf(("DATA", 1, bytes(9), ALLOC), ("CODE", 0x8000, PROGRAM, ALLOC)))
    Path("a.bin").write_bytes(PROGRAM)
    for name in ("a.hex", "a.mot", "a.elf", "a.bin"):
        desk.chip()
        assert desk.flash("write", "--base", "0x8000", name).code == 0
        assert desk.memory()[:100] == PROGRAM
        assert desk.flash("verify", "--base", "0x8000", name).out.endswith("verified: 100 bytes are equal\n")


@pytest.mark.parametrize("name", ["out.hex", "out.s19", "out.srec", "out.MOT", "out.bin"])
def test_what_is_read_can_be_written_to_another_chip(desk: Desk, name: str) -> None:
    desk.chip(content=program(8192))
    assert desk.flash("read", name).code == 0
    desk.chip("other.chip")
    assert desk.flash("write", "--base", "0x8000", name, chip="other.chip").code == 0
    assert desk.memory(chip="other.chip") == program(8192)


def test_a_patch_and_a_fill_are_written_and_verified(desk: Desk) -> None:
    desk.chip(content=program(8192, seed=3))
    file = desk.hex("a.hex", (0x8000, PROGRAM))
    edits = ["--patch", "0x8001=AA BB", "--patch", "0x4000=01", "--fill", "0x8060:0x20=0x9D"]
    assert desk.flash("write", file, *edits).code == 0
    expected = PROGRAM[:1] + b"\xaa\xbb" + PROGRAM[3:] + b"\x9d" * 28 + program(8192, seed=3)[128:]
    assert desk.memory() == expected
    assert desk.memory("eeprom")[:2] == b"\x01\x00"
    assert desk.flash("verify", file, *edits).out.endswith("verified: 129 bytes are equal\n")
    assert desk.flash("verify", file).code == 6


@pytest.mark.parametrize(("region", "memory"), [([], "flash"), (["--region", "eeprom"], "eeprom")])
def test_a_fill_without_a_range_fills_the_memory(desk: Desk, region: list[str], memory: str) -> None:
    desk.chip()
    assert (
        desk.flash("write", desk.hex("a.hex", (0x8000 if not region else 0x4000, b"a")), *region, "--fill", "255").code
        == 0
    )
    held = desk.memory(memory)
    assert held == b"a" + b"\xff" * (len(held) - 1)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--patch", "0x4800=AA"], "E-DANGEROUS-WRITE"),
        (["--patch", "0x5000=AA"], "E-OUTSIDE-MAP"),
        (["--fill", "0x9FFF:2=0"], "E-IMAGE-TOO-BIG"),
        (["--fill", "0x4800:0x40=0"], "E-DANGEROUS-WRITE"),
        (["--serial-number", "0x4801,u8,next.txt"], "E-DANGEROUS-WRITE"),
        (["--serial-number", "0x8000,u8,missing.txt"], "E-FILE"),
        (["--serial-number", "0x8000,u8,old.hex"], "E-FILE"),
        (["--patch", "0x4000=01", "--serial-number", "0x4000,u8,next.txt"], "E-FILE"),
        (["--patch", "hello"], "E-USAGE"),
        (["--fill", "hello"], "E-USAGE"),
        (["--serial-number", "hello"], "E-USAGE"),
    ],
)
def test_a_change_that_cannot_be_is_refused_before_the_probe_is_opened(desk: Desk, words: list[str], code: str) -> None:
    chip = desk.chip(content=program(8192))
    before = chip.read_bytes()
    Path("next.txt").write_text("7")
    result = desk.flash("write", desk.hex("old.hex", (0x8000, PROGRAM)), *words)
    assert (result.code, result.out) == (2, "")
    assert result.reason.endswith(f"[{code}]")
    assert result.hint
    assert chip.read_bytes() == before
    assert Path("next.txt").read_text() == "7"


def test_each_board_gets_a_number_of_its_own(desk: Desk) -> None:
    Path("next.txt").write_text("254")
    file = desk.hex("a.hex", (0x8000, PROGRAM))
    words = ["write", file, "--serial-number", "0x4003,u16,next.txt"]
    for name, number in (("one.chip", 254), ("two.chip", 255), ("three.chip", 256)):
        desk.chip(name)
        result = desk.flash(*words, chip=name)
        assert f"serial number {number} is taken from next.txt, for 0x004003\n" in result.out
        assert desk.memory("eeprom", name)[:6] == b"\0\0\0" + number.to_bytes(2, "big") + b"\0"
    assert Path("next.txt").read_bytes() == b"257\n"


def test_a_number_lies_over_the_bytes_of_the_file(desk: Desk) -> None:
    desk.chip()
    Path("next.txt").write_text("5")
    words = ["write", desk.hex("a.hex", (0x8000, PROGRAM)), "--serial-number", "0x8010,S%03dX,next.txt", "--fill", "0"]
    assert desk.flash(*words).code == 0
    assert desk.memory() == (PROGRAM[:16] + b"S005X" + PROGRAM[21:]).ljust(8192, b"\0")


@pytest.mark.parametrize(("fault", "left"), [("swim-open", "7"), ("unplug-after=1", "7"), ("no-eop", "8\n")])
def test_a_number_is_lost_to_a_write_that_failed_but_not_to_a_missing_chip(desk: Desk, fault: str, left: str) -> None:
    desk.chip(faults=[fault])
    Path("next.txt").write_text("7")
    result = desk.flash("write", desk.hex("a.hex", (0x8000, PROGRAM)), "--serial-number", "0x4000,u8,next.txt")
    assert result.code != 0
    assert Path("next.txt").read_text() == left


def test_two_serial_numbers_are_refused_and_none_is_taken(desk: Desk) -> None:
    desk.chip()
    file = desk.hex("a.hex", (0x8000, PROGRAM))
    Path("next.txt").write_text("41\n", encoding="ascii")
    words = ["--serial-number", "0x4000,u8,next.txt", "--serial-number", "0x4010,u8,next.txt"]
    result = desk.flash("write", file, *words)
    assert result.code == 2
    assert "--serial-number: given twice" in result.reason
    assert Path("next.txt").read_text(encoding="ascii") == "41\n"


def test_text_that_was_read_from_the_eeprom_can_be_written_there(desk: Desk) -> None:
    desk.chip()
    Path("sn.bin").write_bytes(b"SN000041")
    assert desk.flash("--base", "0x4000", "write", "sn.bin").code == 0
    assert desk.flash("--region", "0x4000:8", "read", "again.bin").code == 0
    assert Path("again.bin").read_bytes() == b"SN000041"
    assert desk.flash("--base", "0x4000", "verify", "again.bin").code == 0


def test_verify_takes_no_serial_number(desk: Desk) -> None:
    desk.chip()
    Path("next.txt").write_text("7")
    words = ["verify", desk.hex("a.hex", (0x8000, PROGRAM)), "--serial-number", "0x4000,u8,next.txt"]
    assert desk.flash(*words).code == 2


@pytest.mark.parametrize("region", ["eeprom", "flash", "0x4040:0x40", "ram"])
def test_a_raw_file_for_a_region_needs_no_base(desk: Desk, region: str) -> None:
    desk.chip()
    Path("data.bin").write_bytes(program(64))
    assert desk.flash("--region", region, "write", "data.bin").code == 0
    if region != "ram":
        assert desk.flash("--region", region, "verify", "data.bin").code == 0
        held = desk.memory("flash" if region == "flash" else "eeprom")
        start = 0x40 if region.startswith("0x") else 0
        assert held[start : start + 64] == program(64)


def test_what_was_read_of_a_region_is_changed_and_written_there_again(desk: Desk) -> None:
    desk.chip()
    assert desk.flash("--region", "eeprom", "read", "e.bin").code == 0
    edited = b"SN000041" + Path("e.bin").read_bytes()[8:]
    Path("e.bin").write_bytes(edited)
    assert desk.flash("--region", "eeprom", "write", "e.bin").code == 0
    assert desk.memory("eeprom") == edited
    Path("e.bin").write_bytes(edited + b"\n")
    result = desk.flash("--region", "eeprom", "write", "e.bin")
    assert (result.code, result.reason) == (
        2,
        "error: e.bin: 641 bytes do not fit the 640 bytes of eeprom 0x004000..0x00427F [E-IMAGE-TOO-BIG]",
    )


@pytest.mark.parametrize(
    ("words", "base", "memory"),
    [(["write"], "0x8000", "flash"), (["write"], "0x4000", "eeprom"), (["run", "0x0"], "0x0000", "ram")],
)
def test_the_base_that_the_hint_names_works(desk: Desk, words: list[str], base: str, memory: str) -> None:
    desk.chip()
    Path("data.bin").write_bytes(program(64))
    hint = desk.flash(*words, "data.bin").hint
    assert f"--base {base} for the {memory}" in hint
    assert desk.flash("--base", base, *words, "data.bin").code == 0


def test_a_chip_without_eeprom_is_told_no_base_for_one(desk: Desk) -> None:
    desk.chip(part="stm8l101f3")
    Path("data.bin").write_bytes(program(64))
    assert desk.flash("write", "data.bin", part="stm8l101f3").hint == "hint: add --base 0x8000 for the flash"


def test_a_raw_file_is_no_backup(desk: Desk) -> None:
    desk.chip()
    Path("data.bin").write_bytes(program(64))
    result = desk.flash("restore", "data.bin")
    assert result.code == 2
    assert result.hint == "hint: give the .hex or S-record file that `read --all` saved"

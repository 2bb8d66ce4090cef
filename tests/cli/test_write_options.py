"""`write --options`: the option bytes of an image, checked before anything is written, and written last."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.desk import STM8L, STM8S, Desk, program

_CODE = (0x8000, program(100))
_AFR = (0x4803, b"\x01\xfe")


def test_one_file_is_split_into_flash_eeprom_and_option_bytes(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("write", desk.hex("a.hex", _CODE, (0x4000, b"data"), _AFR), "--options")
    assert (result.code, result.err) == (0, "")
    shown = result.out.splitlines()
    assert shown.index("AFR at 0x4803: 0x00 0xFF -> 0x01 0xFE") < shown.index("writing: 192 of 192 bytes")
    assert shown[-2:] == ["written and read back after a reset: AFR", "the program runs"]
    assert desk.memory()[:100] == program(100)
    assert desk.memory("eeprom")[:4] == b"data"
    assert desk.memory("options")[3:5] == b"\x01\xfe"
    assert desk.flash("verify", "a.hex").code == 0
    again = desk.flash("write", "a.hex", "--options")
    assert "nothing to do: the chip already holds the image" in again.out
    assert "read back after a reset" not in again.out


def test_without_the_option_they_are_an_error_that_names_it(desk: Desk) -> None:
    desk.chip()
    before = desk.memories()
    result = desk.flash("write", desk.hex("a.hex", _CODE, _AFR))
    assert (result.code, result.reason[-19:]) == (2, "[E-DANGEROUS-WRITE]")
    assert "`write --options`" in result.hint
    assert desk.memories() == before


def test_a_missing_complement_is_computed(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("write", desk.hex("a.hex", (0x4803, b"\x01")), "--options")
    assert result.code == 0
    assert "nothing to do" not in result.out
    assert desk.memory("options")[3:5] == b"\x01\xfe"


@pytest.mark.parametrize(
    ("part", "segment", "reason"),
    [
        (STM8S, (0x4803, b"\x01\xff"), "AFR at 0x4803: its complement in the image does not match"),
        (STM8S, (0x4804, b"\xfe"), "AFR at 0x4803: its complement in the image has no value"),
        (
            STM8S,
            (0x4820, b"\xaa"),
            "0x4820 (0xAA in the file): the STM8S103F3 is not known to have an option byte there",
        ),
        (STM8S, (0x4800, b"\xaa"), "read protection locks the chip"),
        (STM8L, (0x4800, b"\x00"), "read protection locks the chip"),
        (STM8L, (0x4807, b"\x01"), "RESERVED_4807 of the STM8L151K4 is never written"),
        ("stm8l101f3", (0x4802, b"\xff"), "UBC=0xFF: the STM8L101F3 cannot protect such an area"),
        (STM8S, (0x483F, b"\x00\x00"), "outside"),
    ],
)
@pytest.mark.parametrize("locked", [False, True])
def test_what_is_refused_is_refused_before_anything_is_erased_or_written(
    desk: Desk, part: str, segment: tuple[int, bytes], reason: str, locked: bool
) -> None:
    desk.chip(part=part, locked=locked)
    before = desk.memories()
    Path("next.txt").write_text("7\n", encoding="ascii")
    image = desk.hex("a.hex", (0x8000, b"abc"), segment)
    result = desk.flash("write", image, "--options", "--serial-number", "0x8100,u16,next.txt", part=part)
    assert result.code == 2
    assert reason in result.reason
    assert desk.memories() == before
    assert Path("next.txt").read_text(encoding="ascii") == "7\n"


@pytest.mark.parametrize(("part", "value"), [(STM8S, b"\xaa"), (STM8L, b"\x00")])
def test_a_lock_that_is_forced_comes_last(desk: Desk, part: str, value: bytes) -> None:
    desk.chip(part=part)
    image = desk.hex("a.hex", _CODE, (0x4800, value), _AFR if part == STM8S else (0x4802, b"\x02"))
    result = desk.flash("write", image, "--options", "--force-lock", part=part)
    assert result.code == 0, result.err
    assert result.out.splitlines()[-2] == "locked: read protection is on, seen after a reset"
    assert desk.memory()[:100] == program(100)
    assert desk.memory("options")[0] == value[0]
    assert desk.flash("--unlock", "never", "write", "a.hex", "--options", part=part).code == 5


def test_a_locked_chip_is_unlocked_first_and_an_earlier_ubc_with_it(desk: Desk) -> None:
    desk.chip(locked=True)
    result = desk.flash("write", desk.hex("a.hex", _CODE, (0x4801, b"\x02\xfd")), "--options")
    assert result.code == 0, result.err
    assert "read protection removed" in result.out
    assert "UBC at 0x4801: 0x00 0xFF -> 0x02 0xFD" in result.out
    assert desk.memory()[:100] == program(100)
    assert desk.memory("options")[:3] == b"\x00\x02\xfd"


@pytest.mark.parametrize("part", [STM8S, STM8L, "stm8l101f3"])
def test_a_boot_area_is_replaced_with_the_ubc_that_protects_it(desk: Desk, part: str) -> None:
    desk.chip(part=part, content=program(500, seed=3))
    desk.set_option("UBC", 0x03)
    ubc = (0x4801, b"\x02\xfd") if part == STM8S else (0x4802, b"\x02")
    assert desk.flash("write", desk.hex("b.hex", _CODE), part=part).reason.endswith("[E-UBC]")
    result = desk.flash("write", desk.hex("a.hex", _CODE, ubc), "--options", part=part)
    assert result.code == 0, result.err
    assert "UBC protects blocks of the image: clearing it (this erases nothing)" in result.err
    assert desk.memory()[:500] == program(100) + program(500, seed=3)[100:]
    assert desk.memory("options")[ubc[0] - 0x4800] == 0x02


@pytest.mark.parametrize(
    "words",
    [
        ["write", "code.hex", "--options"],
        ["write", "code.hex", "--force-lock"],
        ["write", "ram.hex", "--region", "ram", "--options"],
        ["--part", "auto", "write", "code.hex", "--options"],
    ],
)
def test_what_makes_no_sense_is_refused(desk: Desk, words: list[str]) -> None:
    desk.chip(part="stm8s105k6")
    desk.hex("code.hex", _CODE)
    desk.hex("ram.hex", (0x20, b"abc"))
    before = desk.memories()
    assert desk.flash(*words, part="stm8s105k6").code == 2
    assert desk.memories() == before


def test_a_serial_number_is_not_used_up_by_a_locked_chip_that_may_not_be_erased(desk: Desk) -> None:
    desk.chip(locked=True)
    Path("next.txt").write_text("7\n", encoding="ascii")
    words = ("--unlock", "never", "write", desk.hex("a.hex", _CODE), "--serial-number", "0x4000,u16,next.txt")
    assert desk.flash(*words).reason.endswith("[E-ROP-UPLOAD]")
    assert Path("next.txt").read_text(encoding="ascii") == "7\n"

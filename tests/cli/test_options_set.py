"""`options set`, `options defaults`, `options diff` and `lock`: what they show, refuse, write and return."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from cli.desk import STM8L, STM8S, Desk, hex_text, program

_FORCES = ("--force-lock", "--force-watchdog", "--force-brownout", "--force-tmu", "--force-uncertain")
_LOCKED = "locked: read protection is on, seen after a reset"


def options_of(desk: Desk, size: int = 11) -> str:
    return desk.memory("options")[:size].hex(" ")


def test_the_whole_change_is_shown_with_what_it_means_and_then_written(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("options", "set", "UBC=0x02", "MISC.LSI_EN=1")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "UBC at 0x4801: 0x00 0xFF -> 0x02 0xFD",
        "    none of the flash is write-protected -> flash 0x008000..0x00807F (128 bytes) is write-protected",
        "MISC at 0x4805: 0x00 0xFF -> 0x08 0xF7",
        "    LSI_EN 0 -> 1: LSI cannot be the CPU clock -> LSI can be the CPU clock",
        "written and read back after a reset: UBC, MISC",
    ]
    assert options_of(desk) == "00 02 fd 00 ff 08 f7 00 ff 00 ff"
    assert desk.is_idle()


def test_what_is_not_known_for_sure_is_marked(desk: Desk) -> None:
    desk.chip(part="stlux385")
    lines = desk.flash("options", "show", part="stlux385").out.splitlines()
    below = {line.split()[0]: next_line.strip() for line, next_line in zip(lines, lines[1:]) if line[0] != " "}
    assert below["UBC"] == "none of the flash is write-protected (not known for sure)"
    assert below["GENCFG"] == "its meaning is not known for sure"
    assert below["OPTBL"] == "boot ROM off"


def test_what_is_so_already_is_not_written(desk: Desk) -> None:
    desk.chip()
    desk.set_option("UBC", 0x02)
    before = desk.memories()
    result = desk.flash("options", "set", "UBC=128")
    assert (result.code, result.out) == (0, "nothing to do: the option bytes already have these values\n")
    assert desk.memories() == before


def test_a_byte_without_its_complement_is_told_and_mended(desk: Desk) -> None:
    desk.run("sim", "create", "board.chip", "--part", STM8S, "--option", "0x4803=0x05")
    result = desk.flash("options", "set", "AFR=0x05")
    assert result.out.splitlines()[:2] == [
        "AFR at 0x4803: 0x05 0xFF -> 0x05 0xFA",
        "    its complement does not match: the chip uses the factory value 0x00",
    ]
    assert options_of(desk) == "00 00 ff 05 fa 00 ff 00 ff 00 ff"


def test_ubc_alone_is_cleared_and_the_flash_is_as_before(desk: Desk) -> None:
    desk.chip(content=program(8192))
    desk.set_option("UBC", 0x02)
    desk.set_option("AFR", 0x01)
    refused = desk.flash("write", desk.hex("a.hex", (0x8000, program(64, seed=2))))
    assert (refused.code, refused.reason[-7:]) == (5, "[E-UBC]")
    assert "options set UBC=none" in refused.hint
    flash = desk.memory()
    assert desk.flash("options", "set", "UBC=none").code == 0
    assert options_of(desk) == "00 00 ff 01 fe 00 ff 00 ff 00 ff"
    assert desk.memory() == flash
    assert desk.flash("write", "a.hex").code == 0


@pytest.mark.parametrize(
    ("part", "setting", "option"),
    [
        (STM8S, "ROP=0xAA", "--force-lock"),
        (STM8L, "ROP=0x00", "--force-lock"),
        ("stm8s001j3", "MISC.IWDG_HW=1", "--force-watchdog"),
        (STM8L, "BOR=0x09", "--force-brownout"),
        ("stm8af5288", "TMU_KEY1=0x12", "--force-tmu"),
        ("stm8l152r8", "UBC=1K", "--force-uncertain"),
    ],
)
def test_what_is_dangerous_needs_the_option_that_names_the_danger(
    desk: Desk, part: str, setting: str, option: str
) -> None:
    desk.chip(part=part)
    before = desk.memories()
    refused = desk.flash("options", "set", setting, part=part)
    assert (refused.code, refused.reason.rpartition(" ")[2]) == (2, "[E-DANGEROUS-WRITE]")
    assert option in refused.hint
    assert desk.memories() == before
    others = set(_FORCES) - {option}
    assert desk.flash("options", "set", setting, *sorted(others), part=part).code == 2
    assert desk.memories() == before
    assert desk.flash("options", "set", setting, option, part=part).code == 0
    assert desk.memory("options") != bytes.fromhex(before["options"]["data"])


def test_datasize_is_shown_with_the_addresses_that_it_makes_data_eeprom(desk: Desk) -> None:
    desk.chip(part="stm8l101f3")
    result = desk.flash("options", "set", "DATASIZE=2", part="stm8l101f3")
    area = "flash 0x009F80..0x009FFF (128 bytes) is data EEPROM"
    assert f"    none of the flash is data EEPROM -> {area}\n" in result.out
    assert f"    {area}\n" in desk.flash("options", "show", part="stm8l101f3").out


def test_a_watchdog_needs_no_force_where_nrst_is_seen_to_work(desk: Desk) -> None:
    desk.chip()
    assert desk.flash("options", "set", "MISC.IWDG_HW=1").code == 0
    desk.chip(faults=["nrst-open"])
    assert desk.flash("options", "set", "MISC.IWDG_HW=1").code == 2


@pytest.mark.parametrize(
    ("part", "setting"), [("stm8l152r8", "PCODESIZE=1"), ("stm8af5288", "TMU=0x05"), ("stm8s105k4", "RESERVED_480B=1")]
)
def test_what_ruins_a_chip_is_not_written_whatever_is_forced(desk: Desk, part: str, setting: str) -> None:
    desk.chip(part=part)
    before = desk.memories()
    result = desk.flash("options", "set", setting, *_FORCES, part=part)
    assert (result.code, result.hint) == (2, "hint: no option allows it")
    assert result.reason.endswith("[E-DANGEROUS-WRITE]")
    assert desk.memories() == before


def test_rop_is_set_last_when_all_else_has_been_read_back(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("options", "set", "ROP=0xAA", "AFR=0x01", "--force-lock")
    assert result.out.splitlines()[-2:] == ["written and read back after a reset: AFR", _LOCKED]
    assert options_of(desk) == "aa 00 ff 01 fe 00 ff 00 ff 00 ff"


def test_defaults_bring_everything_to_factory_values_and_show_what(desk: Desk) -> None:
    desk.chip()
    desk.set_option("UBC", 0x02)
    desk.set_option("HSECNT", 0xB4)
    result = desk.flash("options", "defaults")
    assert result.out.splitlines()[-1] == "written and read back after a reset: UBC, HSECNT"
    assert options_of(desk) == "00 00 ff 00 ff 00 ff 00 ff 00 ff"
    assert desk.flash("options", "defaults").out == "nothing to do: the option bytes already have these values\n"


def test_option_commands_on_a_locked_chip_are_exit_code_5_and_write_nothing(desk: Desk) -> None:
    desk.chip(locked=True)
    Path("all.bin").write_bytes(bytes.fromhex("00 00ff 00ff 00ff 00ff 00ff"))
    before = desk.memories()
    for words in (["set", "UBC=none"], ["defaults"], ["diff", "all.bin", "--base", "0x4800"]):
        result = desk.flash("options", *words)
        assert (result.code, result.reason[-12:]) == (5, "[E-ROP-READ]")
    assert desk.memories() == before


# -- diff ------------------------------------------------------------------------------------------------------------


def test_a_saved_table_is_compared_with_the_chip(desk: Desk) -> None:
    desk.chip()
    desk.set_option("AFR", 0x81)
    Path("saved.txt").write_text(desk.flash("options", "show").out, encoding="ascii")
    before = desk.memories()
    assert desk.flash("options", "diff", "saved.txt").out == (
        "the 6 option bytes in saved.txt are the same as the chip's\n"
    )
    desk.set_option("AFR", 0x01)
    desk.set_option("UBC", 0x01)
    result = desk.flash("options", "diff", "saved.txt")
    assert (result.code, result.reason) == (6, "error: 2 of 6 option bytes differ: UBC, AFR [E-VERIFY]")
    assert "AFR at 0x4803: 0x01 0xFE -> 0x81 0x7E" in result.out
    assert "UBC at 0x4801: 0x01 0xFE -> 0x00 0xFF" in result.out
    assert desk.memories()["options"]["wear"] == before["options"]["wear"]


def test_an_image_is_compared_as_far_as_it_has_option_bytes(desk: Desk) -> None:
    desk.chip()
    Path("a.hex").write_text(hex_text((0x4801, b"\x02\xfd"), (0x8000, program(64))), encoding="ascii")
    assert desk.flash("options", "diff", "a.hex").reason == "error: 1 of 1 option bytes differ: UBC [E-VERIFY]"


def test_a_raw_binary_is_compared_where_base_says_or_if_it_is_the_whole_area(desk: Desk) -> None:
    desk.chip()
    Path("some.bin").write_bytes(bytes.fromhex("00 00ff 00ff 00ff 00ff 00ff"))
    refused = desk.flash("options", "diff", "some.bin")
    assert (refused.code, refused.hint[-13:]) == (2, "--base 0x4800")
    assert refused.reason.endswith(
        "some.bin: 11 bytes without addresses do not fill options 0x004800..0x00483F (64 bytes) [E-FILE]"
    )
    assert desk.flash("--base", "0x4800", "options", "diff", "some.bin").code == 0
    assert desk.flash("--region", "options", "read", "all.bin").code == 0
    assert desk.flash("options", "diff", "all.bin").code == 0


def test_a_program_is_not_taken_for_option_bytes(desk: Desk) -> None:
    Path("firmware.bin").write_bytes(program(4096))
    assert desk.flash("options", "diff", "firmware.bin").code == 2  # there is no board.chip


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ((0x8000, program(64)), "holds no option bytes"),
        ((0x4801, b"\x02\xfe"), "UBC and its complement do not match"),
    ],
)
def test_a_file_whose_option_bytes_make_no_sense_is_refused_before_the_probe_is_touched(
    desk: Desk, data: tuple[int, bytes], reason: str
) -> None:
    Path("a.hex").write_text(hex_text(data), encoding="ascii")
    result = desk.flash("options", "diff", "a.hex")  # there is no board.chip
    assert (result.code, result.reason[-8:]) == (2, "[E-FILE]")
    assert reason in result.reason


def test_an_option_byte_that_the_chip_has_not_is_never_written_under_the_name_of_another_part(desk: Desk) -> None:
    for chip, named, setting, address in (
        (STM8S, "stm8af6148", "WAITSTATE=1", 0x480D),
        ("stm8s105k6", "stlux385", "AFR_IOMXP1=0x01", 0x4811),
    ):
        desk.chip(part=chip)
        before = desk.memories()
        image = desk.hex("a.hex", (0x9000, b"a"), (address, b"\x01"))
        for words in (["options", "set", setting], ["write", image, "--options"]):
            result = desk.flash(*words, *_FORCES, part=named)
            assert (result.code, result.reason[-10:]) == (2, "[E-FAMILY]")
        restored = desk.flash("restore", "--force", desk.hex("a.hex", (address, b"\x00\xff")), part=named)
        assert "the chip seems to have none" in restored.out
        assert desk.memories() == before


@pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")
def test_a_pipe_is_no_file_to_compare_with(desk: Desk) -> None:
    desk.chip()
    os.mkfifo(desk.folder / "fifo")
    refused = desk.flash("options", "diff", "fifo")
    assert refused.reason == "error: fifo: cannot be read: it is not a regular file [E-FILE]"


# -- lock ------------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A terminal at which a user types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("part", "byte"), [(STM8S, 0xAA), (STM8L, 0x00), ("stm8l101f3", 0xAA)])
def test_lock_says_what_it_means_and_sets_rop_by_the_family(desk: Desk, part: str, byte: int) -> None:
    desk.chip(part=part)
    result = desk.flash("lock", "--yes", part=part)
    assert result.code == 0
    assert "The only way back is `unlock`, which erases flash, EEPROM and option bytes." in result.out
    assert result.out.endswith(f"{_LOCKED}\n")
    assert desk.memory("options")[0] == byte
    assert desk.flash("read", "out.hex", part=part).code == 5


def test_lock_without_somebody_to_ask_is_refused_before_the_probe_is_touched(desk: Desk) -> None:
    result = desk.flash("lock")  # there is no board.chip
    assert (result.code, result.out) == (2, "")
    assert result.reason == "error: locking the STM8S103F3 must be confirmed [E-DANGEROUS-WRITE]"
    assert "--yes" in result.hint


@pytest.mark.parametrize(("typed", "locks"), [("lock\n", True), ("yes\n", False), ("\n", False), ("", False)])
def test_lock_asks_where_somebody_is_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: str, locks: bool
) -> None:
    desk.chip()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    result = desk.flash("--progress", "lines", "lock")
    assert "type 'lock' to go on: " in result.out
    assert (result.code == 0) == locks
    assert (desk.memory("options")[0] == 0xAA) == locks


def test_a_locked_chip_is_not_locked_again(desk: Desk) -> None:
    desk.chip(locked=True)
    before = desk.memories()
    result = desk.flash("lock", "--yes")
    assert result.out.endswith("nothing to do: the chip is already read-protected\n")
    assert desk.memories() == before

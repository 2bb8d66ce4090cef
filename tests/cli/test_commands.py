"""What each command does to a chip file, and what it says on stdout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Optional

import pytest

from cli.desk import STM8L, STM8S, Desk, program
from stm8tool.chip.link import core
from stm8tool.errors import SwimError
from stm8tool.transport import usb_access

_PARTS = (STM8S, STM8L)


@pytest.mark.parametrize("part", _PARTS)
def test_write_brings_an_image_into_a_blank_chip_and_lets_it_run(desk: Desk, part: str) -> None:
    desk.chip(part=part)
    image = program(700)
    result = desk.flash("write", desk.hex("firmware.hex", (0x8000, image)), part=part)
    assert (result.code, result.err) == (0, "")
    assert desk.memory()[:700] == image
    assert desk.is_idle()
    assert "the program runs" in result.out


@pytest.mark.parametrize(
    ("content", "region", "told"),
    [
        ((0x8000, b"\x9d" * 300), None, "0x008000 holds 0x9D, which is not a reset vector"),
        ((0x8000, b"\x82\x00\x01\x00" * 4), None, "leads to 0x000100, which is not in flash"),
        ((0x8040, b"\x9d" * 300), None, "the flash is blank at 0x008000"),
        ((0x4000, b"abc"), "eeprom", "the flash is blank at 0x008000"),
        ((0x0030, b"abc"), "ram", "the flash is blank at 0x008000"),
    ],
)
def test_what_is_not_a_program_is_never_said_to_run(
    desk: Desk, content: tuple[int, bytes], region: Optional[str], told: str
) -> None:
    desk.chip()
    file = desk.hex("firmware.hex", content)
    result = desk.flash(*(["--region", region] if region else []), "write", file)
    assert (result.code, "program runs" in result.out) == (0, False)
    assert result.err.startswith("warning: no program runs: ")
    assert told in result.err
    assert result.err.endswith(" [E-NO-PROGRAM]\n")
    again = desk.flash("reset")
    assert (again.code, again.out, told in again.err) == (0, "the chip was reset\n", True)


@pytest.mark.parametrize("part", _PARTS)
def test_write_unlocks_a_locked_chip_by_itself_and_says_so(desk: Desk, part: str) -> None:
    desk.chip(part=part, locked=True)
    image = program(700)
    result = desk.flash("write", desk.hex("firmware.hex", (0x8000, image)), part=part)
    assert result.code == 0
    assert desk.memory()[:700] == image
    assert not any(desk.memory()[700:])
    assert "read protection removed" in result.out
    assert "warning: " in result.err
    assert "erases the whole chip" in result.err


def test_write_twice_programs_nothing_the_second_time(desk: Desk) -> None:
    desk.chip()
    file = desk.hex("firmware.hex", (0x8000, program(8192)))
    desk.flash("write", file)
    before = desk.memories()
    result = desk.flash("write", file)
    assert "nothing to do" in result.out
    assert desk.memories() == before


def test_write_takes_several_files_and_leaves_what_they_do_not_name(desk: Desk) -> None:
    desk.chip(content=program(8192))
    result = desk.flash(
        "write", desk.hex("a.hex", (0x8003, b"abc")), desk.hex("b.hex", (0x9FF0, b"end"), (0x4010, b"settings"))
    )
    assert result.code == 0
    expected = bytearray(program(8192))
    expected[3:6], expected[0x1FF0:0x1FF3] = b"abc", b"end"
    assert desk.memory() == bytes(expected)
    assert desk.memory("eeprom")[0x10:0x18] == b"settings"


def test_write_puts_a_raw_binary_at_its_base(desk: Desk) -> None:
    desk.chip()
    (desk.folder / "raw.bin").write_bytes(program(100))
    assert desk.flash("--base", "0x9000", "write", "raw.bin").code == 0
    assert desk.memory()[0x1000:0x1064] == program(100)


def test_write_with_verify_no_programs_and_says_that_it_did_not_look(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("--verify", "no", "write", desk.hex("a.hex", (0x8000, program(64))))
    assert desk.memory()[:64] == program(64)
    assert "not verified" in result.out
    assert "verifying" not in result.out


def test_write_above_64_kib_reaches_its_address(desk: Desk) -> None:
    desk.chip(part="stm8s208mb")
    assert desk.flash("write", desk.hex("far.hex", (0x27F80, program(128))), part="stm8s208mb").code == 0
    assert desk.memory()[-128:] == program(128)
    assert not any(desk.memory()[:-128])


def test_verify_of_what_was_written_finds_it_equal(desk: Desk) -> None:
    desk.chip()
    file = desk.hex("a.hex", (0x8000, program(300)))
    desk.flash("write", file)
    result = desk.flash("verify", file)
    assert (result.code, result.err) == (0, "")
    assert "300 bytes are equal" in result.out


def test_verify_writes_nothing(desk: Desk) -> None:
    desk.chip(content=program(8192))
    before = desk.memories()
    assert desk.flash("verify", desk.hex("a.hex", (0x8000, b"\x00" + program(99)))).code == 6
    assert desk.memories() == before


@pytest.mark.parametrize("suffix", ["hex", "ihx", "bin", "HEX"])
@pytest.mark.parametrize("part", _PARTS)
def test_what_was_read_and_is_written_to_another_chip_makes_it_the_same(desk: Desk, part: str, suffix: str) -> None:
    desk.chip(part=part, content=program(5000))
    desk.chip("other.chip", part=part)
    assert desk.flash("read", f"copy.{suffix}", part=part).code == 0
    assert desk.flash("--base", "0x8000", "write", f"copy.{suffix}", part=part, chip="other.chip").code == 0
    assert desk.memory(chip="other.chip") == desk.memory()


def test_read_saves_the_region_that_was_named_and_no_more(desk: Desk) -> None:
    desk.chip(content=program(8192))
    assert desk.flash("--region", "0x8100:0x20", "read", "part.bin").code == 0
    assert (desk.folder / "part.bin").read_bytes() == program(8192)[0x100:0x120]
    assert desk.flash("--region", "eeprom", "read", "eeprom.bin").code == 0
    assert (desk.folder / "eeprom.bin").read_bytes() == bytes(640)
    assert desk.flash("--region", "options", "read", "options.bin").code == 0
    assert (desk.folder / "options.bin").read_bytes()[:5] == b"\x00\x00\xff\x00\xff"


def test_erase_blanks_the_flash_and_keeps_the_eeprom(desk: Desk) -> None:
    desk.chip(content=program(8192))
    desk.flash("write", desk.hex("settings.hex", (0x4000, b"settings")))
    result = desk.flash("erase")
    assert (result.code, result.err) == (0, "")
    assert not any(desk.memory())
    assert desk.memory("eeprom")[:8] == b"settings"


def test_erase_of_a_region_keeps_the_rest(desk: Desk) -> None:
    desk.chip(content=program(8192))
    assert desk.flash("--region", "0x8040:0x80", "erase").code == 0
    assert desk.memory() == program(8192)[:0x40] + bytes(0x80) + program(8192)[0xC0:]


@pytest.mark.parametrize("part", _PARTS)
def test_unlock_erases_a_locked_chip_and_leaves_an_open_one_alone(desk: Desk, part: str) -> None:
    desk.chip(part=part, locked=True)
    result = desk.flash("unlock", part=part)
    assert result.code == 0
    assert result.out.startswith("unlocked: ")
    assert not any(desk.memory())
    desk.flash("write", desk.hex("a.hex", (0x8000, program(64))), part=part)
    before = desk.memories()
    result = desk.flash("unlock", part=part)
    assert "nothing to do" in result.out
    assert desk.memories() == before


def test_unlock_names_the_option_bytes_that_it_restored_on_an_open_chip(desk: Desk) -> None:
    desk.chip(content=program(8192))
    desk.set_option("UBC", 0x02)
    result = desk.flash("unlock")
    assert "UBC" in result.out
    assert "nothing erased" in result.out
    assert desk.memory() == program(8192)


def test_reset_works_without_a_part_and_also_on_a_locked_chip(desk: Desk) -> None:
    desk.chip(locked=True)
    before = desk.memories()
    result = desk.run("--probe", "sim:board.chip", "reset")
    assert (result.code, result.err) == (0, "")
    assert desk.memories() == before
    assert desk.is_idle()


def test_info_without_a_part_tells_the_family_and_asks_for_the_part(desk: Desk) -> None:
    desk.chip(part=STM8L)
    result = desk.run("--probe", "sim:board.chip", "info")
    assert "STM8L" in result.out
    assert "--part" in result.out


def test_info_and_a_refused_read_change_nothing_on_a_locked_chip(desk: Desk) -> None:
    desk.chip(locked=True)
    before = desk.memories()
    result = desk.flash("info")
    assert result.code == 0
    assert "protection: ON" in result.out
    assert desk.flash("read", "copy.bin").code == 5
    assert not (desk.folder / "copy.bin").exists()
    assert desk.memories() == before


def test_info_shows_an_option_byte_beside_its_factory_value(desk: Desk) -> None:
    desk.chip()
    desk.set_option("AFR", 0x01)
    line = next(line for line in desk.flash("info").out.splitlines() if "AFR" in line)
    assert line.split() == ["AFR", "0x4803", "0x01", "0xFE", "0x00", "changed"]


def test_an_order_code_in_any_case_names_its_part(desk: Desk) -> None:
    desk.chip()
    for name in ("STM8S103F3", "Stm8s103f3P6", "STM8S103F3P6TR"):
        assert "STM8S103F3" in desk.flash("info", part=name).out


def test_sim_create_makes_a_board_that_every_command_finds_by_its_file(desk: Desk) -> None:
    result = desk.run("sim", "create", "new.chip", "--part", "stm8s105k4", "--probe", "v21", "--locked")
    assert result.code == 0
    assert "sim:new.chip" in result.out
    shown = desk.run("sim", "show", "new.chip").out
    assert "STM8S105K4" in shown
    assert "v21" in shown
    assert "read-protected" in shown
    listed = desk.run("--probe", "sim:new.chip", "list").out
    assert "sim:new.chip" in listed


@pytest.mark.parametrize(
    ("name", "option"), [("b.chip", "--probe sim:b.chip"), ("my b.chip", '--probe "sim:my b.chip"')]
)
def test_sim_create_prints_options_that_a_shell_takes(desk: Desk, name: str, option: str) -> None:
    result = desk.run("sim", "create", name, "--part", STM8S)
    assert result.out.splitlines()[1] == f"use it with {option}, or upload_port = sim:{name}"


def test_sim_create_does_not_replace_a_board_unless_told_to(desk: Desk) -> None:
    path = desk.chip()
    before = path.read_bytes()
    assert desk.run("sim", "create", "board.chip", "--part", STM8L).code == 2
    assert path.read_bytes() == before
    assert desk.run("sim", "create", "board.chip", "--part", STM8L, "--force").code == 0
    assert "STM8L151K4" in desk.run("sim", "show", "board.chip").out


def test_sim_create_takes_several_faults_and_sim_show_names_them(desk: Desk) -> None:
    desk.run("sim", "create", "b.chip", "--part", STM8S, "--fault", "nrst-open", "--fault", "unplug-after=50")
    shown = desk.run("sim", "show", "b.chip").out
    assert "nrst-open" in shown
    assert "unplug-after=50" in shown


def test_sim_show_only_looks(desk: Desk) -> None:
    path = desk.chip(locked=True)
    before = path.read_bytes()
    desk.run("sim", "show", "board.chip")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["with space.chip", "плата №1.chip", "böärd.chip"])
def test_a_path_may_have_spaces_and_any_letters(desk: Desk, name: str) -> None:
    folder = Path("сборка dir")
    (desk.folder / folder).mkdir()
    chip, firmware, copy = (str(folder / file) for file in (name, "прошивка 1.hex", "копия.bin"))
    assert desk.run("sim", "create", chip, "--part", STM8S).code == 0
    desk.hex(firmware, (0x8000, program(64)))
    assert desk.flash("write", firmware, chip=chip).code == 0
    result = desk.flash("--region", "0x8000:64", "read", copy, chip=chip)
    assert copy in result.out
    assert (desk.folder / copy).read_bytes() == program(64)


def test_udev_prints_a_rules_file_and_its_rule_is_the_one_that_a_refusal_names(desk: Desk) -> None:
    result = desk.run("udev")
    assert (result.code, result.err) == (0, "")
    (rule,) = [line for line in result.out.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'\w+(\{\w+\})?(==|=)"[^"]*"', term) for term in rule.split(", "))
    hint = usb_access.access_error(usb_access.ACCESS, "the probe", "linux").hint or ""
    steps = re.findall(r"^#   (.*)$", result.out, re.MULTILINE)
    assert steps[0].startswith("stm8tool udev | sudo tee /etc/udev/rules.d/")
    assert all(part in hint for part in (rule, steps[0].partition(" tee ")[2], *steps[1:]))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("write a.hex", "1 of 1 block of 64 bytes written and verified"),
        ("verify same.hex", "verified: 64 bytes are equal"),
        ("unlock", "not read-protected"),
        ("info", "protection: off"),
        ("options show", "UBC "),
        ("options set UBC=1K", "written and read back after a reset: UBC"),
        ("lock --yes", "locked: read protection is on"),
        ("read out.hex", "8192 bytes of flash 0x008000..0x009FFF saved to out.hex"),
        ("read out.hex --all", "flash 0x008000..0x009FFF saved to out.hex"),
        ("restore --force same.hex", "option bytes written: none: the file has none"),
    ],
)
def test_what_was_done_is_told_before_the_chip_cannot_be_let_go(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str, told: str
) -> None:
    desk.chip(content=program(64))
    desk.hex("same.hex", (0x8000, program(64)))
    desk.hex("a.hex", (0x8000, program(64, seed=2)))

    def fail(_link: object) -> None:
        raise SwimError("the chip stopped answering before it was released: its program may not run")

    monkeypatch.setattr(core, "leave_running", fail)
    result = desk.flash(*command.split())
    assert (result.code, result.reason[-13:]) == (4, "[E-LINK-LOST]")
    assert told in result.out
    assert "the program runs" not in result.out
    assert Path("out.hex").is_file() == command.startswith("read")

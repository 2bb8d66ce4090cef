"""Options work the same before and after the command, and the later one wins. Help. Unknown options are refused."""

from __future__ import annotations

import shutil

import pytest

from cli.desk import STM8S, Desk, program

_COMMANDS = ("list", "info", "write", "verify", "read", "erase", "unlock", "reset")


@pytest.mark.parametrize(
    ("option", "command", "effect"),
    [
        ("--region eeprom", "read out.bin", "640 bytes of eeprom"),
        ("--region 0x8000:0x40", "read out.bin", "64 bytes of range 0x008000..0x00803F"),
        ("--region eeprom", "erase", "eeprom 0x004000..0x00427F is erased"),
        ("--base 0x8100", "write raw.bin", "1 of 1 block "),
        ("--base=33024", "verify raw.bin", ""),
        ("--unlock never", "write a.hex", ""),
        ("--unlock auto", "write a.hex", "read protection removed"),
        ("--verify no", "write a.hex", "(not verified)"),
        ("--verify yes", "write a.hex", "written and verified"),
        ("--progress bar", "write a.hex", "###"),
        ("--progress lines", "write a.hex", "writing: "),
        ("--power-cycle", "write a.hex", "off and on now (30 s)"),
        ("--power-cycle=7", "info", "off and on now (7 s)"),
        ("-v", "info", "part: "),
        ("--verbose", "info", "part: "),
    ],
)
def test_an_option_means_the_same_before_and_after_the_command(
    desk: Desk, option: str, command: str, effect: str
) -> None:
    desk.hex("a.hex", (0x8000, program(256)))
    (desk.folder / "raw.bin").write_bytes(program(64))
    locked = "unlock" in option
    results = []
    for words in (
        ["--probe", "sim:board.chip", "--part", STM8S, *option.split(), *command.split()],
        [*command.split(), *option.split(), "--part", STM8S, "--probe", "sim:board.chip"],
        [command.split()[0], *option.split(), "--probe=sim:board.chip", f"--part={STM8S}", *command.split()[1:]],
    ):
        desk.chip(locked=locked, content=program(4096, seed=9))
        results.append((desk.run(*words), desk.memories()))
    assert results[0] == results[1] == results[2]
    assert effect in results[0][0].out


@pytest.mark.parametrize(
    ("words", "option", "value"),
    [
        ("debug held.elf --do -1s", "--do", "-1s"),
        ("monitor --for -1s", "--for", "-1s"),
        ("--base -x write a.bin", "--base", "-x"),
        ("write a.bin --base --region flash", "--base", "--region"),
    ],
)
def test_a_value_that_begins_like_an_option_is_named_and_the_hint_is_the_right_spelling(
    desk: Desk, words: str, option: str, value: str
) -> None:
    result = desk.run(*words.split())
    assert result.code == 2
    assert (
        result.reason
        == f"error: {option} has no value: {value} is read as an option, because it begins with - [E-USAGE]"
    )
    assert result.hint == f"hint: if it is the value, write {option}={value}"
    assert "has no value" not in desk.run(*words.replace(f"{option} {value}", f"{option}={value}").split()).reason


def test_unlock_never_is_an_error_before_and_after_the_command(desk: Desk) -> None:
    desk.chip(locked=True)
    file = desk.hex("a.hex", (0x8000, program(64)))
    assert desk.flash("--unlock", "never", "write", file).code == 5
    assert desk.flash("write", file, "--unlock", "never").code == 5


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ("--region flash", "--region eeprom", "640 bytes of eeprom"),
        ("--region eeprom", "--region 0x8000:1", "1 bytes of range 0x008000..0x008000"),
        ("--part stm8l151k4", "--part stm8s103f3", "8192 bytes of flash"),
        ("--probe sim:nothing.chip", "--probe sim:board.chip", "8192 bytes of flash"),
    ],
)
def test_of_the_same_option_before_and_after_the_command_the_later_one_wins(
    desk: Desk, before: str, after: str, effect: str
) -> None:
    desk.chip()
    usual = ["--probe", "sim:board.chip", "--part", STM8S]
    result = desk.run(*usual, *before.split(), "read", "out.bin", *after.split())
    assert result.code == 0
    assert effect in result.out


def test_verbose_adds_to_what_is_shown_and_takes_nothing_away(desk: Desk) -> None:
    path = desk.chip()
    saved = shutil.copy(path, desk.folder / "saved.chip")
    quiet = desk.flash("info")
    shutil.copy(saved, path)
    one = desk.flash("-v", "info")
    shutil.copy(saved, path)
    two = desk.flash("-vv", "info")
    assert quiet.out == one.out == two.out
    assert quiet.err == ""
    assert "connected under reset" in one.err
    assert "f4 0b" in two.err  # READMEM
    assert len(two.err) > len(one.err)


@pytest.mark.parametrize("verbosity", ["-v", "-vv"])
def test_verbose_changes_neither_the_exit_code_nor_the_last_line_of_an_error(desk: Desk, verbosity: str) -> None:
    desk.chip(locked=True)
    quiet = desk.flash("read", "out.bin")
    loud = desk.flash(verbosity, "read", "out.bin")
    assert (loud.code, loud.reason, loud.hint) == (5, quiet.reason, quiet.hint)


@pytest.mark.parametrize("command", ["", *_COMMANDS, "sim", "sim create", "sim show"])
def test_help_of_every_command_is_on_stdout(desk: Desk, command: str) -> None:
    result = desk.run(*command.split(), "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"usage: stm8tool {command}")
    assert desk.run(*command.split(), "-h").out == result.out


def test_help_names_every_command_and_the_exit_codes(desk: Desk) -> None:
    text = desk.run("--help").out
    assert all(f"\n    {command} " in text for command in (*_COMMANDS, "sim"))
    assert "exit codes" in text


def test_version_is_one_line_on_stdout(desk: Desk) -> None:
    result = desk.run("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("stm8tool ")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["write"],
        ["read"],
        ["verify"],
        ["sim"],
        ["sim", "destroy", "x"],
        ["sim", "create", "x.chip"],
        ["sim", "create", "x.chip/", "--part", STM8S],
        ["sim", "create", "x.chip", "--part", STM8S, "--probe", "v4"],
        ["info", "--frobnicate"],
        ["--prob", "sim:board.chip", "info"],
        ["info", "unexpected"],
        ["write", "a.hex", "--part"],
        ["--unlock", "sometimes", "info"],
        ["--verify", "maybe", "info"],
        ["--progress", "blinking", "info"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_cannot_be_right_is_exit_code_2_and_nothing_is_done(desk: Desk, words: list[str]) -> None:
    desk.chip()
    result = desk.run(*words)
    assert result.code == 2
    assert result.out == ""
    assert not (desk.folder / "x.chip").exists()


def test_the_last_line_about_a_wrong_command_line_begins_as_every_reason_does(desk: Desk) -> None:
    for words in (["frobnicate"], ["write"], ["--unlock", "sometimes", "info"]):
        assert desk.run(*words).reason.startswith("error: ")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("wirte x.hex", "did you mean write? stm8tool"),
        ("sim crate b.chip", "did you mean create? stm8tool sim"),
        ("--prob sim:board.chip info", "did you mean --probe? stm8tool"),  # argparse takes the value for the command
        ("info --prt=stm8s103f3", "did you mean --part? stm8tool info"),
        ("produce job.toml --onse", "did you mean --once? stm8tool produce"),
        ("--unlock nevr info", "did you mean never? stm8tool"),
        ("info more", "stm8tool info"),
        ("xyz", "stm8tool"),
        ("read", "stm8tool read"),
    ],
)
def test_the_hint_of_a_wrong_word_names_the_word_that_it_resembles(desk: Desk, words: str, meant: str) -> None:
    result = desk.run(*words.split())
    assert (result.code, result.out) == (2, "")
    assert result.hint == f"hint: {meant} --help says more"


def test_sim_create_takes_the_part_before_the_command_too(desk: Desk) -> None:
    result = desk.run("--part", STM8S, "sim", "create", "x.chip")
    assert result.code == 0
    assert "STM8S103F3" in result.out


def test_sim_create_never_makes_another_probe_than_the_one_that_was_asked_for(desk: Desk) -> None:
    result = desk.run("--probe", "v3", "sim", "create", "x.chip", "--part", STM8S)
    assert result.code == 2 or "ST-LINK v3" in desk.run("sim", "show", "x.chip").out


def test_verbose_is_accepted_after_the_sim_commands_too(desk: Desk) -> None:
    desk.chip()
    assert desk.run("sim", "show", "board.chip", "-v").code == 0


@pytest.mark.parametrize("seconds", ["0", "601", "-1", "soon", "1.5", ""])
def test_a_time_for_the_power_cycle_that_makes_no_sense_is_refused(desk: Desk, seconds: str) -> None:
    desk.chip()
    result = desk.flash(f"--power-cycle={seconds}", "info")
    assert result.code == 2
    assert "from 1 to 600" in result.reason
    assert "--power-cycle=60" in result.hint


@pytest.mark.parametrize("command", ["list", "udev", "parts", "sim show board.chip", "sim create new.chip"])
def test_it_is_refused_also_where_it_would_have_no_effect(desk: Desk, command: str) -> None:
    desk.chip()
    result = desk.flash(*command.split(), "--power-cycle=soon")
    assert (result.code, result.out) == (2, "")
    assert "from 1 to 600" in result.reason


def test_behind_two_hyphens_every_word_is_the_name_of_a_file(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("write", "--", "--power-cycle")
    assert result.reason.startswith("error: --power-cycle: ")

"""stm8flash's command line: the table and examples of docs/compat.md; how probe, part, memory and bytes are named."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.compat import Flash, marked_rows, raw, row, usage
from cli.desk import ROOT, STM8L, STM8S, Desk, finish, program, start
from documents import examples, first_cells, read, section
from stm8tool.cli import stm8flash as compat
from stm8tool.cli import stm8flash_line as compat_line
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.support import interrupts

PAGE = read("docs/compat.md")
_TABLE_THERE = (ROOT / "tests" / "unit" / "stm8flash_parts.csv").read_text(encoding="utf-8")
PARTS_THERE = {part["name"]: part["parts"].split() for part in csv.DictReader(_TABLE_THERE.splitlines())}
SERIALS = ("57FF6B064988505128550867", "57FF6B064988505128550868")


def is_known(flash: Flash, part: str) -> bool:
    """Tell whether -p takes `part`."""
    reason = flash("-s", "nowhere", "-r", "out.bin", part=part).reason
    assert reason.rpartition(" ")[2] in ("[E-USAGE]", "[E-PART-UNKNOWN]")
    return reason == "error: -s nowhere: neither a memory nor an address [E-USAGE]"


def test_every_row_of_the_table_has_a_test() -> None:
    assert set(first_cells(section(PAGE, "Option by option"))) == marked_rows()


@row("-c stlink, stlinkv2, stlinkv21, stlinkv3")
@pytest.mark.parametrize(
    ("programmer", "note"),
    [
        ("stlink", "warning: no ST-LINK/V1 attached, using the ST-LINK/V2 at usb:1-1\n"),
        ("stlinkv2", ""),
        ("stlinkv21", "warning: no ST-LINK/V2-1 attached, using the ST-LINK/V2 at usb:1-1\n"),
        ("stlinkv3", "warning: no STLINK-V3 attached, using the ST-LINK/V2 at usb:1-1\n"),
    ],
)
def test_a_probe_of_another_generation_serves(
    flash: Flash, monkeypatch: pytest.MonkeyPatch, programmer: str, note: str
) -> None:
    flash.desk.attach_to_usb(monkeypatch, SERIALS[0])
    flash.words("-c", "stlinkv2", "-p", STM8S, "-w", flash.desk.hex("fw.hex", (0x8000, program(64))))
    result = flash.words("-c", programmer, "-p", STM8S, "-R")
    assert (result.code, result.err) == (0, f"{note}the chip was reset and runs\n")


@row("-c stlink, stlinkv2, stlinkv21, stlinkv3")
def test_a_programmer_must_be_named_and_be_one(flash: Flash) -> None:
    usage(flash.words("-p", STM8S, "-R"), "which programmer?")
    usage(flash.words("-c", "stlinkv4", "-R"), "-c stlinkv4: there is no such programmer")


@row("-c espstlink, -d")
def test_espstlink_is_at_its_port_which_does_nothing_with_an_st_link(flash: Flash) -> None:
    for port in ("sim:board.chip", "espstlink:sim:board.chip"):
        result = flash.words("-c", "espstlink", "-d", port, "-p", STM8S, "-R")
        assert (result.code, result.err.splitlines()[-1]) == (0, "the chip was reset")
    result = flash.words("-c", "espstlink", "-d", "no-such-port", "-p", STM8S, "-R")
    assert "there is no serial port espstlink:no-such-port" in result.err
    assert flash("-d", "/dev/ttyUSB0", "-R").code == 0


@row("-c rp2040swim, -d")
def test_an_rp2040_is_at_its_port(flash: Flash) -> None:
    for port in ("sim:board.chip", "rp2040:sim:board.chip"):
        result = flash.words("-c", "rp2040swim", "-d", port, "-p", STM8S, "-R")
        assert (result.code, result.err.splitlines()[-1]) == (0, "the chip was reset")


@row("-c sim:…")
def test_a_simulated_board_is_named_as_everywhere(flash: Flash) -> None:
    assert flash("-w", raw("fw.bin", program(100))).code == 0
    assert flash.desk.memory()[:100] == program(100)
    assert flash.desk.is_idle()


@row("-S")
@pytest.mark.parametrize(
    "serial", [SERIALS[1].encode().hex().upper(), SERIALS[1], SERIALS[1].lower(), "usb:1-2"], ids=str
)
def test_a_serial_number_chooses_among_several_probes(
    flash: Flash, monkeypatch: pytest.MonkeyPatch, serial: str
) -> None:
    flash.desk.attach_to_usb(monkeypatch, *SERIALS)
    result = flash.words("-c", "stlinkv2", "-S", serial, "-p", STM8S, "-w", raw("fw.bin", program(64)))
    assert result.code == 0
    assert [flash.desk.memory(chip=f"usb/{n}.chip")[:64] == program(64) for n in (0, 1)] == [False, True]


@row("-S")
def test_several_probes_and_no_serial_number_are_an_error_that_lists_them(
    flash: Flash, monkeypatch: pytest.MonkeyPatch
) -> None:
    flash.desk.attach_to_usb(monkeypatch, *SERIALS)
    result = flash.words("-c", "stlinkv2", "-p", STM8S, "-R")
    assert (result.code, result.reason) == (3, "error: 2 probes fit 'stlinkv2' [E-SEVERAL-PROBES]")
    assert result.hint == "hint: choose one with -S and its serial number; stm8flash-compat -L lists them"
    assert [serial in detail for serial, detail in zip(SERIALS, result.details)] == [True, True]
    missing = flash.words("-c", "stlinkv2", "-S", "ABCDEF", "-p", STM8S, "-R")
    assert (missing.code, missing.reason) == (3, "error: no attached probe fits 'ABCDEF' [E-NO-PROBE]")


@row("-S")
@pytest.mark.parametrize("programmer", ["stlinkv2", "sim:board.chip", "sim:."])
def test_an_empty_serial_number_is_an_error(flash: Flash, programmer: str) -> None:
    usage(flash.words("-c", programmer, "-S", "", "-p", STM8S, "-R"), "-S: the serial number is empty")


@row("-S")
def test_the_beginning_of_a_serial_number_is_enough_and_of_its_hex_more_than_half(
    flash: Flash, monkeypatch: pytest.MonkeyPatch
) -> None:
    flash.desk.attach_to_usb(monkeypatch, "A1" + SERIALS[0][2:], SERIALS[1])
    shown = SERIALS[1].encode().hex().upper()
    for serial in ("57FF", shown[: len(shown) // 2 + 2]):
        assert flash.words("-c", "stlinkv2", "-S", serial, "-p", STM8S, "-R").code == 0
    half = flash.words("-c", "stlinkv2", "-S", shown[: len(shown) // 2], "-p", STM8S, "-R")
    assert (half.code, half.reason.rpartition(" ")[2]) == (3, "[E-NO-PROBE]")


@row("-S")
def test_a_serial_number_chooses_among_simulated_boards(flash: Flash) -> None:
    Path("bench").mkdir()
    for name in ("blue", "green"):
        store.create(f"bench/{name}.chip", find_part(STM8S), "v2")
    listed = flash.words("-c", "sim:bench", "-L").out.splitlines()
    serial = listed[1].rpartition(" ")[2]
    assert flash.words("-c", "sim:bench", "-S", serial, "-p", STM8S, "-w", raw("fw.bin", program(64))).code == 0
    assert flash.desk.memory(chip="bench/green.chip")[:64] == program(64)


@row("-p")
def test_every_name_of_a_chip_means_a_part_but_those_in_the_table_which_say_why(flash: Flash) -> None:
    refused = {name for name in PARTS_THERE if not is_known(flash, name)}
    line = next(line for line in PAGE.splitlines() if line.startswith("| `-p` |"))
    assert refused == set(re.findall("`(.*?)`", line.split("|")[3]))
    for name in refused:
        result = flash("-R", part=name)
        assert "well enough to program it" in result.reason or result.hint.startswith("hint: choose one of")


@row("-p")
@pytest.mark.parametrize("name", sorted(PARTS_THERE))
def test_all_that_fits_a_name_there_means_the_same_as_it_also_with_a_package(flash: Flash, name: str) -> None:
    known = is_known(flash, name)
    assert not known or all(is_known(flash, fitting) for fitting in PARTS_THERE[name])
    assert known == is_known(flash, f"{name}t6") == is_known(flash, f"{name.upper()}T6TR")
    assert not is_known(flash, f"{name}nonsense")


@row("-p")
@pytest.mark.parametrize("name", ["STM8S103F3", "stm8s103?3", "Stm8s103f3P6", "stm8s103?3p6"])
def test_a_part_is_named_in_any_case_and_by_its_order_code(flash: Flash, name: str) -> None:
    assert flash("-v", raw("fw.bin", bytes(64)), part=name).code == 0


@row("-p")
def test_an_order_code_may_hold_a_pattern_and_what_is_none_is_no_part(flash: Flash) -> None:
    for name in ("stm8s103?3p6", "STM8S103?3P6TR", "stm8s?03f3P6"):
        assert flash("-v", raw("fw.bin", bytes(64)), part=name).code == 0
    for name in ("stm8s103?3xyz", "stm8s103?3?", "stm8s103?3p6?", "stm8s103?3 6"):
        assert flash("-v", "fw.bin", part=name).reason == f"error: unknown part '{name}' [E-PART-UNKNOWN]"


@row("-p")
def test_a_part_must_be_named_and_of_the_chip_s_family(flash: Flash) -> None:
    usage(flash.words("-c", "sim:board.chip", "-w", "fw.bin"), "which chip?")
    assert flash("-u", part="stm8s103").reason.startswith("error: unknown part 'stm8s103'")
    before = flash.desk.memories()
    result = flash("-w", raw("fw.bin", program(64)), part=STM8L)
    assert (result.code, result.reason[-11:]) == (2, " [E-FAMILY]")
    assert flash.desk.memories() == before


@row("-s flash, eeprom, ram, opt")
@pytest.mark.parametrize(
    ("word", "size"), [("flash", 8192), ("FLASH", 8192), ("Eeprom", 640), ("ram", 1024), ("opt", 64)]
)
def test_a_memory_is_named_in_any_case(flash: Flash, word: str, size: int) -> None:
    result = flash("-s", word, "-r", "out.bin")
    assert (result.code, result.err) == (0, f"Bytes received: {size}\n")
    assert Path("out.bin").stat().st_size == size


@row("-s flash, eeprom, ram, opt")
def test_flash_is_meant_where_nothing_is_said_and_a_part_without_eeprom_is_told(flash: Flash) -> None:
    assert flash("-r", "out.bin").err == "Bytes received: 8192\n"
    usage(
        flash("-s", "eeprom", "-r", "out.bin", part="stm8l101f3"),
        "-s eeprom: the STM8L101F3 has no EEPROM of its own",
    )


@row("-s 8000, 0x8000")
@pytest.mark.parametrize("word", ["9fc0", "0x9FC0", "0X9fc0"])
def test_an_address_in_hex_is_a_start_and_the_memory_is_not_left_at_its_end(flash: Flash, word: str) -> None:
    flash.desk.chip(content=program(64))
    assert flash("-s", word, "-w", raw("fw.bin", program(64))).err == "Bytes written: 64\n"
    assert flash.desk.memory()[-64:] == program(64)
    assert flash("-s", word, "-r", "out.bin").err == "Bytes received: 64\n"
    assert Path("out.bin").read_bytes() == program(64)


@row("-s 8000, 0x8000")
def test_a_unique_id_can_be_read_by_its_address(flash: Flash) -> None:
    assert flash("-s", "4865", "-b", "12", "-r", "uid.bin").code == 0
    info = flash.desk.flash("info").out
    assert f"unique ID:  {Path('uid.bin').read_bytes().hex().upper()}" in info


@row("-s 8000, 0x8000")
@pytest.mark.parametrize("word", ["eprom", "flsh", "data", "", "-8000", "0x", "8000h", "0x8000-0x9000"])
def test_a_word_that_is_neither_memory_nor_address_is_an_error(flash: Flash, word: str) -> None:
    usage(flash("-s", word, "-r", "out.bin"), f"-s {word}: neither a memory nor an address")


@row("-s 8000, 0x8000")
@pytest.mark.parametrize("action", ["-w", "-v"])
def test_a_raw_file_that_goes_beyond_the_end_of_the_memory_is_an_error(flash: Flash, action: str) -> None:
    before = flash.desk.memories()
    result = flash("-s", "9fc0", action, raw("fw.bin", program(65)))
    assert (result.code, result.reason.rpartition(" ")[2]) == (2, "[E-IMAGE-TOO-BIG]")
    assert flash.desk.memories() == before


@row("-s 8000, 0x8000")
def test_an_address_without_memory_is_an_error(flash: Flash) -> None:
    usage(flash("-s", "fade", "-b", "4", "-r", "out.bin"), "-s fade: the STM8S103F3 has no memory at 0x00FADE")


@row("-b")
@pytest.mark.parametrize(("count", "size"), [("100", 100), ("640", 640), ("99999", 640)])
def test_a_number_of_bytes_is_decimal_and_cut_to_the_memory(flash: Flash, count: str, size: int) -> None:
    assert flash("-s", "eeprom", "-b", count, "-r", "out.bin").err == f"Bytes received: {size}\n"


@row("-b")
def test_of_a_raw_file_only_as_many_bytes_are_taken(flash: Flash) -> None:
    file = raw("fw.bin", program(300))
    assert flash("-b", "100", "-w", file).err == "Bytes written: 100\n"
    assert flash.desk.memory()[:300] == program(300)[:100] + bytes(200)
    assert flash("-b", "100", "-v", file).err == "Bytes verified: 100\n"


@row("-b")
@pytest.mark.parametrize("action", ["-w", "-v"])
def test_a_raw_file_with_fewer_bytes_is_an_error(flash: Flash, action: str) -> None:
    result = flash("-b", "400", action, raw("fw.bin", program(300)))
    assert (result.code, result.reason) == (2, "error: fw.bin: the file has 300 bytes, but -b asks for 400 [E-FILE]")


@row("-b")
@pytest.mark.parametrize("text", ["0", "-1", "0x100", "1k", "", "ten", "²"])
def test_what_is_no_number_of_bytes_is_an_error(flash: Flash, text: str) -> None:
    usage(flash("-b", text, "-r", "out.bin"), f"-b {text} is not a number of bytes")


@row("-b")
def test_an_absurdly_long_number_is_an_error_and_not_shown_whole(flash: Flash) -> None:
    result = flash("-b", "9" * 5000, "-r", "out.bin")
    assert (result.code, len(result.reason) < 120) == (2, True)
    assert len(flash("-s", "x" * 5000, "-r", "out.bin").reason) < 120


@row("-b")
def test_behind_an_address_the_number_is_cut_to_what_the_memory_has_from_there_on(flash: Flash) -> None:
    flash.desk.chip(content=program(64))
    assert flash("-s", "9ff0", "-b", "100", "-r", "out.bin").err == "Bytes received: 16\n"
    assert flash("-s", "9ff0", "-b", "100", "-w", raw("fw.bin", program(17))).code == 2
    assert flash("-s", "9ff0", "-b", "16", "-w", "fw.bin").err == "Bytes written: 16\n"


@row("-l")
def test_the_names_of_parts_are_on_one_line_and_each_is_taken(flash: Flash) -> None:
    result = flash.words("-l")
    assert (result.code, result.err, result.out.count("\n")) == (0, "", 1)
    names = result.out.split()
    assert len(names) > 100
    assert {find_part(name).name.lower() for name in names} == set(names)


@row("-L")
def test_the_probes_are_listed_with_the_serial_numbers_to_choose_by(
    flash: Flash, monkeypatch: pytest.MonkeyPatch
) -> None:
    flash.desk.attach_to_usb(monkeypatch, *SERIALS)
    result = flash.words("-L")
    assert (result.code, result.err) == (0, "")
    assert result.out == "".join(
        f"Programmer {n}: ST-LINK/V2, Serial Number: {serial.encode().hex().upper()}\n"
        for n, serial in enumerate(SERIALS)
    )


@row("-L")
def test_what_is_wrong_with_a_probe_and_that_there_is_none_is_told_on_stderr(flash: Flash) -> None:
    flash.desk.chip(faults=["loader"])
    result = flash.words("-c", "sim:board.chip", "-L")
    assert (result.code, result.out.count("Programmer")) == (0, 1)
    assert "is in its firmware update loader" in result.err
    Path("nothing").mkdir()
    result = flash.words("-c", "sim:nothing", "-L")
    assert (result.code, result.out, result.err) == (0, "", "no ST-LINK is attached\n")


@row("-V, -h")
def test_version_and_help_are_told_whatever_else_is_said(flash: Flash) -> None:
    version = flash.words("-V")
    assert (version.code, version.err, version.out) == (0, "", f"stm8flash-compat {compat.__version__}\n")
    told = flash.words("-w", "fw.bin", "-h", "word")
    assert (told.code, told.err) == (0, "")
    assert all(f"\n  -{letter} " in told.out for letter in compat_line.OPTIONS.replace(":", "") if letter != "d")


@row("order")
@pytest.mark.parametrize(
    "words",
    [
        ["-csim:board.chip", "-pstm8s103?3", "-wfw.bin"],
        ["-w", "fw.bin", "-s", "flash", "-p", "stm8s103f3", "-c", "sim:board.chip"],
        ["-c", "stlinkv2", "-c", "sim:board.chip", "-p", "stm8s103f3", "-wfw.bin"],
    ],
)
def test_options_stand_in_any_order_and_with_their_values(flash: Flash, words: list[str]) -> None:
    raw("fw.bin", program(100))
    assert flash.words(*words).err == "Bytes written: 100\n"


@row("order")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no action is given"),
        (["-w", "fw.bin", "more.bin"], "'more.bin' does not belong to an option"),
        (["-w", "fw.bin", "-v", "fw.bin"], "-w and -v: only one at a time"),
        (["-uw", "fw.bin"], "-u and -w: only one at a time"),
        (["-x"], "option -x not recognized"),
        (["--write", "fw.bin"], "option --write not recognized"),
        (["-R", "-w"], "option -w requires argument"),
    ],
)
def test_a_command_line_that_is_none_is_an_error(flash: Flash, words: list[str], message: str) -> None:
    usage(flash.words(*words), message)


@row("exit code")
@pytest.mark.parametrize(
    ("words", "code"), [(("-R",), 0), (("-x",), 2), (("-r", "out.bin"), 5)], ids=["done", "usage", "locked"]
)
@pytest.mark.parametrize(
    "how", [(str(ROOT / "tool" / "stm8flash.py"),), ("-m", "stm8tool.cli.stm8flash")], ids=["file", "module"]
)
def test_the_exit_code_of_the_process_is_0_or_says_why(
    flash: Flash, how: Iterable[str], words: Iterable[str], code: int
) -> None:
    flash.desk.chip(locked=True)
    board = ("-c", "sim:board.chip", "-p", STM8S)
    process = start(*how, *board, *words, folder=flash.desk.folder, PYTHONPATH=str(ROOT / "tool"))
    assert finish(process).code == code


_VALUES = ("flash", "opt", "0x9FF0", "48", "", "-1", "99999", "fw.bin", "out.s8", ".", "no/x.hex", "stlinkv2", STM8S)


@row("order")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from("Spdsbrwvx"), st.sampled_from(_VALUES)) | st.tuples(st.sampled_from("uRlVh")),
        max_size=4,
    )
)
def test_no_command_line_ends_without_result_or_reason(flash: Flash, options: list[tuple[str, ...]]) -> None:
    raw("fw.bin", program(16))
    result = flash(*(word for letter, *value in options for word in (f"-{letter}", *value)))
    assert result.code in (0, 2, 6)


def test_every_example_shows_what_happens(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "terminate_like_ctrl_c", lambda: None)
    desk.hex("firmware.hex", (0x8000, program(89)))
    desk.hex("afr.hex", (0x4803, b"\1"))
    code, shown = 0, ""
    for example in examples(PAGE):
        if example.command == "echo $?":
            shown = f"{code}\n"
        else:
            code, shown = example.run()
        assert example.fits(shown), f"{example.command}\n{shown}"

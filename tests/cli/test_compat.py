"""stm8flash's command line: every row of the table in docs/compat.md, and every console example there."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.desk import ROOT, STM8L, STM8S, Desk, Result, check_form, finish, program, start
from documents import examples, first_cells, read, section
from stm8tool import compat, compat_line, interrupts
from stm8tool.devices import find_part, option_table
from stm8tool.image import Segment, load, save
from stm8tool.sim import store

PAGE = read("docs/compat.md")
_TABLE_THERE = (ROOT / "tests" / "unit" / "stm8flash_parts.csv").read_text(encoding="utf-8")
PARTS_THERE = {part["name"]: part["parts"].split() for part in csv.DictReader(_TABLE_THERE.splitlines())}
PATTERN = bytes.fromhex("00" + "00FF" * 63 + "00")  # factory values of the STM8S, as stm8flash's -u writes them
SERIALS = ("57FF6B064988505128550867", "57FF6B064988505128550868")

tested: set[str] = set()
Test = TypeVar("Test", bound=Callable[..., None])


def row(name: str) -> Callable[[Test], Test]:
    """Mark a test as one for the row of the table whose first cell is `name`."""

    def mark(test: Test) -> Test:
        tested.add(name)
        return test

    return mark


class Flash:
    """`stm8flash-compat` as a script calls it, in the folder of a desk."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self.desk = desk
        self._capsys = capsys

    def words(self, *words: str) -> Result:
        """Run it with these words alone."""
        result = Result(compat.main(words), *self._capsys.readouterr())
        check_form(result)
        return result

    def __call__(self, *words: str, part: str = STM8S, chip: str = "board.chip") -> Result:
        """Run it with a simulated board and a part."""
        return self.words("-c", f"sim:{chip}", "-p", part, *words)


@pytest.fixture
def flash(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Flash:
    """The command, and a blank STM8S103F3 to use it on."""
    desk.chip()
    return Flash(desk, capsys)


def raw(name: str, content: bytes) -> str:
    """Write a file; return its name."""
    Path(name).write_bytes(content)
    return name


def usage(result: Result, message: str) -> None:
    """Assert that the command line was refused with `message`."""
    assert (result.code, result.reason) == (2, f"error: {message} [E-USAGE]")
    assert result.hint


def is_known(flash: Flash, part: str) -> bool:
    """Tell whether -p takes `part`."""
    reason = flash("-s", "nowhere", "-r", "out.bin", part=part).reason
    assert reason.rpartition(" ")[2] in ("[E-USAGE]", "[E-PART-UNKNOWN]")
    return reason == "error: -s nowhere: neither a memory nor an address [E-USAGE]"


# -- the table -------------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_has_a_test() -> None:
    assert set(first_cells(section(PAGE, "Option by option"))) == tested


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
    result = flash.words("-c", programmer, "-p", STM8S, "-R")
    assert (result.code, result.err) == (0, f"{note}the chip was reset and runs\n")


@row("-c stlink, stlinkv2, stlinkv21, stlinkv3")
def test_a_programmer_must_be_named_and_be_one(flash: Flash) -> None:
    usage(flash.words("-p", STM8S, "-R"), "which programmer?")
    usage(flash.words("-c", "stlinkv4", "-R"), "-c stlinkv4: there is no such programmer")


@row("-c espstlink, -d")
def test_espstlink_is_refused_and_its_port_does_nothing_with_an_st_link(flash: Flash) -> None:
    usage(
        flash.words("-c", "espstlink", "-d", "/dev/ttyUSB0", "-p", STM8S, "-R"),
        "-c espstlink: not supported by this version",
    )
    assert flash("-d", "/dev/ttyUSB0", "-R").code == 0


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
        assert "not well enough" in result.reason or result.hint.startswith("hint: choose one of")


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
    assert (result.code, result.reason) == (2, "error: fw.bin: holds 300 bytes, and -b asks for 400 [E-FILE]")


@row("-b")
@pytest.mark.parametrize("text", ["0", "-1", "0x100", "1k", "", "ten", "²"])
def test_what_is_no_number_of_bytes_is_an_error(flash: Flash, text: str) -> None:
    usage(flash("-b", text, "-r", "out.bin"), f"-b {text}: that is no number of bytes")


@row("-b")
def test_an_absurdly_long_number_is_an_error_and_not_shown_whole(flash: Flash) -> None:
    result = flash("-b", "9" * 5000, "-r", "out.bin")
    assert (result.code, len(result.reason) < 120) == (2, True)
    assert len(flash("-s", "x" * 5000, "-r", "out.bin").reason) < 120


@row("-b")
def test_behind_an_address_the_number_is_cut_to_what_the_memory_has_from_there_on(flash: Flash) -> None:
    assert flash("-s", "9ff0", "-b", "100", "-r", "out.bin").err == "Bytes received: 16\n"
    assert flash("-s", "9ff0", "-b", "100", "-w", raw("fw.bin", program(17))).code == 2
    assert flash("-s", "9ff0", "-b", "16", "-w", "fw.bin").err == "Bytes written: 16\n"


@row("-w")
def test_a_file_is_written_read_back_and_the_program_runs(flash: Flash) -> None:
    result = flash("-w", flash.desk.hex("fw.hex", (0x8000, program(1000))))
    assert (result.code, result.err) == (0, "Bytes written: 1000\n")
    assert "verifying: 1024 of 1024 bytes\n" in result.out
    assert flash.desk.memory()[:1000] == program(1000)
    assert flash.desk.is_idle()


@row("-w")
def test_what_the_chip_holds_already_is_not_programmed_again_and_counts_all_the_same(flash: Flash) -> None:
    file = flash.desk.hex("fw.hex", (0x8000, program(1000)))
    flash("-w", file)
    before = flash.desk.memories()
    assert flash("-w", file).err == "Bytes written: 1000\n"
    assert flash.desk.memories() == before


@row("-w")
def test_gaps_in_a_file_keep_what_the_chip_holds(flash: Flash) -> None:
    flash("-w", raw("old.bin", program(300)))
    new = flash.desk.hex("new.hex", (0x8010, b"\xaa" * 8), (0x8100, b"\xbb" * 8))
    assert flash("-w", new).err == "Bytes written: 16\n"
    held = bytearray(program(300))
    held[0x10:0x18], held[0x100:0x108] = b"\xaa" * 8, b"\xbb" * 8
    assert flash.desk.memory()[:300] == held


@row("-w")
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_a_locked_chip_is_an_error_and_not_erased(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    before = flash.desk.memories()
    result = flash("-w", raw("fw.bin", program(64)), part=part)
    assert (result.code, result.reason.rpartition(" ")[2]) == (5, "[E-ROP-UPLOAD]")
    assert result.hint == "hint: -u removes the protection and erases the whole chip; nothing can be saved"
    assert flash.desk.memories() == before


@row("-w with -s opt")
@pytest.mark.parametrize(
    ("words", "content", "set_bytes"),
    [
        (("-s", "0x4803"), b"\x01", {3: 0x01, 4: 0xFE}),
        (("-s", "4803"), b"\x01\xfe", {3: 0x01, 4: 0xFE}),
        (("-s", "0x4804"), b"\xfe", {3: 0x01, 4: 0xFE}),
        (("-s", "opt"), bytes.fromhex("00 00FF 01FE 00FF 00FF 00FF"), {3: 0x01, 4: 0xFE}),
        (("-s", "opt", "-b", "5"), bytes.fromhex("00 00FF 01FE 12"), {3: 0x01, 4: 0xFE}),
    ],
    ids=["value", "pair", "complement", "area", "count"],
)
def test_option_bytes_are_written_with_their_complements_and_read_back(
    flash: Flash, words: Iterable[str], content: bytes, set_bytes: dict[int, int]
) -> None:
    before = flash.desk.memory("options")
    size = min(len(content), 5) if "-b" in words else len(content)
    result = flash(*words, "-w", raw("opt.bin", content))
    assert result.code == 0
    assert result.err.startswith("AFR at 0x4803: 0x00 0xFF -> 0x01 0xFE\n")
    assert result.err.endswith(f"written and read back after a reset: AFR\nBytes written: {size}\n")
    assert flash.desk.memory("options") == bytes(set_bytes.get(n, byte) for n, byte in enumerate(before))
    again = flash(*words, "-w", "opt.bin")
    assert (again.code, again.err) == (0, f"the option bytes are so already\nBytes written: {size}\n")
    assert flash(*words, "-v", "opt.bin").err == f"Bytes verified: {size}\n"
    assert flash.desk.is_idle()


@row("-w with -s opt")
@pytest.mark.parametrize(
    ("start", "save_as"), [(0x4803, "opt.hex"), (0x4803, "opt.srec"), (0x4800, "opt.ihx"), (0x4800, "opt.s8")]
)
def test_option_bytes_come_from_a_file_with_addresses_too(flash: Flash, start: int, save_as: str) -> None:
    content = bytes.fromhex("00 00FF 01FE")[start - 0x4800 :]
    format_there = {".ihx": ".hex", ".s8": ".srec"}.get(Path(save_as).suffix, Path(save_as).suffix)
    save(f"saved{format_there}", [Segment(start, content)])
    Path(f"saved{format_there}").rename(save_as)
    assert flash("-s", "opt", "-w", save_as).err.endswith(f"Bytes written: {len(content)}\n")
    assert flash.desk.memory("options")[3:5] == b"\x01\xfe"


@row("-w with -s opt")
def test_blank_bytes_between_the_options_are_passed_over_and_others_are_an_error(flash: Flash) -> None:
    before = flash.desk.memories()
    assert flash("-s", "opt", "-w", raw("opt.bin", PATTERN[:64])).err.endswith("Bytes written: 64\n")
    assert flash.desk.memories() == before
    flash.desk.set_option("UBC", 2)
    assert flash("-s", "opt", "-v", "opt.bin").reason.startswith("error: verify failed at 0x004801: ")
    flash("-u")
    assert flash("-s", "opt", "-v", "opt.bin").err == "Bytes verified: 11\n"
    before = flash.desk.memories()
    result = flash("-s", "0x4811", "-w", raw("opt.bin", b"\x12"))
    assert result.code == 2
    assert result.reason == (
        "error: 0x4811 (0x12 in the file): the STM8S103F3 is not known to have an option byte there: "
        "nothing was written [E-DANGEROUS-WRITE]"
    )
    assert flash.desk.memories() == before


@row("-w with -s opt")
@pytest.mark.parametrize("part", [STM8S, STM8L, "stm8l101f3", "stm8s208rb", "stm8af52a6", "stm8l001j3", "stnrg388a"])
def test_what_was_read_from_the_options_can_be_written_back(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part)
    size = find_part(part).options.size
    assert flash("-s", "opt", "-r", "opt.bin", part=part).code == 0
    flash.desk.set_option("UBC", 2)
    assert flash("-s", "opt", "-w", "opt.bin", part=part).err.endswith(
        f"written and read back after a reset: UBC\nBytes written: {size}\n"
    )
    assert flash("-s", "opt", "-v", "opt.bin", part=part).code == 0


@row("-w with -s opt")
@pytest.mark.parametrize(("part", "size"), [(STM8S, 11), ("stm8s105c6", 17), ("stm8s208rb", 17), ("stm8s001j3", 11)])
def test_the_factory_values_of_the_stm8s_are_taken_as_they_are_passed_around(
    flash: Flash, part: str, size: int
) -> None:
    flash.desk.chip(part=part)
    flash.desk.set_option("UBC", 2)
    result = flash("-s", "opt", "-w", raw("opt.bin", PATTERN[:size]), part=part)
    assert result.err.endswith(f"written and read back after a reset: UBC\nBytes written: {size}\n")
    assert flash.desk.memory("options")[: min(size, 15)] == PATTERN[: min(size, 15)]
    assert flash("-s", "opt", "-v", "opt.bin", part=part).code == 0


@row("-w with -s opt")
@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        (STM8S, b"\xaa", "read protection locks the chip: only an erase of everything opens it: nothing was written"),
        (STM8L, b"\x00", "read protection locks the chip: only an erase of everything opens it: nothing was written"),
        (STM8S, bytes.fromhex("00 01FF"), "UBC at 0x4801: its complement in the image does not match"),
        (STM8L, PATTERN[:13], "WDG=0xFF: bits 7 to 4 of it are reserved"),
        ("stm8l101f3", PATTERN[:9], "UBC=0xFF: the STM8L101F3 has no such area"),
        ("stm8l101f3", bytes(8) + b"\xff", "IWDG=0xFF: bits 7 to 2 of it are reserved"),
        ("stm8af52a6", PATTERN, "TMU_KEY1=0xFF: 0x00 and 0xFF are no keys of the TMU"),
        ("stm8s208rb", PATTERN, "OPTBL=0xFF: OPTBL has no value 0xFF"),
    ],
)
def test_option_bytes_that_could_lock_or_ruin_a_chip_are_refused(
    flash: Flash, part: str, content: bytes, message: str
) -> None:
    flash.desk.chip(part=part)
    before = flash.desk.memories()
    result = flash("-s", "opt", "-w", raw("opt.bin", content), part=part)
    assert (result.code, result.reason.rpartition(" ")[0]) == (2, f"error: {message}")
    assert flash.desk.memories() == before


@row("-w with -s opt")
def test_what_is_dangerous_is_refused_with_the_words_that_allow_it(flash: Flash) -> None:
    flash.desk.chip(faults=["nrst-open"])
    result = flash("-s", "0x4805", "-w", raw("opt.bin", b"\x02"))
    assert (result.code, result.reason.rpartition(" ")[2]) == (2, "[E-DANGEROUS-WRITE]")
    assert result.hint == (
        "hint: `stm8tool options set` or `stm8tool write --options` with --force-watchdog writes it all the same"
    )
    flash.desk.chip()
    assert flash("-s", "0x4805", "-w", "opt.bin").code == 0  # NRST is seen to work


@row("-w with -s opt")
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_option_bytes_of_a_locked_chip_are_an_error(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    before = flash.desk.memories()
    result = flash("-s", "opt", "-w", raw("opt.bin", b"\xaa" if part == STM8L else b"\0"), part=part)
    assert (result.code, result.reason.rpartition(" ")[2]) == (5, "[E-ROP-UPLOAD]")
    assert result.hint == "hint: -u removes the protection and erases the whole chip; nothing can be saved"
    assert flash.desk.memories() == before


@row("-w with -s ram")
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_ram_is_written_and_read_back(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part)
    result = flash("-s", "ram", "-w", raw("code.bin", program(300)), part=part)
    assert (result.code, result.err) == (0, "Bytes written: 300\n")
    assert flash("-s", "0x10", "-w", raw("piece.bin", b"\x55" * 4), part=part).err == "Bytes written: 4\n"
    held = program(300)[:0x10] + b"\x55" * 4 + program(300)[0x14:]
    assert flash("-s", "ram", "-v", raw("held.bin", held), part=part).err == "Bytes verified: 300\n"
    assert flash("-s", "ram", "-b", "300", "-r", "out.bin", part=part).err == "Bytes received: 300\n"
    assert Path("out.bin").read_bytes() == held
    assert flash.desk.is_idle()


@row("-w with -s ram")
def test_boot_rom_and_unique_id_are_never_written(flash: Flash) -> None:
    file = raw("data.bin", b"\xaa")
    usage(flash("-s", "4865", "-w", file), "-w to unique ID 0x004865..0x004870: that is never written")
    usage(
        flash("-s", "6000", "-w", file, part="stm8s105c6"),
        "-w to boot ROM 0x006000..0x0067FF: that is never written",
    )


@row("-w with -s ram")
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_ram_of_a_locked_chip_is_an_error(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    result = flash("-s", "ram", "-w", raw("code.bin", program(300)), part=part)
    assert (result.code, result.reason.rpartition(" ")[2]) == (5, "[E-ROP-READ]")


@row("-w with -s ram")
def test_what_does_not_fit_the_ram_is_an_error(flash: Flash) -> None:
    result = flash("-s", "ram", "-w", raw("code.bin", program(1025)))
    assert (result.code, result.reason.rpartition(" ")[2]) == (2, "[E-IMAGE-TOO-BIG]")
    assert flash("-s", "3ff", "-w", raw("code.bin", program(2))).code == 2


@row("type of a file")
@pytest.mark.parametrize("suffix", [".ihx", ".hex", ".i86", ".HEX"])
def test_intel_hex_by_its_suffix(flash: Flash, suffix: str) -> None:
    assert flash("-w", flash.desk.hex(f"fw{suffix}", (0x8000, program(100)))).err == "Bytes written: 100\n"
    assert flash.desk.memory()[:100] == program(100)
    assert flash("-r", f"out{suffix}").code == 0
    assert Path(f"out{suffix}").read_text(encoding="ascii").startswith(":")
    assert load([f"out{suffix}"]).segments == (Segment(0x8000, flash.desk.memory()),)


@row("type of a file")
@pytest.mark.parametrize("suffix", [".s19", ".s8", ".srec"])
def test_s_records_by_their_suffix(flash: Flash, suffix: str) -> None:
    save("fw.s19", [Segment(0x8000, program(100))])
    assert flash("-w", str(Path("fw.s19").rename(f"fw{suffix}"))).err == "Bytes written: 100\n"
    assert flash("-r", f"out{suffix}").code == 0
    assert Path(f"out{suffix}").read_text(encoding="ascii").startswith("S0")
    assert load([f"out{suffix}"]).segments == (Segment(0x8000, flash.desk.memory()),)


@row("type of a file")
@pytest.mark.parametrize("name", ["fw.bin", "fw.rom", "fw"])
@pytest.mark.parametrize(("words", "offset"), [((), 0), (("-s", "0x8020"), 0x20)])
def test_all_else_is_raw_from_the_start_that_was_given(
    flash: Flash, name: str, words: Iterable[str], offset: int
) -> None:
    assert flash(*words, "-w", raw(name, program(100))).code == 0
    assert flash.desk.memory()[offset : offset + 100] == program(100)
    assert flash(*words, "-b", "100", "-r", f"out-{name}").code == 0
    assert Path(f"out-{name}").read_bytes() == program(100)


@row("type of a file")
def test_hex_under_another_name_is_taken_for_what_it_is(flash: Flash) -> None:
    assert flash("-w", flash.desk.hex("fw.bin", (0x8000, program(100)))).err == "Bytes written: 100\n"
    assert flash.desk.memory()[:101] == program(100) + b"\0"


@row("type of a file")
@pytest.mark.parametrize("action", ["-w", "-v"])
@pytest.mark.parametrize("suffix", [".hex", ".s19"])
def test_an_address_that_is_given_twice_is_an_error(flash: Flash, action: str, suffix: str) -> None:
    save(f"fw{suffix}", [Segment(0x8000, program(16))])
    records = Path(f"fw{suffix}").read_text(encoding="ascii").split()
    data = next(n for n, record in enumerate(records) if program(16).hex().upper() in record)
    file = raw(f"twice{suffix}", "\n".join([*records[: data + 1], records[data], records[-1]]).encode())
    result = flash(action, file)
    assert (result.code, result.reason) == (2, f"error: {file}:{data + 2}: a second byte for 0x008000 [E-FILE]")


@row("type of a file")
@pytest.mark.parametrize("action", ["-w", "-v"])
def test_intel_hex_that_stops_before_its_end_is_an_error(flash: Flash, action: str) -> None:
    file = Path(flash.desk.hex("fw.hex", (0x8000, program(16))))
    file.write_bytes(file.read_bytes().partition(b":00000001FF")[0])
    result = flash(action, "fw.hex")
    assert (result.code, result.reason) == (
        2,
        "error: fw.hex:2: the file stops without an end-of-file record [E-FILE]",
    )


@row("type of a file")
def test_s_records_and_elf_are_taken_for_what_they_are_under_any_name(flash: Flash) -> None:
    save("fw.s19", [Segment(0x8000, program(100))])
    assert flash("-w", str(Path("fw.s19").rename("fw.bin"))).err == "Bytes written: 100\n"
    assert flash.desk.memory()[:101] == program(100) + b"\0"
    for name in ("fw.bin", "fw", "fw.elf"):
        result = flash("-w", raw(name, b"\x7fELF" + bytes(100)))
        assert (result.code, result.reason.rpartition(" ")[2]) == (2, "[E-FILE]")
        assert "ELF" in result.reason


@row("type of a file")
def test_text_is_raw_in_a_bin_only(flash: Flash) -> None:
    assert flash("-s", "eeprom", "-w", raw("name.bin", b"board 17")).err == "Bytes written: 8\n"
    assert flash.desk.memory("eeprom")[:8] == b"board 17"
    for name in ("name.txt", "name.hex"):
        result = flash("-s", "eeprom", "-w", raw(name, b"board 18"))
        assert (result.code, result.reason) == (
            2,
            f"error: {name}: this is a text file, neither Intel HEX nor S-records [E-FILE]",
        )


@row("type of a file")
@pytest.mark.parametrize("action", ["-w", "-v"])
def test_a_file_that_cannot_be_what_it_shall_be_is_an_error(flash: Flash, action: str) -> None:
    damaged = Path(flash.desk.hex("fw.hex", (0x8000, program(16)))).read_bytes().replace(b":10", b":11")
    reasons = {
        raw("big.bin", bytes(8193)): "big.bin: 8193 bytes do not fit the 8192 of flash 0x008000..0x009FFF",
        raw("empty.bin", b""): "empty.bin: the file is empty",
        raw("raw.hex", program(16)): "raw.hex: this is a raw binary, not Intel HEX",
        raw("damaged.hex", damaged): "damaged.hex:2",
        flash.desk.hex("eeprom.hex", (0x4000, b"\1")): "the image has data at 0x004000, outside flash",
        "missing.bin": "missing.bin: no such file",
    }
    for file, reason in reasons.items():
        result = flash(action, file)
        assert result.code == 2
        assert result.reason.startswith(f"error: {reason}")
    assert flash("-b", "50", action, flash.desk.hex("long.hex", (0x8000, program(51)))).code == 2


@row("-v")
def test_a_comparison_tells_the_first_difference(flash: Flash) -> None:
    file = raw("fw.bin", program(300))
    flash("-w", file)
    assert flash("-v", file).err == "Bytes verified: 300\n"
    other = bytearray(program(300))
    other[200] ^= 1
    result = flash("-v", raw("other.bin", bytes(other)))
    assert result.code == 6
    assert result.reason.startswith("error: verify failed at 0x0080C8: ")


@row("-v")
def test_option_bytes_can_be_compared_and_gaps_are_not(flash: Flash) -> None:
    assert flash("-s", "opt", "-r", "opt.bin").code == 0
    assert flash("-s", "opt", "-v", "opt.bin").err == "Bytes verified: 11\n"
    flash("-w", raw("fw.bin", program(300)))
    sparse = flash.desk.hex("sparse.hex", (0x8000, program(300)[:4]), (0x8080, program(300)[0x80:0x84]))
    assert flash("-v", sparse).err == "Bytes verified: 8\n"


@row("-v")
@row("-r")
@pytest.mark.parametrize("part", [STM8S, STM8L])
@pytest.mark.parametrize("action", ["-v", "-r"])
def test_a_locked_chip_is_neither_compared_nor_read(flash: Flash, action: str, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    file = raw("fw.bin", b"\x71" * 64)
    result = flash(action, file, part=part)
    assert (result.code, result.reason.rpartition(" ")[2]) == (5, "[E-ROP-READ]")
    assert Path(file).read_bytes() == b"\x71" * 64


@row("-r")
def test_a_memory_is_read_into_a_file(flash: Flash) -> None:
    flash("-s", "eeprom", "-w", raw("data.bin", program(640)))
    result = flash("-s", "eeprom", "-r", "out.bin")
    assert (result.code, result.err) == (0, "Bytes received: 640\n")
    assert Path("out.bin").read_bytes() == program(640)


@row("-r")
def test_a_read_that_fails_leaves_the_old_file(flash: Flash) -> None:
    assert flash("-r", "out.bin").code == 0
    flash.desk.chip(faults=["unplug-after=60"])
    Path("out.bin").write_bytes(b"as before")
    result = flash("-r", "out.bin")
    assert (result.code, result.reason.rpartition(" ")[2]) == (3, "[E-PROBE-LOST]")
    assert [path.name for path in flash.desk.folder.iterdir() if "out" in path.name] == ["out.bin"]
    assert Path("out.bin").read_bytes() == b"as before"


@row("-r")
def test_a_file_that_cannot_be_written_is_known_before_the_chip_is_read(flash: Flash) -> None:
    result = flash("-r", "missing/out.bin")
    assert (result.code, result.out) == (2, "")
    assert result.reason == "error: missing/out.bin: its directory does not exist [E-FILE]"


@row("-u")
@pytest.mark.parametrize("part", [STM8S, STM8L, "stm8l101f3", "stm8s208rb", "stm8af52a6"])
def test_an_unlock_leaves_the_factory_values_of_the_part(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    result = flash("-u", part=part)
    options = option_table(find_part(part))
    written = sum(1 + option.complement for option in options if option.policy != "never")
    assert (result.code, result.err) == (
        0,
        "unlocked: read protection is off, the chip is erased, option bytes are at factory values, read back\n"
        f"Bytes written: {written}\n",
    )
    held = flash.desk.memory("options")
    for option in options:
        offset = option.address - find_part(part).options.start
        assert held[offset] in option.accepted
        if option.complement:
            assert held[offset + 1] == held[offset] ^ 0xFF
    assert not any(flash.desk.memory())


@row("-u")
def test_a_chip_that_is_not_locked_keeps_its_program(flash: Flash) -> None:
    flash("-w", raw("fw.bin", program(300)))
    flash.desk.set_option("UBC", 2)
    result = flash("-u")
    assert result.err == "not read-protected, nothing erased; back at factory values: UBC\nBytes written: 11\n"
    assert flash.desk.memory()[:300] == program(300)


@row("-R")
def test_a_reset_needs_no_part(flash: Flash) -> None:
    result = flash.words("-c", "sim:board.chip", "-R")
    assert (result.code, result.err) == (0, "the chip was reset and runs\n")
    assert flash("-R").code == 0


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
        ([], "what shall be done?"),
        (["-w", "fw.bin", "more.bin"], "'more.bin' belongs to no option"),
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
    "how", [(str(ROOT / "tool" / "stm8flash.py"),), ("-m", "stm8tool.compat")], ids=["file", "module"]
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


# -- the examples ----------------------------------------------------------------------------------------------------


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

"""Option bytes by stm8flash's command line, with checks that it does not have; docs/compat.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from cli.compat import Flash, raw, row
from cli.desk import STM8L, STM8S
from stm8tool.image import Segment, save
from stm8tool.parts.table import find_part

PATTERN = bytes.fromhex("00" + "00FF" * 63 + "00")  # factory values of the STM8S, as stm8flash's -u writes them


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
    assert (again.code, again.err) == (0, f"the option bytes already have these values\nBytes written: {size}\n")
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
        (
            STM8S,
            b"\xaa",
            "read protection locks the chip: only an erase of the whole chip opens it: nothing was written",
        ),
        (
            STM8L,
            b"\x00",
            "read protection locks the chip: only an erase of the whole chip opens it: nothing was written",
        ),
        (STM8S, bytes.fromhex("00 01FF"), "UBC at 0x4801: its complement in the image does not match"),
        (STM8L, PATTERN[:13], "WDG=0xFF: the value changes reserved bits (bits 7 to 4)"),
        ("stm8l101f3", PATTERN[:9], "UBC=0xFF: the STM8L101F3 cannot protect such an area"),
        ("stm8l101f3", bytes(8) + b"\xff", "IWDG=0xFF: the value changes reserved bits (bits 7 to 2)"),
        ("stm8af52a6", PATTERN, "TMU_KEY1=0xFF: 0x00 and 0xFF are not valid keys of the TMU"),
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
        "hint: `stm8tool options set` or `stm8tool write --options` with --force-watchdog writes it anyway"
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
    assert result.hint == "hint: -u removes the protection and erases the whole chip; its content cannot be saved"
    assert flash.desk.memories() == before

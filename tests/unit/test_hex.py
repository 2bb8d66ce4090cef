"""Intel HEX files: what is a record, where its data lie, and what is refused with its line."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from stm8tool.image import Segment, intel_hex, load, s_record
from stm8tool.words import COMMAND_LINE
from unit.image_texts import END, RESET, record, refusal, write

# --- Intel HEX --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_a_hex_file_is_loaded_with_any_line_ends(file: Path, eol: str) -> None:
    write(file, "", RESET, record(0x8004, b"\x9d"), END, "", eol=eol)
    assert load([file]).segments == (Segment(0x8000, b"\x82\x00\x80\x80\x9d"),)


@pytest.mark.parametrize("name", ["firmware.ihx", "firmware.i86", "firmware.IHX", "firmware.bin", "firmware"])
def test_hex_is_known_by_its_content_not_its_name(tmp_path: Path, name: str) -> None:
    assert load([str(write(tmp_path / name, RESET.lower(), END))]).size == 4


def test_addresses_above_64_kib_come_from_extended_records(file: Path) -> None:
    write(file, record(0, b"\x00\x01", 4), record(0x0010, b"a"), record(0, b"\x20\x00", 2), record(0x0010, b"b"), END)
    assert load([file]).segments == (Segment(0x10010, b"a"), Segment(0x20010, b"b"))


def test_a_start_address_is_no_data(file: Path) -> None:
    write(file, RESET, record(0, b"\x00\x00\x80\x00", 5), END)
    assert load([file]).size == 4


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        ([RESET[:-2] + "00", END], 1, "wrong checksum"),
        (["", RESET[:-2], END], 2, "not a valid Intel HEX record"),
        ([RESET, RESET[:-2] + "00", END], 2, "wrong checksum"),
        ([RESET, "", ":01800400", END], 3, "not a valid Intel HEX record"),
        ([RESET, ":0180", END], 2, "not a valid Intel HEX record"),
        ([RESET, record(0x8004, b"ab") + "00", END], 2, "not a valid Intel HEX record"),
        ([RESET, ":0180047Z", END], 2, "not a valid Intel HEX record"),
        ([RESET, "; a comment", END], 2, "not a valid Intel HEX record"),
        ([RESET, record(0, b"", 6), END], 2, "not a valid Intel HEX record"),
        ([RESET, record(0, b"\x00", 1)], 2, "not a valid Intel HEX record"),
        ([RESET, record(0x8003, b"\x80"), END], 2, "a second byte for 0x008003"),
        ([RESET, record(0x8004, b"ab")], 2, "the file stops without an end-of-file record"),
        ([RESET, "", ""], 1, "the file stops without an end-of-file record"),
        ([RESET, END, "", record(0x8004, b"ab")], 4, "data after the end record in line 2"),
        ([RESET, record(0, b"\x00\x80\x00", 5), END], 2, "not a valid Intel HEX record"),
        ([RESET, record(0, b"\x00\x00\x80\x00", 5)[:-2] + "00", END], 2, "wrong checksum"),
        ([RESET, f"{RESET}\f{RESET}", END], 2, "not a valid Intel HEX record"),
        ([RESET, f"{record(0x8004, b'a')}\x85", END], 2, "not a valid Intel HEX record"),
        ([RESET, "\x1c", END], 2, "not a valid Intel HEX record"),
    ],
)
def test_a_damaged_hex_file_is_refused_with_its_line(file: Path, lines: list[str], line: int, problem: str) -> None:
    error = refusal(write(file, *lines))
    assert str(error) == f"{file}:{line}: {problem}"
    assert error.hint == "the file is damaged: build or copy it again"


START_EIP, START_CS_IP = record(0, b"\x00\x00\x80\x00", 5), record(0, b"\x08\x00\x00\x00", 3)


@pytest.mark.parametrize(
    "starts",
    [
        [START_EIP, START_EIP],
        [START_EIP, record(0, b"\x00\x00\x90\x00", 5)],
        [START_CS_IP, START_CS_IP],
        [START_CS_IP, START_EIP, START_CS_IP],
    ],
)
def test_any_number_of_start_addresses_is_valid_and_the_last_one_is_told(
    file: Path, starts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    write(file, starts[0], RESET, *starts[1:], record(0x9000, b"\x9d"), END)
    with caplog.at_level("INFO"):
        assert load([file]).segments == (Segment(0x8000, b"\x82\x00\x80\x80"), Segment(0x9000, b"\x9d"))
    register = "EIP" if starts[-1][7:9] == "05" else "CS:IP"
    value = starts[-1][9:-2]
    assert caplog.messages == [f"{file}, line {1 + len(starts)}: the start address {register} = 0x{value} is not used"]


@pytest.mark.parametrize(
    ("rest", "line", "problem", "hint"),
    [
        (
            [record(0x9000, b"ab"), END],
            3,
            "a second file begins here, after the end record in line 2",
            "several files were put into one: name each of them in the command instead",
        ),
        (
            ["; a comment of the first file", record(0, b"\x00\x01", 4), record(0, b"ab"), START_EIP, END, RESET, END],
            4,
            "a second file begins here, after the end record in line 2",
            "several files were put into one: name each of them in the command instead",
        ),
        ([END], 3, "a second end record, after the one in line 2", "delete this line"),
        (
            ["", "\x1a"],
            4,
            "this line is not a record, and it comes after the end record in line 2",
            "delete everything after line 2, or build the file again",
        ),
        (
            ["END OF FILE"],
            3,
            "this line is not a record, and it comes after the end record in line 2",
            "delete everything after line 2, or build the file again",
        ),
        (
            [record(0x9000, b"ab")[:-1]],
            3,
            "this line is not a record, and it comes after the end record in line 2",
            "perhaps several files were put into one: name each of them in the command instead",
        ),
        (
            ["S1059000616108", "S9030000FC"],
            3,
            "this line is not a record, and it comes after the end record in line 2",
            "perhaps several files were put into one: name each of them in the command instead",
        ),
    ],
)
def test_what_stands_after_the_end_record_is_refused_with_what_it_is(
    file: Path, rest: list[str], line: int, problem: str, hint: str
) -> None:
    error = refusal(write(file, RESET, END, *rest))
    assert (str(error), error.hint_in(COMMAND_LINE)) == (f"{file}:{line}: {problem}", hint)


def test_linear_and_segmented_addresses_may_be_mixed(file: Path) -> None:
    write(file, record(0, b"\x00\x01", 4), record(0, b"a"), record(0, b"\x08\x00", 2), record(1, b"b"), END)
    assert load([file]).segments == (Segment(0x8001, b"b"), Segment(0x10000, b"a"))


@pytest.mark.parametrize(("module", "start"), [(intel_hex, ":"), (s_record, "S1")])
def test_a_line_that_is_longer_than_any_record_costs_no_memory(module: Any, start: str) -> None:
    line = start + "0" * 2_000_000
    tracemalloc.start()
    try:
        assert not module.is_record(line)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_the_longest_records_of_both_formats_are_records() -> None:
    assert intel_hex.is_record(record(0x8000, bytes(255)))
    body = bytes([255]) + bytes(254)
    assert s_record.is_record(f"S3{body.hex()}{~sum(body) & 0xFF:02X}")


SIXTEEN = bytes(range(16))
SEGMENT_1000 = record(0, b"\x10\x00", 2)


@pytest.mark.parametrize("segment", ["0000", "1000", "0800"])
@pytest.mark.parametrize("start", [0xFFF1, 0xFFF8, 0xFFFF])
def test_a_record_over_the_end_of_a_segment_is_refused_as_programs_disagree(
    file: Path, segment: str, start: int
) -> None:
    write(file, RESET, record(0, bytes.fromhex(segment), 2), record(start, SIXTEEN), END)
    error = refusal(file)
    assert str(error) == (
        f"{file}:3: the record runs over the end of its 64 KiB segment (type 02 record), "
        "and programs put the rest at different addresses"
    )
    assert error.hint is not None
    assert "type 04" in error.hint


@pytest.mark.parametrize(
    ("lines", "start"),
    [
        ([record(0xFFF8, SIXTEEN)], 0xFFF8),
        ([record(0, b"\x00\x01", 4), record(0xFFF8, SIXTEEN)], 0x1FFF8),
        ([SEGMENT_1000, record(0, b"\x00\x01", 4), record(0xFFF8, SIXTEEN)], 0x1FFF8),
        ([record(0, b"\xff\xff", 4), record(0xFFF8, SIXTEEN)], 0xFFFFFFF8),
        ([SEGMENT_1000, record(0xFFF0, SIXTEEN)], 0x1FFF0),
        (["", SEGMENT_1000, "", record(0xFFF0, SIXTEEN), "", " \t"], 0x1FFF0),
        ([record(0, b"\x0f\xff", 2), record(0xFFF0, SIXTEEN)], 0x1FFE0),
    ],
)
def test_a_record_goes_on_over_64_kib_without_a_segment_and_up_to_the_end_of_one(
    file: Path, lines: list[str], start: int
) -> None:
    assert load([write(file, *lines, END)]).segments == (Segment(start, SIXTEEN),)


def test_a_record_over_the_end_of_a_segment_is_told_before_an_overlap_that_one_reading_has(file: Path) -> None:
    write(file, record(0, b"\x20\x00", 2), record(0, b"a"), SEGMENT_1000, record(0xFFF8, SIXTEEN), END)
    assert str(refusal(file)).startswith(f"{file}:4: the record runs over the end of its 64 KiB segment")


def test_an_overlap_in_segments_is_still_told_as_one(file: Path) -> None:
    write(file, SEGMENT_1000, record(0xFFF0, SIXTEEN), record(0xFFFF, b"a"), END)
    assert str(refusal(file)) == f"{file}:3: a second byte for 0x01FFFF"


def test_a_hex_file_that_was_cut_off_in_a_record_is_refused(file: Path) -> None:
    file.write_text(f"{RESET}\n{RESET[:12]}")
    assert str(refusal(file)) == f"{file}:2: not a valid Intel HEX record"


def test_a_hex_file_without_data_is_refused(file: Path) -> None:
    assert str(refusal(write(file, END))) == f"{file}: the file holds no data"

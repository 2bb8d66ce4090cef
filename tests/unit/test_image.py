"""Images: what files become, which files are refused and with what words, and what is saved."""

from __future__ import annotations

import os
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stm8tool import image
from stm8tool.errors import Code, ImageError, UsageError
from stm8tool.image import Image, Segment, intel_hex, load, loading, s_record, save
from stm8tool.image.saving import SIZE_LIMIT
from stm8tool.parts.table import Region
from stm8tool.words import COMMAND_LINE

FLASH = Region("flash", 0x8000, 0x2000)
EEPROM = Region("eeprom", 0x4000, 640)

END = ":00000001FF"


def record(address: int, data: bytes, kind: int = 0) -> str:
    """One Intel HEX record, written here a second time."""
    body = bytes([len(data), address >> 8, address & 0xFF, kind]) + data
    return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"


RESET = record(0x8000, b"\x82\x00\x80\x80")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "firmware.hex"


def write(path: Path, *lines: str, eol: str = "\n") -> Path:
    path.write_bytes(eol.join([*lines, ""]).encode("latin-1"))
    return path


def refusal(path: Path, base: int | None = None) -> ImageError:
    with pytest.raises(ImageError) as caught:
        load([path], base)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return caught.value


# --- segments ---------------------------------------------------------------------------------------------------------


def test_segments_are_sorted_and_neighbours_joined() -> None:
    joined = Image([Segment(0x8004, b"cd"), Segment(0x9000, b"x"), Segment(0x8000, b"abcd"), Segment(0x7000, b"")])
    assert joined.segments == (Segment(0x8000, b"abcdcd"), Segment(0x9000, b"x"))
    assert joined.size == 7
    assert joined.crc32 == zlib.crc32(b"abcdcdx")


@pytest.mark.parametrize(
    ("address", "data"), [(-5, b"abc"), (-1, b""), ("0x8000", b"a"), (0x8000, "text"), (0x8000, 7)]
)
def test_a_segment_that_can_lie_nowhere_is_refused(address: Any, data: Any) -> None:
    with pytest.raises(UsageError) as error:
        Segment(address, data)
    assert error.value.hint


@pytest.mark.parametrize("view", [lambda buffer: buffer, memoryview], ids=["bytearray", "memoryview"])
def test_a_segment_copies_bytes_that_may_change(view: Callable[[bytearray], Any]) -> None:
    buffer = bytearray(b"abc")
    segment = Segment(0x8000, view(buffer))
    buffer[0] = 0
    assert segment == Segment(0x8000, b"abc")


@pytest.mark.parametrize(
    ("second", "where"),
    [
        (Segment(0x8003, b"defg"), "0x008003"),
        (Segment(0x8001, b"bc"), "0x008001..0x008002"),
        (Segment(0x8000, b"abcd"), "0x008000..0x008003"),
    ],
)
def test_an_overlap_is_refused_even_if_the_bytes_agree(second: Segment, where: str) -> None:
    with pytest.raises(ImageError, match=rf"overlaps at {where}$"):
        Image([Segment(0x8000, b"abcd"), second])


@given(st.dictionaries(st.integers(0, 200), st.integers(0, 255)))
def test_an_image_holds_exactly_the_bytes_it_was_made_of(memory: dict[int, int]) -> None:
    made = Image(Segment(address, bytes([value])) for address, value in memory.items())
    assert {s.address + i: byte for s in made.segments for i, byte in enumerate(s.data)} == memory
    assert all(low.end < high.address for low, high in zip(made.segments, made.segments[1:]))


def test_a_slice_is_what_lies_in_the_region() -> None:
    whole = Image([Segment(0x3FFE, b"abcd"), Segment(0x9FFF, b"xy")])
    assert whole.slice(EEPROM) == (Segment(0x4000, b"cd"),)
    assert whole.slice(FLASH) == (Segment(0x9FFF, b"x"),)
    assert whole.slice(Region("ram", 0, 1024)) == ()


@given(st.dictionaries(st.integers(0, 99), st.integers(0, 255)), st.integers(0, 99), st.integers(1, 99))
def test_slices_below_in_and_above_a_region_make_up_the_image(memory: dict[int, int], start: int, size: int) -> None:
    whole = Image(Segment(address, bytes([value])) for address, value in memory.items())
    regions = [Region("below", 0, start), Region("in", start, size), Region("above", start + size, 1000)]
    assert Image(piece for region in regions for piece in whole.slice(region)).segments == whole.segments


def test_data_inside_the_memories_passes_up_to_their_last_byte() -> None:
    Image([Segment(0x4000, bytes(640)), Segment(0x8000, bytes(0x2000))]).check_inside([FLASH, EEPROM])
    Image().check_inside([FLASH])


def test_an_image_larger_than_the_flash_names_what_does_not_fit() -> None:
    with pytest.raises(ImageError) as error:
        Image([Segment(0x8000, bytes(0x2010))]).check_inside([FLASH, EEPROM])
    assert str(error.value) == (
        "the image has data at 0x00A000..0x00A00F, outside eeprom 0x004000..0x00427F and flash 0x008000..0x009FFF"
    )


def test_every_range_outside_the_memories_is_listed() -> None:
    lost = Image([Segment(0x3FFF, bytes(642)), Segment(0x8000, b"ok"), Segment(0x1000000, b"far")])
    with pytest.raises(ImageError, match=r"data at 0x003FFF \(and 2 more\), outside eeprom") as error:
        lost.check_inside([FLASH, EEPROM])
    assert error.value.details == ("outside: 0x003FFF", "outside: 0x004280", "outside: 0x1000000..0x1000002")


MEMORY = st.dictionaries(st.integers(0, 60), st.integers(0, 255))


def image_of(memory: dict[int, int]) -> Image:
    return Image(Segment(address, bytes([value])) for address, value in memory.items())


def memory_of(whole: Image) -> dict[int, int]:
    return {s.address + i: byte for s in whole.segments for i, byte in enumerate(s.data)}


@given(MEMORY, MEMORY)
def test_an_overlay_replaces_bytes_and_adds_bytes_and_leaves_the_others(
    below: dict[int, int], above: dict[int, int]
) -> None:
    assert memory_of(image_of(below).overlaid(image_of(above))) == {**below, **above}


@given(MEMORY, st.integers(0, 60), st.integers(1, 60), st.integers(0, 255))
def test_a_fill_adds_what_is_missing_in_its_region(memory: dict[int, int], start: int, size: int, value: int) -> None:
    filled = image_of(memory).filled(Region("range", start, size), value)
    assert memory_of(filled) == {**dict.fromkeys(range(start, start + size), value), **memory}


def test_nothing_is_inside_no_memory() -> None:
    with pytest.raises(ImageError, match=r"0x008000, outside any memory$"):
        Image([Segment(0x8000, b"x")]).check_inside([])


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


# --- raw binaries and all the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"\x82\x00", b"\xef\xbb\xbf\x82", b"\n:\x82\n", b"\x00"])
def test_a_raw_binary_lies_at_its_base_unchanged(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "data.bin").write_bytes(data)
    assert load([tmp_path / "data.bin"], base=0x4000).segments == (Segment(0x4000, data),)


def test_a_raw_binary_without_a_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"\x82\x00")
    assert refusal(tmp_path / "data.bin").hint_in(COMMAND_LINE) == "add --base 0x8000 for the flash"


@pytest.mark.parametrize("data", [b"SN000041", b"\x00" * 640, b" "])
def test_a_raw_binary_for_a_region_begins_where_the_region_does(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "data.bin").write_bytes(data)
    assert load([tmp_path / "data.bin"], region=EEPROM).segments == (Segment(0x4000, data),)
    assert load([tmp_path / "data.bin"], 0x4010, region=EEPROM).segments == (Segment(0x4010, data),)
    for base in (0, 0x3FFF, 0x4280, 0x8000):
        with pytest.raises(ImageError, match=f"--base 0x{base:06X} is not in eeprom 0x004000..0x00427F") as caught:
            load([tmp_path / "data.bin"], base, region=EEPROM)
        hint = "leave --base out: the file then begins at 0x004000; or name the memory for this file"
        assert caught.value.hint_in(COMMAND_LINE) == hint


def test_a_raw_binary_that_is_larger_than_its_region_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(641))
    with pytest.raises(
        ImageError, match=r"641 bytes do not fit the 640 bytes of eeprom 0x004000\.\.0x00427F$"
    ) as error:
        load([tmp_path / "data.bin"], region=EEPROM)
    assert error.value.code is Code.IMAGE_TOO_BIG
    assert error.value.hint == "cut the file to 640 bytes, or name the memory for this file"


def test_a_region_says_nothing_to_a_file_that_has_addresses(file: Path) -> None:
    assert load([write(file, RESET, END)], region=EEPROM).segments == (Segment(0x8000, b"\x82\x00\x80\x80"),)


@pytest.mark.parametrize(
    ("name", "content", "look"),
    [
        ("main.c", b"int main(void) { return 0; }\n", "a text file, neither Intel HEX nor S-records"),
        ("notes.txt", "Größe: 8\u202fKiB\n".encode(), "a text file, neither Intel HEX nor S-records"),
        ("notes.txt", "Größe: 8 KiB\n".encode("utf-16"), "a text file, neither Intel HEX nor S-records"),
        ("serial.hex", b"SN000041", "a text file, neither Intel HEX nor S-records"),
        ("cut.txt", b"\xff\xfe\x00", "a text file, neither Intel HEX nor S-records"),
        ("firmware.hex", b"\x82\x00\x80\x80", "a raw binary, not Intel HEX"),
        ("FIRMWARE.S19", b"\x82\x00\x80\x80", "a raw binary, not S-records"),
        ("firmware.elf", b"\x82\x00\x80\x80", "a raw binary, not an ELF file"),
    ],
)
def test_another_format_is_named(tmp_path: Path, name: str, content: bytes, look: str) -> None:
    (tmp_path / name).write_bytes(content)
    error = refusal(tmp_path / name, base=0x8000)
    assert str(error) == f"{tmp_path / name}: this is {look}"
    assert error.hint


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        (f"{RESET}\n{END}\n".encode("utf-8-sig"), "", "the file begins with a byte order mark"),
        (f"{RESET}\r\n{END}\r\n".encode("utf-16"), "", "the file begins with a byte order mark"),
        (
            b"\n; firmware 1.2\n" + f"{RESET}\n{END}\n".encode(),
            ":2",
            "there is text before the first record, which is in line 3",
        ),
        (b"s1058000820078\ns9030000fc\n", ":1", "an S-record begins with a capital S"),
        (f"\n{RESET[:-1]}\n{END}\n".encode(), ":2", "not a valid Intel HEX record"),
        (b"S10580008200\n", ":1", "not a valid S-record"),
    ],
)
def test_what_keeps_a_text_from_being_records_is_told(file: Path, text: bytes, where: str, problem: str) -> None:
    file.write_bytes(text)
    error = refusal(file, base=0x8000)
    assert str(error) == f"{file}{where}: {problem}"
    assert error.hint


@pytest.mark.parametrize(
    "text", [b"SN000041", b"S1000041", b":17 o'clock", b":0000", b"\n", b" ", "Größe".encode("utf-16")]
)
def test_text_is_data_where_base_and_suffix_say_so_and_nowhere_else(tmp_path: Path, text: bytes) -> None:
    for name in ("text.bin", "text.BIN", "text.txt", "text"):
        (tmp_path / name).write_bytes(text)
    for name in ("text.bin", "text.BIN"):
        assert load([tmp_path / name], base=0x4000).segments == (Segment(0x4000, text),)
        refusal(tmp_path / name)
    for name in ("text.txt", "text"):
        refusal(tmp_path / name, base=0x4000)


def test_whole_records_are_records_also_where_base_and_suffix_speak_of_raw_data(tmp_path: Path) -> None:
    loaded = load([write(tmp_path / "firmware.bin", RESET, END)], base=0x4000)
    assert loaded.segments == (Segment(0x8000, b"\x82\x00\x80\x80"),)


@pytest.mark.parametrize("content", [b"", b"\n \r\n"])
def test_an_empty_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert str(refusal(file, base=0x8000)) == f"{file}: the file is empty"


def test_a_missing_file_is_refused(file: Path) -> None:
    assert str(refusal(file)) == f"{file}: no such file"


_A_NAME_THERE = pytest.mark.skipif(sys.platform == "win32", reason="a name like any other there")


@pytest.mark.parametrize("name", ["a\0b.hex", pytest.param("\ud800.hex", marks=_A_NAME_THERE)])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(ImageError, match=r"a file cannot have this name"):
        load([name])
    with pytest.raises(ImageError, match=r"a file cannot have this name"):
        image.check_output(name)


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs there")
def test_a_pipe_that_nobody_writes_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "firmware.hex")
    assert "not a regular file" in str(refusal(tmp_path / "firmware.hex"))


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert str(refusal(tmp_path)) == f"{tmp_path}: is a directory"


@pytest.mark.skipif(sys.platform == "win32", reason="there it is no such file")
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(file: Path) -> None:
    write(file, RESET, END)
    assert str(refusal(file / "part.hex")).startswith(f"{file / 'part.hex'}: cannot be read: ")


def test_a_file_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "SIZE_LIMIT", 100)
    (tmp_path / "disk.bin").write_bytes(bytes(101))
    assert "not an image for an STM8" in str(refusal(tmp_path / "disk.bin", base=0x8000))


def test_several_files_make_one_image(tmp_path: Path) -> None:
    write(tmp_path / "boot.hex", RESET, END)
    (tmp_path / "data.bin").write_bytes(b"\x01\x02")
    loaded = load([tmp_path / "boot.hex", tmp_path / "data.bin"], base=0x4000)
    assert loaded.segments == (Segment(0x4000, b"\x01\x02"), Segment(0x8000, b"\x82\x00\x80\x80"))


def test_several_files_must_not_overlap(tmp_path: Path) -> None:
    write(tmp_path / "boot.hex", RESET, END)
    write(tmp_path / "application.hex", record(0x8002, b"\x80\x80\x9d"), END)
    with pytest.raises(ImageError, match=r"^the data overlaps at 0x008002\.\.0x008003$") as error:
        load([tmp_path / "boot.hex", tmp_path / "application.hex"])
    assert error.value.details == (
        f"{tmp_path / 'boot.hex'}:1: 0x008000..0x008003",
        f"{tmp_path / 'application.hex'}:1: 0x008002..0x008004",
    )


def test_an_overlap_of_many_records_is_one_range(file: Path) -> None:
    write(file, record(0x8000, b"abcd"), record(0x8004, b"efgh"), record(0x9000, b"x"), END)
    with pytest.raises(ImageError, match=r"^the data overlaps at 0x008000\.\.0x008007$"):
        load([file, file])


def test_data_outside_the_memories_is_named_with_its_line(file: Path) -> None:
    write(file, RESET, record(0x9FFE, b"abcd"), record(0xA002, b"efgh"), END)
    with pytest.raises(ImageError) as error:
        load([file]).check_inside([FLASH])
    assert error.value.details == (f"outside: 0x00A000..0x00A005, from {file}:2",)


# --- saving -----------------------------------------------------------------------------------------------------------

SEGMENTS = [Segment(0xFFFE, b"\x01\x02\x03\x04"), Segment(0x8000, b"\x82\x00")]


@pytest.mark.parametrize("name", ["out.hex", "out.ihx", "OUT.HEX"])
def test_what_is_saved_as_hex_is_loaded_again(tmp_path: Path, name: str) -> None:
    save(tmp_path / name, SEGMENTS)
    assert load([tmp_path / name]).segments == Image(SEGMENTS).segments
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_saved_hex_file_is_as_the_format_wants_it(file: Path) -> None:
    save(file, SEGMENTS)
    expected = [
        record(0x8000, b"\x82\x00"),
        record(0xFFFE, b"\x01\x02"),
        record(0, b"\x00\x01", 4),
        record(0, b"\x03\x04"),
        END,
    ]
    lines = file.read_text(encoding="ascii").splitlines()
    assert [line for line in lines if line != record(0, b"\x00\x00", 4)] == expected


def test_gaps_of_a_raw_binary_hold_the_erased_value_0x00(tmp_path: Path) -> None:
    save(tmp_path / "out.bin", [Segment(0x8004, b"\x05"), Segment(0x8000, b"\x01\x02")])
    assert (tmp_path / "out.bin").read_bytes() == b"\x01\x02\x00\x00\x05"


def test_a_raw_binary_has_no_more_gaps_than_can_be_read_again(tmp_path: Path) -> None:
    file = tmp_path / "out.bin"
    save(file, [Segment(0x8000, b"\x01"), Segment(0x8000 + SIZE_LIMIT - 1, b"\x02")])
    assert load([file], base=0x8000).size == SIZE_LIMIT
    file.unlink()
    with pytest.raises(ImageError, match=r"a raw binary of 0x008000\.\.0xFFFFFFF0 is larger than 16 MiB") as error:
        save(file, [Segment(0x8000, b"\x01"), Segment(0xFFFFFFF0, b"\x02")])
    assert error.value.hint == "save to a .hex file, which leaves gaps out"
    assert not file.exists()


@given(st.dictionaries(st.integers(0, 0x40000), st.binary(min_size=1, max_size=4), min_size=1, max_size=9))
def test_save_then_load_is_identity(tmp_path_factory: pytest.TempPathFactory, pieces: dict[int, bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "identity.hex"
    segments = Image(Segment(address * 4, data) for address, data in pieces.items()).segments
    save(path, segments)
    assert load([path]).segments == segments


@pytest.mark.parametrize("name", ["out", "out.elf", "out.s1", "out.hex.bak"])
def test_a_suffix_that_names_no_format_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as error:
        image.check_output(tmp_path / name)
    assert error.value.hint == "use one of .hex .ihx .i86 .s19 .s28 .s37 .srec .mot .bin"


@pytest.mark.parametrize("name", ["out.hex", "out.srec"])
def test_an_address_that_a_format_does_not_have_is_refused(tmp_path: Path, name: str) -> None:
    save(tmp_path / name, [Segment(0xFFFFFFFE, b"ab")])
    assert load([tmp_path / name]).segments == (Segment(0xFFFFFFFE, b"ab"),)
    with pytest.raises(ImageError, match="beyond 0xFFFFFFFF"):
        save(tmp_path / name, [Segment(0xFFFFFFFE, b"abc")])


def test_an_output_that_cannot_be_a_file_is_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "folder.hex").mkdir()
    with pytest.raises(ImageError, match=r"folder\.hex: is a directory"):
        image.check_output(tmp_path / "folder.hex")
    with pytest.raises(ImageError, match="its directory does not exist"):
        image.check_output(tmp_path / "nowhere" / "out.hex")


def test_a_file_is_replaced_as_a_whole_or_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, RESET, END)

    def disk_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(ImageError, match="cannot be written: No space left on device"):
        save(file, SEGMENTS)
    assert load([file]).size == 4
    assert list(file.parent.iterdir()) == [file]

"""Files that become images, and images that become files: raw data, texts, several files, saving."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stm8tool import image
from stm8tool.errors import Code, ImageError, UsageError
from stm8tool.image import Image, Segment, load, loading, save
from stm8tool.image.saving import SIZE_LIMIT
from stm8tool.words import COMMAND_LINE
from unit.image_texts import EEPROM, END, FLASH, RESET, record, refusal, write

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
        with pytest.raises(ImageError, match=f"the base 0x{base:06X} is not in eeprom 0x004000..0x00427F") as caught:
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

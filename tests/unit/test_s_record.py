"""Motorola S-records: what is read, what is refused and at which line, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stm8tool.errors import ImageError
from stm8tool.image import Image, Segment, load, save
from stm8tool.words import COMMAND_LINE

SIZES = {0: 2, 1: 2, 2: 3, 3: 4, 5: 2, 6: 3, 7: 4, 8: 3, 9: 2}


def record(kind: int, address: int, data: bytes = b"") -> str:
    """One S-record, written here a second time."""
    body = address.to_bytes(SIZES[kind], "big") + data
    body = bytes([len(body) + 1]) + body
    return f"S{kind}{body.hex().upper()}{0xFF - sum(body) % 256:02X}"


RESET = record(1, 0x8000, b"\x82\x00\x80\x80")
END = record(9, 0x8000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "firmware.s19"


def write(path: Path, *lines: str, eol: str = "\n") -> Path:
    path.write_bytes(eol.join([*lines, ""]).encode("latin-1"))
    return path


def refusal(path: Path) -> ImageError:
    with pytest.raises(ImageError) as caught:
        load([path])
    return caught.value


def test_the_example_of_the_manual_page_is_read(file: Path) -> None:
    # As objcopy and SRecord write it: header, data, count, start address.
    write(file, "S00600004844521B", "S1137AF00A0A0D0000000000000000000000000061", "S5030001FB", "S9030000FC")
    assert load([file]).segments == (Segment(0x7AF0, b"\n\n\r" + bytes(13)),)


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_an_s_record_file_is_read_with_any_line_ends(file: Path, eol: str) -> None:
    write(file, "", RESET, record(1, 0x8004, b"\x9d"), END, "", eol=eol)
    assert load([file]).segments == (Segment(0x8000, b"\x82\x00\x80\x80\x9d"),)


@pytest.mark.parametrize("name", ["firmware.srec", "firmware.MOT", "firmware.hex", "firmware.bin", "firmware"])
def test_s_records_are_known_by_their_content_not_their_name(tmp_path: Path, name: str) -> None:
    assert load([write(tmp_path / name, RESET.lower().replace("s", "S"), END)]).size == 4


@pytest.mark.parametrize(
    ("data", "end", "address"), [(1, 9, 0x8000), (2, 8, 0x18000), (3, 7, 0x27FFF), (3, 9, 0x8000), (1, 7, 0x8000)]
)
def test_addresses_have_two_three_or_four_bytes(file: Path, data: int, end: int, address: int) -> None:
    write(file, record(data, address, b"x"), record(end, 0))
    assert load([file]).segments == (Segment(address, b"x"),)


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        ([RESET, RESET[:-2] + "00", END], 2, "wrong checksum"),
        ([RESET, "", RESET[:-2], END], 3, "not a valid S-record"),
        ([RESET, RESET + "00", END], 2, "not a valid S-record"),
        ([RESET, RESET[:-1], END], 2, "not a valid S-record"),
        ([RESET, "S1", END], 2, "not a valid S-record"),
        ([RESET, "S1030000FC".replace("03", "02"), END], 2, "not a valid S-record"),
        ([RESET, "S20380007C", END], 2, "not a valid S-record"),
        ([RESET, "S4030000FC", END], 2, "not a valid S-record"),
        ([RESET, "SX030000FC", END], 2, "not a valid S-record"),
        ([RESET, "; a comment", END], 2, "not a valid S-record"),
        ([RESET, record(9, 0, b"x")], 2, "not a valid S-record"),
        ([RESET, record(5, 2), END], 2, "the file announces 2 data records, but has 1"),
        ([RESET, record(6, 0), END], 2, "the file announces 0 data records, but has 1"),
        ([RESET, record(1, 0x8003, b"\x80"), END], 2, "a second byte for 0x008003"),
        ([RESET, record(1, 0x9000, b"x"), RESET, END], 3, "a second byte for 0x008000"),
        ([RESET], 1, "the file stops without an end record"),
        ([RESET, "", END, "", RESET], 5, "data after the end record in line 3"),
    ],
)
def test_a_damaged_s_record_file_is_refused_with_its_line(
    file: Path, lines: list[str], line: int, problem: str
) -> None:
    error = refusal(write(file, *lines))
    assert str(error) == f"{file}:{line}: {problem}"
    assert error.hint == "the file is damaged: build or copy it again"


def test_two_files_in_one_are_told_as_two_files(file: Path) -> None:
    error = refusal(write(file, RESET, END, "", record(0, 0, b"HDR"), record(2, 0x9000, b"x"), record(8, 0)))
    assert str(error) == f"{file}:4: a second file begins here, after the end record in line 2"
    assert error.hint_in(COMMAND_LINE) == "several files were put into one: name each of them in the command instead"


def test_a_second_end_record_is_told_as_one(file: Path) -> None:
    error = refusal(write(file, RESET, END, END))
    assert str(error) == f"{file}:3: a second end record, after the one in line 2"
    assert error.hint == "delete this line"


def wide_record(address: int, data: bytes) -> str:
    """An S1 record as `sdcc --out-fmt-s19` writes it (SDCC 4.2): with three bytes of address."""
    return record(1, address >> 8, bytes([address & 0xFF]) + data)


def test_s1_records_with_addresses_of_24_bits_are_refused_with_what_makes_them(file: Path) -> None:
    lines = [
        wide_record(1, b""),
        wide_record(1, b""),
        wide_record(0x8000, b"\x82\x00\x80\x80"),
        wide_record(0x8004, b"\x9d"),
    ]
    error = refusal(write(file, *lines, END))
    assert str(error) == f"{file}: the S1 records hold addresses of 24 bits, but the format allows only 16"
    assert error.hint is not None
    assert "--out-fmt-ihx" in error.hint


@pytest.mark.parametrize("lines", [[wide_record(1, b""), wide_record(1, b"x"), wide_record(1, b"y")], [RESET, RESET]])
def test_an_overlap_that_wide_addresses_do_not_explain_stays_a_damage(file: Path, lines: list[str]) -> None:
    assert ": a second byte for 0x00" in str(refusal(write(file, *lines, END)))


def test_an_s_record_file_without_data_is_refused(file: Path) -> None:
    assert str(refusal(write(file, record(0, 0, b"HDR"), END))) == f"{file}: the file holds no data"


def test_a_file_that_is_saved_is_as_the_format_wants_it(file: Path) -> None:
    save(file, [Segment(0x8000, bytes(range(33))), Segment(0x9000, b"\xff")])
    assert file.read_text(encoding="ascii").splitlines() == [
        record(0, 0, b"stm8tool"),
        record(1, 0x8000, bytes(range(32))),
        record(1, 0x8020, b"\x20"),
        record(1, 0x9000, b"\xff"),
        record(5, 3),
        record(9, 0),
    ]


@pytest.mark.parametrize(("address", "kinds"), [(0xFFFE, "0159"), (0xFFFF, "0258"), (0xFFFFFF, "0357")])
def test_the_shortest_addresses_that_reach_the_last_byte_are_written(file: Path, address: int, kinds: str) -> None:
    save(file, [Segment(address, b"ab")])
    assert "".join(line[1] for line in file.read_text(encoding="ascii").splitlines()) == kinds


@given(st.dictionaries(st.integers(0, 0x40000), st.binary(min_size=1, max_size=80), max_size=9))
def test_save_then_load_is_identity(tmp_path_factory: pytest.TempPathFactory, pieces: dict[int, bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "identity.mot"
    segments = Image([Segment(0, b"\x01"), *(Segment(address * 80 + 1, data) for address, data in pieces.items())])
    save(path, segments.segments)
    assert load([path]).segments == segments.segments

"""ELF files as images: what of SDCC's belongs to a memory, and which files are refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from elf_files import ALLOC, make_elf
from stm8tool.errors import ImageError
from stm8tool.image import Segment, load
from stm8tool.parts.table import Region

PROGRAM = (("HOME", 0x8000, b"\x82\x00\x80\x80", ALLOC), ("CODE", 0x8004, b"\x9d", ALLOC))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "firmware.elf"


def refusal(path: Path) -> ImageError:
    with pytest.raises(ImageError) as caught:
        load([path], ram_size=1024)
    return caught.value


@pytest.mark.parametrize("name", ["firmware.elf", "firmware", "firmware.hex", "firmware.bin"])
def test_an_elf_file_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(make_elf(*PROGRAM))
    assert load([tmp_path / name]).segments == (Segment(0x8000, b"\x82\x00\x80\x80\x9d"),)


def test_what_is_reserved_in_the_ram_is_left_out_and_eeprom_and_flash_stay(file: Path) -> None:
    file.write_bytes(
        make_elf(
            ("DATA", 1, bytes(8), ALLOC),
            ("INITIALIZED", 9, b"\x55", ALLOC),
            ("OWN_DATA", 0x3FF, b"\0", ALLOC),
            ("SSEG", 0x400, b"\0", ALLOC),
            *PROGRAM,
            ("CABS0", 0x4000, b"\x07", ALLOC),
            (".debug_info", 0, b"dwarf", ALLOC),
            (".comment", 0, b"text", 0),
        )
    )
    assert [segment.address for segment in load([file], ram_size=1024).segments] == [0x4000, 0x8000]


def test_code_that_was_linked_into_the_ram_by_mistake_is_named_with_its_section(file: Path) -> None:
    file.write_bytes(make_elf(("CODE", 0x10, b"\x81", ALLOC), *PROGRAM[:1]))
    with pytest.raises(ImageError) as error:
        load([file], ram_size=1024).check_inside([Region("flash", 0x8000, 8192)])
    assert error.value.details == (f"outside: 0x000010, from {file}, section CODE",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x7fELF\x02\x01" + bytes(60), "not a 32-bit big-endian ELF"),
        (b"\x7fELF\x01\x01" + bytes(60), "not a 32-bit big-endian ELF"),
        (b"\x7fELF\x01\x02" + bytes(10), "the section table is damaged"),
        (make_elf(*PROGRAM, machine=20), "an ELF for another processor (machine 20, the STM8 is 186)"),
        (make_elf(*PROGRAM)[:46] + b"\0\x27" + make_elf(*PROGRAM)[48:], "the section table is damaged"),
        (make_elf(("DATA", 1, bytes(8), ALLOC)), "the file holds no data"),
    ],
)
def test_another_elf_file_is_refused(file: Path, content: bytes, problem: str) -> None:
    file.write_bytes(content)
    assert str(refusal(file)) == f"{file}: {problem}"


def test_an_elf_file_whose_sections_share_their_bytes_is_refused_before_it_fills_the_memory(file: Path) -> None:
    whole = bytearray(make_elf(*PROGRAM))
    for header in (1, 2):
        offset = len(whole) - 40 * (4 - header)
        whole[offset + 16 : offset + 24] = struct.pack(">II", 0, len(whole))
    file.write_bytes(whole)
    assert str(refusal(file)) == f"{file}: the sections are larger than the file"


def test_an_elf_file_that_is_cut_short_is_refused(file: Path) -> None:
    whole = make_elf(*PROGRAM)
    for length in range(4, len(whole)):
        file.write_bytes(whole[:length])
        assert refusal(file).hint

"""An ELF with data for debuggers, and files that are not one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dwarf_files import Die, debug_elf
from elf_files import ALLOC, make_elf
from stm8tool.dwarf import reading
from stm8tool.errors import Code, ImageError

CODE = ("CODE", 0x8000, bytes([0x82, 0, 0x80, 4, 0x20, 0xFE]), ALLOC)


def test_the_entries_of_each_unit_are_read() -> None:
    units = [
        Die("compile_unit", name="a.c", children=[Die("variable", name="counter")]),
        Die("compile_unit", name="b.c", children=[Die("structure_type", children=[Die("member", name="x")])]),
    ]
    data = reading.read("a.elf", debug_elf(units, CODE))
    assert [reading.name_of(top) for top in data.units] == ["a.c", "b.c"]
    names = [[reading.name_of(die) for die in reading.below(top)] for top in data.units]
    assert names == [["counter"], ["", "x"]]
    assert data.name == "a.elf"


@pytest.mark.parametrize(
    "sections", [[CODE], [CODE, (".debug_info", 0, b"", 0)]], ids=["no section", "an empty section"]
)
def test_an_elf_without_debug_information_says_how_to_build_it(sections: list[tuple[str, int, bytes, int]]) -> None:
    with pytest.raises(ImageError, match=r"^plain\.elf has no debug information$") as failure:
        reading.read("plain.elf", make_elf(*sections))
    assert failure.value.code is Code.NO_DWARF
    assert "build_type = debug" in str(failure.value.hint)


@pytest.mark.parametrize("content", [b"", b"hello", make_elf(CODE, machine=62)[:40], make_elf(CODE, machine=62)])
def test_what_is_not_an_elf_of_an_stm8_is_refused(content: bytes) -> None:
    with pytest.raises(ImageError, match=r"^x\.elf: ") as failure:
        reading.read("x.elf", content)
    assert failure.value.code is Code.FILE


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"missing\.elf: no such file$") as failure:
        reading.load(str(tmp_path / "missing.elf"))
    assert failure.value.hint


def test_damaged_debug_information_is_an_error_and_not_a_traceback() -> None:
    whole = debug_elf([Die("compile_unit", name="a.c", children=[Die("variable", name="counter")])], CODE)
    start = whole.index(b"counter")
    outcomes = set()
    for at in range(start - 60, start + 8):
        for value in (0x00, 0x7F, 0xFF):
            damaged = bytearray(whole)
            damaged[at] = value
            try:
                reading.read("a.elf", bytes(damaged))
                outcomes.add("read")
            except ImageError as exc:
                outcomes.add(exc.code.value)
    assert "E-FILE" in outcomes

"""Which file and function has which byte, and the picture of it; without a compiler."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stm8build.memory_map import memory_report, object_pieces, owners, treemap
from stm8build.memory_map.object_pieces import Name, Piece
from stm8build.memory_map.owners import Item, Memory, Section

# Shortened from files that SDCC 4.2.0 and 4.5.0 wrote.
REL = """XH3
H 5 areas 4 global symbols
M main
S .__.ABS. Def000000
S _add Ref000000
A _CODE size 0 flags 0 addr 0
A DATA size C flags 0 addr 0
S _buf Def000002
A CODE size 2A flags 0 addr 0
S _main Def00000F
S G$main$0$0 Def00000F
A CABS1 size 3 flags 8 addr 9000
S _t Def009000
"""
SYM = """ASxxxx Assembler V02.00 + NoICE + SDCC mods  (STMicroelectronics STM8)  Page 1
Symbol Table

    .__.ABS.                                                    =  000000 G
    _add                                                           ****** GX
  1 _buf                                                           000002 GR
  2 _main                                                          00000F GR
  2 _s                                                             000000 R
  2 again                                                          000003 R
  2 _s$1$2                                                         000001 R
  1 _s_keep_65536_14                                               000000 R
  3 _t                                                             009000 GR

Area Table

   0 _CODE                                      size      0   flags    0
   1 DATA                                       size      C   flags    0
   2 CODE                                       size     2A   flags    0
   3 CABS1                                      size      3   flags    8
"""


def test_an_object_tells_its_pieces_and_a_listing_its_static_names() -> None:
    assert object_pieces.pieces(REL) == [
        Piece("DATA", None, 0xC, [Name("_buf", 2)]),
        Piece("CODE", None, 0x2A, [Name("_main", 0xF)]),
        Piece("CABS1", 0x9000, 3, [Name("_t", 0)]),
    ]
    assert [sorted(name.text for name in piece.names) for piece in object_pieces.pieces(REL, SYM)] == [
        ["_buf", "_s_keep_65536_14"],
        ["_main", "_s"],
        ["_t"],
    ]
    headings = ";\t function main\n"
    assert [sorted(name.text for name in piece.names) for piece in object_pieces.pieces(REL, SYM, headings)] == [
        ["_buf", "_s_keep_65536_14"],
        ["_main"],  # `_s` is a label of inline assembler
        ["_t"],
    ]


def test_each_module_s_piece_follows_the_one_before() -> None:
    pieces = object_pieces.pieces(REL, SYM)
    other = [Piece("CODE", None, 4, [Name("_add", 0)])]
    sections = [Section("CODE", 0x8000, 0x2E, "flash"), Section("CABS1", 0x9000, 3, "flash")]
    found = owners.items([*sections, Section("DATA", 1, 0xC, "RAM")], [("main.c", pieces), ("zz.s", other)])
    assert found == [
        Item("RAM", 1, 2, "main.c", "s_keep", "variable", "DATA"),
        Item("RAM", 3, 10, "main.c", "buf", "variable", "DATA"),
        Item("flash", 0x8000, 15, "main.c", "s", "code", "CODE"),
        Item("flash", 0x800F, 27, "main.c", "main", "code", "CODE"),
        Item("flash", 0x802A, 4, "zz.s", "add", "code", "CODE"),
        Item("flash", 0x9000, 3, "main.c", "t", "placed", "CABS1"),
    ]
    assert owners.gaps(found, Memory("flash", 0x8000, 0x2000)) == [owners.Gap("flash", 0x802E, 0xFD2)]
    assert memory_report.misplaced(found, {"_main": 0x800F, "_buf": 3, "_elsewhere": 9}) is None
    assert memory_report.misplaced(found, {"_main": 0x8010}) == "_main"


@given(
    sizes=st.lists(st.integers(0, 40), max_size=6),
    size=st.integers(0, 200),
    places=st.lists(st.one_of(st.none(), st.integers(0x7FF0, 0x8100)), min_size=6, max_size=6),
)
def test_whatever_the_modules_say_each_byte_of_a_section_is_in_one_item(
    sizes: list[int], size: int, places: list[int]
) -> None:
    modules = [(f"{n}.c", [Piece("CODE", places[n], length, [])]) for n, length in enumerate(sizes)]
    found = owners.items([Section("CODE", 0x8000, size, "flash")], modules)
    held = [address for item in found for address in range(item.address, item.address + item.size)]
    assert held == list(range(0x8000, 0x8000 + size))


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40))
def test_the_rectangles_have_the_shares_of_the_numbers_and_fill_the_place(numbers: list[int]) -> None:
    numbers.sort(reverse=True)
    place = treemap.Rectangle(10, 20, 400, 300)
    rectangles = treemap.squarify(numbers, place)
    assert len(rectangles) == len(numbers)
    for number, (x, y, width, height) in zip(numbers, rectangles):
        assert width * height == pytest.approx(400 * 300 * number / sum(numbers), rel=1e-6)
        assert x >= 10 - 1e-6
        assert y >= 20 - 1e-6
        assert x + width <= 410 + 1e-6
        assert y + height <= 320 + 1e-6
    for one, (x, y, width, height) in enumerate(rectangles):
        for other_x, other_y, other_width, other_height in rectangles[one + 1 :]:
            across = min(x + width, other_x + other_width) - max(x, other_x)
            down = min(y + height, other_y + other_height) - max(y, other_y)
            assert min(across, down) < 1e-6


def report(tmp_path: Path) -> tuple[list[memory_report.Use], list[memory_report.Dropped]]:
    rows = [
        {"symbol": "_never<1>", "kind": "function", "size": 30, "file": "lib/led.c"},
        {"symbol": "_only_a_name", "kind": "function", "size": 0, "file": "lib/led.c"},
    ]
    (tmp_path / "unused.json").write_text(json.dumps({"dropped": rows}))
    found = owners.items([Section("CODE", 0x8000, 0x2A, "flash")], [("main.c", object_pieces.pieces(REL, SYM))])
    memories = [Memory("flash", 0x8000, 8192), Memory("RAM", 0, 1024), Memory("EEPROM", 0x4000, 640)]
    return memory_report.uses(found, memories), memory_report.read_removed(tmp_path / "unused.json").dropped


def test_the_table_has_each_memory_file_and_function(tmp_path: Path) -> None:
    assert memory_report.table(*report(tmp_path)).splitlines() == [
        "flash: 42 of 8192 bytes",
        "",
        "     42  main.c",
        "     27    main  (code)",
        "     15    s  (code)",
        "",
        "RAM: 0 of 1024 bytes",
        "",
        "",
        "left out as unused: 30 bytes",
        "",
        "     30  never<1>  (function, lib/led.c)",
    ]
    assert memory_report.read_removed(tmp_path / "other.json") == memory_report.Removed([], {})


def test_the_picture_is_svg_with_a_rectangle_for_each_and_grey_for_what_was_left_out(tmp_path: Path) -> None:
    picture = memory_report.picture("a & b", *report(tmp_path))
    tree = ElementTree.fromstring(picture)
    titles = [title.text for title in tree.iter("{http://www.w3.org/2000/svg}title")]
    assert sorted(map(str, titles)) == [
        "left out as unused: never<1>, 30 bytes, lib/led.c",
        "main.c: main, 27 bytes, code",
        "main.c: s, 15 bytes, code",
    ]
    areas: dict[str, float] = {}
    for width, height, fill in re.findall(r'width="([\d.]+)" height="([\d.]+)" fill="(#\w+)"/><text', picture):
        areas[fill] = areas.get(fill, 0) + float(width) * float(height)
    shares = sorted(area / sum(areas.values()) for area in areas.values())
    assert shares == pytest.approx([30 / 72, 42 / 72], rel=0.01)
    assert areas[treemap.GREY] == min(areas.values())

"""builder/stm8build/linker_files: objects, libraries and maps, as SDCC 4.2.0 and 4.5.0 write them."""

from __future__ import annotations

import pytest

from stm8build.linker_files import archives, maps, objects
from stm8build.linker_files.maps import Listed
from stm8build.linker_files.objects import Area, Label, Object, Symbol

OBJECT = """XH3
H 5 areas 4 global symbols
M main
S _fixed Def009100
S .__.ABS. Def000000
S _add Ref000000
A _CODE size 0 flags 0 addr 0
A CODE size 2A flags 0 addr 0
S _main Def00000F
S _f Def00000A
A CABS1 size 3 flags 8 addr 9000
S _t Def009001
T 00 00 00
S _text Def000000
"""
TABLE = """ASxxxx Assembler V02.00 + NoICE + SDCC mods  (STMicroelectronics STM8)  Page 1
Symbol Table

    .__.ABS.                                                    =  000000 G
    _add                                                           ****** GX
    _t                                                          =  009000 G
  1 _buf                                                           000002 GR
  2 alias                                                       =  00000F R
 1A again                                                          000003 R

Area Table

   0 _CODE                                      size      0   flags    0
"""
MAP = """ASxxxx Linker V03.00/V05.40 + sdld,  page 11.

Files Linked                              [ module(s) ]

.pio/build/a b/src/main.rel               [ main ]
ASxxxx Linker V03.00/V05.40 + sdld,  page 12.
src/zz.rel                                [ zz ]


Libraries Linked                          [ object file ]

lib6b3/libled.lib                         [ led.rel ]
/a/long/path/to/share/sdcc/lib/stm8-large/stm8.lib
                                          [ _modsint.rel ]

ASxxxx Linker V03.00/V05.40 + sdld,  page 13.

User Base Address Definitions

HOME = 0x8000
"""
LISTED = [
    Listed(".pio/build/a b/src/main.rel", ""),
    Listed("src/zz.rel", ""),
    Listed("lib6b3/libled.lib", "led.rel"),
    Listed("/a/long/path/to/share/sdcc/lib/stm8-large/stm8.lib", "_modsint.rel"),
]


def test_an_object_tells_its_areas_and_symbols() -> None:
    assert objects.read_object(OBJECT) == Object(
        [Area("_CODE", 0), Area("CODE", 0x2A), Area("CABS1", 3, 0x9000)],
        [Symbol("_fixed", -1, 0x9100), Symbol("_main", 1, 0xF), Symbol("_f", 1, 10), Symbol("_t", 2, 1)],
        ["_add"],
    )
    assert objects.read_object(OBJECT).defines == ["_fixed", "_main", "_f", "_t"]


def test_an_object_or_a_library_defines_a_symbol() -> None:
    assert objects.defines(OBJECT.encode(), "_main")
    assert objects.defines(b"!<arch>\n" + archive(b"main.rel/", OBJECT.encode()), "_main")
    assert not objects.defines(OBJECT.encode(), "_add")
    assert not objects.defines(OBJECT.encode(), "_mai")


def test_a_table_of_symbols_tells_the_labels_with_an_area() -> None:
    assert objects.labels(TABLE) == [
        Label("_buf", 1, 2, True, True),
        Label("alias", 2, 0xF, False, True),
        Label("again", 0x1A, 3, False, True),
    ]


@pytest.mark.parametrize("page", ["ASxxxx Linker V03.00/V05.40 + sdld,  page 12.\n", "\fASxxxx Linker,  page 2.\n"])
def test_the_map_tells_what_is_linked_in_the_order_of_linking(page: str) -> None:
    text = MAP.replace("ASxxxx Linker V03.00/V05.40 + sdld,  page 12.\n", f"{page}Hexadecimal  [24-Bits]\n\n")
    assert maps.listed(text) == LISTED
    assert maps.listed(text.partition("Libraries")[0]) == LISTED[:2]
    assert maps.listed("") == []


def test_a_folder_in_the_map_may_have_brackets_and_a_long_path_has_its_own_line() -> None:
    text = (
        "Files Linked                              [ module(s) ]\n\n"
        "src [ old ]/main.rel                      [ main ]\n"
        "a/very/long/path/that/needs/a/line/of/its/own.rel\n                                          [ own ]\n"
        "b.rel                                     [  ]\n"
    )
    paths = ["src [ old ]/main.rel", "a/very/long/path/that/needs/a/line/of/its/own.rel", "b.rel"]
    assert maps.listed(text) == [Listed(path, "") for path in paths]


def archive(name: bytes, content: bytes) -> bytes:
    header = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6) + b"644".ljust(8)
    return header + str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)


def test_a_library_gives_its_files_also_those_with_long_names() -> None:
    library = b"!<arch>\n" + archive(b"/", b"index") + archive(b"//", b"a_very_long_name_of.rel/\n")
    library += archive(b"led.rel/", b"XH3\n1") + archive(b"/0", b"XH3")
    found = archives.members(library)
    assert found is not None
    assert [tuple(one) for one in found] == [("led.rel", b"XH3\n1"), ("a_very_long_name_of.rel", b"XH3")]
    assert archives.members(b"<FILES>\n") is None

"""The lines of programs by a real SDCC: addresses to lines, lines to addresses, and what SDCC leaves out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from debugged import LARGE, MODELS, build, line_of
from pio import Core
from stm8tool.dwarf import lines, reading
from stm8tool.image import elf

pytestmark = pytest.mark.platform

MAIN_C = """\
#include "inc/add.h"
extern unsigned char twice(unsigned char);
extern int popping(int a, int b);
volatile unsigned char out;
volatile int wide;

void main(void)
{
    unsigned char i;
    for (i = 0; i < 3; i++) {
        out = twice(i);
        out = add_one(out);
    }
    wide = popping(1, 2);
    for (;;)
        ;
}
"""
ADD_H = """\
static unsigned char add_one(unsigned char a)
{
    return a + 1;
}
"""
POPS_C = """\
volatile int seen;
int popping(int a, int b)
{
    seen = a;
    return b - a;
}
"""
TWICE_S = """\
\t.globl _twice
\t.area CODE
_twice:
\tsll a
\tret
"""
SOURCES = {"src/main.c": MAIN_C, "src/inc/add.h": ADD_H, "src/pops.c": POPS_C, "src/twice.s": TWICE_S}

# 44 KB of constants before the code lift it above 0xFFFF.
HIGH_C = """\
const char first[20000] = {1};
const char second[14000] = {2};
volatile char sink;
void touch(void) { sink = first[1]; sink = second[2]; }
"""


@pytest.fixture(scope="module")
def sdcc(core: Core) -> str:
    return core.sdcc()


def table(program: Path) -> lines.LineTable:
    return lines.read_lines(reading.load(str(program)))


def symbol(program: Path, name: str) -> int:
    return elf.symbols(program.read_bytes())[name]


@pytest.mark.parametrize("model", MODELS)
def test_a_function_is_at_its_line_and_a_line_at_its_code(sdcc: str, tmp_path: Path, model: str) -> None:
    program = build(sdcc, tmp_path, SOURCES, model=model)
    found = table(program)
    main = found.at(symbol(program, "_main"))
    assert main is not None
    assert main.file == "src/main.c"
    assert main.line in (line_of(MAIN_C, "void main"), line_of(MAIN_C, "for (i = 0"))
    for words in ("out = twice(i)", "out = add_one(out)", "wide = popping"):
        line = line_of(MAIN_C, words)
        (code,) = found.code_of("src/main.c", line)
        assert found.at(code.start) == found.at(code.end - 1) == code
        assert (code.file, code.line) == ("src/main.c", line)


@pytest.mark.parametrize("model", MODELS)
def test_every_run_of_code_ends_before_the_next_begins(sdcc: str, tmp_path: Path, model: str) -> None:
    found = table(build(sdcc, tmp_path, SOURCES, model=model)).lines
    assert len(found) > 10
    assert all(line.start < line.end for line in found)
    assert all(line.end <= following.start for line, following in zip(found, found[1:]))


def test_the_head_of_a_loop_has_code_at_two_places(sdcc: str, tmp_path: Path) -> None:
    found = table(build(sdcc, tmp_path, SOURCES))
    assert len(found.code_of("src/main.c", line_of(MAIN_C, "for (i = 0"))) == 2


def test_a_header_keeps_its_own_name_and_a_file_is_found_by_the_end_of_its_path(sdcc: str, tmp_path: Path) -> None:
    found = table(build(sdcc, tmp_path, SOURCES))
    assert found.files_named("add.h") == ["src/inc/add.h"]
    assert found.files_named("inc/add.h") == ["src/inc/add.h"]
    assert found.files_named("main.c") == ["src/main.c"]
    assert found.files_named("./src\\main.c") == ["src/main.c"]
    assert found.files_named("ain.c") == []
    assert line_of(ADD_H, "return a + 1") in found.lines_with_code("src/inc/add.h")


def test_a_function_that_pops_its_arguments_ends_where_the_frame_data_say(sdcc: str, tmp_path: Path) -> None:
    """SDCC 4.2 leaves the sequence of lines open: pops.c is the last file with lines, and nothing else ends it."""
    program = build(sdcc, tmp_path, SOURCES)
    found = table(program)
    start = symbol(program, "_popping")
    data = reading.load(str(program))
    (length,) = (
        entry["address_range"] for entry in lines.frame_entries(data.dwarf) if entry["initial_location"] == start
    )
    last = found.at(start + length - 1)
    assert last is not None
    assert last.file == "src/pops.c"
    assert last.end == start + length
    following = found.at(start + length)
    assert following is None or following.file != "src/pops.c"


def test_hand_written_assembler_has_lines_if_it_was_assembled_with_them(sdcc: str, tmp_path: Path) -> None:
    program = build(sdcc, tmp_path, SOURCES)
    found = table(program)
    first, second = found.at(symbol(program, "_twice")), found.at(symbol(program, "_twice") + 1)
    assert first is not None
    assert second is not None
    assert (first.file, first.line, first.is_assembler) == ("twice", line_of(TWICE_S, "sll a"), True)
    assert second.line == line_of(TWICE_S, "ret")


def test_library_code_has_no_line(sdcc: str, tmp_path: Path) -> None:
    text = "volatile long a = 7, b = 3;\nvoid main(void) { a = a * b; for (;;) ; }\n"
    program = build(sdcc, tmp_path, {"main.c": text})
    assert table(program).at(symbol(program, "__mullong")) is None


def test_code_above_64_k_has_its_whole_addresses(sdcc: str, tmp_path: Path) -> None:
    """SDCC's table of lines keeps 16 bits: a function at 0x10003 is at 0x0003 there."""
    sources = {"high.c": HIGH_C, **SOURCES}
    program = build(sdcc, tmp_path, sources, model=LARGE)
    main = symbol(program, "_main")
    assert main > 0xFFFF
    found = table(program)
    line = found.at(main)
    assert line is not None
    assert line.file == "src/main.c"
    assert found.at(main & 0xFFFF) is None
    touched = found.at(symbol(program, "_touch"))
    assert touched is not None
    assert touched.file == "high.c"
    # What is left of a function after the bank's end counts on.
    assert {entry.start >> 16 for entry in found.lines} == {1}


def test_lines_whose_place_is_not_known_are_left_out(sdcc: str, tmp_path: Path) -> None:
    """Without the names of rows nothing tells to which 64 K the low 16 bits belong."""
    program = build(sdcc, tmp_path, {"high.c": HIGH_C, **SOURCES}, model=LARGE)
    content = program.read_bytes()
    for name in (b"Smain$", b"Shigh$", b"Spops$"):
        content = content.replace(name, name.replace(b"S", b"Q"))
    program.write_bytes(content)
    assert [line for line in table(program).lines if not line.is_assembler] == []


def test_a_name_that_fits_several_files_names_them_all() -> None:
    found = lines.LineTable(lines.CodeLine(at, at + 1, file, 1) for at, file in enumerate(["one/part.c", "two/part.c"]))
    assert found.files_named("part.c") == ["one/part.c", "two/part.c"]
    assert found.files_named("two/part.c") == ["two/part.c"]


def test_what_the_builder_removed_has_no_lines(sdcc: str, tmp_path: Path) -> None:
    """The builder sets the addresses of a removed function to 0."""
    program = build(sdcc, tmp_path, SOURCES)
    assert table(program).at(0) is None


def test_a_file_that_is_compiled_and_linked_at_once_keeps_its_lines(sdcc: str, tmp_path: Path) -> None:
    """Its symbols have the name of the program, not that of the file. So they look like those of assembler."""
    (tmp_path / "main.c").write_text('void main(void)\n{\n    __asm__("nop");\n    for (;;) ;\n}\n', encoding="utf-8")
    command = [sdcc, "-mstm8", "--debug", "--out-fmt-elf", "main.c", "-o", "program.elf"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    found = table(tmp_path / "program.elf")
    assert found.files == ["main.c"]
    assert [line.is_assembler for line in found.lines if line.is_assembler] == []

"""Counts of instructions become lines, functions and hot spots."""

from __future__ import annotations

from stm8tool.dwarf import coverage
from stm8tool.dwarf.coverage import CoveredFile, HotSpot
from stm8tool.dwarf.functions import Functions, SourceFunction
from stm8tool.dwarf.lines import CodeLine, LineTable

# A loop of line 3 has its test at its end, so the line has two runs of code. Line 9 is never reached.
LINES = LineTable(
    [
        CodeLine(0x8080, 0x8082, "src/main.c", 2),
        CodeLine(0x8082, 0x8084, "src/main.c", 3),
        CodeLine(0x8084, 0x8088, "src/main.c", 4),
        CodeLine(0x8088, 0x808C, "src/main.c", 3),
        CodeLine(0x808C, 0x808E, "src/main.c", 6),
        CodeLine(0x8090, 0x8094, "src/other.c", 9),
        CodeLine(0x80A0, 0x80A2, "start", 5, is_assembler=True),
    ]
)


def function(name: str, file: str, start: int, end: int) -> SourceFunction:
    return SourceFunction(name, file, start, end, False, False, (), None)


FUNCTIONS = Functions([function("main", "src/main.c", 0x8080, 0x8090), function("idle", "src/other.c", 0x8090, 0x8094)])
COUNTS = {
    0x8080: (1, 2),
    0x8082: (1, 1),
    0x8084: (10, 10),
    0x8086: (10, 30),
    0x8088: (11, 22),
    0x808A: (11, 21),
    0x808C: (1, 2),
    0x80A0: (7, 7),
    0x80C0: (3, 100),
}


def test_a_line_counts_as_often_as_its_busiest_instruction() -> None:
    assert coverage.covered(LINES, FUNCTIONS, COUNTS) == [
        CoveredFile("src/main.c", {2: 1, 3: 11, 4: 10, 6: 1}, [("main", 2, 1)]),
        CoveredFile("src/other.c", {9: 0}, [("idle", 9, 0)]),
    ]


def test_the_file_has_the_records_of_lcov_and_none_for_branches() -> None:
    assert coverage.lcov(coverage.covered(LINES, FUNCTIONS, COUNTS)).splitlines() == [
        *("TN:", "SF:src/main.c", "FN:2,main", "FNDA:1,main", "FNF:1", "FNH:1"),
        *("DA:2,1", "DA:3,11", "DA:4,10", "DA:6,1", "LF:4", "LH:4", "end_of_record"),
        *("TN:", "SF:src/other.c", "FN:9,idle", "FNDA:0,idle", "FNF:1", "FNH:0"),
        *("DA:9,0", "LF:1", "LH:0", "end_of_record"),
    ]


def test_hot_functions_have_the_cycles_of_their_own_code() -> None:
    assert coverage.hot_functions(LINES, FUNCTIONS, COUNTS, lambda address: f"at {address:x}") == [
        HotSpot("at 80c0", "", 0, 100),
        HotSpot("main", "src/main.c:2", 1, 88),
        HotSpot("at 80a0", "", 0, 7),
    ]


def test_hot_lines_add_the_cycles_of_all_their_code() -> None:
    assert coverage.hot_lines(LINES, FUNCTIONS, COUNTS) == [
        HotSpot("main", "src/main.c:3", 11, 44),
        HotSpot("main", "src/main.c:4", 10, 40),
        HotSpot("", "start:5", 7, 7),
        HotSpot("main", "src/main.c:2", 1, 2),
        HotSpot("main", "src/main.c:6", 1, 2),
    ]

"""SDCC's intermediate code after its last changes: what SDCC prints has repeats, assembler and dead blocks."""

from __future__ import annotations

from stm8build.wrong_code.later_code import lines_of, procedures
from stm8build.wrong_code.lost_variables import lost_variables

MARK = "src/main.c(l{}:s1:k{}:d0:s0:b2)\t"
KEYS = " [k1 lr0:0 so:0]{ ia0 a2p0 re0 rm0 nos0 ru0 dp0}"
HEAD = "Basic Block _entry (df:1 bb:0 lvl:0:1): loopDepth=0"
DEAD = "Basic Block _forcond_3 (df:0 bb:17 lvl:5:0): loopDepth=3 noPath partOfLoop"


def proc(name: str) -> str:
    return f"{MARK.format(1, 1)}\tproc _{name}{KEYS}{{void function ( void ) fixed}}"


def copy(line: int, key: int, result: str, value: str) -> str:
    left, right = (f"{name}{KEYS}{{unsigned-char fixed}}[a ]" for name in (result, value))
    return f"{MARK.format(line, key)}\t{left} := {right}"


def test_an_operation_behind_inline_assembler_is_one_of_its_own() -> None:
    joined = f"{MARK.format(2, 2)}\tsim{copy(3, 3, 'iTemp1', 'g')}"
    lines = list(lines_of("\n".join((proc("f"), joined))))
    assert lines == [proc("f"), f"{MARK.format(2, 2)}\tsim", copy(3, 3, "iTemp1", "g")]


def test_what_sdcc_prints_twice_is_read_once_and_again_for_the_next_function() -> None:
    row = copy(2, 2, "iTemp1", "g")
    code = "\n".join((HEAD, proc("f"), row, HEAD, row, HEAD, proc("h"), row))
    assert [(name, len(rows)) for name, rows in procedures(code)] == [("f", 1), ("h", 1)]


def test_the_registers_of_a_value_are_known() -> None:
    ((_, (row,)),) = procedures("\n".join((HEAD, proc("f"), copy(2, 2, "iTemp1", "iTemp2"))))
    assert row.result is not None
    assert (row.file, row.line, row.result.name, row.result.places) == ("src/main.c", 2, "iTemp1", ("a",))
    assert [(operand.name, operand.places) for operand in row.operands()] == [("iTemp2", ("a",))]


def plain(line: int, key: int, result: str, value: str) -> str:
    left, right = (f"{name}{KEYS}{{unsigned-char fixed}}" for name in (result, value))
    return f"{MARK.format(line, key)}\t{left} := {right}"


def test_a_value_that_nothing_makes_any_more_is_lost_but_not_in_a_block_that_nothing_leads_to() -> None:
    begin, made, use = (HEAD, proc("f")), plain(3, 3, "iTemp9", "g"), plain(4, 4, "iTemp1", "iTemp9")
    before = "\n".join((*begin, made, use, f"{MARK.format(5, 5)}\teproc _f{KEYS}{{void function ( void ) fixed}}"))
    lost = list(lost_variables(before, "\n".join((*begin, use))))
    assert [(place.line, place.function) for place in lost] == [(4, "f")]
    assert list(lost_variables(before, "\n".join((DEAD, use, *begin, plain(5, 5, "iTemp2", "g"))))) == []
    assert list(lost_variables(before, "\n".join((*begin, made, use)))) == []

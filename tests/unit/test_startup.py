"""builder/stm8build/link/startup.py and handlers.py, and linker_files/program.py: a program that would not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from stm8build.link import handlers, startup
from stm8build.linker_files import program

ASSEMBLER = """\t.area CODE
;\tsrc/a.c: 3: void tick(void) __interrupt(23) { x = 2; }
;\t-----------------------------------------
;\t function tick
;\t-----------------------------------------
_tick:
\tmov\t_x+0, #0x02
\tiret
;\tsrc/a.c: 4: HANDLER(tock)
;\t-----------------------------------------
;\t function tock
;\t-----------------------------------------
_tock:
\tiret
;\tsrc/a.c: 5: void plain(void) { }
;\t-----------------------------------------
;\t function plain
;\t-----------------------------------------
_plain:
\tret
\t.area CONST
"""


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"Main"}, "rename `Main` to `main`"),
        ({"MAIN", "x"}, "rename `MAIN` to `main`"),
        ({"setup", "loop"}, "set framework = arduino"),
        ({"mian", "delay"}, "did you mean `main`? The program has `mian`"),
        ({"_main"}, "did you mean `main`? The program has `_main`"),
        ({"init_everything"}, "board_build.startup = own"),
        (set(), "write a main in src"),
    ],
)
def test_the_name_that_was_meant_is_said(names: set[str], said: str) -> None:
    assert said in startup.meant(names)


def test_main_is_looked_for_in_libraries_only_where_no_object_has_it(tmp_path: Path) -> None:
    has, lacks = tmp_path / "has.rel", tmp_path / "lacks.rel"
    has.write_bytes(b"XH3\nS _main Def000000\n")
    lacks.write_bytes(b"XH3\nS _main Ref000000\nS _mainly Def000000\n")
    assert startup.needs_reference([lacks], [lacks, has])
    assert not startup.needs_reference([has], [has])
    assert not startup.needs_reference([lacks], [lacks, tmp_path / "missing.lib"])


def test_functions_that_end_in_iret_are_candidates() -> None:
    assert handlers.candidates(ASSEMBLER) == [("tick", False, 23), ("tock", True, None)]


def test_sdcc_tells_a_debugger_the_numbers() -> None:
    adb = (
        "F:G$tick$0_0$0({2}DF,SV:S),C,0,0,1,23,0\n"
        "F:Fa$tock$0_0$0({2}DF,SV:S),C,0,0,1,5,0\n"
        "F:G$f$0_0$0({2}DF,SV:S),C,0,0,0,0,0\n"
    )
    assert handlers.numbers(adb) == {"tick": 23, "tock": 5}


def test_a_handler_is_served_by_its_own_place_in_the_table_alone() -> None:
    table = [0x8080, 0, *[0] * 23, 0x9000]
    tick = handlers.Candidate("tick", False, 23)
    assert handlers.is_served(tick, 0x9000, table)
    assert handlers.is_served(tick._replace(number=None), 0x9000, table)
    assert not handlers.is_served(tick._replace(number=22), 0x9000, table)
    assert not handlers.is_served(tick, 0x9001, table)
    assert not handlers.is_served(tick, None, table)
    assert not handlers.is_served(tick, 0x9000, table[:4])


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (23, "declare it in a header that src/main.c includes: void tick(void) __interrupt(23);"),
        (handlers.TRAP, "void tick(void) __trap;"),
        (3, "leave one of the two handlers out"),
        (40, "look up the number in the datasheet"),
    ],
)
def test_the_prototype_to_declare_is_said(number: int, said: str) -> None:
    table = [0x8080, 0, 0, 0, 0, 0x9100]
    unserved = handlers.Unserved("src/a.c", "tick", number, False)
    message, hint = handlers.problem(unserved, table, {"_other": 0x9100}, "src/main.c")
    assert message.startswith("src/a.c: `tick` is the handler of ")
    assert said in hint


def test_a_prototype_with_another_number_is_said() -> None:
    unserved = handlers.Unserved("src/a.c", "tick", 23, False)
    message, hint = handlers.problem(unserved, [0x8080, 0, 0, 0x9100], {"_tick": 0x9100}, "src/main.c")
    assert "the vector of interrupt 1 leads to it" in message
    assert hint == "let the prototype that src/main.c sees have the same number: void tick(void) __interrupt(23);"


def test_only_empty_handlers_of_st_s_template_may_lack_a_vector() -> None:
    assert handlers.is_template(handlers.Unserved("src/stm8s_it.c", "f", 1, True))
    assert not handlers.is_template(handlers.Unserved("src/stm8s_it.c", "f", 1, False))
    assert not handlers.is_template(handlers.Unserved("src/main_it.c", "f", 1, True))


def test_a_part_that_is_not_known_has_no_memories_to_compare_with() -> None:
    assert program.memories("stm8x999", 8192) == []
    names = [memory.name for memory in program.memories("stm8s103f3p6", 8192)]
    assert names == ["flash", "EEPROM", "option bytes"]


def test_a_board_s_own_size_of_the_flash_counts_where_it_is_more() -> None:
    assert program.memories("stm8s103f3p6", 16384)[0].end == 0xC000
    assert program.memories("stm8s103f3p6", 4096)[0].end == 0xA000

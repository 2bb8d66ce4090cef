"""SDCC's assembler cut into functions and constants, and what a program reaches of them."""

from __future__ import annotations

import pytest

from stm8build.linker_files.objects import Area, Object, Symbol
from stm8build.unused import debug_lines, pieces
from stm8build.unused.reach import Module, reached

HEAD = """\t.module main
\t.optsdcc -mstm8
\t.globl _main
\t.globl _other
\t.globl _outside
\t.globl _declared
\t.area DATA
_variable::
\t.ds 2
\t.area CODE
"""
RULE = ";\t-----------------------------------------\n"


def function(name: str, body: str) -> str:
    return f";\tmain.c: 5: comment\n{RULE};\t function {name}\n{RULE}_{name}:\n{body}"


PROGRAM = (
    HEAD
    + function("main", "\tcall\t_other\n00101$:\n\tjra\t00101$\n\tret\n")
    + function("other", "\tldw\tx, #(_table+2)\n\tjp\t_outside\n")
    + function("falls", "\tinc\t_variable\n")
    + function("last", "\tret\n")
    + '\t.area CODE\n\t.area CONST\n_table:\n\t.dw _last\n\t.area CONST\n___str_0:\n\t.ascii "a; _falls"\n\t.db 0x00\n'
    + "\t.area INITIALIZER\n__xinit__variable:\n\t.dw _last\n"
)


def names(found: pieces.Cut) -> list[str]:
    return [piece.name for piece in found.pieces]


def test_functions_and_constants_are_pieces_and_the_rest_is_not() -> None:
    found = pieces.cut(PROGRAM)
    assert found.problem == ""
    assert names(found) == ["_main", "_other", "_falls", "_last", "_table", "___str_0"]
    assert [piece.kind for piece in found.pieces[3:]] == ["function", "constant", "constant"]
    assert "_variable" in found.names
    assert "_last" in found.uses  # in initialised data
    assert "_declared" in found.uses  # as the linker sees it
    assert "_outside" not in found.uses
    assert [piece.name for piece in found.pieces if piece.runs_on] == ["_falls"]
    assert found.pieces[1].uses == ("x", "_table", "_outside")
    assert "_falls" not in found.pieces[5].uses  # a text


@pytest.mark.parametrize(
    ("body", "runs_on"),
    [
        ("\tret\n", False),
        ("\tiret\n", False),
        ("\tretf\n", False),
        ("\tjp\t_x\n", False),
        ("\tjpf\t_x\n", False),
        ("\tjra\t_x\n", False),
        ("\tRET\n", False),
        ("\tret\n;\tcomment\n\tSmain$f$3 ==.\n", False),
        ("", True),
        ("\tcall\t_x\n", True),
        ("\tjreq\t_x\n", True),
        ("\tret\n00101$:\n", True),
        ("\tret\nlabel:\n", True),
        ("\tret\n\t.db 1\n", True),
    ],
)
def test_a_function_without_a_jump_at_its_end_runs_on(body: str, runs_on: bool) -> None:
    found = pieces.cut(HEAD + function("f", body) + function("g", "\tret\n"))
    assert found.pieces[0].runs_on == runs_on


@pytest.mark.parametrize(
    "body",
    [
        "\t.macro both\n\tret\n\t.endm\n",
        "\t.if 1\n\tret\n\t.endif\n",
        "\tjra .+4\n\tret\n",
        "\tjra\t.\n",
        "\t.area CONST\nhere:\n\t.db 1\n\t.area CODE\n\tret\n",
        "\t.area CODE\n\tret\n",
        "\t.even\n\tret\n",
        '\t.include "file"\n',
        "\t. = . + 4\n\tret\n",
        "\tx =: 5\n\tret\n",
        "\tx .equ 5\n\tret\n",
    ],
)
def test_a_file_with_something_else_stays_whole(body: str) -> None:
    found = pieces.cut(HEAD + function("f", body) + function("g", "\tret\n"))
    assert found.problem
    assert not found.pieces


@pytest.mark.parametrize(
    "text",
    [
        HEAD + f"{RULE};\t function f\n{RULE}_other:\n\tret\n",
        HEAD + f"{RULE};\t function f\n{RULE}\tret\n",
        HEAD + "\tret\n",
        HEAD + "\t.db 1\n",
        HEAD + "_a:\n\t.db 1\n\tret\n",
    ],
)
def test_code_or_data_without_a_name_of_its_own_keeps_the_file_whole(text: str) -> None:
    assert pieces.cut(text).problem


@pytest.mark.parametrize("letters", ["\u0445", "\u00c5", "\f"])  # the first two hold the byte 0x85
def test_a_comment_of_the_source_ends_with_its_line(letters: str) -> None:
    text = function("f", f"; src/main.c: 3: // {letters} told: v = v + 1;\n\tret\n") + function("g", "\tret\n")
    assembler = (HEAD + text).encode().decode("latin-1")
    found = pieces.cut(assembler)
    assert found.problem == ""
    assert [piece.names for piece in found.pieces] == [("_f",), ("_g",)]
    assert pieces.without(assembler, found, {0}).count("\n") == assembler.count("\n")


def test_code_in_an_area_of_the_program_is_no_piece_and_names_what_it_needs() -> None:
    found = pieces.cut(HEAD.replace("CODE", "BOOT") + function("f", "\tcall\t_needed\n\tret\n"))
    assert found.problem == ""
    assert not found.pieces
    assert "_needed" in found.uses
    assert "_f" in found.names


def test_what_is_left_has_the_same_lines_and_no_name_of_what_is_gone() -> None:
    found = pieces.cut(PROGRAM)
    gone = {names(found).index(name) for name in ("_main", "_other", "_table")}
    left = pieces.without(PROGRAM, found, gone)
    assert len(left.splitlines()) == len(PROGRAM.splitlines())
    for word in ("_main", "_other", "_outside", "_table:"):
        assert word not in left
    for word in ("_falls:", "_last:", "_declared", "___str_0:", "__xinit__variable:"):
        assert word in left
    assert pieces.without(PROGRAM, found, set()) == PROGRAM
    windows = PROGRAM.replace("\n", "\r\n")
    assert pieces.without(windows, pieces.cut(windows), gone) == left.replace("\n", "\r\n")


def test_the_lines_of_a_dropped_function_go_and_its_place_stays_where_a_distance_is_counted_from_it() -> None:
    lines = [
        "\t.area .debug_line (NOLOAD)\n",
        "\t.dw\t0,(Sm$kept$1)\n",
        "\t.sleb128\t1\n",
        "\t.db\t1\n",
        "\t.dw\tSm$gone$2-Sm$kept$1\n",
        "\t.sleb128\t1\n",
        "\t.db\t1\n",
        "\t.dw\t1+Sm$gone$3-Sm$gone$2\n",
        "\t.area .debug_info (NOLOAD)\n",
        '\t.ascii\t"_gone"\n',
        "\t.dw\t0,(_gone)\t;_gone\n",
    ]
    left, needed = debug_lines.adjusted(lines, {"Sm$gone$2", "Sm$gone$3", "_gone"})
    assert needed == {"Sm$gone$2"}
    assert left[3] == lines[3]
    assert left[4] == lines[4]
    assert left[6] == "\t.db\t7\n"
    assert left[7] == "\t.dw\t1+0-0\n"
    assert left[9] == lines[9]
    assert left[10].startswith("\t.dw\t0,(0)")


#
# What is reached
#


def module(text: str, own: bool = True, areas: tuple[str, ...] = ("CODE",), whole: bool = False) -> Module:
    """Return a module of functions: lines `NAME: WORDS IT USES`; a name that begins with `.` is local."""
    found = []
    for line in text.split("\n"):
        name, _, uses = line.partition(":")
        name = name.strip()
        found.append(
            pieces.Piece(
                "function",
                name.lstrip("."),
                (name.lstrip("."),),
                "CODE",
                0,
                0,
                tuple(uses.split()),
                "+" in uses,
                "iret" in uses,
            )
        )
    defines = [Symbol(line.partition(":")[0].strip(), 0, 0) for line in text.split("\n") if line.strip()[0] != "."]
    refers = sorted({word for piece in found for word in piece.uses} - {piece.name for piece in found})
    cut = pieces.Cut("whole" if whole else "", () if whole else tuple(found))
    return Module(own, Object([Area(area, 1) for area in areas], defines, refers), cut)


def stays(modules: list[Module], *wanted: str) -> str:
    found = reached(modules, wanted)
    return " ".join(modules[place].cut.pieces[number].name for place, number in sorted(found.pieces))


def test_a_local_name_means_the_one_of_its_own_module() -> None:
    one = module("main: help\n.help: deep\n.spare:")
    other = module("deep:\n.help: far\nfar:")
    assert stays([one, other], "main") == "main help deep"


def test_a_name_that_the_user_keeps_may_be_static() -> None:
    assert stays([module("main:\n.version: deep\ndeep:\n.spare:")], "main", "version") == "main version deep"


def test_a_piece_that_runs_on_keeps_the_next_one_and_its_needs() -> None:
    assert stays([module("main: +\nnext: far\nfar:\nspare:")], "main") == "main next far"


def test_a_handler_stays_and_one_of_a_library_only_with_its_module() -> None:
    own = module("main:\nisr: iret")
    assert stays([own, module("unused:\ntick: iret", own=False)], "main") == "main isr"
    assert stays([module("main: used"), module("used:\ntick: iret", own=False)], "main") == "main used tick"


def test_a_module_that_is_not_cut_keeps_all_that_it_refers_to() -> None:
    hand = module("asm: called", whole=True)
    assert stays([module("main:\ncalled:\nspare:"), hand], "main") == "main called"
    library = module("asm: called", own=False, whole=True)
    assert stays([module("main:\ncalled:\nspare:"), library], "main") == "main"
    assert stays([module("main: asm\ncalled:\nspare:"), library], "main") == "main called"


def test_a_module_of_a_library_that_does_something_at_the_start_stays() -> None:
    led = module("blink:", own=False, areas=("CODE", "GSINIT"))
    assert reached([module("main:"), led], ["main"]).modules == {0, 1}
    plain = module("blink:", own=False, areas=("CODE", "INITIALIZER", ".debug_line"))
    assert reached([module("main:"), plain], ["main"]).modules == {0}

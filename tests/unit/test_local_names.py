"""The names of local variables in SDCC's intermediate code have the name of their function before them."""

from __future__ import annotations

import pytest

from stm8build.wrong_code.initialisers import add_initialisers
from stm8build.wrong_code.syntax_tree import Function, parse

TREE = """\
FUNCTION (_NAME=0x55dbb5d9c000) type (unsigned-char fixed) args (unsigned-char auto)
tree (0x55dbb5d9bf60) not decorated
(null):0:{ L2:0 B2
f.c:3:  ASSIGN(=) (0x55dbb5d9afe0) type (unsigned-char fixed)
f.c:3:    SYMBOL (L1:0 B1 VARIABLE=0x55dbb5d9a040 @ 0x55dbb5d983e0) type (unsigned-char fixed)
f.c:3:    CONSTANT (0x55dbb5d9a980) value = 7, 0x7, 7.000000 type (unsigned-char literal)
(null):0:}
"""
AT = "f.c(l{}:s0:k{}:d0:s0:b1)\t\t{}\n"
KEYS = "{ ia0 a2p0 re0 rm0 nos0 ru0 dp0}"
PROC = f"proc _NAME [k1 lr0:0 so:0]{KEYS}{{unsigned-char function ( unsigned-char auto) fixed}}"
SET = f"_NAME_VARIABLE_65536_2 [k2 lr0:0 so:0]{KEYS}{{unsigned-char auto}} := 0x7 {{unsigned-char literal}}"


def joined(name: str, variable: str, lines: list[int]) -> Function:
    tree, code = TREE, AT.format(1, 1, PROC) + "".join(AT.format(line, 2 + line, SET) for line in lines)
    code += AT.format(4, 9, "e" + PROC)
    tree, code = (text.replace("NAME", name).replace("VARIABLE", variable) for text in (tree, code))
    functions = parse(tree)
    add_initialisers(functions, code)
    return functions[0]


@pytest.mark.parametrize("name", ["f", "set_it", "_set", "_set_it_", "f_65536_2"])
@pytest.mark.parametrize("variable", ["v", "old_value", "_v"])
def test_an_assignment_of_the_tree_is_not_taken_for_an_initialiser(name: str, variable: str) -> None:
    assert joined(name, variable, [3]).initial == []
    (first,) = joined(name, variable, [2, 3]).initial
    assert (first.line, first.children[0].name, first.children[0].level) == (2, variable, 1)
    assert joined(name, variable, [3]).types[variable].size == 1

"""Random programs with inline assembler between their statements: it changes flags, and saves the registers."""

from __future__ import annotations

import random
from dataclasses import replace

from .programs import Program
from .tree import Assembler, Block, Function, If, Loop, Statement, Switch

# SDCC keeps values in registers across inline assembler, so it must save those that it changes.
_CODES = (
    r"push a\n\tld a, #0x5a\n\tpop a",
    r"pushw x\n\tldw x, #0x1234\n\tpopw x",
    r"pushw y\n\tldw y, #0x8765\n\tpopw y",
    r"push a\n\tpushw x\n\tpushw y\n\tclr a\n\tclrw x\n\tclrw y\n\tpopw y\n\tpopw x\n\tpop a",
    r"scf",
    r"rcf",
)


def with_assembler(program: Program, seed: int) -> Program:
    """Return a program with inline assembler before some of its statements."""
    chance = random.Random(seed)
    functions = tuple(_in_function(function, chance) for function in program.functions)
    by_name = {function.name: function for function in functions}
    calls = tuple(replace(call, function=by_name[call.function.name]) for call in program.calls)
    return replace(program, functions=functions, calls=calls)


def _in_function(function: Function, chance: random.Random) -> Function:
    return replace(function, body=_in_block(function.body, chance))


def _in_block(block: Block, chance: random.Random) -> Block:
    found: list[Statement] = []
    for statement in block.statements:
        if chance.random() < 0.5:
            found.append(Assembler(chance.choice(_CODES)))
        found.append(_inside(statement, chance))
    return Block((*found, Assembler(chance.choice(_CODES))) if chance.random() < 0.3 else tuple(found))


def _inside(statement: Statement, chance: random.Random) -> Statement:
    if isinstance(statement, If):
        return replace(statement, yes=_in_block(statement.yes, chance), no=_in_block(statement.no, chance))
    if isinstance(statement, Loop):
        return replace(statement, body=_in_block(statement.body, chance))
    if isinstance(statement, Switch):
        cases = tuple((number, _in_block(body, chance), ends) for number, body, ends in statement.cases)
        return replace(statement, cases=cases, default=_in_block(statement.default, chance))
    if isinstance(statement, Block):
        return _in_block(statement, chance)
    return statement

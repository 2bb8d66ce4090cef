"""Arguments that SDCC overwrites before it jumps to a function. Pure: no SCons in here.

SDCC jumps to a function whose result it would only return. Before that it takes its local variables off the stack. It
does so by `pop a` or `popw x`, even if the argument is in that register.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .syntax_tree import Function
from .wrong_assembler import Lines, Place, bodies

_GAP = r"(?:;[^\n]*\n)*"
# The place that is taken off the stack may hold the argument: then it is right.
_CHANGES_A = (
    r"\t(?:ld\ta, (?!\(0x01, sp\)\n)[^\n]+|(?:and|or|xor|add|adc|sub|sbc)\ta, [^\n]+"
    r"|(?:clr|inc|dec|cpl|neg|pop|swap|s[lr][la]|r[lr]c)\ta)\n" + _GAP
)
_CHANGES_X = (
    r"\t(?:ldw\tx, (?!\(0x01, sp\)\n)[^\n]+|(?:addw|subw)\tx, [^\n]+|ld\tx[hl], a"
    r"|(?:clrw|incw|decw|negw|cplw|popw|s[lr][la]w|r[lr]cw)\tx)\n" + _GAP
)
_OF_X_AND_Y = r"(?:\t(?:(?:ldw|addw|subw)\t[^\n]+|(?:clrw|incw|decw|negw|cplw)\t[xy])\n" + _GAP + ")*"
_OF_A_AND_Y = r"(?:\t(?:ldw?\t[ay], [^\n]+|(?:clr|inc|dec|cpl|neg)\ta|(?:clrw|incw|decw|negw|cplw)\ty)\n" + _GAP + ")*"
_JUMP = _GAP + r"\tjpf?\t(?:_(\w+)|\[[^\n]*)\n"
_PATTERNS = (
    re.compile(_CHANGES_A + _OF_X_AND_Y + r"\tpop\ta\n" + _JUMP),
    re.compile(_CHANGES_X + _OF_A_AND_Y + r"\tpopw\tx\n" + _JUMP),
)
# A parameter of one byte is taken off the stack: the address to return to moves up. It is right if nothing is in A.
_OFF_THE_STACK = re.compile(
    rf"\tldw\t([xy]), \(1, sp\)\n{_GAP}\tldw\t\(2, sp\), \1\n{_GAP}\tpop\ta\n{_GAP}\tjpf?\t_(\w+)\n"
)
# The place on the stack holds a variable. It is right if nothing is in X.
_FROM_A_VARIABLE = re.compile(rf"\tldw\t\(0x01, sp\), (y)\n{_GAP}\tpopw\tx\n{_GAP}\tjpf?\t_(\w+)\n")
# A pointer leads to the function. To return, SDCC loads the address from the stack.
_BY_A_POINTER = (
    re.compile(_CHANGES_A + rf"(?:\tldw\t[xy], (?!\()[^\n]+\n{_GAP})?\tpop\ta\n{_GAP}\tjp\t\([xy]\)\n"),
    re.compile(_CHANGES_X + rf"(?:\tldw\ty, (?!\()[^\n]+\n{_GAP})?\tpopw\tx\n{_GAP}\tjp\t\(y\)\n"),
)
_PARAMETERS = re.compile(r"function \( (\S+) \S+?(?:, (\S+) \S+?)?\)")
_BYTES = ("char", "unsigned-char", "signed-char", "_Bool")
_WORDS = ("int", "unsigned-int", "short-int", "unsigned-short-int")


def popped_arguments(functions: list[Function], assembler: str) -> Iterator[Place]:
    """Yield the jumps to a function behind an instruction that overwrites its argument."""
    if not re.search(r"^\t(?:pop\ta|popw\tx)\n" + _GAP + r"\tjpf?\t(?![0-9])", assembler, re.MULTILINE):
        return
    lines = Lines(assembler)
    taken = _registers(functions)
    for name, start, end in bodies(assembler):
        places = [found.start() for pattern in _PATTERNS for found in pattern.finditer(assembler, start, end)]
        for pattern, register in ((_OFF_THE_STACK, "a"), (_FROM_A_VARIABLE, "x")):
            found = pattern.finditer(assembler, start, end)
            places += [each.start() for each in found if register in taken.get(each[2], "")]
        for place in places:
            yield Place("popped-argument", *lines.at(place), name)
        for pattern in _BY_A_POINTER:
            for each in pattern.finditer(assembler, start, end):
                yield Place("popped-argument-of-a-pointer", *lines.at(each.start()), name)


def _registers(functions: list[Function]) -> dict[str, str]:
    """Return the registers in which each called function takes its arguments."""
    called = (node.children[0] for each in functions for node in each.nodes() if node.kind == "CALL" and node.children)
    return {symbol.name: _of_parameters(symbol.type.text) for symbol in called}


def _of_parameters(text: str) -> str:
    """Return `a`, `x` or both, by the type of a function."""
    found = _PARAMETERS.search(text)
    if not found or "..." in text:
        return ""
    first, second = (_size(each or "") for each in found.groups())
    return {1: "a", 2: "x"}.get(first, "") + ({1: "a", 2: "x"}.get(second, "") if {first, second} == {1, 2} else "")


def _size(kind: str) -> int:
    plain = re.sub(r"\b(?:const|volatile)-", "", kind)
    return 1 if plain in _BYTES else 2 if plain in _WORDS or plain.endswith("*") else 0

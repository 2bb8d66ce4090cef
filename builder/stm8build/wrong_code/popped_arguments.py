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
_PATTERNS = (  # It is right if the function takes nothing in that register.
    (re.compile(_CHANGES_A + _OF_X_AND_Y + r"\tpop\ta\n" + _JUMP), "a"),
    (re.compile(_CHANGES_X + _OF_A_AND_Y + r"\tpopw\tx\n" + _JUMP), "x"),
    # A parameter of one byte is taken off the stack: the address to return to moves up.
    (re.compile(rf"\tldw\t[xy], \(1, sp\)\n{_GAP}\tldw\t\(2, sp\), [xy]\n{_GAP}\tpop\ta\n{_JUMP}"), "a"),
    # The place on the stack holds a variable.
    (re.compile(rf"\tldw\t\(0x01, sp\), y\n{_GAP}\tpopw\tx\n{_JUMP}"), "x"),
)
# A pointer leads to the function. To return, SDCC loads the address from the stack.
_BY_A_POINTER = (
    re.compile(_CHANGES_A + rf"(?:\tldw\t[xy], (?!\()[^\n]+\n{_GAP})?\tpop\ta\n{_GAP}\tjp\t\([xy]\)\n"),
    re.compile(_CHANGES_X + rf"(?:\tldw\ty, (?!\()[^\n]+\n{_GAP})?\tpopw\tx\n{_GAP}\tjp\t\(y\)\n"),
)
_PARAMETERS = re.compile(r"function \( (.*)\)")
_BYTES = ("char", "unsigned-char", "signed-char", "_Bool")
_WORDS = ("int", "unsigned-int", "short-int", "unsigned-short-int")


def popped_arguments(functions: list[Function], assembler: str) -> Iterator[Place]:
    """Yield the jumps to a function behind an instruction that overwrites its argument."""
    if not re.search(r"^\t(?:pop\ta|popw\tx)\n" + _GAP + r"\tjpf?\t(?![0-9])", assembler, re.MULTILINE):
        return
    lines = Lines(assembler)
    taken = _registers(functions)
    for name, start, end in bodies(assembler):
        for pattern, register in _PATTERNS:
            for each in pattern.finditer(assembler, start, end):
                if each[1] is None or register in taken.get(each[1], ""):
                    yield Place("popped-argument", *lines.at(each.start()), name)
        for by_pointer in _BY_A_POINTER:
            for each in by_pointer.finditer(assembler, start, end):
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
    first, second = [*map(_size, found[1].split(", ")), 0][:2]
    return {1: "a", 2: "x"}.get(first, "") + ({1: "a", 2: "x"}.get(second, "") if {first, second} == {1, 2} else "")


def _size(kind: str) -> int:
    """Return how many bytes a parameter has if it is one or two."""
    plain = re.sub(r"\b(?:const|volatile)-", "", kind).split(" ")[0]
    return 2 if "*" in kind or plain in _WORDS else 1 if plain in _BYTES else 0

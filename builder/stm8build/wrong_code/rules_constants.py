"""The kinds of wrong code that SDCC makes of constants, as a line of C has them. Pure: no SCons in here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .constants import Number, choices, comparisons, fractions, is_compared_as_signed, negations, tokens
from .syntax_tree import Function, Node
from .tree_questions import EQUALITIES, operands

_WIDEST = 16  # bits of an integer that SDCC does not compare as a float
_TURNED_ROUND = {
    "LT(<)": "GT(>)",
    "GT(>)": "LT(<)",
    "LE(<=)": "GE(>=)",
    "GE(>=)": "LE(<=)",
    "EQ(==)": "EQ(==)",
    "NE(!=)": "NE(!=)",
}
_WRITTEN = {"<": "LT(<)", ">": "GT(>)", "<=": "LE(<=)", ">=": "GE(>=)", "==": "EQ(==)", "!=": "NE(!=)"}
_CODED = {**_WRITTEN, "<=": "GT(>)", ">=": "LT(<)", "!=": "EQ(==)"}  # SDCC turns these round
_DECIDES = re.compile(r"[<>?!]|==")  # only such a line can have one of the kinds
_MOST = float(1 << 63)  # of what SDCC turns into an integer of 64 bits


def kinds_in_line(text: str, nodes: list[Node], in_vain: bool) -> Iterator[str]:
    """Yield the kinds of a line.

    Args:
        text: The line, with the macros in it written out.
        nodes: Those of the line that SDCC's intermediate code has, and its tree has not.
        in_vain: Whether SDCC warns that a comparison always comes to the same.
    """
    if not _DECIDES.search(text):
        return
    words = tokens(text)
    if any(is_compared_as_signed(*each) for each in comparisons(words)):
        yield "compared-constants"
    if any(is_taken_as_false(choice.condition) for choice in choices(words)) or any(map(_is_a_float, negations(words))):
        yield "number-as-truth"
    for sign, value in fractions(words):
        small = in_vain and sign in ("<", ">=") and 0 < value < 1
        if small or (_matters(_WRITTEN[sign], value) and _is_cut(sign, int(value), words, nodes)):
            yield "cut-fraction"


def _is_cut(sign: str, value: int, words: list[str], nodes: list[Node]) -> bool:
    """Whether the code of a line compares with a whole number that its text does not have."""
    for node in nodes:
        both = operands(node) if node.kind in (_CODED[sign], _TURNED_ROUND[_CODED[sign]]) else None
        for one, constant in (both, both[::-1]) if both else ():
            if constant.kind == "CONSTANT" and constant.value == value and 0 < one.type.width <= _WIDEST:
                return str(value) not in words
    return False


def is_taken_as_false(number: Number) -> bool:
    """Whether a constant is not 0, and SDCC looks only at 32 bits of it that are 0."""
    if not number.known or not number.value:
        return False
    too_large = isinstance(number.value, float) and abs(number.value) >= _MOST
    return too_large or int(number.value) % (1 << 32) == 0


def _is_a_float(number: Number) -> bool:
    return isinstance(number.value, float) and number.value != 0


def switch_of_a_constant(function: Function) -> Iterator[Node]:
    """Yield a switch of a constant with a case that is the same in the type of the constant, and not as a number."""
    for node in function.nodes():
        if node.kind != "SWITCH" or not node.children or node.children[0].kind != "CONSTANT":
            continue
        asked, *cases = node.children
        differences = [(case.value or 0) - (asked.value or 0) for case in cases if case.kind == "CASE"]
        if asked.type.size <= 2 and any(each and each % (1 << 16) == 0 for each in differences):
            yield node


def cut_fraction(function: Function) -> Iterator[Node]:
    """Yield comparisons of an integer of up to two bytes with a float constant that is not whole."""
    for node in function.nodes():
        both = operands(node) if node.kind in _TURNED_ROUND else None
        for one, constant, sign in ((*both, node.kind), (*both[::-1], _TURNED_ROUND[node.kind])) if both else ():
            is_whole_number = one.kind != "CONSTANT" and 0 < one.type.width <= _WIDEST
            if is_whole_number and constant.broken is not None and _matters(sign, constant.broken):
                yield node


def _matters(sign: str, value: float) -> bool:
    """Whether a comparison with a constant becomes another one if the constant loses its fraction."""
    if value.is_integer():
        return False
    wrong = ("LT(<)", "GE(>=)") if value > 0 else ("GT(>)", "LE(<=)")
    return sign in (*EQUALITIES, *wrong)

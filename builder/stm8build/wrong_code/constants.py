"""Constant expressions in a line of C: what C makes of them, with an int of 16 bits. Pure: no SCons in here.

SDCC works them out before it shows its tree, so only the source has them. A variable and a constant of an enum are not
constants here: this module does not know their values.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import NamedTuple, Optional, Union

_TOKEN = re.compile(
    r"(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?[fFlL]?|0[xX][0-9a-fA-F]+[uUlL]*|0[bB][01]+[uUlL]*|\d+[eE][-+]?\d+[fFlL]?"
    r"|\d+[uUlL]*|[A-Za-z_]\w*|<<=|>>=|->|\+\+|--|&&|\|\||<<|>>|[<>=!]=|[-+*/%&|^]=|\S"
)
_LEFT_OUT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_NAME = re.compile(r"[A-Za-z_]\w*$")
_INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)([uUlL]*)$")
_TYPE_WORDS = {"unsigned", "signed", "char", "short", "int", "long", "float", "double", "_Bool", "bool", "const"}
_TYPEDEFS = {
    **{f"{sign}int{8 * size}_t": (size, not sign) for sign in ("", "u") for size in (1, 2, 4, 8)},
    **{f"{letter}{8 * size}": (size, letter == "s") for letter in "us" for size in (1, 2, 4)},
    "size_t": (2, False),
}
_LEVELS = (
    *(("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="), ("<<", ">>"), ("+", "-")),
    ("*", "/", "%"),
)
_LEVEL = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
_RELATIONS = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_SHIFTS = _LEVEL["<<"]
_ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")
# The words before a whole condition, and before one side of a comparison.
_BEFORE = {"", "(", ",", "return", "?", ":", ";", "{", "}", "[", *_ASSIGNMENTS}
_BEFORE_A_SIDE = {*_BEFORE, "&&", "||", "==", "!=", "&", "^", "|"}

_SIGNS = {"?", *(sign for sign, level in _LEVEL.items() if level > _LEVEL["&&"])}
_BEFORE_A_VALUE = {*_ASSIGNMENTS, *_SIGNS, "return", ","}


class Number(NamedTuple):
    """A constant: its value, and its type."""

    value: Union[int, float]
    size: int
    signed: bool
    known: bool = True  # False for the size of something: it is small, and not negative


class _NotConstantError(Exception):
    """A token that is not a part of a constant expression."""


def tokens(text: str) -> list[str]:
    """Return the words and signs of a text; strings, characters and comments are left out."""
    return _TOKEN.findall(_LEFT_OUT.sub(" ' ", text))


class Choice(NamedTuple):
    """`c ? a : b` with a constant c."""

    condition: Number
    first: list[str]
    second: list[str]
    is_cast: bool  # whether it stands in brackets, with a cast before


def choices(words: list[str]) -> Iterator[Choice]:
    """Yield each choice by a constant."""
    if "?" not in words:
        return
    for start, before in enumerate(["", *words[:-1]]):
        value, asked = _read(words, start, 0) if before in _BEFORE else (None, 0)
        if value and asked < len(words) and words[asked] == "?":
            colon = _end(words, asked + 1)
            if words[colon : colon + 1] == [":"]:
                second = words[colon + 1 : _end(words, colon + 1)]
                is_cast = words[max(0, start - 2) : start] == [")", "("]
                yield Choice(value, words[asked + 1 : colon], second, is_cast)


def _end(words: list[str], start: int) -> int:
    """Return where a value of a choice ends."""
    depth = nested = 0
    for at in range(start, len(words)):
        word = words[at]
        if word in ("(", "[", "{"):
            depth += 1
        elif word in (")", "]", "}"):
            depth -= 1
            if depth < 0:
                return at
        elif depth == 0 and word == "?":
            nested += 1
        elif depth == 0 and word == ":" and nested:
            nested -= 1
        elif depth == 0 and word in (":", ",", ";"):
            return at
    return len(words)


def end_of_brackets(words: list[str]) -> int:
    """Return where the bracket closes that the words begin with."""
    return _end(words, 1)


def constant(words: list[str]) -> Optional[Number]:
    """Return what some words come to, if they are a constant as a whole."""
    value, end = _read(words, 0, 0)
    return value if end == len(words) else None


def negations(words: list[str]) -> Iterator[Number]:
    """Yield the constants that a `!` stands before, unless an `if` asks only for that."""
    asks = "if" in words or "while" in words
    for start, word in enumerate(words):
        value, end = _read(words, start + 1, len(_LEVELS)) if word == "!" else (None, 0)
        if value:
            before = [each for each in words[:start] if each not in ("(", "!")][-1:]
            after = [each for each in words[end:] if each != ")"][:1]
            if not asks or _SIGNS.intersection(after) or _BEFORE_A_VALUE.intersection(before):
                yield value


def comparisons(words: list[str]) -> Iterator[tuple[Number, str, Number]]:
    """Yield `<`, `>`, `<=` and `>=` of two constants."""
    if not _RELATIONS.keys() & set(words):
        return
    for start, before in enumerate(["", *words[:-1]]):
        left, end = _read(words, start, _SHIFTS) if before in _BEFORE_A_SIDE else (None, 0)
        if left and end < len(words) and words[end] in _RELATIONS:
            right, _ = _read(words, end + 1, _SHIFTS)
            if right:
                yield left, words[end], right


def fractions(words: list[str]) -> Iterator[tuple[str, float]]:
    """Yield each float constant that something is compared with, and the sign as if the constant stood on the right."""
    for at, word in enumerate(words):
        right, _ = _read(words, at + 1, _SHIFTS) if word in _TURNED else (None, 0)
        if right and isinstance(right.value, float):
            yield word, right.value
    for start, before in enumerate(["", *words[:-1]]):
        left, end = _read(words, start, _SHIFTS) if before in _BEFORE_A_SIDE else (None, 0)
        if left and isinstance(left.value, float) and end < len(words) and words[end] in _TURNED:
            yield _TURNED[words[end]], left.value


def is_compared_as_signed(left: Number, sign: str, right: Number) -> bool:
    """Tell whether C makes something else of a comparison than the plain values are: one is negative, one unsigned."""
    if isinstance(left.value, float) or isinstance(right.value, float) or not (left.known or right.known):
        return False
    kind = _common(left, right)
    if kind.signed or min(left.value, right.value) >= 0:
        return False
    in_c = _truth(_fit(left.value, kind).value, sign, _fit(right.value, kind).value, known=True)
    return in_c != _truth(left.value, sign, right.value, known=True)


def _read(words: list[str], start: int, level: int) -> tuple[Optional[Number], int]:
    try:
        return _Reader(words, start).expression(level)
    except (_NotConstantError, ZeroDivisionError, OverflowError):
        return None, start


def _fit(value: Union[int, float], kind: Number) -> Number:
    whole = int(value) % (1 << 8 * kind.size)
    if kind.signed and whole >> 8 * kind.size - 1:
        whole -= 1 << 8 * kind.size
    return kind._replace(value=whole)


def _common(one: Number, two: Number) -> Number:
    one, two = (each if each.size >= 2 else each._replace(size=2, signed=True) for each in (one, two))
    if one.size != two.size:
        return one if one.size > two.size else two
    return two if one.signed else one


def _typed(text: str) -> Number:
    """Return an integer as it is written, with the type that C gives it."""
    match = _INTEGER.match(text)
    if not match:
        return Number(float(text.rstrip("fFlL")), 4, True)
    digits, suffix = match[1], match[2].lower()
    octal = len(digits) > 1 and digits[0] == "0" and digits[1] not in "xXbB"
    value = int(digits, 8) if octal else int(digits, 0)
    smallest = 8 if "ll" in suffix else 4 if "l" in suffix else 2
    for size in (2, 4, 8):
        for signed in (True, False):
            fits = value < 1 << 8 * size - signed
            allowed = not signed if "u" in suffix else signed or digits[0] == "0"
            if size >= smallest and fits and allowed:
                return Number(value, size, signed)
    raise _NotConstantError


class _Reader:
    def __init__(self, words: list[str], at: int) -> None:
        self._words = words
        self._at = at

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def expression(self, level: int) -> tuple[Number, int]:
        """Return the value that begins here, and its end; take signs of a level or above."""
        left = self._operand()
        while _LEVEL.get(self._peek(), -1) >= level:
            sign = self._next()
            right, _ = self.expression(_LEVEL[sign] + 1)
            left = _binary(left, sign, right)
        return left, self._at

    def _operand(self) -> Number:
        word = self._next()
        if word in ("-", "+", "~", "!"):
            return _unary(word, self._operand())
        if word == "sizeof":
            return self._size()
        if word == "(":
            kind = self._type()
            if kind:
                return _cast(self._operand(), kind)
            value, _ = self.expression(0)
            self._expect(")")
            return value
        if not word[:1].isdigit() and not (word[:1] == "." and word[1:2].isdigit()):
            raise _NotConstantError
        return _typed(word)

    def _expect(self, word: str) -> None:
        if self._next() != word:
            raise _NotConstantError

    def _type(self) -> Optional[Number]:
        """Return the type in the brackets that begin here, and go on after them. Return None if there is no type."""
        end = self._at
        while end < len(self._words) and _NAME.match(self._words[end]):
            end += 1
        names = [name for name in self._words[self._at : end] if name != "const"]
        if not names or self._words[end : end + 1] != [")"]:
            return None
        if len(names) == 1 and names[0] in _TYPEDEFS:
            size, signed = _TYPEDEFS[names[0]]
        elif {"float", "double", "_Bool", "bool"} & set(names) or not _TYPE_WORDS.issuperset(names):
            raise _NotConstantError
        else:
            size = min(8, 1 if "char" in names else max(2, 4 * names.count("long")))
            signed = "signed" in names or ("unsigned" not in names and "char" not in names)
        self._at = end + 1
        return Number(0, size, signed)

    def _size(self) -> Number:
        """Go on after `sizeof name` or `sizeof(...)`."""
        depth = 0
        while True:
            word = self._next()
            if not word:
                raise _NotConstantError
            depth += (word == "(") - (word == ")")
            if depth <= 0:
                break
        if self._peek() in (".", "->", "["):
            raise _NotConstantError
        return Number(1, 2, False, known=False)


def _cast(operand: Number, kind: Number) -> Number:
    return _fit(operand.value, kind)._replace(known=operand.known)


def _unary(sign: str, operand: Number) -> Number:
    if sign == "!":
        return Number(int(not operand.value), 2, True, operand.known)
    if isinstance(operand.value, float):
        if sign == "~":
            raise _NotConstantError
        return operand._replace(value=-operand.value if sign == "-" else operand.value)
    kind = _common(operand, operand)
    value = {"-": -operand.value, "+": operand.value, "~": ~operand.value}[sign]
    return _fit(value, kind)


_WHOLE = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
_BROKEN = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def _binary(left: Number, sign: str, right: Number) -> Number:
    known = left.known and right.known
    if sign in ("&&", "||"):
        truths = bool(left.value), bool(right.value)
        return Number(int(all(truths) if sign == "&&" else any(truths)), 2, True, known)
    kind = _common(left, right)._replace(known=known)
    one, two = left.value, right.value
    if isinstance(one, float) or isinstance(two, float):
        if sign in _BROKEN:
            return Number(_BROKEN[sign](float(one), float(two)), 4, True, known)
        return _truth(float(one), sign, float(two), known)
    if sign in ("<<", ">>"):
        if not 0 <= two < 64:
            raise _NotConstantError
        return _fit(_WHOLE[sign](one, two), _common(left, left)._replace(known=known))
    first, second = int(_fit(one, kind).value), int(_fit(two, kind).value)
    if sign in _WHOLE:
        return _fit(_WHOLE[sign](first, second), kind)
    if sign in ("/", "%"):
        quotient = abs(first) // abs(second) * (1 if (first < 0) == (second < 0) else -1)
        return _fit(quotient if sign == "/" else first - quotient * second, kind)
    return _truth(first, sign, second, known)


def _truth(one: Union[int, float], sign: str, two: Union[int, float], known: bool) -> Number:
    if sign in ("==", "!="):
        return Number(int((one == two) == (sign == "==")), 2, True, known)
    if sign not in _RELATIONS:
        raise _NotConstantError
    return Number(int(_RELATIONS[sign](one, two)), 2, True, known)

"""The texts that a user writes for a variable or a piece of it: `temp[2]`, `*p`, `motor->speed`, `0x10:uint8_t`.

    PLACE   = "*" PLACE | INNER
    INNER   = FIRST { "[" NUMBER "]" | "." NAME | "->" NAME }
    FIRST   = "(" PLACE ")" | [FILE ":"] [FUNCTION ":"] NAME
    or      ADDRESS ":" TYPE { "[" COUNT "]" }
    or      PLACE ":" TYPE { "[" COUNT "]" }

The signs have C's meaning and order.
"""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple, Optional

from ..errors import UsageError
from .pieces import Whole
from .types import AnyType, ArrayType, BitPlace, NumberKind, PointerType, Scalar
from .variables import Variables

_ELSEWHERE = "an address with a type reads any place, such as 0x10:uint8_t"
_LAST = 0xFFFFFF
_LONGEST = 256
_MOST_ELEMENTS = 1024
_ADDRESS = re.compile(r"(0[xX][0-9A-Fa-f]{1,6}|\d{1,8}):\s*([A-Za-z_][\w ]*?)\s*((?:\[\s*\d{1,5}\s*\])*)", re.ASCII)
_TYPED = re.compile(r"(.*\S)\s*:\s*([A-Za-z_][\w ]*?)\s*((?:\[\s*\d{1,5}\s*\])*)\s*", re.ASCII)
_TOKEN = re.compile(r"\s*(->|[*()\[\].]|-?(?:0[xX][0-9A-Fa-f]+|\d+)(?![\w:])|(?:[\w./\\+-]+:)*[A-Za-z_]\w*)", re.ASCII)
_MEMBER = re.compile(r"\s*([A-Za-z_]\w*)", re.ASCII)

_U, _S = NumberKind.UNSIGNED, NumberKind.SIGNED
# SDCC's sizes for the STM8; char has no sign.
_NUMBERS = {
    "char": (1, NumberKind.CHAR),
    "bool": (1, NumberKind.BOOL),
    "_Bool": (1, NumberKind.BOOL),
    "float": (4, NumberKind.FLOAT),
    "double": (4, NumberKind.FLOAT),
    "signed char": (1, _S),
    "unsigned char": (1, NumberKind.CHAR),
    "short": (2, _S),
    "unsigned short": (2, _U),
    "int": (2, _S),
    "unsigned int": (2, _U),
    "unsigned": (2, _U),
    "long": (4, _S),
    "unsigned long": (4, _U),
    "long long": (8, _S),
    "unsigned long long": (8, _U),
    **{f"int{8 * size}_t": (size, _S) for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}_t": (size, _U) for size in (1, 2, 4, 8)},
}


class Hop(NamedTuple):
    """A pointer on the way to a value: its size, and the offset to the address that it holds."""

    size: int
    offset: int


class ValuePlace(NamedTuple):
    """The place of a value.

    Attributes:
        text: What the user wrote.
        address: Of the value, or of the first pointer on the way to it.
        hops: The pointers on the way.
        type: The type of the value.
        bits: Its bits, if it is a bit-field.
        size: The bytes to read; of a bit-field, those that hold it.
        is_const: The variable is const.
    """

    text: str
    address: int
    hops: tuple[Hop, ...]
    type: AnyType
    bits: Optional[BitPlace]
    size: int
    is_const: bool = False

    def moved(self, offset: int, kind: AnyType) -> ValuePlace:
        """Return the place of a piece of it."""
        if self.hops:
            *first, last = self.hops
            return self._replace(
                hops=(*first, Hop(last.size, last.offset + offset)), type=kind, size=kind.size, bits=None
            )
        return self._replace(address=self.address + offset, type=kind, size=kind.size, bits=None)


def is_address(text: str) -> bool:
    """Tell whether a text is an address with a type, which needs no ELF."""
    return _ADDRESS.fullmatch(text.strip()) is not None


def place_of(text: str, variables: Optional[Variables] = None) -> ValuePlace:
    """Return where a value is.

    Args:
        text: See this module.
        variables: Those of the program; without them only an address with a type is known.

    Raises:
        UsageError: The text makes no sense (`Code.USAGE`), or the program has no such value (`Code.NO_VARIABLE`).
    """
    if len(text) > _LONGEST:
        raise UsageError(f"the name of a variable has {len(text)} characters", hint="give one name in each word")
    found = _ADDRESS.fullmatch(text.strip())
    if found:
        return _at_address(text, found, variables)
    if variables is None:
        raise UsageError(
            f"the variable {text!r} needs the ELF of the program", hint="give the firmware.elf of the build first"
        )
    typed = _TYPED.fullmatch(text)
    if typed and " ".join(typed[2].split()) in _NUMBERS:
        kind = _type_of(text, typed[2], typed[3], variables)
        return _Reader(typed[1], variables).place().moved(0, kind)._replace(text=text)
    return _Reader(text, variables).place()


def _at_address(text: str, found: re.Match[str], variables: Optional[Variables]) -> ValuePlace:
    digits, name, counts = found.groups()
    address = int(digits, 16) if digits[:2].lower() == "0x" else int(digits)
    kind = _type_of(text, name, counts, variables)
    if address + kind.size - 1 > _LAST:
        raise UsageError(f"{text!r}: an address has 24 bits", hint="such as 0x10:uint8_t")
    return ValuePlace(text, address, (), kind, None, kind.size)


def _type_of(text: str, name: str, counts: str, variables: Optional[Variables]) -> AnyType:
    name = " ".join(name.split())
    kind: Optional[AnyType] = None
    if name in _NUMBERS:
        kind = Scalar(name, *_NUMBERS[name])
    elif variables is not None:
        kind = variables.record(name)
    if kind is None:
        known = ", ".join(difflib.get_close_matches(name, _NUMBERS, 3, 0.6) or ("uint8_t", "int16_t", "float"))
        raise UsageError(f"{text!r}: {name!r} is not a type that the tool knows", hint=f"such as {known}")
    for count in reversed(re.findall(r"\d+", counts)):
        if not 0 < int(count) <= _MOST_ELEMENTS:
            raise UsageError(f"{text!r}: an array has 1 to {_MOST_ELEMENTS} elements", hint="such as 0x10:uint8_t[4]")
        kind = ArrayType(kind, int(count))
    return kind


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, variables: Variables) -> None:
        self._text = text
        self._variables = variables
        self._at = 0

    def place(self) -> ValuePlace:
        """Return the place that the whole text names."""
        found = self._starred()
        if self._peek() or self._text[self._at :].strip():
            raise self._wrong()
        return found._replace(text=self._text)

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return found[1] if found else ""

    def _take(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._wrong()
        self._at = found.end()
        return found[1]

    def _wrong(self) -> UsageError:
        return UsageError(
            f"{self._text!r} is not the name of a variable or of a piece of one",
            hint="write it as in C: counter, temp[2], motor.speed, *pointer, pointer->speed; or 0x10:uint8_t",
        )

    def _starred(self) -> ValuePlace:
        if self._peek() == "*":
            self._take()
            return self._behind(self._starred(), 0)
        return self._inner()

    def _inner(self) -> ValuePlace:
        found = self._first()
        while True:
            sign = self._peek()
            if sign == "[":
                self._take()
                found = self._element(found)
            elif sign == ".":
                self._take()
                found = self._member(found, self._name())
            elif sign == "->":
                self._take()
                found = self._member(self._behind(found, 0), self._name())
            else:
                return found

    def _first(self) -> ValuePlace:
        word = self._take()
        if word == "(":
            found = self._starred()
            if self._take() != ")":
                raise self._wrong()
            return found
        if not re.search(r"[A-Za-z_]\w*$", word, re.ASCII):
            raise self._wrong()
        variable = self._variables.find(word)
        address = variable.address or 0
        return ValuePlace(word, address, (), variable.type, None, variable.type.size, variable.is_const)

    def _name(self) -> str:
        found = _MEMBER.match(self._text, self._at)
        if found is None:
            raise self._wrong()
        self._at = found.end()
        return found[1]

    def _behind(self, pointer: ValuePlace, index: int) -> ValuePlace:
        """Return what a pointer leads to, or the element with this index there."""
        target = self._whole(pointer).target()
        kind = pointer.type
        if not isinstance(kind, PointerType):
            return pointer.moved(index * target.size, target)
        hops = (*pointer.hops, Hop(kind.size, index * target.size))
        return pointer._replace(hops=hops, type=target, size=target.size, bits=None, is_const=False)

    def _element(self, array: ValuePlace) -> ValuePlace:
        word = self._take()
        if not re.fullmatch(r"-?(0[xX][0-9A-Fa-f]+|\d+)", word, re.ASCII) or self._take() != "]":
            raise self._wrong()
        index = int(word, 16 if "x" in word.lower() else 10)
        element = self._whole(array).element(index)
        return (
            self._behind(array, index)
            if isinstance(array.type, PointerType)
            else array.moved(index * element.size, element)
        )

    def _member(self, record: ValuePlace, name: str) -> ValuePlace:
        member = self._whole(record).member(name)
        return record.moved(member.offset, member.type)._replace(bits=member.bits, size=member.size)

    def _whole(self, place: ValuePlace) -> Whole:
        return Whole(self._text, place.type, place.bits is not None, _ELSEWHERE)

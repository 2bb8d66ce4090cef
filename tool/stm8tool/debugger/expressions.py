"""Expressions of C that a user prints or sets: variables, members, elements, pointers, registers, numbers, operators.

A number that the debugger computes has no width: `print 200 + 100` is 300 whatever the types are. There are no casts,
calls and assignments inside.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Union

from ..dwarf.pieces import Whole
from ..dwarf.types import (
    ArrayType,
    MemberField,
    OpaqueType,
    PointerType,
    Scalar,
    ValueTextError,
    bytes_of,
    is_doubtful,
    leaves,
    text_of_value,
    value_of,
)
from ..errors import Code, TargetError, UsageError
from .scopes import Operand, Scopes

LONGEST = 400  # characters of an expression; our choice
_DEEPEST = 40  # operators inside each other; our choice
_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9A-Fa-f]+|0[bB][01]+|\d+\.\d+|\d+)|(?P<char>'[^'\\]')|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<register>\$\w+)|(?P<sign>->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()\[\].]))",
    re.ASCII,
)
_BINARY: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", ">", "<=", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_MOST_SHIFT = 64

Number = Union[int, float]

_DIRECT: dict[str, Callable[[Number, Number], Number]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_OF_INTEGERS: dict[str, Callable[[int, int], int]] = {"&": operator.and_, "|": operator.or_, "^": operator.xor}


class UnknownValueError(TargetError):
    """The value cannot be known; the message says why."""


class Evaluator:
    """Evaluates expressions in one frame.

    Args:
        lookup: Returns the variable of a name.
        scopes: Reads what pointers lead to.
        register: Returns the value of a register; UsageError if there is no such register, or it is not known.
    """

    def __init__(self, lookup: Callable[[str], Operand], scopes: Scopes, register: Callable[[str], int]) -> None:
        self._lookup = lookup
        self._scopes = scopes
        self._register = register
        self._tokens: list[tuple[str, str]] = []
        self._depth = 0
        self._text = ""

    def evaluate(self, text: str) -> Operand:
        """Return what an expression means.

        Raises:
            UsageError: It is not such an expression.
            UnknownValueError: It needs a value that cannot be known.
        """
        if len(text) > LONGEST:
            raise UsageError(f"the expression has more than {LONGEST} characters", hint="print its parts")
        self._tokens, self._depth, at = [], 0, 0
        self._text = text.strip()
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if not found:
                raise UsageError(f"{text.strip()!r} is not an expression at {text[at:].strip()[:12]!r}", hint=_HINT)
            self._tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
            at = found.end()
        if not self._tokens:
            raise UsageError("which expression?", hint=_HINT)
        result = self._binary(0)
        if self._tokens:
            raise UsageError(f"{text.strip()!r}: {self._tokens[0][1]!r} is one too many", hint=_HINT)
        return result

    # -- the grammar ------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[0][1] if self._tokens and self._tokens[0][0] == "sign" else ""

    def _take(self, sign: str) -> None:
        if self._peek() != sign:
            raise UsageError(f"a {sign!r} is missing", hint=_HINT)
        self._tokens.pop(0)

    def _binary(self, level: int) -> Operand:
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek() in _BINARY[level]:
            sign = self._tokens.pop(0)[1]
            right = self._binary(level + 1)
            try:
                result = self._combined(sign, left, right)
            except OverflowError as exc:  # a fraction takes part, and has no room for the number
                raise UsageError(f"a number is too large for {sign!r} with a fraction", hint=_HINT) from exc
            left = result._replace(doubt=doubt_of(left) or doubt_of(right))
        return left

    def _unary(self) -> Operand:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UsageError("the expression is too deep", hint="print its parts")
        sign = self._peek()
        if sign in ("-", "+", "~", "!", "*", "&"):
            self._tokens.pop(0)
            operand = self._unary()
            result = self._applied(sign, operand)
        else:
            result = self._postfix(self._primary())
        self._depth -= 1
        return result

    def _applied(self, sign: str, operand: Operand) -> Operand:
        if sign == "*":
            return self._pointed(operand)
        if sign == "&":
            if operand.address is None or operand.bits:
                raise UsageError("this has no address", hint="`&` needs a variable in memory")
            return number(operand.address)
        value = number_of_operand(operand)
        if sign == "!":
            result = number(int(not value))
        elif sign == "~":
            result = number(~_whole(value))
        else:
            result = number(-value if sign == "-" else value)
        return result._replace(doubt=doubt_of(operand))

    def _primary(self) -> Operand:
        if not self._tokens:
            raise UsageError("the expression ends too early", hint=_HINT)
        kind, text = self._tokens.pop(0)
        if kind == "number":
            return number(float(text) if "." in text else int(text, 0) if not text.isdecimal() else int(text))
        if kind == "char":
            return number(ord(text[1]))
        if kind == "register":
            return number(self._register(text[1:]))
        if kind == "name":
            return self._lookup(text)
        if text == "(":
            inner = self._binary(0)
            self._take(")")
            return inner
        raise UsageError(f"{text!r} is in a wrong place", hint=_HINT)

    def _postfix(self, operand: Operand) -> Operand:
        while self._peek() in ("[", ".", "->"):
            sign = self._tokens.pop(0)[1]
            if sign == "[":
                index = _whole(number_of_operand(self._binary(0)))
                self._take("]")
                operand = self._element(operand, index)
            else:
                name = self._tokens.pop(0) if self._tokens else ("", "")
                if name[0] != "name":
                    raise UsageError(f"the name of a member is missing after {sign!r}", hint=_HINT)
                operand = self._member(self._pointed(operand) if sign == "->" else operand, name[1])
        return operand

    # -- the meaning ------------------------------------------------------------------------------------------

    def _pointed(self, operand: Operand) -> Operand:
        if isinstance(operand.type, ArrayType):
            return self._element(operand, 0)  # its name leads to its first element
        target = self._pieces_of(operand).target()
        return self._scopes.at(target, _whole(number_of_operand(operand)))

    def _element(self, operand: Operand, index: int) -> Operand:
        element = self._pieces_of(operand).element(index, unbounded=True)
        start = index * element.size
        if isinstance(operand.type, PointerType):
            return self._scopes.at(element, _whole(number_of_operand(operand)) + start)
        if operand.unknown and operand.address is None:
            raise unknown(operand)
        if operand.address is not None:
            return self._scopes.at(element, operand.address + start)._replace(doubt=operand.doubt)
        return Operand(element, operand.data[start : start + element.size], None)

    def _member(self, operand: Operand, name: str) -> Operand:
        found = self._pieces_of(operand).member(name)
        if operand.unknown:
            raise unknown(operand)
        return member_of(operand, found)

    def _pieces_of(self, operand: Operand) -> Whole:
        if operand.type is None and operand.unknown:
            raise unknown(operand)
        kind = OpaqueType("number") if operand.type is None else operand.type
        return Whole(self._text, kind, operand.bits is not None, "x ADDRESS shows the bytes at an address")

    def _combined(self, sign: str, left: Operand, right: Operand) -> Operand:
        first, second = number_of_operand(left), number_of_operand(right)
        if sign in ("+", "-") and isinstance(left.type, PointerType) and not isinstance(right.type, PointerType):
            target = left.type.target()
            step = _whole(second) * (target.size if target and target.size else 1)
            address = (_whole(first) + (step if sign == "+" else -step)) % (1 << 8 * left.type.size)
            return Operand(left.type, address.to_bytes(left.type.size, "big"), None)
        if sign in ("&&", "||"):
            return number(int(bool(first) and bool(second) if sign == "&&" else bool(first) or bool(second)))
        if sign in _DIRECT:
            result = _DIRECT[sign](first, second)
            return number(int(result) if isinstance(result, bool) else result)
        if sign in ("/", "%"):
            return number(_divided(sign, first, second))
        one, other = _whole(first), _whole(second)
        if sign in _OF_INTEGERS:
            return number(_OF_INTEGERS[sign](one, other))
        if not 0 <= other <= _MOST_SHIFT:
            raise UsageError(f"a shift by {other} is not possible", hint=f"shift by 0 to {_MOST_SHIFT}")
        return number(one << other if sign == "<<" else one >> other)


_HINT = "such as print speed, print buffer[2], print point.x, print *next, print $sp + 1"


def number(value: Number) -> Operand:
    """Return a plain number."""
    if isinstance(value, float):
        return Operand(None, repr(value).encode(), None)
    return Operand(None, str(int(value)).encode(), None)


def member_of(operand: Operand, member: MemberField) -> Operand:
    """Return a member of a structure or union that has a value."""
    data = operand.data[member.offset : member.offset + member.size]
    address = None if operand.address is None else operand.address + member.offset
    return Operand(member.type, data, address, member.bits, doubt=operand.doubt)


def unknown(operand: Operand) -> UnknownValueError:
    """Return the error for an operand without a value."""
    return UnknownValueError(
        f"not known: {operand.unknown}", code=Code.DEBUG, hint="the debugger shows only values that it can trust"
    )


def number_of_operand(operand: Operand) -> Number:
    """Return the number that an operand is.

    Raises:
        UsageError: It is a structure, an array or a function.
        UnknownValueError: Its value is not known.
    """
    if operand.unknown:
        raise unknown(operand)
    if operand.type is None:
        text = operand.data.decode()
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    if isinstance(operand.type, ArrayType) and operand.address is not None:
        return operand.address
    value = value_of(operand.type, operand.data, operand.bits)
    if isinstance(value, (int, float)):
        return value
    raise UsageError("this needs a number, not a structure or an array", hint=_HINT)


def _whole(value: Number) -> int:
    if isinstance(value, float):
        raise UsageError("this needs a whole number", hint=_HINT)
    return int(value)


def _divided(sign: str, first: Number, second: Number) -> Number:
    if not second:
        raise UsageError("a division by 0", hint="look at the values of the parts")
    if isinstance(first, float) or isinstance(second, float):
        if sign == "%":
            raise UsageError("this needs a whole number", hint=_HINT)
        return first / second
    quotient = abs(first) // abs(second) * (1 if (first < 0) == (second < 0) else -1)  # C rounds towards 0
    return quotient if sign == "/" else first - quotient * second


def doubt_of(operand: Operand) -> str:
    """Return why a value may be wrong, or "".

    To SDCC's debug information each bit-field is an unsigned char. One whose highest bit is set may be negative.
    """
    kind = operand.type
    if operand.doubt or kind is None or operand.unknown:
        return operand.doubt
    if operand.bits is None and is_doubtful(kind):
        return "the debug information may have a wrong sign or size for it"
    fields = [(0, operand.bits)] if operand.bits else [(leaf.offset, leaf.bits) for leaf in leaves(kind) if leaf.bits]
    for offset, bits in fields:
        if bits and int.from_bytes(operand.data[offset : offset + 4], "little") >> bits.shift + bits.width - 1 & 1:
            return "the debug information does not say whether a bit-field has a sign"
    return ""


def text_of_operand(operand: Operand, form: str = "") -> str:
    """Return a value for a reader; `form` is "x", "d", "t" or "c" as in GDB, or "" for the form of its type."""
    if operand.unknown:
        return f"<{operand.unknown}>"
    doubt = doubt_of(operand)
    return _plain_text(operand, form) + (f" ({doubt})" if doubt else "")


def _plain_text(operand: Operand, form: str) -> str:
    if form:
        value = _whole(number_of_operand(operand))
        size = operand.type.size if operand.type else 0
        if form == "d":
            return str(value)
        if form == "c":
            return f"{value} {chr(value & 0xFF)!r}"
        bytes_ = size or max(4, (value.bit_length() + 8) // 8)
        positive = value if value >= 0 else value + (1 << 8 * bytes_)
        return f"0x{positive:0{2 * size}X}" if form == "x" else f"0b{positive:0{8 * size}b}"
    if operand.type is None:
        return operand.data.decode()
    if isinstance(operand.type, OpaqueType):
        return f"<{operand.type.name}>"
    return text_of_value(operand.type, value_of(operand.type, operand.data, operand.bits))


def bytes_to_set(target: Operand, value: Operand) -> bytes:
    """Return the bytes that a variable in memory gets.

    Raises:
        UsageError: It cannot be set, or the value does not fit.
    """
    if target.unknown:
        raise unknown(target)
    if target.address is None or target.type is None:
        raise UsageError(
            "only a variable in memory and a register can be set", hint="such as set count = 3, set $a = 1"
        )
    result = number_of_operand(value)
    try:
        if target.bits and isinstance(target.type, Scalar):
            field = int.from_bytes(bytes_of(target.type, str(result), target.bits), "little")
            mask = (1 << target.bits.width) - 1 << target.bits.shift
            whole = int.from_bytes(target.data, "little") & ~mask | field << target.bits.shift
            return whole.to_bytes(len(target.data), "little")
        return bytes_of(target.type, str(result))
    except ValueTextError as exc:
        raise UsageError(f"{result} does not fit: {exc}", hint="give a value in this range") from exc

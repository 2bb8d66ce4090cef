"""Wrong code that shows in SDCC's intermediate code after its last changes. Pure: no SCons in here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

from .known_bits import Values, operation
from .later_code import Operand, Row, procedures
from .wrong_assembler import Place, code_of_functions

KINDS = ("lost-high-byte",)

_WITH_A_VALUE_IN_A = re.compile(r" [&^] (?!0x|-?\d)[^\n]*\ba ")  # most files have only constants there
_LOSES = {"^": (0x00, 0xFF), "&": (0xFF,)}
_WITH_A = {"^": re.compile(r"^\txor\ta, [^#]", re.MULTILINE), "&": re.compile(r"^\tand\ta, [^#]", re.MULTILINE)}


class _Candidate(NamedTuple):
    """An operation whose second operand has a byte in A."""

    row: Row
    sign: str
    needed: int  # how many instructions it has where no byte is lost
    is_doubtful: bool  # whether SDCC knows the byte in A


def lost_bytes(placed: str, assembler: str) -> Iterator[Place]:
    """Yield where a byte of `^` or `&` is lost.

    SDCC works on the byte that is in A first. Where it knows that the byte of the second operand is 0, it leaves the
    instruction out: it takes A for the byte of the first operand. So the result gets a byte of the wrong one. It is the
    same for 0xff. The instructions of the line show whether one is left out.
    """
    if not _WITH_A_VALUE_IN_A.search(placed):
        return
    bodies = None
    for function, rows in procedures(placed):
        values = Values(rows)
        found = [found for found in (_candidate(row, values) for row in rows) if found]
        lines = {(each.row.file, each.row.line, each.sign) for each in found if each.is_doubtful}
        if not lines:
            continue
        if bodies is None:
            bodies = code_of_functions(assembler)
        for file, line, sign in sorted(lines):
            needed = sum(
                each.needed for each in found if (each.row.file, each.row.line, each.sign) == (file, line, sign)
            )
            code = bodies[function].of_line(file, line) if function in bodies else ""
            if code and len(_WITH_A[sign].findall(code)) < needed:
                yield Place("lost-high-byte", file, line, function)


def _candidate(row: Row, values: Values) -> Optional[_Candidate]:
    sign = operation(row)
    if row.result is None or sign not in _LOSES or not 0 < row.result.type.size <= 4:
        return None
    operands = row.operands()
    if len(operands) != 2:
        return None
    left, right = operands
    if _is_turned_round(left, right):
        left, right = right, left
    if right.value is not None:
        return None
    size = row.result.type.size
    of_left, of_right = values.of(left), values.of(right)
    needed, is_doubtful = 0, False
    first = next((index for index in range(size) if "a" in (_place(left, index), _place(right, index))), -1)
    for index in range(size):
        known = of_right.byte(index) if of_right else None
        if index == first and _place(right, index) == "a" and known in _LOSES[sign]:
            needed += 1
            is_doubtful |= of_left is None or of_left.byte(index) != (known if sign == "^" else 0xFF)
        elif known not in (0, 0xFF):
            needed += 1
    return _Candidate(row, sign, needed, is_doubtful)


def _place(operand: Operand, index: int) -> str:
    """Return the register of a byte; another text where it has none."""
    return operand.places[index] if index < len(operand.places) else ""


def _is_turned_round(left: Operand, right: Operand) -> bool:
    """Whether SDCC takes the operands in the other order."""
    if left.value is not None:
        return True
    if right.value is None and left.is_static:
        return True
    begins_in_a_register = right.places[:1] == ("a",) or right.places[:2] in (("xl", "xh"), ("yl", "yh"))
    return begins_in_a_register and left.is_on_the_stack


# SDCC only asks whether the count in A is 0 where it has loaded it before the value, as their places overlap.
_COUNT_BEFORE_VALUE = re.compile(
    r"^\ttnz\ta\n\tjreq\t\S+\n(?:\t(?:sllw|slaw|sll|sla|rlcw|rlc)\t[^\n]+\n)+\tdec\ta\n", re.MULTILINE
)


def overwritten_values(placed: str, assembler: str) -> Iterator[Place]:
    """Yield `<<` whose number of bits is loaded into A while a byte of the value is still there."""
    if not any(re.search(r"\ba ", line) for line in re.findall(r"^.* << ", placed, re.MULTILINE)):
        return
    bodies = code_of_functions(assembler)
    for function, rows in procedures(placed):
        for row in rows:
            operands = row.operands() if operation(row) == "<<" else []
            if len(operands) == 2 and row.result and function in bodies:
                left, right = operands
                is_lost = any(
                    register == "a" != _place(row.result, index) for index, register in enumerate(left.places)
                )
                code = bodies[function].of_line(row.file, row.line)
                on_stack = right.is_on_the_stack or _place(right, 0).startswith("_")
                if is_lost and on_stack and _COUNT_BEFORE_VALUE.search(code):
                    yield Place("overwritten-count", row.file, row.line, function)

"""Signed chars that SDCC divides by shifting them right without their sign. Pure: no SCons in here.

It takes a shift for a signed char by a constant of one byte, if that is 1, 2, 4, 8, 16 or 32. It widens the char with 0
first, so a negative one becomes large. Its last intermediate code has such a division with both values still as bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from .known_bits import Values, operation
from .later_code import Operand, Row, procedures
from .wrong_assembler import Place

KINDS = ("divided-byte",)

_SHIFTED = (1, 2, 4, 8, 16, 32)
_INT = 2  # bytes
_DIVISION = re.compile(r"signed-char \w+\}[^\n]* / ")


def divided_bytes(code: str, placed: str) -> Iterator[Place]:
    """Yield divisions of a signed char that are a shift, and copies of one to an int that are left of `v / 1`."""
    if not _DIVISION.search(code):
        return
    divided = {
        (row.file, row.line)
        for _, rows in procedures(code)
        for row in rows
        if operation(row) == "/" and _are_bytes(row.operands())
    }
    for function, rows in procedures(placed) if divided else ():
        values = Values(rows)
        for row in rows:
            value = _value(row)
            if value is None or (row.file, row.line) not in divided:
                continue
            known = values.of(value)
            if known is None or known.low < 0:
                yield Place("divided-byte", row.file, row.line, function)


def _are_bytes(operands: list[Operand]) -> bool:
    """Whether a signed char is divided by a byte."""
    return len(operands) == 2 and _is_signed_char(operands[0]) and operands[1].type.size == 1


def _is_signed_char(operand: Operand) -> bool:
    return operand.value is None and operand.type.signed and operand.type.size == 1


def _value(row: Row) -> Optional[Operand]:
    """Return the signed char that a row takes for an int."""
    operands = row.operands()
    if row.result is None or row.result.type.size != _INT or not operands or not _is_signed_char(operands[0]):
        return None
    if operation(row) == "/":
        return operands[0] if _are_bytes(operands) and operands[1].value in _SHIFTED else None
    is_copy = len(operands) == 1 and row.text.startswith(f"{operands[0].name} ")
    return operands[0] if is_copy else None

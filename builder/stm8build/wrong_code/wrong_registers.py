"""Wrong code that shows in the assembler as a register that holds another value than SDCC thinks. Pure: no SCons here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .wrong_assembler import Lines, Place, bodies

_ADDS = r"\t(?:addw|subw)\tx, \(1, sp\)\n"  # SDCC writes `(0x01, sp)` for the place of a value
_PRODUCT = re.compile(rf"(?:^(?:\tsllw\tx\n|{_ADDS}|;[^\n]*\n))+", re.MULTILINE)
_PUSHED = re.compile(r"^\tpushw\tx\n(?:;[^\n]*\n)*\Z", re.MULTILINE)
_SHIFTS = 8  # at least so many for a constant with a bit in its high byte


def unpushed_factors(assembler: str) -> Iterator[Place]:
    """Yield where SDCC multiplies by shifts and sums, and has not pushed the value that it adds."""
    if not re.search(_ADDS, assembler):
        return
    lines = Lines(assembler)
    for name, start, end in bodies(assembler):
        for found in _PRODUCT.finditer(assembler, start, end):
            is_sum = re.search(_ADDS, found[0]) is not None and found[0].count("\tsllw") >= _SHIFTS
            if is_sum and not _PUSHED.search(assembler, start, found.start()):
                yield Place("unpushed-factor", *lines.at(found.end() - 1), name)

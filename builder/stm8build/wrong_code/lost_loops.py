"""Loops that SDCC loses: its intermediate code and its own messages tell. Pure: no SCons in here.

SDCC turns `v && 0` into jumps, of which one never jumps. It takes out the block after this one, and then has the blocks
in a wrong order. So it takes the first value of a counter for the only one. It says that it has decided the condition
of the loop (warning 110). It also says that what follows is never reached (warning 126).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .initialisers import procedures
from .wrong_assembler import Place

_MESSAGE = re.compile(r"^(.+?):(\d+): warning (110|126):", re.MULTILINE)
_DECIDED, _UNREACHED = "110", "126"
_LABEL = re.compile(r"(\S+)\(\$\d+\) :$")
_NEVER = re.compile(r"if 0x0 ?\{[^}]*\} != 0 goto ")
_JUMP = re.compile(r"(if (?!0x).* )?goto (\S+)\(\$\d+\)$")

Where = tuple[str, int]


def lost_loops(code: str, messages: str) -> Iterator[Place]:
    """Yield each `v && 0` before which SDCC has lost a loop."""
    told = {((match[1], int(match[2])), match[3]) for match in _MESSAGE.finditer(messages)}
    if not any(number == _UNREACHED for _, number in told):
        return
    for name, rows in procedures(code):
        decided = [(place, where) for place, where in _conditions_in_loops(rows) if (where, _DECIDED) in told]
        for place, (file, line, text) in enumerate(rows):
            where = (file, line)
            # SDCC gives a warning once for a line. So a loop in the same line cannot be told from the `&&`.
            is_told = {(where, _DECIDED), (where, _UNREACHED)} <= told
            if is_told and _NEVER.match(text) and any(before < place and loop != where for before, loop in decided):
                yield Place("lost-loop", file, line, name)


def _conditions_in_loops(rows: list[tuple[str, int, str]]) -> Iterator[tuple[int, Where]]:
    """Yield the conditional jumps inside of loops: their places in the rows, and their lines."""
    labels = {match[1]: place for place, row in enumerate(rows) for match in [_LABEL.match(row[2])] if match}
    jumps = [(place, match) for place, row in enumerate(rows) for match in [_JUMP.match(row[2])] if match]
    loops = [(labels.get(match[2], place), place) for place, match in jumps]
    for place, match in jumps:
        if match[1] and any(begin < place <= end for begin, end in loops):
            yield place, rows[place][:2]

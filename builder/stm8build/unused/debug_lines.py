"""Take dropped functions out of the data for a debugger that SDCC writes as assembler. Pure: no SCons in here.

A function that is not there gets the address 0, as GNU's linker does it: debuggers know that. In the table of lines
(DWARF 2, section 6.2) the code of several functions may be one sequence. There the function keeps its place, with no
byte and no line.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_AREA = re.compile(r"\.area\s+(\S+)")
_NAME = re.compile(r"(?<![\w.$])[A-Za-z_$][\w.$]*")
_ADDRESS = re.compile(r"\.dw\s+(?:0,\((\S+)\)|(?:1\+)?([\w.$]+)-[\w.$]+)$")
COPY, SET_BASIC_BLOCK = ".db\t1", ".db\t7"  # add a row to the table; do nothing that a debugger shows


def adjusted(lines: list[str], gone: Collection[str]) -> tuple[list[str], set[str]]:
    """Return an assembler file without dropped names in the data for a debugger.

    Args:
        lines: The file, with its line ends.
        gone: The labels that the file has no longer.

    Returns:
        The lines, and the labels that must stay at their places in spite of it, because a distance to a function that
        stays is counted from them.
    """
    area = at = before = ""
    found, needed = list(lines), set()
    for number, line in enumerate(lines):
        text = line.strip()
        entered = _AREA.match(text)
        if entered:
            area = entered[1]
        elif area.startswith(".debug"):
            names = set(_NAME.findall(text.partition(";")[0].partition('"')[0]))
            names = {name for name in names if not text.startswith(".ascii") and f".{name}" != text.split()[0]}
            dropped = names.intersection(gone)
            if dropped and dropped != names:
                needed |= dropped
            elif dropped:
                found[number] = _NAME.sub(lambda word: "0" if word[0] in gone else word[0], line)
        if area == ".debug_line":
            address = _ADDRESS.match(text)
            at = (address[1] or address[2]) if address else at
            if text == COPY and before.startswith(".sleb128") and at in gone:
                found[number] = line.replace(COPY, SET_BASIC_BLOCK)
        before = text
    return found, needed

"""Read the linker's map: which objects are linked, and in which order. Pure: no SCons in here."""

from __future__ import annotations

import re
from typing import NamedTuple

_FILES, _LIBRARIES, _END = "Files Linked ", "Libraries Linked ", "User Base Address"
_PAGE = ("ASxxxx ", "Hexadecimal ")  # the heading of a page, which may stand anywhere
_LISTED = re.compile(r"(.*?)\s*\[ ([^\[\]]*?) ?\]\s*$")


class Listed(NamedTuple):
    """An object that is linked."""

    path: str  # the object, or the library that holds it
    member: str  # its name in the library; empty: it is not from a library


def listed(map_text: str) -> list[Listed]:
    """Return what the linker's map lists as linked, in the order of linking."""
    found: list[Listed] = []
    part = path = ""
    for line in map_text.splitlines():
        if line.startswith((_FILES, _LIBRARIES, _END)):
            part = line
        elif not line.startswith(_PAGE):
            entry = _LISTED.match(line)
            path = (entry[1] if entry else line.strip()) or path  # a long path stands on a line of its own
            if entry and part.startswith((_FILES, _LIBRARIES)):
                found.append(Listed(path, entry[2] if part.startswith(_LIBRARIES) else ""))
    return found

"""Read a library: an archive of `ar`, see ar(5). Pure: no SCons in here."""

from __future__ import annotations

from typing import NamedTuple, Optional

_ARCHIVE, _HEADER_SIZE = b"!<arch>\n", 60


class Member(NamedTuple):
    """A file in a library."""

    name: str
    content: bytes


def members(content: bytes) -> Optional[list[Member]]:
    """Return the files in a library, or None if it is not an archive of `ar`."""
    if not content.startswith(_ARCHIVE):
        return None
    found: list[Member] = []
    long_names = b""
    place = len(_ARCHIVE)
    while place + _HEADER_SIZE <= len(content):
        header = content[place : place + _HEADER_SIZE]
        name, size = header[:16].rstrip(), int(header[48:58])
        place += _HEADER_SIZE
        body = content[place : place + size]
        place += size + size % 2
        if name == b"//":
            long_names = body
        elif name not in (b"/", b"/SYM64/"):
            if name[:1] == b"/" and name[1:].isdigit():
                name = long_names[int(name[1:]) :].partition(b"\n")[0]
            found.append(Member(name.rstrip(b"/").decode("utf-8", "replace"), body))
    return found

"""The lines of a text format."""

from __future__ import annotations

import re

# For str.splitlines FF, NEL and their like end a line, too; here they are damage in one.
_END = re.compile(r"\r\n|\r|\n")


def lines_of(content: bytes) -> list[str]:
    """Return the lines without blanks around them; characters are Latin-1, so that each byte stays one."""
    return [line.strip(" \t") for line in _END.split(content.decode("latin-1"))]

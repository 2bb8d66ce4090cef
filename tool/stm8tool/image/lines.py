"""The lines of a text format, and the errors for a line that does not belong there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..errors import ImageError
from ..words import Advice, Hint

_LIKE_A_RECORD = re.compile(r":|S[0-9]")  # of either format, damaged ones too
# str.splitlines also ends a line at FF, NEL and the like; here they are damage inside a line.
_END = re.compile(r"\r\n|\r|\n")


def lines_of(content: bytes) -> list[str]:
    """Return the lines without blanks around them; they are Latin-1, so each byte is one character."""
    return [line.strip(" \t") for line in _END.split(content.decode("latin-1"))]


def damaged(name: str, number: int, problem: str) -> ImageError:
    """Return the error for line `number` of a damaged file."""
    return ImageError(f"{name}:{number}: {problem}", hint="the file is damaged: build or copy it again")


def after_end(
    name: str,
    rest: Sequence[str],
    end: int,
    number: int,
    is_record: Callable[[str], bool],
    is_end: Callable[[str], bool],
) -> ImageError:
    """Return the error for lines after the end record.

    Args:
        name: The file.
        rest: The lines after the end record, without those that may stand there.
        end: Number of the line with the end record.
        number: Number of the first of these lines.
        is_record: Tells whether a line has the form of a record.
        is_end: Tells whether a record ends a file.
    """
    if not all(is_record(line) for line in rest):
        hint: Advice = f"delete everything after line {end}, or build the file again"
        if any(_LIKE_A_RECORD.match(line) for line in rest):
            hint = Hint("perhaps several files were put into one: name each of them in the {command} instead")
        return ImageError(
            f"{name}:{number}: this line is not a record, and it comes after the end record in line {end}", hint=hint
        )
    if all(is_end(line) for line in rest):
        return ImageError(f"{name}:{number}: a second end record, after the one in line {end}", hint="delete this line")
    if is_end(rest[-1]):
        return ImageError(
            f"{name}:{number}: a second file begins here, after the end record in line {end}",
            hint=Hint("several files were put into one: name each of them in the {command} instead"),
        )
    return damaged(name, number, f"data after the end record in line {end}")

"""The lines of a text format, and what is said of a line that does not belong there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..errors import ImageError
from ..words import Advice, Hint

_LIKE_A_RECORD = re.compile(r":|S[0-9]")  # of either format, damaged ones too
# For str.splitlines FF, NEL and their like end a line, too; here they are damage in one.
_END = re.compile(r"\r\n|\r|\n")


def lines_of(content: bytes) -> list[str]:
    """Return the lines without blanks around them; characters are Latin-1, so that each byte stays one."""
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
    """Return the error for what stands after the end record.

    Args:
        name: The file.
        rest: The lines after the end record, without those that may stand there.
        end: Number of the line with the end record.
        number: Number of the first of these lines.
        is_record: Whether a line has the form of a record.
        is_end: Whether a record ends a file.
    """
    if not all(is_record(line) for line in rest):
        hint: Advice = f"delete all that stands after line {end}, or build the file again"
        if any(_LIKE_A_RECORD.match(line) for line in rest):
            hint = Hint("perhaps several files were put into one: name each of them in the {command} instead")
        return ImageError(f"{name}:{number}: not a record, and after the end record of line {end}", hint=hint)
    if all(is_end(line) for line in rest):
        return ImageError(f"{name}:{number}: a second end record, after that of line {end}", hint="delete this line")
    if is_end(rest[-1]):
        return ImageError(
            f"{name}:{number}: a second file begins here, after the end record of line {end}",
            hint=Hint("several files were put into one: name each of them in the {command} instead"),
        )
    return damaged(name, number, f"data after the end record of line {end}")

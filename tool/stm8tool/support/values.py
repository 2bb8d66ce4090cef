"""Numbers in the forms that a user types."""

from __future__ import annotations

import re

from ..errors import UsageError

_NUMBER = re.compile(r"-?(?:0x[0-9A-Fa-f]+|[0-9]+)")
_DIGITS_LIMIT = 40  # no number needs as many
ADDRESS_SPACE = 1 << 24  # the STM8 has 24-bit addresses


_SUCH_AS = "write 0x8000 or 32768"


def number(text: str, hint: str = _SUCH_AS) -> int:
    """Return the number in a text such as `0x8000` or `32768`. The caller must refuse a number below 0.

    Other forms that Python accepts are errors.

    Args:
        text: The text.
        hint: Examples of what the user can write there.

    Raises:
        UsageError: The text is not a number, or is far too long.
    """
    if len(text) > _DIGITS_LIMIT or not _NUMBER.fullmatch(text):
        raise UsageError(f"'{shortened(text)}' is not a number", hint=hint)
    return int(text, 16 if "x" in text else 10)


def size(text: str) -> int:
    """Return the size in a text such as `8K`, `0x200` or `640`, in bytes; UsageError if it is not a number."""
    kilo = text[-1:] in ("k", "K")
    such_as = "write a size such as 8K, 0x200 or 640"
    return number(text[:-1], such_as) * 1024 if kilo else number(text, such_as)


def address(text: str) -> int:
    """Return the address of the STM8 in a text; UsageError if it is not an address."""
    value = number(text)
    if not 0 <= value < ADDRESS_SPACE:
        raise UsageError(f"{text} is not an address of an STM8", hint="addresses go from 0x000000 to 0xFFFFFF")
    return value


def shortened(text: str) -> str:
    """Return the user's text, cut to the length that a message shows."""
    return text if len(text) <= _DIGITS_LIMIT else f"{text[:_DIGITS_LIMIT]}…"

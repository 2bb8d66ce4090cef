"""Numbers as a user types them."""

from __future__ import annotations

import re

from ..errors import UsageError

_NUMBER = re.compile(r"-?(?:0x[0-9A-Fa-f]+|[0-9]+)")
_DIGITS_LIMIT = 40  # far more than any number has here
ADDRESS_SPACE = 1 << 24  # the STM8 has 24-bit addresses


def number(text: str) -> int:
    """Return what `0x8000` or `32768` means; no other form that Python has is one. Below 0 is for the caller to refuse.

    Raises:
        UsageError: it is not a number, or an absurdly long one.
    """
    if len(text) > _DIGITS_LIMIT or not _NUMBER.fullmatch(text):
        raise UsageError(f"'{shortened(text)}' is not a number", hint="write 0x8000 or 32768")
    return int(text, 16 if "x" in text else 10)


def size(text: str) -> int:
    """Return what `8K`, `0x200` or `640` means, in bytes; UsageError if it is not a number."""
    kilo = text[-1:] in ("k", "K")
    return number(text[:-1]) * 1024 if kilo else number(text)


def address(text: str) -> int:
    """Return an address of the STM8; UsageError if it is none."""
    value = number(text)
    if not 0 <= value < ADDRESS_SPACE:
        raise UsageError(f"{text} is not an address of an STM8", hint="addresses go from 0x000000 to 0xFFFFFF")
    return value


def shortened(text: str) -> str:
    """Return of what a user typed as much as a message shows."""
    return text if len(text) <= _DIGITS_LIMIT else f"{text[:_DIGITS_LIMIT]}…"

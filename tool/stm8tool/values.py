"""Numbers as a user types them."""

from __future__ import annotations

from .errors import UsageError

ADDRESS_SPACE = 1 << 24  # the STM8 has 24-bit addresses


def number(text: str) -> int:
    """Return what `0x8000` or `32768` means.

    Raises:
        UsageError: it is no number.
    """
    try:
        return int(text, 0)
    except ValueError:
        raise UsageError(f"'{text}' is no number", hint="write 0x8000 or 32768") from None


def size(text: str) -> int:
    """Return what `8K`, `0x200` or `640` means, in bytes; UsageError if it is no number."""
    kilo = text[-1:] in ("k", "K")
    return number(text[:-1]) * 1024 if kilo else number(text)


def address(text: str) -> int:
    """Return an address of the STM8; UsageError if it is none."""
    value = number(text)
    if not 0 <= value < ADDRESS_SPACE:
        raise UsageError(f"{text} is no address of an STM8", hint="they go from 0x000000 to 0xFFFFFF")
    return value

"""The part of the flash that a UBC value (user boot code area) protects against writing.

Sources: RM0016 figures 9 to 11 and the datasheets of STM8S003, S103, S105, S208 (confidence high). RM0013 and PM0054
table 8, datasheets of STM8L101, L051, L151 (high). Larger STM8L have pages of 256 bytes (high); that each value covers
as many pages as on medium density is a guess (low). STLUX and STNRG are taken to be like STM8S of medium density (low).
"""

from __future__ import annotations

from typing import Optional

from ...parts.table import Part, Region

NAME = "UBC"


def protected(part: Part, value: int) -> Optional[Region]:
    """Return the flash that a loaded UBC `value` write-protects, from its start; None for none of it."""
    size = min(_pages(part, value) * _page_size(part), part.flash.size)
    return Region("flash", part.flash.start, size) if size else None


def is_reserved(part: Part, value: int) -> bool:
    """Tell whether the manuals give `value` no meaning on this part: then it is never written."""
    if part.aa_locks and part.flash_regs == "stm8l":
        return value > 0x7F
    if part.flash_regs == "stm8s" and part.density != "low":
        return value == 0xFF or _pages(part, value) * _page_size(part) > part.flash.size
    return False


def value_for(part: Part, size: int) -> Optional[int]:
    """Return the smallest value that protects at least `size` bytes; None if there is none."""
    for value in range(256):
        area = protected(part, value)
        if (area.size if area else 0) >= size and not is_reserved(part, value):
            return value
    return None


def largest(part: Part) -> int:
    """Return how many bytes can be protected at most; on some parts the last page always stays free."""
    areas = [protected(part, value) for value in range(256) if not is_reserved(part, value)]
    return max(area.size for area in areas if area)


def _page_size(part: Part) -> int:
    if part.flash_regs == "stm8s":
        return 64 if part.density == "low" else 512
    return {"low": 64, "medium": 128}.get(part.density, 256)


def _pages(part: Part, value: int) -> int:
    if part.flash_regs == "stm8s":
        if part.density == "low":
            return min(value, 128)
        return value + 2 if value > 1 else 2 * value
    if part.aa_locks:  # STM8L101, STM8L001: bit 7 counts as 0, the vectors are two pages
        return max(value & 0x7F, 2) if value & 0x7F else 0
    if part.density == "low":
        return 128 if value >= 0x7F else value
    return value

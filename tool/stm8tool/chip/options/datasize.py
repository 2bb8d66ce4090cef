"""The part of the flash that DATASIZE turns into data EEPROM, on STM8L101 and STM8L001 (they have no other EEPROM).

Sources: PM0054 3.1 and the datasheet of the STM8L101 (confidence high). The area has up to 32 pages of 64 bytes at the
end of flash. Parts of 2 and 4 KB have no such area.
"""

from __future__ import annotations

from typing import Optional

from ...parts.table import Part, Region, option_table

DATASIZE = "DATASIZE"

_PAGE, _MOST_PAGES = 64, 32
_SMALLEST_FLASH = 8192


def data_area(part: Part, value: int) -> Optional[Region]:
    """Return the end of flash that a loaded DATASIZE `value` turns into data EEPROM; None if there is none."""
    size = value * _PAGE
    if value not in range(1, _MOST_PAGES + 1) or part.flash.size < _SMALLEST_FLASH:
        return None
    return Region("flash", part.flash.end - size, size)


def largest(part: Part) -> Optional[Region]:
    """Return all of the flash that can be data EEPROM; None for parts without such an option byte, or without room."""
    has_one = any(option.name == DATASIZE for option in option_table(part))
    return data_area(part, _MOST_PAGES) if has_one else None

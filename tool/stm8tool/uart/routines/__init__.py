"""The routines that the boot ROM of an STM8S or STM8AF needs in RAM before it can erase or write: see `routines.s`.

They are ours. ST's own are under a licence that does not fit. `tests/assembled.py` assembles them into `code.csv`,
the bytes that are sent. `python3 dev.py test --sdcc` sees that the two agree.

Source: addresses and variables as clients of the ROM use them (stm8gal and its routines); confidence high, except the
calling convention, which has confidence medium.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

START = 0x00A0  # also the address that the ROM calls for an erase
END = 0x0200  # the ROM leaves RAM up to here to the routines


class RomCalls(NamedTuple):
    """The addresses of a version of the ROM: its calls of the routines, and its variables."""

    write_entry: int
    option: int
    erase_error: int
    write_error: int
    eeprom_code: int
    last_code: int

    def symbols(self) -> dict[str, int]:
        """Return the symbols for `routines.s`."""
        return {
            "WRITE_ENTRY": self.write_entry,
            "OPTION": self.option,
            "ERASE_ERROR": self.erase_error,
            "WRITE_ERROR": self.write_error,
            "EEPROM_CODE": self.eeprom_code,
            "LAST_CODE": self.last_code,
        }


_MEDIUM, _HIGH = (0x20, 0x20), (0x80, 0x81)  # sector codes of the EEPROM: the first and the last

# By the byte that GET answers.
VERSIONS: dict[int, RomCalls] = {
    0x10: RomCalls(0x12F, 0x94, 0x97, 0x98, *_MEDIUM),
    0x12: RomCalls(0x150, 0x94, 0x97, 0x98, *_MEDIUM),
    0x13: RomCalls(0x150, 0x94, 0x96, 0x97, *_MEDIUM),
    0x20: RomCalls(0x162, 0x98, 0x9C, 0x9D, *_HIGH),
    0x21: RomCalls(0x180, 0x98, 0x9C, 0x9D, *_HIGH),
    0x22: RomCalls(0x180, 0x98, 0x9B, 0x9C, *_HIGH),
}


@cache
def code(version: int) -> bytes:
    """Return the assembled bytes for a version of the ROM, from START on."""
    with Path(__file__).with_name("code.csv").open(encoding="ascii", newline="") as table:
        return next(bytes.fromhex(row["code"]) for row in csv.DictReader(table) if int(row["version"], 16) == version)

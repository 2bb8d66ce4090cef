"""Whole addresses of code: SDCC's DWARF keeps only the low 16 bits of an address.

The symbol table has the whole addresses. With `--debug` SDCC names the first instruction of each row of the table of
lines: `Smodule$function$number`. A row whose low bits fit such a symbol has the address of that symbol (seen with
SDCC 4.2.0 and 4.5.0).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Optional

from ..image import elf

BANK = 0x10000

_LINE_SYMBOL = re.compile(r"S(?P<module>.+)\$(?P<function>[^$]+)\$(?P<number>\d+)")


class WholeAddresses:
    """Finds the whole address of what DWARF places by its low 16 bits.

    Args:
        content: The ELF.

    Attributes:
        symbols: The names and values of the symbol table. Two may have one name.
    """

    def __init__(self, content: bytes) -> None:
        self.symbols = elf.symbol_table(content)
        self._banks = range(0, max((part.address + len(part.data) for part in elf.sections(content)), default=1), BANK)
        self._rows: dict[str, set[int]] = defaultdict(set)
        self._functions: dict[tuple[str, str], set[int]] = defaultdict(set)
        for name, value in self.symbols:
            found = _LINE_SYMBOL.fullmatch(name)
            if found:
                self._rows[found["module"]].add(value)
                self._functions[found["module"], found["function"]].add(value)

    @property
    def are_short(self) -> bool:
        """True if no code is above 0xFFFF: then DWARF's addresses are whole."""
        return len(self._banks) == 1

    def bank_of_rows(self, unit: str, rows: Sequence[int]) -> Optional[int]:
        """Return what to add to the addresses of a run of rows, all of one file of C.

        Returns:
            A multiple of 0x10000. None if no bank has these rows, or several have them: then their place is not known.
        """
        if not rows or not rows[0]:  # the builder sets the address of a function that it has removed to 0
            return None
        if self.are_short:
            return 0
        named = self._rows.get(module_of(unit)) or set().union(*self._rows.values())
        fitting = [bank for bank in self._banks if all(bank + row in named for row in rows)]
        return fitting[0] if len(fitting) == 1 else None

    def of_function(self, unit: str, name: str, low: int) -> Optional[int]:
        """Return the address of a function, from the low 16 bits of it; None if its place is not known."""
        if not low:
            return None
        if self.are_short:
            return low
        rows = self._functions.get((module_of(unit), name)) or {
            row for (_, function), rows in self._functions.items() if function == name for row in rows
        }
        fitting = [row for row in rows if row % BANK == low % BANK]
        return fitting[0] if len(fitting) == 1 else None


def module_of(unit: str) -> str:
    """Return the name that SDCC gives to a file of C in symbols."""
    name = PurePosixPath(unit.replace("\\", "/")).name
    return re.sub(r"\W", "_", name.rpartition(".")[0] or name, flags=re.ASCII)

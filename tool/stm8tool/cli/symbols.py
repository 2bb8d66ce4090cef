"""The symbols of a simulated program: names for addresses, and addresses for names."""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path
from typing import Optional

from ..errors import ImageError, UsageError
from ..image import elf
from ..support import files

_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]{1,6}|\d{1,8}", re.ASCII)
_DEBUGGERS = "$"  # in the names that SDCC and its assembler make for debuggers, such as A$main$70
_LIBRARY_NAMES = ("s_", "l_")  # names of the linker, for the starts and lengths of areas


class Symbols:
    """The symbols of an ELF file: they find the address of a name and the name of an address."""

    def __init__(self, path: Optional[str]) -> None:
        self._path = path
        content = None if path is None else _content(path)
        self._by_name = {} if content is None else elf.symbols(content)
        self._sections = [] if content is None else elf.sections(content)
        places = sorted(
            (at, name)
            for name, at in self._by_name.items()
            if not name.startswith(_LIBRARY_NAMES) and _DEBUGGERS not in name
        )
        self._addresses = [at for at, _ in places]
        self._names = [name for _, name in places]

    def address(self, text: str) -> int:
        """Return the address that a number or a name stands for."""
        if _NUMBER.fullmatch(text):
            number = int(text, 0) if text[:2].lower() == "0x" else int(text)
            if number <= 0xFFFFFF:
                return number
            raise UsageError(f"--until-pc {text}: an address has 24 bits", hint="0x8000 is the start of the flash")
        if self._path is None:
            raise UsageError(f"--until-pc {text}: a name needs the program's ELF", hint="add --elf firmware.elf")
        for name in (text, f"_{text}"):
            if name in self._by_name:
                return self._by_name[name]
        raise UsageError(
            f"{self._path} has no symbol {text!r}", hint="static functions have no symbol: give an address"
        )

    def find(self, name: str) -> Optional[int]:
        """Return the address of a name as the ELF spells it; None if it has none."""
        return self._by_name.get(name)

    def place(self, address: int) -> str:
        """Return an address as text, with the name of the function or variable around it if one is known.

        A name reaches no farther than its section: a static function has no symbol, and one may be the first.
        """
        index = bisect_right(self._addresses, address) - 1
        first = 0
        if self._sections:
            around = [one.address for one in self._sections if one.address <= address < one.address + len(one.data)]
            first = min(around, default=address)
        if index < 0 or self._addresses[index] < first:
            return f"0x{address:06X}"
        name, offset = self._names[index].removeprefix("_"), address - self._addresses[index]
        return f"0x{address:06X} ({name}{f'+0x{offset:X}' if offset else ''})"


def _content(path: str) -> bytes:
    try:
        content = files.read_regular(Path(path), 1 << 26)
        elf.symbols(content)
    except OSError as exc:
        raise ImageError(f"{path}: {exc.strerror}", hint="build it first, or check the path") from exc
    except elf.ElfError as exc:
        raise ImageError(f"{path}: {exc}", hint="give the firmware.elf of the build") from exc
    return content

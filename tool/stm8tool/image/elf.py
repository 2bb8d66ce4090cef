"""ELF as SDCC writes it: 32 bits, big-endian, machine STM8 (System V ABI, chapter 4).

SDCC marks its RAM areas as PROGBITS and loads them. So only their name or address tells them from the data of the
chip's other memories (seen with SDCC 4.2). The builder of the PlatformIO platform reads its ELF with this, too.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..errors import ImageError
from .segments import Segment

MAGIC = b"\x7fELF"

_CLASS_32_BIG_ENDIAN = b"\x01\x02"
_SECTION_HEADER = struct.Struct(">6I16x")  # name, type, flags, address, offset, size
_STM8 = 186  # e_machine
_PROGBITS = 1
_ALLOC = 2
_SYMBOLS = 2
_SYMBOL = struct.Struct(">II4xBxH")  # name, value, type and binding, section
_NAME_LIMIT = 1024  # bytes; far more than a section's name has
_RAM_AREAS = ("DATA", "INITIALIZED", "SSEG")


class ElfError(Exception):
    """The file is not an ELF as SDCC writes it."""


class Section(NamedTuple):
    """A section that takes room in the chip."""

    name: str
    address: int
    data: bytes

    def is_ram(self, ram_size: int) -> bool:
        """Tell whether it only reserves RAM; a section with bytes is programmed at any address."""
        return self.name in _RAM_AREAS or (self.address < ram_size and not any(self.data))


def sections(content: bytes) -> list[Section]:
    """Return the sections that take room in the chip, in file order.

    Raises:
        ElfError: it is not an ELF for the STM8, or it is cut short.
    """
    if not content:
        raise ElfError("the file is empty")
    if content[:6] != MAGIC + _CLASS_32_BIG_ENDIAN:
        raise ElfError("not a 32-bit big-endian ELF")
    try:
        machine, table, entry_size, count, names = struct.unpack_from(">18xH12xI10xHHH", content)
        if machine != _STM8:
            raise ElfError(f"an ELF for another processor (machine {machine}, the STM8 is {_STM8})")
        if count and entry_size < _SECTION_HEADER.size:
            raise ElfError("the section table is damaged")
        if not count:
            raise ElfError("it has no sections")
        headers = [_SECTION_HEADER.unpack_from(content, table + index * entry_size) for index in range(count)]
        names_at = headers[names][4]
        if sum(header[5] for header in headers if header[1] == _PROGBITS) > len(content):
            raise ElfError("the sections are larger than the file")
        found = []
        for name_at, kind, flags, address, offset, size in headers:
            start = names_at + name_at
            name = content[start : content.index(b"\0", start, start + _NAME_LIMIT)].decode("ascii", "replace")
            if kind == _PROGBITS and flags & _ALLOC and size and not name.startswith(".debug"):
                data = content[offset : offset + size]
                if len(data) != size:
                    raise ElfError(f"section {name} is cut short")
                found.append(Section(name, address, data))
    except (struct.error, IndexError, ValueError) as exc:
        raise ElfError("the section table is damaged") from exc
    return found


def symbols(content: bytes) -> dict[str, int]:
    """Return the names that the program gives to addresses, as the ELF spells them: SDCC's begin with "_".

    Raises:
        ElfError: as `sections`.
    """
    return dict(symbol_table(content))


def symbol_table(content: bytes) -> list[tuple[str, int]]:
    """Return names and addresses in the order of the file. Symbols of two modules may have one name.

    Raises:
        ElfError: as `sections`.
    """
    sections(content)
    found: list[tuple[str, int]] = []
    try:
        table, entry_size, count = struct.unpack_from(">32xI10xHH", content)
        headers = [struct.unpack_from(">10I", content, table + index * entry_size) for index in range(count)]
        for header in headers:
            if header[1] != _SYMBOLS:
                continue
            names_at, start, size = headers[header[6]][4], header[4], header[5]
            for at in range(start, start + size, _SYMBOL.size):
                name_at, value, _, section = _SYMBOL.unpack_from(content, at)
                begin = names_at + name_at
                name = content[begin : content.index(b"\0", begin, begin + _NAME_LIMIT)].decode("ascii", "replace")
                if section and name and not name.startswith("."):
                    found.append((name, value))
    except (struct.error, IndexError, ValueError) as exc:
        raise ElfError("the symbol table is damaged") from exc
    return found


def parse(name: str, content: bytes, ram_size: int) -> list[Segment]:
    """Return a segment for each section that belongs to a memory other than RAM.

    Raises:
        ImageError: see `sections`.
    """
    try:
        found = sections(content)
    except ElfError as exc:
        raise ImageError(f"{name}: {exc}", hint="give the ELF that SDCC makes, or firmware.hex") from exc
    return [Segment(s.address, s.data, f"{name}, section {s.name}") for s in found if not s.is_ram(ram_size)]

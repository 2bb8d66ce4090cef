"""Read a linked program: its symbols, its vectors, and the bytes that are outside the part's memories.

No SCons in here. As in `elf.py`, the flasher's package reads the ELF.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import NamedTuple, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tool"))  # this stm8tool, not an installed one

from stm8tool.errors import ToolError
from stm8tool.image import elf
from stm8tool.parts import table as devices

FLASH_START = 0x8000  # of every STM8; the chip looks for its vectors there (RM0016, "Interrupt vectors")
INT, JPF = 0x82, 0xAC  # PM0044: an opcode and an address of 24 bits
VECTOR = 4  # bytes
_SYMTAB = 2
_NOT_DEFINED = 0
_HEADER = struct.Struct(">10I")  # name, type, flags, address, offset, size, link, information, alignment, entry size
_SYMBOL = struct.Struct(">IIIBBH")  # name, value, size, information, other, section


class Memory(NamedTuple):
    """A memory that an upload fills."""

    name: str
    start: int
    end: int  # the address after the last one

    def __str__(self) -> str:
        """Return its name and addresses for a message."""
        return f"{self.name} 0x{self.start:06X} to 0x{self.end - 1:06X}"


class Program(NamedTuple):
    """An ELF as SDCC writes it."""

    sections: list[elf.Section]
    symbols: dict[str, int]  # global symbols by their assembler names: a C function `f` is `_f`


def read(content: bytes) -> Program:
    """Return the contents of an ELF.

    Raises:
        elf.ElfError: it is not an ELF as SDCC writes it.
    """
    return Program(elf.sections(content), _symbols(content))


def _symbols(content: bytes) -> dict[str, int]:
    table, entry_size, count = struct.unpack_from(">I10xHH", content, 32)
    headers = [_HEADER.unpack_from(content, table + index * entry_size) for index in range(count)]
    found: dict[str, int] = {}
    for header in headers:
        if header[1] != _SYMTAB:
            continue
        names_at = headers[header[6]][4]
        for place in range(header[4], header[4] + header[5], _SYMBOL.size):
            name_at, value, _, _, _, section = _SYMBOL.unpack_from(content, place)
            start = names_at + name_at
            name = content[start : content.index(b"\0", start)].decode("ascii", "replace")
            if section != _NOT_DEFINED:
                found[name] = value
    return found


def byte_at(program: Program, address: int) -> Optional[int]:
    """Return the byte that an upload programs at an address, or None."""
    for section in program.sections:
        if section.address <= address < section.address + len(section.data) and not section.is_ram(0):
            return section.data[address - section.address]
    return None


def _target(program: Program, address: int, opcodes: tuple[int, ...]) -> Optional[int]:
    held = [byte_at(program, address + place) for place in range(VECTOR)]
    if None in held or held[0] not in opcodes:
        return None
    return int.from_bytes(bytes(byte or 0 for byte in held[1:]), "big")


def home(program: Program, start: int) -> int:
    """Return the address of SDCC's vectors, which begin its area HOME, or `start` if that area does not exist."""
    return next((section.address for section in program.sections if section.name == "HOME"), start)


def starts(program: Program, start: int) -> bool:
    """Tell whether a reset finds code: a vector at `start`, in HOME or at the flash's begin leads into the program."""
    for address in (home(program, start), start, FLASH_START):
        target = _target(program, address, (INT, JPF))
        if target is not None and byte_at(program, target) is not None:
            return True
    return False


def vectors(program: Program, start: int) -> list[int]:
    """Return the addresses in SDCC's vector table: reset, trap, interrupt 0, …; 0 means that there is none."""
    address = home(program, start)
    found: list[int] = []
    while len(found) < 32:  # RM0016: reset, trap and 30 interrupts
        target = _target(program, address + VECTOR * len(found), (INT,))
        if target is None:
            break
        found.append(target)
    return found


def memories(part: str, maximum_size: int) -> list[Memory]:
    """Return the memories of a part that an upload can fill; none if the flasher does not know the part.

    Args:
        part: A part or an order code.
        maximum_size: The size of the flash from the board or the project. It may be more than the part has.
    """
    try:
        known = devices.find_part(part)
    except ToolError:
        return []
    flash_end = max(known.flash.start + known.flash.size, known.flash.start + maximum_size)
    found = [Memory("flash", known.flash.start, flash_end)]
    if known.eeprom:
        found.append(Memory("EEPROM", known.eeprom.start, known.eeprom.start + known.eeprom.size))
    return [*found, Memory("option bytes", known.options.start, known.options.start + known.options.size)]


def _first_outside(section: elf.Section, held: list[Memory]) -> Optional[int]:
    """Return a section's first address that is outside all memories, or None."""
    address, end = section.address, section.address + len(section.data)
    while address < end:
        memory = next((memory for memory in held if memory.start <= address < memory.end), None)
        if not memory:
            return address
        address = memory.end
    return None


def name_of(program: Program, section: elf.Section, address: int) -> str:
    """Return the name of the thing at an address for a message: a C symbol, or the section."""
    names = {
        value: name[1:]
        for name, value in sorted(program.symbols.items(), reverse=True)
        if name.startswith("_") and section.address <= value <= address
    }
    return f"`{names[max(names)]}`" if names else f"section {section.name}"


def outside(program: Program, part: str, held: list[Memory], ram_size: int) -> Optional[tuple[str, str]]:
    """Return (message, hint) for the first bytes outside the memories of `held`, or None."""
    for section in program.sections:
        address = None if section.is_ram(ram_size) else _first_outside(section, held)
        if address is None:
            continue
        end = section.address + len(section.data)
        before = next((memory for memory in held if memory.end == address and section.address < address), None)
        where = f"lies at 0x{section.address:06X} to 0x{end - 1:06X}, outside the memories of the {part}"
        if before:
            where = f"reaches 0x{end - 1:06X}, past the end of the {before}"
        elif address < ram_size:
            where = f"lies at 0x{address:06X}, in the RAM, which an upload cannot fill"
        return (
            f"{name_of(program, section, address)} {where}",
            f"the {part} has {', '.join(map(str, held))}; change __at, --code-loc or the area's address",
        )
    return None

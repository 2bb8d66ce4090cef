"""SDCC's ELF: turn it into Intel HEX, list its sections, refuse what the chip or the compiler cannot reach.

Run as a script by builder/main.py, so that SCons need not import it:

    elf.py hex   RAM_SIZE firmware.elf firmware.hex
    elf.py size  RAM_SIZE firmware.elf
    elf.py check RAM_SIZE firmware.elf MEMORY_MODEL

Layout: 32-bit big-endian ELF, System V ABI chapter 4; SDCC marks RAM areas as PROGBITS too, so that only their name
or address tells them from what belongs in the flash (seen with SDCC 4.2).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RAM_AREAS = ("DATA", "INITIALIZED", "SSEG")
STACK_AREA = "SSEG"
FLASH_START = 0x8000
REACH = 0x10000  # what an address of 16 bits reaches
CONSTANT_AREAS = ("CONST", "INITIALIZER")
CODE_AREAS = ("HOME", "GSINIT", "GSFINAL", "CODE")
STACK_LOW = 64  # bytes; below this a few calls and one interrupt (9 bytes each) can meet the variables

SHT_PROGBITS = 1
SHF_ALLOC = 2


class ElfError(Exception):
    """The file is not an ELF as SDCC writes it."""


class Section(NamedTuple):
    """A section that takes room in the chip."""

    name: str
    address: int
    data: bytes
    memory: str  # "ram", "flash", or "data" for EEPROM and option bytes


def sections(elf: bytes, ram_size: int) -> list[Section]:
    """Return the sections of `elf` that take room in a chip with `ram_size` bytes of RAM, in file order.

    Raises:
        ElfError: it is no 32-bit big-endian ELF, or it is cut short.
    """
    if elf[:6] != b"\x7fELF\x01\x02":
        raise ElfError("not a 32-bit big-endian ELF")
    try:
        table_offset, entry_size, count, names_index = struct.unpack_from(">I10xHHH", elf, 32)
        headers = [struct.unpack_from(">6I16x", elf, table_offset + index * entry_size) for index in range(count)]
        names_offset = headers[names_index][4]
        found = []
        for name_offset, kind, flags, address, offset, size in headers:
            start = names_offset + name_offset
            name = elf[start : elf.index(b"\0", start)].decode("ascii", "replace")
            if kind == SHT_PROGBITS and flags & SHF_ALLOC and size and not name.startswith(".debug"):
                data = elf[offset : offset + size]
                if len(data) != size:
                    raise ElfError(f"section {name} is cut short")
                found.append(Section(name, address, data, memory_of(name, address, data, ram_size)))
    except (struct.error, IndexError, ValueError) as exc:
        raise ElfError("the section table is damaged") from exc
    return found


def memory_of(name: str, address: int, data: bytes, ram_size: int) -> str:
    """Return the memory that a section belongs to; what holds bytes is programmed, wherever it lies."""
    if name in RAM_AREAS or (address < ram_size and not any(data)):
        return "ram"
    return "flash" if address >= FLASH_START else "data"


def hex_records(content: list[Section]) -> Iterator[str]:
    """Yield the Intel HEX lines of what is to be programmed, 16 bytes a record, by address."""
    upper = 0
    for section in sorted(content, key=lambda section: section.address):
        if section.memory == "ram":
            continue
        offset = 0
        while offset < len(section.data):
            address = section.address + offset
            if address >> 16 != upper:
                upper = address >> 16
                yield hex_record(0, 4, upper.to_bytes(2, "big"))
            size = min(16, 0x10000 - address % 0x10000)
            chunk = section.data[offset : offset + size]
            yield hex_record(address % 0x10000, 0, chunk)
            offset += len(chunk)
    yield hex_record(0, 1, b"")


def hex_record(address: int, kind: int, data: bytes) -> str:
    """Return one record with its checksum."""
    body = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
    return f":{body.hex().upper()}{-sum(body) % 256:02X}"


def ram_problem(content: list[Section], ram_size: int) -> tuple[bool, str]:
    """Return (too big, message) for the variables of `content`; the message is empty where all is well."""
    used = sum(len(section.data) for section in content if section.memory == "ram" and section.name != STACK_AREA)
    if used > ram_size:
        return True, f"error: the variables need {used} bytes, the RAM has {ram_size}"
    if ram_size - used < STACK_LOW:
        return False, f"warning: only {ram_size - used} bytes of {ram_size} bytes RAM are left for the stack"
    return False, ""


def reach_problem(content: list[Section], memory_model: str) -> str:
    """Return why code or constants lie too high for the addresses that SDCC uses for them, or an empty text.

    SDCC Compiler User Guide, "STM8 memory models": code is called with 16 bits in the medium model, with 24 in the
    large one; pointers to data have 16 in both. What a program itself places, by `__at`, has areas of other names.
    """

    def end(areas: tuple[str, ...]) -> int:
        return max((section.address + len(section.data) for section in content if section.name in areas), default=0)

    if end(CONSTANT_AREAS) > REACH:
        return f"error: the constants end at 0x{end(CONSTANT_AREAS):06X}; SDCC's pointers reach up to 0x00FFFF"
    if memory_model == "medium" and end(CODE_AREAS) > REACH:
        return (
            f"error: the program ends at 0x{end(CODE_AREAS):06X}; board_build.memory_model = medium reaches "
            "up to 0x00FFFF, large reaches all"
        )
    return ""


def order_problem(content: list[Section]) -> str:
    """Return a warning for code below the flash, or an empty text.

    The linker takes the order of the areas from the first module; one in assembler that names CODE alone, and is linked
    before every C source, puts CODE at 0 (seen with SDCC 4.2).
    """
    for section in content:
        if section.name in CODE_AREAS and section.memory != "flash":
            return (
                f"warning: {section.name} begins at 0x{section.address:06X}, below the flash: is an assembler source "
                "linked before the C sources? Give it a name that comes last"
            )
    return ""


def main(arguments: list[str]) -> int:
    """Do what the module's docstring says; return the exit code."""
    command, ram_size, path = arguments[0], int(arguments[1]), arguments[2]
    try:
        content = sections(Path(path).read_bytes(), ram_size)
    except ElfError as exc:
        print(f"error: {path}: {exc}", file=sys.stderr)
        return 1
    if command == "hex":
        Path(arguments[3]).write_bytes("".join(f"{record}\n" for record in hex_records(content)).encode("ascii"))
    elif command == "size":
        for section in content:
            if section.name != STACK_AREA:
                print(f"{section.memory:6}{len(section.data):7}  0x{section.address:06X}  {section.name}")
    else:
        too_big, message = ram_problem(content, ram_size)
        unreachable = reach_problem(content, arguments[3])
        for line in filter(None, (message, order_problem(content), unreachable)):
            print(line, file=sys.stderr)
        return int(too_big or bool(unreachable))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""SDCC's ELF: turn it into Intel HEX, list its sections, and refuse code or data that cannot be reached.

builder/main.py runs this file as a script, so SCons does not import it:

    elf.py hex   RAM_SIZE firmware.elf firmware.hex
    elf.py size  RAM_SIZE firmware.elf
    elf.py check RAM_SIZE firmware.elf MEMORY_MODEL [arduino]

The flasher's package reads and writes the formats. It is in the folder tool and needs no installed package for that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tool"))  # this stm8tool, not an installed one

from stm8tool.errors import ImageError
from stm8tool.image import Image, Segment, elf, intel_hex
from stm8tool.image.elf import ElfError

STACK_AREA = "SSEG"
FLASH_START = 0x8000
REACH = 0x10000  # the end of the range that an address of 16 bits reaches
FLAGS = slice(36, 40)  # e_flags (System V ABI, chapter 4); no ABI gives it a meaning for the STM8
CONSTANT_AREAS = ("CONST", "INITIALIZER")
CODE_AREAS = ("HOME", "GSINIT", "GSFINAL", "CODE")
STACK_LOW = 64  # bytes; below this a few calls and one interrupt (9 bytes each) can meet the variables


class Section(NamedTuple):
    """A section that takes room in the chip."""

    name: str
    address: int
    data: bytes
    memory: str  # "ram", "flash", or "data" for EEPROM and option bytes


def sections(content: bytes, ram_size: int) -> list[Section]:
    """Return the sections of an ELF that take room in a chip with `ram_size` bytes of RAM, in file order.

    Raises:
        ElfError: it is not an ELF as SDCC writes it, or it is cut short.
    """
    return [Section(*section, memory_of(section, ram_size)) for section in elf.sections(content)]


def read(path: str) -> bytes:
    """Return the content of the linker's file.

    Raises:
        ElfError: the file cannot be read or does not exist. SDCC 4.2 writes none if no object has a byte, and reports
            success.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as exc:
        raise ElfError(
            "the linker wrote no program, because no source has code: is all code in a comment or a false #if, "
            "or left out by build_src_filter?"
        ) from exc
    except OSError as exc:
        raise ElfError(f"cannot be read: {exc.strerror}") from exc


def settle(path: str) -> str:
    """Make the linker's file the same in every build; return why it failed, or an empty text.

    SDCC 4.2 leaves a random number in e_flags. Nothing else differs.
    """
    try:
        content = read(path)
    except ElfError as exc:
        return f"{path}: {exc}"
    flags = bytes(FLAGS.stop - FLAGS.start)
    if content.startswith(elf.MAGIC) and len(content) >= FLAGS.stop and content[FLAGS] != flags:
        Path(path).write_bytes(content[: FLAGS.start] + flags + content[FLAGS.stop :])
    return ""


def memory_of(section: elf.Section, ram_size: int) -> str:
    """Return the memory that a section belongs to."""
    if section.is_ram(ram_size):
        return "ram"
    return "flash" if section.address >= FLASH_START else "data"


def hex_records(content: list[Section]) -> Iterator[str]:
    """Return the Intel HEX lines of everything that an upload programs."""
    return intel_hex.records(Image(Segment(s.address, s.data, s.name) for s in content if s.memory != "ram").segments)


def ram_problem(content: list[Section], ram_size: int, *, may_overlap: bool = False) -> tuple[bool, str]:
    """Return (too big, message) for the variables of `content`; the message is empty if they fit.

    Args:
        content: The program.
        ram_size: In bytes.
        may_overlap: Variables that do not fit are only a warning. sduino's own display driver shares its buffer with
            the stack on chips with 1 KB of RAM, and its example builds with ststm8 2.1.0.
    """
    used = sum(len(section.data) for section in content if section.memory == "ram" and section.name != STACK_AREA)
    if used > ram_size:
        message = f"the variables need {used} bytes, the RAM has {ram_size}"
        if may_overlap:
            return False, f"warning: {message}: the end of them is lost, or shared with the stack"
        return True, f"error: {message}"
    if ram_size - used < STACK_LOW:
        return False, f"warning: only {ram_size - used} bytes of {ram_size} bytes RAM are left for the stack"
    return False, ""


def reach_problem(content: list[Section], memory_model: str) -> str:
    """Return why SDCC's addresses do not reach all code or constants, or an empty text.

    SDCC Compiler User Guide, "STM8 memory models": the medium model calls code with 16 bits, the large one with 24.
    Pointers to data have 16 bits in both. Data that a program places by `__at` is in areas with other names.
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


def nothing_problem(content: list[Section]) -> str:
    """Return the problem of a program that gives an upload nothing to program, or an empty text."""
    if any(section.memory != "ram" for section in content):
        return ""
    return "error: the program has no code, at most variables: is main left out by build_src_filter or a false #if?"


def order_problem(content: list[Section]) -> str:
    """Return the error for code below the flash, or an empty text.

    The linker takes the order of the areas from the first module. If that is an assembler source that names only CODE,
    CODE is put at 0 (seen with SDCC 4.2).
    """
    for section in content:
        if section.name in CODE_AREAS and section.memory != "flash":
            return (
                f"error: {section.name} begins at 0x{section.address:06X}, below the flash: is an assembler source "
                "linked before the C sources? Give it a name that comes last"
            )
    return ""


def main(arguments: list[str]) -> int:
    """Do what the module's docstring says; return the exit code."""
    command, ram_size, path = arguments[0], int(arguments[1]), arguments[2]
    try:
        content = sections(read(path), ram_size)
        records = hex_records(content) if command == "hex" else ()
    except (ElfError, ImageError) as exc:
        print(f"error: {path}: {exc}", file=sys.stderr)
        return 1
    if command == "hex":
        Path(arguments[3]).write_bytes("".join(f"{record}\n" for record in records).encode("ascii"))
    elif command == "size":
        for section in content:
            if section.name != STACK_AREA:
                print(f"{section.memory:6}{len(section.data):7}  0x{section.address:06X}  {section.name}")
    else:
        too_big, message = ram_problem(content, ram_size, may_overlap="arduino" in arguments[4:])
        unreachable = reach_problem(content, arguments[3])
        nothing = nothing_problem(content)
        misplaced = order_problem(content)
        for line in filter(None, (message, nothing, misplaced, unreachable)):
            print(line, file=sys.stderr)
        return int(too_big or bool(nothing or misplaced or unreachable))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

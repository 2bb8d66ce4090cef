"""The programs that scripts of a project call as $OBJCOPY and $SIZETOOL. They take a few options of GNU binutils.

    binutils.py RAM_SIZE objcopy -O ihex|srec|binary [-j SECTION] [-R SECTION] [--gap-fill BYTE] firmware.elf OUTPUT
    binutils.py RAM_SIZE size [-A] firmware.elf

The sections are those of SDCC: HOME, GSINIT, CODE and so on. A section that only reserves RAM is left out unless `-j`
names it. `launchers` writes a small program for each tool, which starts this file. Source: the GNU binutils manual,
objcopy and size.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tool"))  # this stm8tool, not an installed one

from stm8tool.errors import ToolError
from stm8tool.image import Image, Segment, elf, intel_hex, s_record
from stm8tool.image.loading import parse, read_bytes
from stm8tool.support import files
from stm8tool.words import PLATFORM

FORMATS = ("ihex", "srec", "binary")
LARGEST = 1 << 24  # bytes of a raw file: the address space of the STM8
VARIABLES = {"OBJCOPY": "objcopy", "SIZETOOL": "size", "OBJDUMP": "objdump", "NM": "nm", "READELF": "readelf"}

# Options of objcopy: long name -> short name, options with a value, options that do not change these formats.
LONG = {
    "--input-target": "-I",
    "--output-target": "-O",
    "--only-section": "-j",
    "--remove-section": "-R",
    "--gap-fill": "--gap-fill",
}
WITH_VALUE = ("-I", "-O", "-j", "-R", "--gap-fill")
WITHOUT_EFFECT = ("-S", "-g", "-v", "-p", "--strip-all", "--strip-debug", "--verbose", "--preserve-dates")


class BinutilsError(Exception):
    """The program cannot do what the script asked for. The arguments are the message and the hint."""


def refuse(message: str, hint: str) -> NoReturn:
    """Raise a BinutilsError."""
    raise BinutilsError(message, hint)


def words(arguments: list[str]) -> Iterator[tuple[str, str]]:
    """Return (option, value) of each option, and ("", word) of each other word.

    Raises:
        BinutilsError: an option is unknown, or its value is missing.
    """
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        name = LONG.get(name, name)
        if word[:2] in WITH_VALUE and len(word) > 2:
            name, equals, value = word[:2], "=", word[2:]
        if name in WITH_VALUE:
            given = value if equals else next(rest, None)
            if given is None:
                refuse(f"{word} has no value", "write the value after the option")
            yield name, given
        elif word in WITHOUT_EFFECT:
            continue
        elif word.startswith("-") and word != "-":
            refuse(f"the option {word} is unknown here", f"there are {' '.join(WITH_VALUE)}")
        else:
            yield "", word


def objcopy(arguments: list[str], ram_size: int) -> None:
    """Write what a chip's memories get, in another format."""
    given: dict[str, list[str]] = {"": [], **{name: [] for name in WITH_VALUE}}
    for name, value in words(arguments):
        given[name].append(value)
    output = given["-O"][-1] if given["-O"] else "elf"
    if output not in FORMATS:
        refuse(f"the format {output} cannot be written", f"use -O with one of {', '.join(FORMATS)}")
    if len(given[""]) != 2:
        refuse(f"{len(given[''])} files are named, not two", "name the ELF file, then the file to write")
    source, target = given[""]
    if given["-I"][-1:] == ["binary"]:
        refuse(f"{source}: a raw file has no addresses", "use the ELF or the HEX file")
    if Path(source).resolve() == Path(target).resolve():
        refuse(f"{target} would be written over what is read", "name another file to write")
    ordered = Image(chosen(source, given["-j"], given["-R"], ram_size)).segments
    if output == "binary":
        content = raw(ordered, byte(given["--gap-fill"][-1]) if given["--gap-fill"] else 0)
    else:
        lines = intel_hex.records(ordered) if output == "ihex" else s_record.records(ordered)
        content = "".join(f"{line}\n" for line in lines).encode("ascii")
    files.write_whole(Path(target), content)


def chosen(source: str, only: list[str], removed: list[str], ram_size: int) -> list[Segment]:
    """Return the sections of a file that are asked for.

    Raises:
        BinutilsError: there is no such section, or nothing is left.
    """
    content = read_bytes(source)
    if not content.startswith(elf.MAGIC):
        if only or removed:
            refuse(f"{source} is not an ELF file, so it has no sections", "use the ELF file with -j and -R")
        return parse(source, content, raw_hint="use the ELF or the HEX file")
    sections = elf.sections(content)
    there = ", ".join(dict.fromkeys(section.name for section in sections))
    for pattern in only:
        if not any(fnmatchcase(section.name, pattern) for section in sections):
            refuse(f"{source} has no section {pattern}", f"its sections are {there}")
    found = [
        Segment(section.address, section.data, section.name)
        for section in sections
        if (any(fnmatchcase(section.name, name) for name in only) if only else not section.is_ram(ram_size))
        and not any(fnmatchcase(section.name, name) for name in removed)
    ]
    if not found:
        refuse(f"nothing of {source} is left to write", f"its sections are {there}")
    return found


def byte(text: str) -> int:
    """Return the byte for a number in C notation."""
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= 0xFF:
        refuse(f"--gap-fill {text} is not a byte", "write one such as 0xFF")
    return value


def raw(ordered: tuple[Segment, ...], fill: int) -> bytes:
    """Return the bytes from the lowest address to the highest.

    Raises:
        BinutilsError: the gaps make it too large.
    """
    size = ordered[-1].end - ordered[0].address
    if size > LARGEST:
        refuse(f"a raw file of {size} bytes is mostly gaps", "choose sections with -j or -R")
    content = bytearray([fill]) * size
    for segment in ordered:
        start = segment.address - ordered[0].address
        content[start : start + len(segment.data)] = segment.data
    return bytes(content)


def size(arguments: list[str], ram_size: int) -> None:
    """Print the sizes of a program: each section with `-A`, otherwise the sums in one line."""
    flags = [word for word in arguments if word.startswith("-")]
    paths = [word for word in arguments if not word.startswith("-")]
    by_section = any(flag in ("-A", "--format=sysv") for flag in flags)
    if len(paths) != 1:
        refuse(f"{len(paths)} files are named, not one", "name the ELF file")
    sections = [section for section in elf.sections(read_bytes(paths[0])) if section.name != "SSEG"]
    if by_section:
        print(f"{paths[0]}  :\n{'section':16}{'size':>8}{'addr':>10}")
        for section in sections:
            print(f"{section.name:16}{len(section.data):8}{section.address:10}")
        print(f"{'Total':16}{sum(len(section.data) for section in sections):8}")
        return
    ram = sum(len(section.data) for section in sections if section.is_ram(ram_size))
    text = sum(len(section.data) for section in sections) - ram
    heads = "".join(f"{head:>8}" for head in ("text", "data", "bss", "dec", "hex"))
    print(f"{heads}  filename\n{text:8}{0:8}{ram:8}{text + ram:8}{text + ram:8x}  {paths[0]}")


def launchers(folder: Path, python: str, ram_size: int, *, windows: bool) -> dict[str, str]:
    """Write a program for each tool; return SCons variable -> file of the program.

    A script may call a tool in a command line, between quotation marks, or in a list for `subprocess`. A single file
    name works in all of these.
    """
    names = {}
    folder.mkdir(parents=True, exist_ok=True)
    for variable, tool in VARIABLES.items():
        path = folder / (f"{tool}.bat" if windows else tool)
        if windows:
            call = f'"{python}" "{Path(__file__).resolve()}"'.replace("%", "%%")
            text = f"@{call} {ram_size} {tool} %*\r\n"
        else:
            call = " ".join("'" + word.replace("'", "'\\''") + "'" for word in (python, str(Path(__file__).resolve())))
            text = f'#!/bin/sh\nexec {call} {ram_size} {tool} "$@"\n'
        if not path.is_file() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
            path.chmod(0o755)
        names[variable] = str(path)
    return names


def main(arguments: list[str]) -> int:
    """Do what the module's docstring says; return the exit code."""
    ram_size, tool = int(arguments[0]), arguments[1]
    try:
        if tool == "objcopy":
            objcopy(arguments[2:], ram_size)
        elif tool == "size":
            size(arguments[2:], ram_size)
        else:
            refuse("this platform has no such program", f"stm8-{tool} is in the package tool-stm8binutils")
    except BinutilsError as exc:
        message, hint = exc.args
    except elf.ElfError as exc:
        message, hint = str(exc), "use the ELF file that the build makes"
    except ToolError as exc:
        message, hint = str(exc), exc.hint_in(PLATFORM) or "look at the file"
    except OSError as exc:
        message, hint = f"{exc.filename}: {exc.strerror}", "check the path and its permissions"
    else:
        return 0
    print(f"hint: {hint}\nerror: {tool}: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Find interrupt handlers that have no vector. Pure: no SCons in here.

SDCC makes the vector table when it compiles `main`. The table has the handlers whose prototypes SDCC saw in that file.
Another handler gets no vector, and SDCC does not warn (seen with SDCC 4.2).

SDCC leaves a .asm beside each object: it shows the functions that end in `iret`. With `--debug` it writes a .adb, which
tells the interrupt of each handler.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple, Optional

TRAP = 255  # SDCC 4.2's number for the handler of the trap instruction; 256 is a handler without a number
FIRST_INTERRUPT = 2  # place in the table, after reset and trap
LAST_INTERRUPT = 29

_FUNCTION = re.compile(r"^;\t function (\w+)$")
_C_LINE = re.compile(r"^;\t.*?: \d+: (.*)$")
_NUMBER = re.compile(r"__interrupt\s*\(\s*(0[xX][0-9A-Fa-f]+|\d+)\s*\)")
_ADB = re.compile(r"^F:(?:G|F\w+)\$(\w+)\$.*,1,(\d+),\d+$", re.MULTILINE)
_EMPTY_TEMPLATES = re.compile(r"stm8\w*_it\.c", re.IGNORECASE)  # ST's file with a handler for every interrupt


class Candidate(NamedTuple):
    """A function that ends in `iret`."""

    name: str
    empty: bool
    number: Optional[int]  # from its line in C; None if a macro hides it


class Unserved(NamedTuple):
    """A handler that has no vector, or a wrong one."""

    file: str
    name: str
    number: int
    empty: bool


def candidates(assembler: str) -> list[Candidate]:
    """Return the functions of SDCC's .asm that end in `iret`."""
    found: list[Candidate] = []
    name = line = last_line = ""
    code: list[list[str]] = []
    for text in [*assembler.splitlines(), "\t.area END"]:
        function, in_c = _FUNCTION.match(text), _C_LINE.match(text)
        if function or text.startswith("\t.area"):
            if any(words[0] == "iret" for words in code):
                number = _NUMBER.search(line)
                found.append(Candidate(name, len(code) == 1, int(number[1], 0) if number else None))
            name, line, code = (function[1], last_line, []) if function else ("", "", [])
        elif in_c:
            last_line = in_c[1]
        elif name and text.startswith("\t") and text.split():
            code.append(text.split())
    return found


def is_main(assembler: str) -> bool:
    """Tell whether a .asm has `main`. If so, SDCC has seen every handler of that file."""
    return re.search(r"^_main:", assembler, re.MULTILINE) is not None


def numbers(adb: str) -> dict[str, int]:
    """Return handler -> number, from the data that SDCC writes for a debugger."""
    return {name: int(number) for name, number in _ADB.findall(adb)}


def vector_name(number: int) -> str:
    """Return the name of an interrupt in a message."""
    return "the trap" if number == TRAP else f"interrupt {number}"


def attribute(number: int) -> str:
    """Return the attribute that makes a function the handler."""
    return "__trap" if number == TRAP else f"__interrupt({number})"


def place(number: int) -> int:
    """Return the place of a handler's vector in the table."""
    return 1 if number == TRAP else number + FIRST_INTERRUPT


def is_served(candidate: Candidate, address: Optional[int], table: Sequence[int]) -> bool:
    """Tell whether the table has a handler's address, at the right place if its C source has the number."""
    if address is None or address not in table:
        return False
    return candidate.number is None or table[place(candidate.number) :][:1] == [address]


def is_template(handler: Unserved) -> bool:
    """Tell whether it is an empty handler of ST's template. A program without interrupts works without its vector."""
    return handler.empty and _EMPTY_TEMPLATES.fullmatch(PurePath(handler.file).name) is not None


def problem(handler: Unserved, table: Sequence[int], symbols: Mapping[str, int], main_file: str) -> tuple[str, str]:
    """Return (message, hint) for a handler that has no vector, or a wrong one.

    Args:
        handler: The handler.
        table: The addresses that `program.vectors` returns.
        symbols: Function, by its name in assembler -> address.
        main_file: The source with `main`.
    """
    what = f"{handler.file}: `{handler.name}` is the handler of {vector_name(handler.number)}"
    prototype = f"void {handler.name}(void) {attribute(handler.number)};"
    if handler.number != TRAP and handler.number > LAST_INTERRUPT:
        return f"{what}, and the STM8 has interrupts 0 to {LAST_INTERRUPT} only", "look up the number in the datasheet"
    entry = table[place(handler.number) :][:1]
    others = (name[1:] for name, at in symbols.items() if name.startswith("_") and at and entry == [at])
    address = symbols.get(f"_{handler.name}")
    if address is not None and address in table:
        wrong = vector_name(table.index(address) - FIRST_INTERRUPT) if table.index(address) > 1 else "the trap"
        return (
            f"{what}, and the vector of {wrong} leads to it: SDCC sees another prototype in {main_file}",
            f"let the prototype that {main_file} sees have the same number: {prototype}",
        )
    other = next(iter(others), None)
    if other:
        return (
            f"{what}, and the vector leads to `{other}`: the chip never calls `{handler.name}`",
            f"leave one of the two handlers out, or give each its own number; {main_file} must see: {prototype}",
        )
    if address is None:
        return (
            f"{what}, and it gets no vector: it is static, so {main_file}, which holds main, cannot refer to it",
            f"remove `static`, and declare it in a header that {main_file} includes: {prototype}",
        )
    return (
        f"{what}, and it gets no vector: SDCC does not see its prototype in {main_file}, which holds main",
        f"declare it in a header that {main_file} includes: {prototype}",
    )

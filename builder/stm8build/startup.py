"""Where `main` is, and what was meant where it is missing. Pure: no SCons in here.

SDCC puts the vectors and the start-up code into the module that holds `main`. Its linker takes a module from a library
only if something refers to it, and nothing refers to `main` (seen with SDCC 4.2: the program is then empty).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from pathlib import Path

# An object of SDCC's linker, as text, without a byte of code: it refers to `main`.
REFERENCE = """XH3
H 1 areas 2 global symbols
M main_reference
S _main Ref000000
S .__.ABS. Def000000
A _CODE size 0 flags 0 addr 0
"""
_DEFINES_MAIN = re.compile(rb"^S _main Def", re.MULTILINE)
_LIKENESS = 0.75  # "mian" is that like "main"
_LONGEST = 8  # of a name that may be a misspelt `main`

OWN = "a program that brings its own vectors, such as a boot loader, says so: board_build.startup = own"
NO_MAIN = "SDCC puts the vectors and the start-up code into the module with main, so the chip would execute nothing"


def defines_main(file: Path) -> bool:
    """Whether an object, or a member of a library, holds a global `main`; SDCC's objects are text in both."""
    return file.is_file() and _DEFINES_MAIN.search(file.read_bytes()) is not None


def needs_reference(objects: Iterable[Path], libraries: Iterable[Path]) -> bool:
    """Whether the linker would leave `main` in its library."""
    return not any(map(defines_main, objects)) and any(map(defines_main, libraries))


def meant(names: Collection[str]) -> str:
    """Return what was probably meant where no function is called `main`, as a hint.

    Args:
        names: Of functions and variables of the program, as C has them.
    """
    other_case = next((name for name in sorted(names) if name.lower() == "main"), None)
    if other_case:
        return f"C tells capital letters apart: rename `{other_case}` to `main`"
    if {"setup", "loop"} <= set(names):
        return "setup and loop are of the Arduino framework: set framework = arduino, or write a main that calls them"
    short = sorted(name for name in names if len(name) <= _LONGEST)
    near = difflib.get_close_matches("main", short, 1, _LIKENESS)
    if near:
        return f"did you mean `main` where the program has `{near[0]}`?"
    return f"write a main in src, or include a header of the library that has it; {OWN}"


def problem(names: Collection[str], start: int) -> tuple[str, str]:
    """Return (message, hint) for a program that no reset would start."""
    if "main" in names:
        return (
            f"the program has no reset vector at 0x{start:06X}, so the chip would execute nothing",
            f"let a C source hold main, as SDCC puts the vectors beside it; {OWN}",
        )
    return f"the program has no function main: {NO_MAIN}", meant(names)

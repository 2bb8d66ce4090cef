"""Find `main`, and guess the mistake if it is missing. Pure: no SCons in here.

SDCC puts the vectors and the start-up code into the module that has `main`. Its linker takes a module from a library
only if something refers to it. Nothing refers to `main`, so the program is empty (seen with SDCC 4.2).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from pathlib import Path

from ..linker_files import objects

# An object for SDCC's linker, as text. It has no code and refers to `main`.
REFERENCE = """XH3
H 1 areas 2 global symbols
M main_reference
S _main Ref000000
S .__.ABS. Def000000
A _CODE size 0 flags 0 addr 0
"""
_LIKENESS = 0.75  # how much "mian" resembles "main"
_LONGEST = 8  # letters; a longer name is not a misspelt `main`

OWN = "if the program brings its own vectors, as a boot loader may, set board_build.startup = own"
NO_MAIN = "SDCC puts the vectors and the start-up code into the module with main, so the chip would execute nothing"


def defines_main(file: Path) -> bool:
    """Tell whether an object or a library's member has a global `main`."""
    return file.is_file() and objects.defines(file.read_bytes(), "_main")


def needs_reference(objects: Iterable[Path], libraries: Iterable[Path]) -> bool:
    """Tell whether the linker would leave `main` in its library."""
    return not any(map(defines_main, objects)) and any(map(defines_main, libraries))


def meant(names: Collection[str]) -> str:
    """Return a hint for a program without a function `main`.

    Args:
        names: The C names of the program's functions and variables.
    """
    other_case = next((name for name in sorted(names) if name.lower() == "main"), None)
    if other_case:
        return f"C distinguishes capital letters: rename `{other_case}` to `main`"
    if {"setup", "loop"} <= set(names):
        return (
            "setup and loop belong to the Arduino framework: set framework = arduino, or write a main that calls them"
        )
    short = sorted(name for name in names if len(name) <= _LONGEST)
    near = difflib.get_close_matches("main", short, 1, _LIKENESS)
    if near:
        return f"did you mean `main`? The program has `{near[0]}`"
    return f"write a main in src, or include a header of the library that has main; {OWN}"


def problem(names: Collection[str], start: int) -> tuple[str, str]:
    """Return (message, hint) for a program that does not start after a reset."""
    if "main" in names:
        return (
            f"the program has no reset vector at 0x{start:06X}, so the chip would execute nothing",
            f"write main in a C source: SDCC puts the vectors beside it; {OWN}",
        )
    return f"the program has no function main: {NO_MAIN}", meant(names)

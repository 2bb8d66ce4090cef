"""Find source files that SDCC cannot compile, and the files of a library that a program needs. Pure: no SCons.

PlatformIO collects C, C++ and assembler. It passes C++ to the host's compiler. It keeps spaces in the names of objects,
which SDCC cannot write (seen with SDCC 4.2: "cannot open").

In a program with debug information, SDCC's assembler makes labels from an object's name without its folder. So two
objects of one name do not link (seen with SDCC 4.2).
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import Optional

CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".c++")
SKETCH_SUFFIXES = (".ino", ".pde")
PREPROCESSED_ASSEMBLER = (".S", ".spp", ".SPP", ".sx")

LEAVE_OUT = "leave it out with build_src_filter, or its library with lib_ignore"


def problem(path: str) -> Optional[str]:
    """Return why the source file cannot be compiled, as one line, or None."""
    suffix = PurePath(path).suffix
    stem = path[: -len(suffix)]
    if suffix.lower() in CXX_SUFFIXES:
        return f"{path}: SDCC has no C++; if it is plain C, rename it to {stem}.c, else {LEAVE_OUT}"
    if suffix in SKETCH_SUFFIXES:
        return f'{path}: SDCC has no C++; rename it to {stem}.c and begin it with #include "Arduino.h"'
    if os.path.normcase(suffix) in PREPROCESSED_ASSEMBLER:  # Windows cannot tell .S from .s
        return f"{path}: SDCC's assembler has no preprocessor; rename it to {stem}.asm, else {LEAVE_OUT}"
    return None


def object_path(source: str, suffix: str, before: list[str]) -> Optional[str]:
    """Return the path for the object of `source`, or None for the usual place.

    Args:
        source: A path in the build directory, such as ".pio/build/b/src/led.c".
        suffix: The ending of objects.
        before: The sources that already have an object. `source` is added to it.
    """
    if source not in before:
        before.append(source)
    path = source.replace(" ", "_")
    name = PurePath(path).stem
    number = [other for other in before if PurePath(other.replace(" ", "_")).stem == name].index(source)
    if number:
        return f"{path}.{number + 1}{suffix}"
    return path + suffix if path != source else None


def drivers(rule: str, folder: Path) -> list[str]:
    """Return the sources in `folder` for the headers in the preprocessor's rule (`-MM`), each once."""
    names = dict.fromkeys(re.findall(r"\b(stm8\w+)\.h\b", rule))
    return [f"{name}.c" for name in names if (folder / f"{name}.c").is_file()]

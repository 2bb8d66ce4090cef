"""Open the ELF of SDCC and give its data for debuggers (DWARF), which pyelftools parses.

SDCC writes DWARF version 2, big-endian, with 32-bit fields, if `--debug --out-fmt-elf` are given where it compiles and
where it links (seen with SDCC 4.2.0). Its addresses have 16 bits only: those of code above 0xFFFF are wrong.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ..errors import Code, ImageError
from ..image import elf
from ..support import deps, files

ELF_LIMIT = 1 << 26  # bytes
# Errors that pyelftools raises for a damaged file, besides its own errors.
_OF_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError, RecursionError)
_HOW = (
    "build it with debug information: `build_type = debug` in platformio.ini, or SDCC's options --debug --out-fmt-elf "
    "for each file and for the linker"
)


class DebugData(NamedTuple):
    """The data for debuggers in an ELF.

    Attributes:
        name: The name of the file, for messages.
        content: All bytes of the file.
        dwarf: The object of pyelftools, a `DWARFInfo`.
        units: The top entry of each compilation unit, in the order of the file; a `DIE` of pyelftools.
    """

    name: str
    content: bytes
    dwarf: Any
    units: tuple[Any, ...]


def load(path: str) -> DebugData:
    """Read a file; errors: see `read`, and ImageError if the file cannot be read."""
    try:
        content = files.read_regular(Path(path), ELF_LIMIT)
    except OSError as exc:
        reason = "no such file" if isinstance(exc, FileNotFoundError) else exc.strerror
        raise ImageError(f"{path}: {reason}", hint="build the program first, or check the path") from exc
    return read(path, content)


def read(name: str, content: bytes) -> DebugData:
    """Return the data for debuggers in an ELF.

    Raises:
        ImageError: It is not an ELF for the STM8, it is damaged, or it has no such data (`Code.NO_DWARF`).
        AccessError: pyelftools is missing.
    """
    try:
        elf.sections(content)
    except elf.ElfError as exc:
        raise ImageError(f"{name}: {exc}", hint="give the firmware.elf of the build") from exc
    deps.require("elftools")
    from elftools.common.exceptions import DWARFError, ELFError
    from elftools.construct import ConstructError
    from elftools.elf.elffile import ELFFile

    try:
        file = ELFFile(io.BytesIO(content))
        if file.get_section_by_name(".debug_info") is None:
            raise ImageError(f"{name} has no debug information", code=Code.NO_DWARF, hint=_HOW)
        dwarf = file.get_dwarf_info()
        units = tuple(unit.get_top_DIE() for unit in dwarf.iter_CUs())
        for top in units:
            for _ in below(top):  # parsed now, so that a damaged file shows itself here
                pass
    except (DWARFError, ELFError, ConstructError, *_OF_DAMAGE) as exc:
        raise ImageError(
            f"{name}: the debug information is damaged ({type(exc).__name__})", hint="build the program again"
        ) from exc
    if not units:
        raise ImageError(f"{name} has no debug information", code=Code.NO_DWARF, hint=_HOW)
    return DebugData(name, content, dwarf, units)


@contextmanager
def damage_told(name: str) -> Iterator[None]:
    """Turn what pyelftools and our own readers raise for damaged data into an ImageError."""
    deps.require("elftools")
    from elftools.common.exceptions import DWARFError, ELFError
    from elftools.construct import ConstructError

    try:
        yield
    except (DWARFError, ELFError, ConstructError, ValueError, LookupError, TypeError, AttributeError) as exc:
        raise ImageError(
            f"{name}: the debug information is damaged ({type(exc).__name__})", hint="build the program again"
        ) from exc


def below(die: Any) -> Iterator[Any]:
    """Yield all entries below one, each before those below itself."""
    for child in die.iter_children():
        yield child
        yield from below(child)


def name_of(die: Any) -> str:
    """Return the name of an entry; "" if it has none."""
    found = die.attributes.get("DW_AT_name")
    return found.value.decode("utf-8", "replace") if found is not None else ""


def number_of(die: Any, attribute: str) -> Optional[int]:
    """Return an attribute that is a number or a reference, None if it is missing or something else."""
    found = die.attributes.get(attribute)
    return int(found.value) if found is not None and isinstance(found.value, int) else None

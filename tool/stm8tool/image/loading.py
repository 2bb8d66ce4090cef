"""Load a file of any format to segments. Its content tells the format; its name only rules out a raw binary."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn, Optional, Union

from ..errors import Code, ImageError
from ..parts.table import Region
from ..support import files
from ..words import Advice, Hint
from . import elf, intel_hex, s_record
from .content import Image
from .lines import lines_of
from .saving import HEX_SUFFIXES, RAW_SUFFIXES, S_RECORD_SUFFIXES, SIZE_LIMIT
from .segments import Segment

PathLike = Union[str, "os.PathLike[str]"]
RAW_HINT = Hint("add {base:0x8000} for the flash")

_FIRST_LINE = re.compile(rb"[ \t\r\n]*([^\r\n]*)")
_DAMAGED = {":[0-9A-Fa-f]{2}": "Intel HEX record", "S[0-9][0-9A-Fa-f]{6}": "S-record"}  # the beginning of a text
_NAMES_ANOTHER_FORMAT = {
    **dict.fromkeys(HEX_SUFFIXES, "Intel HEX"),
    **dict.fromkeys(S_RECORD_SUFFIXES, "S-records"),
    ".elf": "an ELF file",
}


def load(
    paths: Sequence[PathLike],
    base: Optional[int] = None,
    *,
    region: Optional[Region] = None,
    ram_size: int = 0,
    raw_hint: Advice = RAW_HINT,
) -> Image:
    """Return the data of all files as one image.

    Args:
        paths: Intel HEX, S-record or ELF files, or raw binaries.
        base: Address of the first byte of a raw binary; the other formats carry their addresses.
        region: The memory for which the files are meant: a raw binary without `base` begins at its start.
        raw_hint: The advice for a raw binary that has neither.
        ram_size: RAM of the chip in bytes, from address 0: space that an ELF file reserves there is not data.

    Raises:
        ImageError: a file is missing, malformed or of an unknown format, or data overlaps.
    """
    pieces: list[Segment] = []
    for path in paths:
        pieces += parse(str(path), read_bytes(path), base, ram_size, region, raw_hint)
    return Image(pieces)


def parse(
    name: str,
    content: bytes,
    base: Optional[int] = None,
    ram_size: int = 0,
    region: Optional[Region] = None,
    raw_hint: Advice = RAW_HINT,
) -> list[Segment]:
    """Return the data of a file, in its own order; arguments and errors as for `load`, `name` is that of the file.

    A file that begins with a whole record is Intel HEX or S-records. Any other text is raw only if its place is known
    and it has a suffix of raw binaries: an EEPROM may hold text.
    """
    said_raw = not (base is None and region is None) and Path(name).suffix.lower() in RAW_SUFFIXES
    if not (content if said_raw else content.strip()):
        raise ImageError(f"{name}: the file is empty", hint="build it again")
    text_format = _text_format(content)
    if content.startswith(elf.MAGIC):
        segments = elf.parse(name, content, ram_size)
    elif text_format:
        segments = text_format.parse(name, content)
    else:
        text = None if said_raw else _text(content)
        if text is not None:
            _refuse_text(name, text)
        segments = [_raw(name, content, base, region, raw_hint)]
    if not any(segment.data for segment in segments):
        raise ImageError(f"{name}: the file holds no data", hint="build it again")
    return segments


def has_addresses(content: bytes) -> bool:
    """Tell whether the content has a format with addresses."""
    return bool(content.startswith(elf.MAGIC) or _text_format(content))


def _text_format(content: bytes) -> Optional[ModuleType]:
    """Return the module for the format of the first line that is not blank; None if that is not a record."""
    first = _FIRST_LINE.match(content)
    line = first[1].decode("latin-1").rstrip(" \t") if first else ""
    return next((module for module in (intel_hex, s_record) if module.is_record(line)), None)


def read_bytes(path: PathLike) -> bytes:
    """Return the bytes of a regular file; ImageError if it cannot be read, or is far larger than any image."""
    if os.path.isdir(path):
        raise ImageError(f"{path}: is a directory", hint="name the file in it, such as firmware.hex")
    try:
        content = files.read_regular(Path(path), SIZE_LIMIT + 1)
    except FileNotFoundError as exc:
        raise ImageError(f"{path}: no such file", hint="build it first, or check the path") from exc
    except OSError as exc:
        raise ImageError(f"{path}: cannot be read: {exc.strerror}", hint="check the path and its permissions") from exc
    if len(content) > SIZE_LIMIT:
        raise ImageError(f"{path}: more than 16 MiB, so it is not an image for an STM8", hint="check the file name")
    return content


def _raw(name: str, content: bytes, base: Optional[int], region: Optional[Region], raw_hint: Advice) -> Segment:
    """Return a raw binary; ImageError if its name promises another format, or its address is not known."""
    promised = _NAMES_ANOTHER_FORMAT.get(Path(name).suffix.lower())
    if promised:
        raise ImageError(
            f"{name}: this is a raw binary, not {promised}", hint="make the file again, or give it the suffix .bin"
        )
    if base is not None and region is not None and not region.start <= base < region.end:
        raise ImageError(
            f"{name}: the base 0x{base:06X} is not in {region}",
            code=Code.OUTSIDE_MAP,
            hint=Hint(
                "leave {base} out: the file then begins at {start}; or name the memory for this file",
                start=f"0x{region.start:06X}",
            ),
            address=base,
        )
    if base is None and region is not None:
        if len(content) > region.size:
            raise ImageError(
                f"{name}: {len(content)} bytes do not fit the {region.size} bytes of {region}",
                code=Code.IMAGE_TOO_BIG,
                hint=f"cut the file to {region.size} bytes, or name the memory for this file",
                address=region.start,
                size=len(content),
                room=region.size,
            )
        base = region.start
    if base is None:
        raise ImageError(f"{name}: a raw binary has no address", hint=raw_hint)
    return Segment(base, content, name)


def _text(content: bytes) -> Optional[str]:
    """Return content as text, without byte order mark; None if it is not text."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        return "" if is_utf_16 else None
    return text if is_utf_16 or all(character.isprintable() or character.isspace() for character in text) else None


def _refuse_text(name: str, text: str) -> NoReturn:
    """Raise the ImageError that says why a text is not records."""
    plain = text.encode("ascii", "replace")
    if _text_format(plain):
        problem, hint = "the file begins with a byte order mark", "save the file as ASCII, without the mark"
        raise ImageError(f"{name}: {problem}", hint=hint)
    lines = lines_of(plain)
    number, first = next(((n, line) for n, line in enumerate(lines, start=1) if line), (1, ""))
    where = f"{name}:{number}"
    for form, record in _DAMAGED.items():
        if re.match(form, first):
            raise ImageError(f"{where}: not a valid {record}", hint="the file is damaged: build or copy it again")
    if s_record.is_record(first.upper()):
        raise ImageError(f"{where}: an S-record begins with a capital S", hint="build the file again, with capitals")
    record_at = next((n for n, line in enumerate(lines, start=1) if _text_format(line.encode("ascii"))), None)
    if record_at:
        raise ImageError(
            f"{where}: there is text before the first record, which is in line {record_at}", hint="delete that text"
        )
    raise ImageError(
        f"{name}: this is a text file, neither Intel HEX nor S-records",
        hint=Hint(
            "give the file that the build makes (firmware.hex); for text in the EEPROM give a .bin, with {place:eeprom}"
        ),
    )

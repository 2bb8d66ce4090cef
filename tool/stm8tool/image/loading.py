"""A file of any format to segments. The format is found by content; the name only speaks against a raw binary."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

from ..errors import ImageError
from . import elf, intel_hex, s_record
from .saving import HEX_SUFFIXES, S_RECORD_SUFFIXES
from .segments import Image, Segment

PathLike = Union[str, "os.PathLike[str]"]

_HEX_START = re.compile(rb"\s*:[0-9A-Fa-f]{2}")
_S_RECORD_START = re.compile(rb"\s*S[0-9][0-9A-Fa-f]{6}")
_NAMES_ANOTHER_FORMAT = {
    **dict.fromkeys(HEX_SUFFIXES, "Intel HEX"),
    **dict.fromkeys(S_RECORD_SUFFIXES, "S-records"),
    ".elf": "an ELF file",
}
_SIZE_LIMIT = 16 * 1024 * 1024  # the address space of the STM8; an image is far smaller, also as hex


def load(paths: Sequence[PathLike], base: Optional[int] = None, *, ram_size: int = 0) -> Image:
    """Return the data of all files as one image.

    Args:
        paths: Intel HEX, S-record or ELF files, or raw binaries.
        base: Address of the first byte of a raw binary; the other formats carry their addresses.
        ram_size: RAM of the chip in bytes, from address 0: what an ELF file reserves there is no data.

    Raises:
        ImageError: a file is missing, malformed or of a format that is not read, or data overlaps.
    """
    return Image(segment for path in paths for segment in parse(str(path), read_bytes(path), base, ram_size))


def parse(name: str, content: bytes, base: Optional[int] = None, ram_size: int = 0) -> list[Segment]:
    """Return what a file holds, in its own order; arguments and errors as for `load`, `name` is that of the file."""
    if not content.strip():
        raise ImageError(f"{name}: the file is empty", hint="build it again")
    if content.startswith(elf.MAGIC):
        segments = elf.read(name, content, ram_size)
    elif _HEX_START.match(content):
        segments = intel_hex.read(name, content)
    elif _S_RECORD_START.match(content):
        segments = s_record.read(name, content)
    else:
        segments = [_raw(name, content, base)]
    if not any(segment.data for segment in segments):
        raise ImageError(f"{name}: the file holds no data", hint="build it again")
    return segments


def has_addresses(content: bytes) -> bool:
    """Tell whether `parse` takes content for a format that says where its bytes belong."""
    return bool(content.startswith(elf.MAGIC) or _HEX_START.match(content) or _S_RECORD_START.match(content))


def read_bytes(path: PathLike) -> bytes:
    """Return all that a file holds; ImageError if it cannot be read, or is far larger than any image."""
    if os.path.isdir(path):
        raise ImageError(f"{path}: is a directory", hint="name the file in it, such as firmware.hex")
    try:
        with Path(path).open("rb") as file:
            content = file.read(_SIZE_LIMIT + 1)
    except FileNotFoundError as exc:
        raise ImageError(f"{path}: no such file", hint="build it first, or check the path") from exc
    except OSError as exc:
        raise ImageError(f"{path}: cannot be read: {exc.strerror}", hint="check the path and its rights") from exc
    if len(content) > _SIZE_LIMIT:
        raise ImageError(f"{path}: more than 16 MiB, which is no image for an STM8")
    return content


def _raw(name: str, content: bytes, base: Optional[int]) -> Segment:
    """Return a raw binary; ImageError if it looks like something else, or nothing says where it belongs."""
    promised = _NAMES_ANOTHER_FORMAT.get(Path(name).suffix.lower())
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_text(content):
        raise ImageError(
            f"{name}: this is a text file, neither Intel HEX nor S-records",
            hint="give what the build makes (firmware.hex), without byte order mark",
        )
    if promised:
        raise ImageError(
            f"{name}: this is a raw binary, not {promised}", hint="make the file again, or give it the suffix .bin"
        )
    if base is None:
        raise ImageError(f"{name}: a raw binary does not say where it belongs", hint="add --base 0x8000 for the flash")
    return Segment(base, content, name)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)

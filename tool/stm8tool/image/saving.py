"""Write segments to a file: the whole file or nothing. Its suffix names the format."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Optional, Union

from ..errors import ImageError, UsageError
from ..support import files
from . import intel_hex, s_record
from .content import Image
from .segments import Segment, span

PathLike = Union[str, "os.PathLike[str]"]

HEX_SUFFIXES = (".hex", ".ihx", ".i86")
S_RECORD_SUFFIXES = (".s19", ".s28", ".s37", ".srec", ".mot")
RAW_SUFFIXES = (".bin",)
SIZE_LIMIT = 16 * 1024 * 1024  # of a file that is read: the address space of the STM8; an image is far smaller


def check_output(path: PathLike, suffix: Optional[str] = None) -> None:
    """Raise unless `save` could write `path`: call this before anything is read from the chip.

    Args:
        path: The file.
        suffix: The suffix that names the format, in place of the file's own.

    Raises:
        UsageError: the suffix names no format that can be written.
        ImageError: `path` is a directory, its directory does not exist, or nothing can be written there.
    """
    out = Path(path)
    known = HEX_SUFFIXES + S_RECORD_SUFFIXES + RAW_SUFFIXES
    if (suffix or out.suffix).lower() not in known:
        raise UsageError(f"{path}: the file's suffix does not name a format", hint=f"use one of {' '.join(known)}")
    if os.path.isdir(out):
        raise ImageError(f"{path}: is a directory", hint="name a file in it")
    if not os.path.isdir(out.parent):
        raise ImageError(f"{path}: its directory does not exist", hint="make the directory first")
    try:
        files.check_whole(out)
    except OSError as exc:
        raise ImageError(f"{path}: cannot be written: {exc.strerror}", hint="choose another name or directory") from exc


def save(
    path: PathLike, segments: Iterable[Segment], suffix: Optional[str] = None, comments: Iterable[str] = ()
) -> None:
    """Write `segments` as Intel HEX, S-records or, from their lowest address on, as raw binary.

    Gaps of a raw binary are filled with 0x00, like erased flash and EEPROM of the STM8. So save only the segments of
    one memory as raw binary. With its gaps it may be as large as a file that can be read again, but not larger.
    `suffix` names the format in place of the file's own. Only Intel HEX has `comments`, a line each.

    Raises:
        UsageError, ImageError: see `check_output`; or the file cannot be written.
    """
    check_output(path, suffix)
    ordered = Image(segments).segments
    suffix = (suffix or Path(path).suffix).lower()
    if suffix in RAW_SUFFIXES:
        if ordered and ordered[-1].end - ordered[0].address > SIZE_LIMIT:
            whole = span(ordered[0].address, ordered[-1].end)
            raise ImageError(
                f"{path}: a raw binary of {whole} is larger than 16 MiB, with its gaps",
                hint="save to a .hex file, which leaves gaps out",
            )
        content = _to_raw(ordered)
    elif ordered and ordered[-1].end > 1 << 32:
        raise ImageError(
            f"{path}: Intel HEX and S-records have no addresses beyond 0xFFFFFFFF",
            hint="the memory of an STM8 ends at 0x027FFF",
        )
    else:
        lines = intel_hex.records(ordered, comments) if suffix in HEX_SUFFIXES else s_record.records(ordered)
        content = "".join(f"{line}\n" for line in lines).encode("ascii")
    try:
        files.write_whole(Path(path), content)
    except OSError as exc:
        raise ImageError(
            f"{path}: cannot be written: {exc.strerror}",
            hint="check the folder, its permissions, and the space on its disk",
        ) from exc


def _to_raw(ordered: Iterable[Segment]) -> bytes:
    content, start = bytearray(), None
    for segment in ordered:
        start = segment.address if start is None else start
        content += bytes(segment.address - start - len(content))
        content += segment.data
    return bytes(content)

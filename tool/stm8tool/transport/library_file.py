"""Tell from the header of a shared library's file whether this process can load it, before it tries.

The loaders tell less, or do harm. Linux maps a file that was cut short and kills the process at the first missing page
(SIGBUS, seen). Windows has the same number, 193, for a cut file and for the wrong pointer size.

Source: System V ABI, "ELF Header" and "Program Header"; Microsoft's "PE Format", "File Headers" and "Section Table".
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Optional

_PT_LOAD = 1
_PE_OFFSET = 0x3C  # the place in an MZ header with the offset of the PE header
_PE_BITS = {0x10B: 32, 0x20B: 64}
_SECTION_SIZE = 40


def defect(path: Path) -> Optional[str]:
    """Return the reason why the file cannot be loaded, None if no reason is found.

    This checks the pointer size and the length of ELF and PE files. It does not check others (Mach-O): their loader
    tells both.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "there is no such file"
    except OSError as exc:
        return f"cannot be read: {exc.strerror}"
    if content.startswith(b"\x7fELF"):
        look = _elf
    elif content.startswith(b"MZ"):
        look = _pe
    else:
        return None if content else "the file is empty"
    try:
        bits, length = look(content)
    except (struct.error, LookupError):
        return f"the file is cut short or damaged ({len(content)} bytes)"
    own = 8 * struct.calcsize("P")
    if bits != own:
        return f"a {bits}-bit library, and this Python is {own}-bit"
    if length > len(content):
        return f"the file is cut short ({len(content)} bytes, it should have {length} or more)"
    return None


def _elf(content: bytes) -> tuple[int, int]:
    """Return the pointer size in bits, and the length in bytes that the segments need."""
    bits = {1: 32, 2: 64}[content[4]]
    order = {1: "<", 2: ">"}[content[5]]
    header, segment = ("28xI10xHH", "II8xI") if bits == 32 else ("32xQ14xHH", "I4xQ16xQ")
    table, size, count = struct.unpack_from(order + header, content)
    segments = [struct.unpack_from(order + segment, content, table + number * size) for number in range(count)]
    return bits, max((offset + length for kind, offset, length in segments if kind == _PT_LOAD), default=0)


def _pe(content: bytes) -> tuple[int, int]:
    """Return the pointer size in bits, and the length in bytes that the sections need."""
    (start,) = struct.unpack_from("<I", content, _PE_OFFSET)
    signature, sections, optional_size, magic = struct.unpack_from("<4s2xH12xH2xH", content, start)
    bits = {b"PE\0\0": _PE_BITS}[signature][magic]
    table = start + 24 + optional_size
    ends = [sum(struct.unpack_from("<II", content, table + n * _SECTION_SIZE + 16)) for n in range(sections)]
    return bits, max(ends, default=0)

"""ELF files for tests, made byte by byte."""

from __future__ import annotations

import struct

ALLOC = 2  # a flag of a section: it takes room in the chip


def make_elf(*sections: tuple[str, int, bytes, int], machine: int = 186) -> bytes:
    """Return a big-endian ELF of (name, address, data, flags) sections, all PROGBITS, names last."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in sections) + b".shstrtab\0"
    headers, body, name_offset = [bytes(40)], b"", 1
    for name, address, data, flags in sections:
        headers.append(struct.pack(">10I", name_offset, 1, flags, address, 52 + len(body), len(data), 0, 0, 1, 0))
        name_offset += len(name) + 1
        body += data
    headers.append(struct.pack(">10I", name_offset, 3, 0, 0, 52 + len(body), len(names), 0, 0, 1, 0))
    body += names
    count = len(headers)
    fields = (2, machine, 1, 0x8000, 0, 52 + len(body), 0, 52, 0, 0, 40, count, count - 1)
    return b"\x7fELF\x01\x02\x01".ljust(16, b"\0") + struct.pack(">HHIIIIIHHHHHH", *fields) + body + b"".join(headers)

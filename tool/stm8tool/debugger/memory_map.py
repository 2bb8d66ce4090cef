"""The description of a chip that GDB reads: its registers, and the kinds of its memory.

The description of the registers is that of OpenOCD 0.12, which stm8-gdb knows. GDB reads no address outside of the
memory map, so the map has every address. Option bytes are "rom" for GDB, so it does not write them.
"""

from __future__ import annotations

from ..parts.table import Part
from .memory import SPACE
from .registers import REGISTERS


def target_description() -> bytes:
    """Return target.xml."""
    rows = "\n".join(
        f'<reg name="{register.name}" bitsize="{8 * register.size}" regnum="{number}" save-restore="yes" '
        f'type="{register.kind}" group="general"/>'
        for number, register in enumerate(REGISTERS)
    )
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target version="1.0">\n'
        "<architecture>stm8</architecture>\n"
        f'<feature name="org.gnu.gdb.stm8.core">\n{rows}\n</feature>\n</target>\n'
    ).encode()


def memory_map(part: Part) -> bytes:
    """Return the memory map; flash has its block size."""
    kinds = sorted(
        [(part.flash.start, part.flash.end, "flash"), (part.options.start, part.options.end, "rom")],
    )
    rows, at = [], 0
    for start, end, kind in [*kinds, (SPACE, SPACE, "")]:
        if at < start:
            rows.append(f'<memory type="ram" start="0x{at:x}" length="0x{start - at:x}"/>')
        where = f'start="0x{start:x}" length="0x{end - start:x}"'
        if kind == "flash":
            rows.append(
                f'<memory type="flash" {where}>\n<property name="blocksize">0x{part.block:x}</property>\n</memory>'
            )
        elif kind:
            rows.append(f'<memory type="{kind}" {where}/>')
        at = end
    return (
        '<?xml version="1.0"?>\n'
        '<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" '
        '"http://sourceware.org/gdb/gdb-memory-map.dtd">\n<memory-map>\n' + "\n".join(rows) + "\n</memory-map>\n"
    ).encode()


def piece(document: bytes, offset: int, length: int) -> bytes:
    """Return the reply to a qXfer read: `m` and a piece, or `l` and the last one."""
    part = document[offset : offset + length]
    return (b"l" if offset + length >= len(document) else b"m") + part

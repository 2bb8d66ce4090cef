"""The variants of the loader's machine code, and where each has what in RAM.

A variant is a flash-register map and a class of RAM:

    small    1 KiB and 1.5 KiB: the tables of the CRC (128 bytes, written by the host) lie in the first buffer
    medium   2 KiB: the table of 1 KiB, which the loader builds, lies in both buffers
    large    3 KiB and more: the table has a place of its own; these parts have flash above 0x00FFFF, too

Sources: RM0016, RM0013, PM0054, datasheets (RAM sizes, registers); confidence high.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple, Optional

from ....parts.table import Part
from ... import registers as reg

START = 0x10  # RAM below it is left alone: 0x0000 does not keep its value on some STM8AF (errata)
ENTRY = 0x31
RECORD = 4  # bytes of a record before its data: mode, address
TAIL = 4  # bytes after the records of a batch: where they begin (2), how many, go
_STACK = 12  # it needs 4
_MOST_BLOCKS = 16  # in a buffer: a stop waits for one block only, but a lost link for all of both buffers
_SMALLEST_RAM = 1024

_FAMILIES = ("STM8S", "STM8AF", "STM8L", "STM8AL")
_IWDG_KR = 0x50E0
_WWDG_CR = {"stm8s": 0x50D1, "stm8l": 0x50D3}
_SMALL_ROW, _LARGE_ROW = 16, 256


class Buffer(NamedTuple):
    """One of the two buffers: records end at `tail`, which has TAIL bytes."""

    start: int
    tail: int


class Layout(NamedTuple):
    """Where a variant has what on a part.

    Attributes:
        variant: The name of its code.
        buffers: Where batches go.
        blocks: How many blocks fit into a buffer.
        stack: Where the stack begins.
        results: Where the CRCs may go while the tables are there, a piece in each buffer.
        tables: Where the host writes the tables; None if the loader builds them.
    """

    variant: str
    buffers: tuple[Buffer, Buffer]
    blocks: int
    stack: int
    results: tuple[Buffer, Buffer]
    tables: Optional[int]


class Variant(NamedTuple):
    """One way to assemble the source.

    Attributes:
        flash_regs: The flash-register map.
        size: "small", "medium" or "large".
        base: Where its code has ended.
        wwdg: There is a window watchdog.
    """

    flash_regs: str
    size: str
    base: int
    wwdg: bool

    def tables(self, second: int) -> tuple[int, ...]:
        """Return the address of each row of the tables; `second` is where the second buffer begins."""
        if self.size == "small":
            return tuple(range(self.base, self.base + 8 * _SMALL_ROW, _SMALL_ROW))
        if self.size == "medium":
            return self.base, self.base + _LARGE_ROW, second, second + _LARGE_ROW
        return tuple(range(self.base, self.base + 4 * _LARGE_ROW, _LARGE_ROW))

    @property
    def buffers_start(self) -> int:
        """Where the buffers begin."""
        return self.base + 4 * _LARGE_ROW * (self.size == "large")

    def buffers(self, ram: int) -> tuple[Buffer, Buffer]:
        """Return the buffers on a part with so much RAM."""
        start, end = self.buffers_start, ram - _STACK
        half = (end - start) // 2
        return Buffer(start, start + half - TAIL), Buffer(start + half, start + 2 * half - TAIL)

    def symbols(self) -> dict[str, int]:
        """Return what the source needs to be told."""
        registers = reg.BY_MAP[self.flash_regs]
        # The table of a medium one is split: all parts of this class have the same RAM.
        rows = self.tables(self.buffers(2048)[1].start)
        names = [f"{kind}{n}" for kind in ("LH" if self.size == "small" else "T") for n in range(4)]
        return {
            "CKDIVR": registers.clk_ckdivr,
            "CR2": registers.cr2,
            "COMPLEMENT": int(registers.ncr2 is not None),
            "IAPSR": registers.iapsr,
            "IWDG_KR": _IWDG_KR,
            "WWDG_CR": _WWDG_CR[self.flash_regs] if self.wwdg else 0,
            "SMALL": int(self.size == "small"),
            "FAR": int(self.size == "large"),
            **dict(zip(names, rows)),
        }


VARIANTS = {
    "stm8s-small": Variant("stm8s", "small", 0x1CC, wwdg=True),
    "stm8s-medium": Variant("stm8s", "medium", 0x26E, wwdg=True),
    "stm8s-large": Variant("stm8s", "large", 0x438, wwdg=True),
    "stm8l-small": Variant("stm8l", "small", 0x1CC, wwdg=True),
    "stm8l-medium": Variant("stm8l", "medium", 0x26E, wwdg=True),
    "stm8l-large": Variant("stm8l", "large", 0x438, wwdg=True),
    "stm8l101-small": Variant("stm8l", "small", 0x1CC, wwdg=False),
}


def obstacle(part: Part) -> Optional[str]:
    """Return why the loader is not for this part; None if it is."""
    if part.ram.size < _SMALLEST_RAM:
        return f"the {part.name} has only {part.ram.size} bytes of RAM"
    if part.confidence != "high" or part.family not in _FAMILIES:
        return f"the facts about the {part.name} are not certain enough"
    return None


def layout(part: Part) -> Layout:
    """Return the variant for a part that has no `obstacle`, and where it has what."""
    size = "small" if part.ram.size < 2048 else "medium" if part.ram.size < 3072 else "large"
    name = f"{'stm8l101' if part.option_layout == 'stm8l101' else part.flash_regs}-{size}"
    variant = VARIANTS[name]
    buffers = variant.buffers(part.ram.size)
    rows = variant.tables(buffers[1].start)
    row = _SMALL_ROW if size == "small" else _LARGE_ROW

    def free(buffer: Buffer) -> Buffer:
        inside = [address + row for address in rows if buffer.start <= address < buffer.tail]
        return Buffer(max(inside, default=buffer.start), buffer.tail)

    room = buffers[0].tail - buffers[0].start
    return Layout(
        variant=name,
        buffers=buffers,
        blocks=min(room // (RECORD + part.block), _MOST_BLOCKS),
        stack=part.ram.end - 1,
        results=(free(buffers[0]), free(buffers[1])),
        tables=rows[0] if size == "small" else None,
    )


def tables() -> bytes:
    """Return the tables of a small variant: of the values below 16 and of 16 times them, a row for each byte."""
    values = [_crc_of(n) for n in range(16)], [_crc_of(n << 4) for n in range(16)]
    return bytes(value >> 8 * byte & 0xFF for row in values for byte in range(4) for value in row)


def _crc_of(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value


@cache
def code(variant: str) -> bytes:
    """Return the assembled bytes of a variant, from START on."""
    with Path(__file__).with_name("code.csv").open(encoding="ascii", newline="") as table:
        return next(bytes.fromhex(row["code"]) for row in csv.DictReader(table) if row["variant"] == variant)

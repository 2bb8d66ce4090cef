"""The RAM loader: its bytes are those of its source, and its checksums come out right on a core that others wrote."""

from __future__ import annotations

import random
import re
import zlib
from pathlib import Path

import pytest

import assembled
import ucsim_talk
from stm8tool.chip.flash.loader import variants

pytestmark = pytest.mark.ucsim

BREAK = 0x8B
TAIL, RESULT, STACK = 0x1700, 0x1400, 0x17FF
WATCH, CUR, STACK_FIELD, SIZE = 0x17, 0x18, 0x1C, 0x20
SUMS, TABLE = 0x02, 0x04


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_the_bytes_are_what_the_source_says(name: str, tmp_path: Path) -> None:
    assert variants.code(name) == assembled.SWIM_LOADER.assemble(name, tmp_path)


def symbol(name: str, folder: Path) -> int:
    found = re.search(rf"\d +{name} +([0-9A-F]{{6}})", (folder / "main.sym").read_text())
    assert found
    return int(found[1], 16)


@pytest.mark.parametrize("name", variants.VARIANTS)
@pytest.mark.parametrize("block", [64, 128])
def test_its_checksums_are_right_under_ucsim(name: str, block: int, tmp_path: Path) -> None:
    variant = variants.VARIANTS[name]
    starts = [0x8040, 0xFFC0 & -block, 0x20000 - block] if variant.size == "large" else [0x8040]
    flash = random.Random(block).randbytes(0x20000)  # 0x8000..0x27FFF
    memory = bytearray(0x28000)
    memory[0x8000:] = flash
    memory[variants.START :] = (
        assembled.SWIM_LOADER.assemble(name, tmp_path) + memory[variants.START + len(variants.code(name)) :]
    )
    if variant.size == "small":
        memory[variant.base : variant.base + 128] = variants.tables()
    count = 3
    records = b"" if variant.size == "small" else bytes([TABLE, 0, 0, 0])
    for n, start in enumerate(starts):
        record = bytes([SUMS]) + start.to_bytes(3, "big") + count.to_bytes(2, "big")
        records += record + (RESULT + 4 * count * n).to_bytes(2, "big") + bytes([1])
    first = TAIL - len(records)
    number = len(starts) + (variant.size != "small")
    memory[first : TAIL + 4] = records + first.to_bytes(2, "big") + bytes([number, 1])
    memory[CUR : CUR + 2] = TAIL.to_bytes(2, "big")
    memory[STACK_FIELD : STACK_FIELD + 2] = STACK.to_bytes(2, "big")
    memory[SIZE] = block
    memory[symbol("taken", tmp_path)] = BREAK
    # The loader would clear `go` at its start, so the jump there leads to the main loop at once.
    begin = symbol("main", tmp_path)
    ram, rest = tmp_path / "ram.hex", tmp_path / "flash.hex"
    ram.write_text(ucsim_talk.hex_text(bytes(memory[:0x1800]), 0))
    rest.write_text(ucsim_talk.hex_text(bytes(memory[0x8000:]), 0x8000))
    commands = [f'file "{rest}"', f'file "{ram}"', f"run 0x{begin:x}", "info registers"]
    commands.append(f"dump /h rom 0x{RESULT:x} 0x{RESULT + 63:x} 64")
    dump = ucsim_talk.dumped(ucsim_talk.split(ucsim_talk.talk(commands, tmp_path))[-1])
    found = [int.from_bytes(dump[n : n + 4], "big") ^ 0xFFFFFFFF for n in range(0, 4 * count * len(starts), 4)]
    assert found == [zlib.crc32(flash[start - 0x8000 + n * block :][:block]) for start in starts for n in range(count)]

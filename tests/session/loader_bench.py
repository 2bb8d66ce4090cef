"""Chips with contents for the RAM loader alone, and blocks for it to program."""

from __future__ import annotations

import random

from session.ram_bench import RamBench
from stm8tool.chip.flash.blocks import BlockWrite
from stm8tool.chip.flash.loader.host import RamLoader
from stm8tool.chip.link.core import Core

ONE_OF_EACH = {
    "stm8s-small": "stm8s103f3",
    "stm8s-medium": "stm8s105k6",
    "stm8s-large": "stm8s208mb",
    "stm8l-small": "stm8l051f3",
    "stm8l-medium": "stm8l152c6",
    "stm8l-large": "stm8l151r8",
    "stm8l101-small": "stm8l101f3",
}


def nothing(_block: BlockWrite) -> None:
    pass


def bench(part: str, model: str = "v3", seed: int = 1) -> RamBench:
    """Return a chip whose memories hold something, with some blank blocks among it."""
    board = RamBench(part, model)
    rng = random.Random(seed)
    for memory in (board.chip.flash, board.chip.eeprom):
        if memory is not None:
            for address in range(memory.start, memory.end, board.part.block):
                if rng.random() < 0.7:
                    memory.write(address, rng.randbytes(board.part.block))
    return board


def started(board: RamBench) -> RamLoader:
    loader = RamLoader(Core(board, board.part), board.part)
    loader.start()
    return loader


def some_blocks(board: RamBench, count: int, seed: int = 2) -> list[BlockWrite]:
    """Return blocks of every mode, in flash and EEPROM, the last block of the flash among them."""
    rng, size = random.Random(seed), board.part.block
    memories = [memory for memory in (board.chip.flash, board.chip.eeprom) if memory is not None]
    addresses = [address for memory in memories for address in range(memory.start, memory.end, size)]
    last = board.part.flash.end - size
    found = []
    for address in [*rng.sample(sorted({*addresses} - {last}), count - 1), last]:
        data = bytes(size) if rng.random() < 0.2 else rng.randbytes(size)
        found.append(BlockWrite(address, data, blank=not any(held(board, address))))
    return found


def held(board: RamBench, address: int) -> bytes:
    memory = board.chip.flash if address >= board.chip.flash.start else board.chip.eeprom
    assert memory is not None
    return memory.read(address, board.part.block)


def snapshot(board: RamBench) -> bytes:
    return bytes(board.chip.flash.data) + (bytes(board.chip.eeprom.data) if board.chip.eeprom else b"")

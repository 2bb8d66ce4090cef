"""A bus that is memory and nothing else."""

from __future__ import annotations

from stm8tool.sim.cpu.writer import MemoryLayout


class PlainBus:
    """RAM from 0 to `ram_end`, memory that is only read from 0x8000 on, bytes of an array everywhere else."""

    def __init__(self, size: int, layout: MemoryLayout) -> None:
        self.layout = layout
        self.size = size
        self.memory = bytearray(size + 8)

    def read(self, address: int, now: int) -> int:
        """Return a byte; 0 after the end."""
        return self.memory[address] if address < self.size else 0

    def write(self, address: int, value: int, now: int) -> bool:
        """Replace a byte, perhaps of the code that runs; nothing happens after the end."""
        if address < self.size:
            self.memory[address] = value
        return True

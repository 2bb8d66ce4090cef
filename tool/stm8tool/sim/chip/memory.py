"""Non-volatile arrays: bytes, and how often each block was erased or written."""

from __future__ import annotations

from ..state import GIVEN, State


class Memory:
    """An array at `start`; erased is 0x00 on all STM8.

    Attributes:
        version: Grows with each change, so that the holder of a copy sees that it is old.
    """

    STATE = State(
        left={
            "data": "saved by `store.py` for all memories",
            "wear": "saved by `store.py` for all memories",
            **dict.fromkeys(("name", "start", "end", "block"), GIVEN),
            "version": "counts changes since it was made",
        }
    )

    def __init__(self, name: str, start: int, size: int, block: int) -> None:
        self.name = name
        self.start = start
        self.end = start + size
        self.block = block
        self.data = bytearray(size)
        self.wear = [0] * -(-size // block)
        self.version = 0

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes, all of which must lie inside."""
        offset = address - self.start
        return bytes(self.data[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Replace bytes; says nothing about wear."""
        offset = address - self.start
        self.data[offset : offset + len(data)] = data
        self.version += 1

    def block_start(self, address: int) -> int:
        """Return the first address of the block around `address`."""
        return address - (address - self.start) % self.block

    def age(self, address: int) -> None:
        """Count one erase or program cycle on the block around `address`."""
        self.wear[(address - self.start) // self.block] += 1

    def erase(self) -> None:
        """Erase everything; every block ages."""
        self.data[:] = bytes(len(self.data))
        self.wear = [count + 1 for count in self.wear]
        self.version += 1

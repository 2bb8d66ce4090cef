"""The rings of a console in the RAM of a simulated chip, filled and emptied as its program would do it."""

from __future__ import annotations

from typing import Optional

from session.bench import Board
from stm8tool.chip.running.rings import HEADER, IN_MAGIC, OUT_MAGIC

OUT, IN = 0x0100, 0x0200
PARTS = ("stm8s103f3", "stm8l151k6")


class Ringing:
    """The library's side: what `swim_console.h` does in the chip, done to the RAM of a simulated one."""

    def __init__(self, board: Board, size: int = 16, in_size: Optional[int] = 16) -> None:
        self.ram = board.chip.ram
        self.size = size
        self.in_size = in_size
        self.start()

    def start(self) -> None:
        """Do what the start code does."""
        self.ram.write(OUT, OUT_MAGIC + bytes([self.size - 1, 0, 0, 0]) + bytes(self.size))
        if self.in_size:
            self.ram.write(IN, IN_MAGIC + bytes([self.in_size - 1, 0, 0, 0]) + bytes(self.in_size))

    def counter(self, ring: int, offset: int) -> int:
        return self.ram.read(ring + offset, 1)[0]

    def puts(self, text: bytes) -> None:
        for byte in text:
            head, tail = self.counter(OUT, 7), self.counter(OUT, 6)
            if head - tail & 0xFF >= min(self.size, 255):
                self.ram.write(OUT + 5, bytes([self.counter(OUT, 5) + 1 & 0xFF]))
                continue
            self.ram.write(OUT + HEADER + head % self.size, bytes([byte]))
            self.ram.write(OUT + 7, bytes([head + 1 & 0xFF]))

    def gets(self) -> bytes:
        found = b""
        while self.counter(IN, 6) != self.counter(IN, 7):
            tail = self.counter(IN, 6)
            found += self.ram.read(IN + HEADER + tail % (self.in_size or 1), 1)
            self.ram.write(IN + 6, bytes([tail + 1 & 0xFF]))
        return found

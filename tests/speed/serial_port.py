"""A chip at its UART, by the simulator's model of time: 8 KiB written and verified, over what wire and flash take."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from session.bench import program
from speed.cases import BLOCK_S
from speed.processes import Figure
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part, find_part
from stm8tool.sim import store
from stm8tool.sim.serial.line import SimLine
from stm8tool.uart import loaders
from stm8tool.uart.chip import UartChip
from stm8tool.uart.settings import Reset, SerialSettings

PARTS = ("stm8s208mb", "stm8s105k4", "stm8l151k4")
BAUD = 115200
SIZE = 8192
TARGET = 1.25
_WRITE = 2 + 5 + 130, 3  # bytes of a block of 128 to the loader: command, address, data. And its answers
_READ = 2 + 5 + 2, 3 + 256  # the same of a read of 256 bytes


def limit_s(part: Part) -> float:
    """Return what the bytes of the blocks and of the verify take on the wire, and the flash for its blocks."""
    (sent, got), (asked, held) = _WRITE, _READ
    answers = SIZE // 128 * got + SIZE // 256 * held
    there = SIZE // 128 * sent + SIZE // 256 * asked
    # in reply mode there is no parity, and each answer goes back
    bits = 10 * (there + 2 * answers) if loaders.of(part).reply else 11 * (there + answers)
    return bits / BAUD + SIZE // part.block * BLOCK_S


def taken_s(part: Part) -> float:
    """Write a blank chip and verify it; return the time from the reset to the start of the program."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "b.chip")
        store.create(file, part, "v3")
        line = SimLine(file, "serial:sim:b.chip")
        with UartChip(lambda: line, part, SerialSettings(baud=BAUD, reset=Reset.DTR)) as chip:
            chip.write(Image([Segment(part.flash.start, program(part, seed=1)[:SIZE])]))
        return store.describe(file).seconds


def figures() -> Iterator[Figure]:
    """Yield the ratio for each kind of loader."""
    for name in PARTS:
        part = find_part(name)
        ratio = taken_s(part) / limit_s(part)
        yield Figure(
            f"UART: 8 KiB written and verified at {BAUD} baud, over wire and flash, {part.name}",
            f"{ratio:.2f}",
            f"{TARGET:.2f}",
        )

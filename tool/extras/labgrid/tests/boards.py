"""Simulated boards, and programs for them."""

from __future__ import annotations

from pathlib import Path

import stm8tool
from stm8tool.chip.running.rings import IN_MAGIC, OUT_MAGIC
from stm8tool.sim import store

PART = "stm8s103f3"
FLASH = 0x8000
_OUT, _IN = 0x0100, 0x0120
_ECHO = bytes.fromhex(
    "C60107 C00106 A110 24F6"  # loop: wait for room in the ring for output
    "C60126 C10127 27EE A40F 5F97 D60128 88 725C0126"  # and for a byte in the other one, and take it
    "C60107 A40F 5F97 84 D70108 725C0107"  # put it into the ring for output
)


def board(path: Path, *faults: str, locked: bool = False) -> Path:
    """Make a simulated board."""
    store.create(str(path), stm8tool.find_part(PART), "v2", locked=locked, faults=faults)
    return path


def program(code: bytes) -> bytes:
    """Return a program whose first instruction follows the reset vector."""
    return b"\x82\x00\x80\x04" + code


def loop(number: int) -> bytes:
    """Return a program that does nothing; it has a number, and fills two blocks and a half."""
    data = bytes((number * 37 + index * 11) % 255 + 1 for index in range(150))
    return program(b"\x20\xfe" + number.to_bytes(4, "big") + data)


def talking(text: bytes = b"hello\n") -> bytes:
    """Return a program that writes a text to its console, and then every byte that it reads there."""
    out = OUT_MAGIC + bytes([15, 0, 0, len(text)]) + text
    rings = [(_IN, IN_MAGIC + bytes([15, 0, 0, 0])), (_OUT, out)]
    moves = b"".join(
        bytes([0x35, byte, *(start + offset).to_bytes(2, "big")])
        for start, held in rings
        for offset, byte in enumerate(held)
    )
    return program(moves + _ECHO + bytes([0x20, 256 - len(_ECHO) - 2]))


def silent() -> bytes:
    """Return a program without a console."""
    return loop(0)


def save(path: Path, data: bytes, start: int = FLASH) -> Path:
    """Write a file with these bytes."""
    stm8tool.save_image(path, stm8tool.Image([stm8tool.Segment(start, data)]))
    return path


def held(path: Path, size: int) -> bytes:
    """Return the first bytes of a board's flash."""
    with stm8tool.open(f"sim:{path}", part=PART) as chip:
        return chip.read(stm8tool.Region("start", FLASH, size))

"""A folder and a simulated board for programs that use the library."""

from __future__ import annotations

from collections.abc import Sequence

import stm8tool
from stm8tool.sim import store

PART = "stm8s103f3"
FIRMWARE = bytes([0x82, 0x00, 0x80, 0x04, 0x20, 0xFE]) + bytes(range(3, 86))


def board(name: str = "board.chip", *, locked: bool = False, faults: Sequence[str] = ()) -> str:
    """Make a simulated board; return what `stm8tool.open` takes for it."""
    store.create(name, stm8tool.find_part(PART), "v2", locked=locked, faults=faults)
    return f"sim:{name}"

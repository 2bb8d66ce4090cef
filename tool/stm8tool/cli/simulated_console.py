"""The console of a program in the simulator: the ring in its RAM is emptied as `monitor` does it over SWIM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from ..chip.running import rings


def listener(find: Callable[[str], Optional[int]]) -> Optional[Callable[[bytearray], bytes]]:
    """Return a function that takes the waiting bytes out of a RAM; None if the program has no console.

    Args:
        find: Returns the address of a symbol.
    """
    address = find(rings.OUT_SYMBOL)
    return None if address is None else _Listener(address)


class _Listener:
    def __init__(self, address: int) -> None:
        self._address = address

    def __call__(self, ram: bytearray) -> bytes:
        start = self._address
        head = bytes(ram[start : start + rings.HEADER])
        ring = rings.ring_at(start, head, len(ram), rings.OUT_MAGIC)
        header = ring and rings.header_of(head, rings.OUT_MAGIC, ring)
        if ring is None or header is None:
            return b""  # the start code has not written it yet, or the program has damaged it
        ram[start + rings.TAIL] = header.head
        return rings.taken(bytes(ram[ring.data : ring.data + ring.size]), header)

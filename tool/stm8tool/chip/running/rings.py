"""The rings of the console library in a chip's RAM: where they are, and what their headers say. No link in here.

The layout is that of `builder/libraries/swim_console/src/swim_ring.h`. Nothing that the chip shows is believed before
it was checked.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

HEADER = 8
OUT_MAGIC, IN_MAGIC = b"\x57\xc5O\xa3", b"\x57\xc5I\xa3"
OUT_SYMBOL, IN_SYMBOL = "_swim_console_out", "_swim_console_in"
_MASK, _DROPPED, TAIL, HEAD = 4, 5, 6, 7
_SIZES = (16, 32, 64, 128, 256)


class Ring(NamedTuple):
    """One ring: its address, and how many bytes of data follow its header."""

    address: int
    size: int

    @property
    def data(self) -> int:
        """The address of the data."""
        return self.address + HEADER

    @property
    def capacity(self) -> int:
        """The most bytes that can wait in it: with 256, the counters of 8 bits allow one less."""
        return min(self.size, 255)


class Header(NamedTuple):
    """The counters of a ring, each modulo 256: bytes without room, bytes read, bytes written."""

    dropped: int
    tail: int
    head: int

    @property
    def waiting(self) -> int:
        """How many bytes were written and not read."""
        return self.head - self.tail & 0xFF


def header_of(memory: bytes, magic: bytes, ring: Ring) -> Optional[Header]:
    """Return the counters at the start of `memory`; None if it does not begin with the header of this ring."""
    if memory[:_MASK] != magic or memory[_MASK] != ring.size - 1:
        return None
    return Header(memory[_DROPPED], memory[TAIL], memory[HEAD])


def ring_at(address: int, header: bytes, end: int, magic: bytes) -> Optional[Ring]:
    """Return the ring whose header begins with these bytes; None if it is not one.

    Args:
        address: Of the header.
        header: Its bytes, or more.
        end: The ring must end before this address.
        magic: Of the ring.
    """
    if len(header) < HEADER or header[:_MASK] != magic:
        return None
    ring = Ring(address, header[_MASK] + 1)
    counters = Header(header[_DROPPED], header[TAIL], header[HEAD])
    fits = ring.size in _SIZES and ring.data + ring.size <= end and counters.waiting <= ring.capacity
    return ring if fits else None


def find(memory: bytes, start: int, magic: bytes) -> list[Ring]:
    """Return the rings in `memory`, which begins at the address `start`."""
    found = []
    at = memory.find(magic)
    while at >= 0:
        ring = ring_at(start + at, memory[at : at + HEADER], start + len(memory), magic)
        if ring is not None:
            found.append(ring)
        at = memory.find(magic, at + 1)
    return found


def taken(data: bytes, header: Header) -> bytes:
    """Return the bytes that wait in a ring, in the order in which they were written.

    Args:
        data: All data of the ring.
        header: Its counters, read before the data.
    """
    mask = len(data) - 1
    return bytes(data[header.tail + n & mask] for n in range(header.waiting))

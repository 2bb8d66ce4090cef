"""Bytes at addresses: segments, and functions to cut and compare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Optional

from ..errors import UsageError


@dataclass(frozen=True)
class Segment:
    """Bytes without a gap: `end` is one past the last address, `origin` names their place (`firmware.hex:12`).

    Raises:
        UsageError: `address` is not an int or is below 0, or `data` is not bytes; other bytes-like objects are copied.
    """

    address: int
    data: bytes
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Refuse values that no image can have: checks of the memories would not see them."""
        if not isinstance(self.address, int) or self.address < 0:
            raise UsageError(f"a segment cannot begin at {self.address!r}", hint="addresses are ints from 0 on")
        if not isinstance(self.data, bytes):
            if not isinstance(self.data, (bytearray, memoryview)):
                kind = type(self.data).__name__
                raise UsageError(f"a segment holds bytes, not {kind}", hint="such as Segment(0x8000, b'data')")
            object.__setattr__(self, "data", bytes(self.data))

    @property
    def end(self) -> int:
        """One past the last address."""
        return self.address + len(self.data)


def span(start: int, end: int) -> str:
    """Return the text for a range of addresses."""
    return f"0x{start:06X}" if end == start + 1 else f"0x{start:06X}..0x{end - 1:06X}"


def overlap(ordered: Sequence[Segment]) -> Optional[tuple[Segment, Segment]]:
    """Return the first two neighbours by address that hold the same address, or None."""
    return next(((low, high) for low, high in zip(ordered, ordered[1:]) if high.address < low.end), None)


def gaps(ordered: Iterable[Segment], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the free ranges between `start` and `end`, as (start, end)."""
    for segment in ordered:
        yield start, min(segment.address, end)
        start = segment.end
    yield start, end


def clipped(segments: Iterable[Segment], ranges: Iterable[tuple[int, int]]) -> Iterator[Segment]:
    """Yield the pieces of the segments in the ranges of addresses (start, end).

    Both are sorted by address and do not overlap among themselves, so this passes each of them once.
    """
    wanted = [(start, end) for start, end in ranges if start < end]
    first = 0
    for segment in segments:
        while first < len(wanted) and wanted[first][1] <= segment.address:
            first += 1
        index = first
        while index < len(wanted) and wanted[index][0] < segment.end:
            low, high = max(segment.address, wanted[index][0]), min(segment.end, wanted[index][1])
            yield Segment(low, segment.data[low - segment.address : high - segment.address], segment.origin)
            index += 1

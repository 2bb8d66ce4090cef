"""Bytes at addresses: segments, and an image made of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Optional

from ..devices import Region
from ..errors import Code, ImageError, UsageError


@dataclass(frozen=True)
class Segment:
    """Bytes without a gap: `end` is one past the last address, `origin` says where they stand (`firmware.hex:12`).

    Raises:
        UsageError: `address` is no int or below 0, or `data` is not bytes; other bytes-like objects are copied.
    """

    address: int
    data: bytes
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Refuse what can be in no image: it would fall through between the memories unseen."""
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


class Image:
    """Segments by address, neither overlapping nor adjacent.

    Raises:
        ImageError: two of the segments hold the same address, even if they agree on the byte.
    """

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        self._pieces = sorted((piece for piece in segments if piece.data), key=lambda piece: piece.address)
        self.segments = tuple(_merged(self._pieces))

    @property
    def size(self) -> int:
        """Number of bytes, gaps not counted."""
        return sum(len(segment.data) for segment in self.segments)

    @property
    def crc32(self) -> int:
        """CRC-32 (zlib) of the bytes by address, gaps left out."""
        return zlib.crc32(b"".join(segment.data for segment in self.segments))

    def slice(self, region: Region) -> tuple[Segment, ...]:
        """Return what lies in `region`."""
        return tuple(_clipped(self.segments, region.start, region.end))

    def overlaid(self, other: Image) -> Image:
        """Return this image with the bytes of `other` in place of, or beside, its own."""
        end = max((piece.end for piece in self._pieces), default=0)
        kept = [piece for gap in _gaps(other.segments, 0, end) for piece in _clipped(self._pieces, *gap)]
        return Image([*kept, *other._pieces])

    def filled(self, region: Region, value: int) -> Image:
        """Return this image with `value` at every address of `region` that it does not hold."""
        gaps = _gaps(self.slice(region), region.start, region.end)
        fill = (Segment(start, bytes([value]) * (end - start), f"the fill of {region}") for start, end in gaps)
        return Image([*self._pieces, *fill])

    def check_inside(self, regions: Iterable[Region], options: Optional[Region] = None) -> None:
        """Raise ImageError unless every byte lies in one of `regions`, which do not overlap.

        Args:
            regions: Where data may lie.
            options: The option bytes of the part; data in there have an error of their own.
        """
        memories = sorted(regions, key=lambda region: region.start)
        last = max((segment.end for segment in self.segments), default=0)
        outside = [
            lost
            for gap in _gaps([Segment(memory.start, bytes(memory.size)) for memory in memories], 0, last)
            for lost in _clipped(self.segments, *gap)
        ]
        if outside:
            inside = " and ".join(map(str, memories)) or "any memory"
            ranges = [span(lost.address, lost.end) for lost in outside]
            elsewhere = f" (and {len(ranges) - 1} more)" if ranges[1:] else ""
            message = f"the image has data at {ranges[0]}{elsewhere}, outside {inside}"
            code, hint = _why_outside(outside, memories, options)
            details = [f"outside: {where}{self._origin(lost)}" for where, lost in zip(ranges, outside)]
            raise ImageError(message, code=code, hint=hint, details=details)

    def _origin(self, lost: Segment) -> str:
        """Return where the first byte of `lost` stands, for the end of a line."""
        origin = next((p.origin for p in self._pieces if p.address <= lost.address < p.end), "")
        return f", from {origin}" if origin else ""


def span(start: int, end: int) -> str:
    """Return how a range of addresses is shown."""
    return f"0x{start:06X}" if end == start + 1 else f"0x{start:06X}..0x{end - 1:06X}"


def overlap(ordered: Sequence[Segment]) -> Optional[tuple[Segment, Segment]]:
    """Return the first two neighbours by address that hold the same address, or None."""
    return next(((low, high) for low, high in zip(ordered, ordered[1:]) if high.address < low.end), None)


def _why_outside(outside: Sequence[Segment], memories: Sequence[Region], options: Optional[Region]) -> tuple[Code, str]:
    """Return the situation and what to do about it, the worst of several first."""
    if options and any(_clipped(outside, options.start, options.end)):
        return (
            Code.DANGEROUS_WRITE,
            "these are option bytes, which can lock a chip for good: `write --options` (board_upload.option_bytes "
            "= yes) writes them, `options set` changes single ones; else leave them out",
        )
    for memory in memories:
        beyond = sum(len(lost.data) for lost in outside if lost.address == memory.end)
        if memory.name in ("flash", "eeprom") and beyond:
            hint = (
                f"{beyond} bytes too many for {memory.size} bytes of {memory.name}: make the program smaller, or name"
            )
            return Code.IMAGE_TOO_BIG, f"{hint} the right part"
    return Code.OUTSIDE_MAP, "build for this part, or name the right one"


def _merged(ordered: Sequence[Segment]) -> Iterator[Segment]:
    """Yield the segments with neighbours joined."""
    clash = overlap(ordered)
    if clash:
        raise ImageError(
            f"the data overlaps at {_overlapping(ordered)}",
            hint="each address may be given once only: leave a file out, or choose another --base",
            details=[f"{piece.origin}: {span(piece.address, piece.end)}" for piece in clash if piece.origin],
        )
    pieces: list[bytes] = []
    start = end = 0
    for segment in ordered:
        if pieces and segment.address > end:
            yield Segment(start, b"".join(pieces))
            pieces.clear()
        if not pieces:
            start = segment.address
        pieces.append(segment.data)
        end = segment.end
    if pieces:
        yield Segment(start, b"".join(pieces))


def _overlapping(ordered: Iterable[Segment]) -> str:
    """Return the first range, however many segments it has, whose addresses are held more than once."""
    covered = 0
    found: list[int] = []
    for segment in ordered:
        low, high = segment.address, min(covered, segment.end)
        if low < high and (not found or low <= found[1]):
            found = [found[0] if found else low, high]
        covered = max(covered, segment.end)
    return span(*found)


def _gaps(ordered: Iterable[Segment], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield what the segments leave free between `start` and `end`, as (start, end)."""
    for segment in ordered:
        yield start, min(segment.address, end)
        start = segment.end
    yield start, end


def _clipped(segments: Iterable[Segment], start: int, end: int) -> Iterator[Segment]:
    """Yield what of the segments lies at `start` or above and below `end`."""
    for segment in segments:
        low, high = max(segment.address, start), min(segment.end, end)
        if low < high:
            yield Segment(low, segment.data[low - segment.address : high - segment.address], segment.origin)

"""An image: segments by address that do not overlap."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Optional

from ..errors import ImageError, UsageError
from ..parts.table import Part, Region
from ..words import Hint
from . import outside
from .segments import Segment, clipped, gaps, overlap, span


class Image:
    """Segments by address that neither overlap nor touch.

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
        """Return the data in `region`."""
        return tuple(clipped(self.segments, [(region.start, region.end)]))

    def overlaid(self, other: Image) -> Image:
        """Return this image with the bytes of `other` in place of, or beside, its own."""
        if not require_image(other)._pieces:
            return self
        end = max((piece.end for piece in self._pieces), default=0)
        kept = clipped(self._pieces, gaps(other.segments, 0, end))
        return Image([*kept, *other._pieces])

    def filled(self, region: Region, value: int) -> Image:
        """Return this image with `value` at every address of `region` that it does not hold."""
        free = gaps(self.slice(region), region.start, region.end)
        fill = (Segment(start, bytes([value]) * (end - start), f"the fill of {region}") for start, end in free)
        return Image([*self._pieces, *fill])

    def check_inside(
        self, regions: Iterable[Region], options: Optional[Region] = None, part: Optional[Part] = None
    ) -> None:
        """Raise ImageError unless every byte lies in one of `regions`, which do not overlap.

        Args:
            regions: Where data may lie.
            options: The option bytes of the part; data in them have an error of their own.
            part: The chip; the hint names the memory or registers at these addresses.
        """
        memories = sorted(regions, key=lambda region: region.start)
        lost = list(outside.find(self.segments, memories))
        if lost:
            origins = [self._origin(segment.address) for segment in lost[: outside.SHOWN]]
            raise outside.error(self.segments, lost, memories, options, part, origins)

    def _origin(self, address: int) -> str:
        """Return the place in a file that the byte at `address` comes from."""
        return next((p.origin for p in self._pieces if p.address <= address < p.end), "")


def _merged(ordered: Sequence[Segment]) -> Iterator[Segment]:
    """Yield the segments; neighbours that touch are joined."""
    clash = overlap(ordered)
    if clash:
        raise ImageError(
            f"the data overlaps at {_overlapping(ordered)}",
            hint=Hint("each address may be given only once: leave a file out, or choose another {base}"),
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
    """Return the first range of addresses that more than one segment holds; it may have many segments."""
    covered = 0
    found: list[int] = []
    for segment in ordered:
        low, high = segment.address, min(covered, segment.end)
        if low < high and (not found or low <= found[1]):
            found = [found[0] if found else low, high]
        covered = max(covered, segment.end)
    return span(*found)


def require_image(image: Image) -> Image:
    """Return `image`; UsageError if it has another type."""
    if not isinstance(image, Image):
        kind = type(image).__name__
        raise UsageError(f"an image is needed, not {kind}", hint="stm8tool.Image([stm8tool.Segment(0x8000, data)])")
    return image

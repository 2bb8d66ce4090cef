"""Which blocks must change: pure functions that compare an image with the bytes of the chip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...errors import VerifyError
from ...image import Segment


class BlockWrite(NamedTuple):
    """One programming block.

    Attributes:
        address: Block-aligned.
        data: Exactly one block.
        blank: The chip holds only 0x00 there now, so the block needs no erase.
    """

    address: int
    data: bytes
    blank: bool


class Span(NamedTuple):
    """Block-aligned addresses, `end` one past the last."""

    start: int
    end: int


def spans(segments: Iterable[Segment], block: int) -> list[Span]:
    """Return the block-aligned spans that cover `segments` (sorted by address); spans that touch are joined."""
    result: list[Span] = []
    for segment in segments:
        start = segment.address // block * block
        end = -(-segment.end // block) * block
        if result and start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(end, result[-1].end))
        else:
            result.append(Span(start, end))
    return result


def by_span(segments: Sequence[Segment], covered: Sequence[Span]) -> list[list[Segment]]:
    """Return the segments (sorted by address) in each of the spans that `spans` made of them."""
    parts: list[list[Segment]] = [[] for _ in covered]
    index = 0
    for segment in segments:
        while segment.address >= covered[index].end:
            index += 1
        parts[index].append(segment)
    return parts


def whole_blocks(segments: Iterable[Segment], block: int) -> set[int]:
    """Return the addresses of the blocks of which a single segment holds every byte."""
    return {
        address
        for segment in segments
        for address in range(-(-segment.address // block) * block, segment.end - block + 1, block)
    }


def merge(segments: Sequence[Segment], held: bytes, start: int) -> bytes:
    """Return `held` (the memory from `start` on) with `segments` laid over it; gaps keep the bytes of `held`."""
    merged = bytearray(held)
    for segment in segments:
        low = max(segment.address, start)
        high = min(segment.end, start + len(held))
        if low < high:
            merged[low - start : high - start] = segment.data[low - segment.address : high - segment.address]
    return bytes(merged)


def blocks_to_write(wanted: bytes, held: bytes, start: int, block: int) -> Iterator[BlockWrite]:
    """Yield the blocks in which `wanted` differs from `held`, by address.

    Args:
        wanted: The new bytes of the memory from `start` on; whole blocks.
        held: The bytes that it holds now, as many.
        start: Block-aligned address of both.
        block: Block size in bytes.
    """
    blank = bytes(block)
    for offset in range(0, len(wanted), block):
        new, old = wanted[offset : offset + block], held[offset : offset + block]
        if new != old:
            yield BlockWrite(start + offset, new, old == blank)


def require_equal(address: int, wanted: bytes, held: bytes) -> None:
    """Raise VerifyError at the first difference between what the chip holds from `address` on and `wanted`."""
    differing = [offset for offset, (a, b) in enumerate(zip(wanted, held)) if a != b]
    if differing:
        first = differing[0]
        raise VerifyError(
            f"verify failed at 0x{address + first:06X}: the chip holds 0x{held[first]:02X}, the image "
            f"0x{wanted[first]:02X} ({len(differing)} of {len(wanted)} bytes differ)",
            address=address + first,
            expected=wanted[first],
            actual=held[first],
            differing=len(differing),
            compared=len(wanted),
            hint="write the image; if you have just done that, check supply, ground and wires",
        )

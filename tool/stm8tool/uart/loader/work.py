"""Blocks by the loader in RAM: which of them differ, the stream of those, and whether the chip then holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...chip.flash.blocks import BlockWrite, Span, merge, require_equal, whole_blocks
from ...chip.programmer import Progress
from ...image import Segment
from ...parts.table import Part
from .link import MOST_SUMMED, LoaderInRam, pieces, sum_of


class Streamed:
    """The work on the blocks of one chip.

    Args:
        part: The chip.
        progress: Told how far a job is.
    """

    def __init__(self, part: Part, progress: Progress) -> None:
        self._part = part
        self._progress = progress

    def unlike(self, loader: LoaderInRam, span: Span, segments: Sequence[Segment]) -> Iterable[BlockWrite]:
        """Yield the blocks of a span that differ, by their checksums. Blocks that the image fills in part are read."""
        block = self._part.block
        count = (span.end - span.start) // block
        image = merge(segments, bytes(span.end - span.start), span.start)
        whole = whole_blocks(segments, block)
        held = loader.sums(span.start, block, count)
        self._progress("comparing", span.end - span.start, span.end - span.start)
        for number, (wanted, checksum) in enumerate(zip(pieces(image, block), held)):
            address = span.start + number * block
            if address not in whole:
                present = self._read(loader, address, block)
                wanted = merge(segments, present, address)
            if sum_of(wanted) != checksum:
                yield BlockWrite(address, wanted, False)

    def verify(self, loader: LoaderInRam, segments: Sequence[Segment]) -> int:
        """Compare segments by checksums; return how many bytes are equal. VerifyError for the first difference."""
        total = sum(len(segment.data) for segment in segments)
        done = 0
        for segment in segments:
            held = bytearray(segment.data)
            for at, piece in self._differing(loader, segment):
                held[at : at + len(piece)] = self._read(loader, segment.address + at, len(piece))
            require_equal(segment.address, segment.data, bytes(held))
            done += len(segment.data)
            self._progress("verifying", done, total)
        return total

    def _differing(self, loader: LoaderInRam, segment: Segment) -> Iterable[tuple[int, bytes]]:
        """Yield the pieces of a segment whose checksum is another in the chip, each with its place in the segment."""
        parts = pieces(segment.data, MOST_SUMMED)
        whole = len(segment.data) // MOST_SUMMED
        held = loader.sums(segment.address, MOST_SUMMED, whole)
        for number in range(whole, len(parts)):
            held += loader.sums(segment.address + number * MOST_SUMMED, len(parts[number]), 1)
        for number, (piece, checksum) in enumerate(zip(parts, held)):
            if sum_of(piece) != checksum:
                yield number * MOST_SUMMED, piece

    def _read(self, loader: LoaderInRam, address: int, size: int) -> bytes:
        return loader.persist(lambda: loader.read(address, size))

    def write(self, loader: LoaderInRam, blocks: Sequence[BlockWrite]) -> None:
        """Write blocks; the first one of the flash last, so that the boot ROM listens after a reset until then."""
        first = self._part.flash.start
        ordered = sorted(blocks, key=lambda block: block.address == first)
        size = self._part.block
        if ordered:
            loader.stream(ordered, lambda done: self._progress("writing", done * size, len(ordered) * size))

    def check(self, loader: LoaderInRam, blocks: Sequence[BlockWrite]) -> int:
        """Compare written blocks by their checksums, and write those that differ again; return how many these are.

        Raises:
            VerifyError: A block differs even after the second write.
        """
        bad = self._wrong(loader, blocks)
        self.write(loader, bad)
        for block in self._wrong(loader, bad):
            require_equal(block.address, block.data, self._read(loader, block.address, len(block.data)))
        return len(bad)

    def _wrong(self, loader: LoaderInRam, blocks: Sequence[BlockWrite]) -> list[BlockWrite]:
        found, done, size = [], 0, self._part.block
        for run in runs(blocks):
            held = loader.sums(run[0].address, size, len(run))
            found += [block for block, checksum in zip(run, held) if sum_of(block.data) != checksum]
            done += len(run)
            self._progress("verifying", done * size, len(blocks) * size)
        return found


def runs(blocks: Sequence[BlockWrite]) -> Iterable[list[BlockWrite]]:
    """Yield the blocks in runs without gaps."""
    run: list[BlockWrite] = []
    for block in blocks:
        if run and block.address != run[-1].address + len(run[-1].data):
            yield run
            run = []
        run.append(block)
    if run:
        yield run

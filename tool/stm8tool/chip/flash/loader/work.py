"""Compare and program the blocks of a chip, by the loader in its RAM instead of over SWIM.

Blocks are compared by their CRC-32: only what it tells to differ is read, and blocks with gaps. A block counts as blank
if its CRC is that of zeros. A checksum that does not fit is never the last word of a verify: the bytes are, read twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Optional

from ....image import Image, Segment
from ....parts.table import Part
from ...link.core import Core
from ..blocks import BlockWrite, Span, by_span, merge, require_equal, spans, whole_blocks
from ..swim_work import Progress
from .host import RamLoader
from .records import FIRST
from .sums import Range

_GROUP = 64  # blocks that share a checksum where most likely all are right
_MOST_RUNS = 8  # of blocks; where there are more of them, a checksum for each block is faster
_TRIED = 8  # blocks: how many are looked at first
_MOST_ARE = 0.75  # of those
_OTHER = -1  # in place of a checksum
_GAP = 16  # blocks: so many are summed up in vain rather than that another command is given


class LoaderWork:
    """The blocks of a connected, open chip, by a loader that runs.

    Attributes:
        loader: The loader.
        iapsr: IAPSR before it was started, if that is known.
    """

    def __init__(self, core: Core, part: Part, progress: Progress, iapsr: Optional[int] = None) -> None:
        self.iapsr = iapsr
        self.loader = RamLoader(core, part)
        self._core = core
        self._block = part.block
        self._blank = zlib.crc32(bytes(part.block))
        self._progress = progress

    @property
    def unfinished(self) -> Sequence[BlockWrite]:
        """Blocks that the chip was given, and of which nothing is known."""
        return self.loader.unfinished

    def stop(self) -> None:
        """End the loader; the CPU is stalled then."""
        self.loader.stop()

    def differing(self, segments: Sequence[Segment], *, verify: bool) -> list[BlockWrite]:
        """Return the blocks that must change for the chip to hold `segments`, by address.

        Args:
            segments: Sorted, in flash or EEPROM.
            verify: As for `SwimWork`; checksums are as sure without.
        """
        size = self._block
        covered = spans(segments, size)
        whole = whole_blocks(segments, size)
        wanted: dict[int, bytes] = {}
        for span, part in zip(covered, by_span(segments, covered)):
            merged = merge(part, bytes(span.end - span.start), span.start)
            wanted.update((span.start + n, merged[n : n + size]) for n in range(0, len(merged), size))
        sums = self._compared(covered, {address: wanted[address] for address in whole})
        differ = [address for address in wanted if address in whole and zlib.crc32(wanted[address]) != sums[address]]
        if len(differ) <= len(whole) // 2:
            # A bit of a checksum may have flipped on its way. If most blocks differ, it hardly matters.
            sums.update(self._look_again(differ, sums))
            differ = [address for address in differ if zlib.crc32(wanted[address]) != sums[address]]
        found = [BlockWrite(address, wanted[address], sums[address] == self._blank) for address in differ]
        for span, part in zip(covered, by_span(segments, covered)):
            for edge in _runs((address for address in range(*span, size) if address not in whole), size):
                held = self._core.read_surely(edge.start, edge.end - edge.start)
                new = merge(part, held, edge.start)
                for n in range(0, len(new), size):
                    if new[n : n + size] != held[n : n + size]:
                        found.append(BlockWrite(edge.start + n, new[n : n + size], not any(held[n : n + size])))
        return sorted(found)

    def program(
        self,
        blocks: Sequence[BlockWrite],
        begun: Callable[[BlockWrite], None],
        done: Callable[[BlockWrite], None],
        *,
        check: bool = False,
    ) -> None:
        """Program blocks; see `RamLoader.program`. With `check`, the checksums for `check` are ordered meanwhile."""
        whole = {block.address: block.data for block in blocks}
        runs = _runs(sorted(whole), self._block) if check else []
        groups = self._groups(runs[0], whole) if 0 < len(runs) <= _MOST_RUNS else None
        self.loader.program(blocks, begun, done, groups)

    def check(self, blocks: Sequence[BlockWrite]) -> None:
        """Raise VerifyError unless the chip holds `blocks`."""
        self.compare(Image(Segment(block.address, block.data) for block in blocks).segments)

    def compare(self, segments: Sequence[Segment]) -> int:
        """Compare `segments` with the chip; return how many bytes are equal.

        Raises:
            VerifyError: The first difference.
        """
        size = self._block
        whole = {
            address: segment.data[address - segment.address :][:size]
            for segment in segments
            for address in sorted(whole_blocks([segment], size))
        }
        unequal = self._unequal(whole)
        total = sum(len(segment.data) for segment in segments)
        for segment in segments:
            if not self._is_equal(segment, whole, unequal):
                require_equal(segment.address, segment.data, self._core.read_surely(segment.address, len(segment.data)))
        self._progress("verifying", total, total)
        return total

    def _unequal(self, whole: Mapping[int, bytes]) -> set[int]:
        """Return the addresses of those of `whole` whose checksum does not fit, in a group and then alone."""
        size, runs = self._block, _runs(whole, self._block)
        if len(runs) > _MOST_RUNS:
            sums = self._sums(runs)
            return {address for address, data in whole.items() if zlib.crc32(data) != sums[address]}
        suspect: list[int] = []
        total, passed = sum(len(data) for data in whole.values()), 0
        for run in runs:

            def report(blocks: int, before: int = passed) -> None:
                if before + blocks * size < total:  # `compare` tells the end
                    self._progress("verifying", before + blocks * size, total)

            wanted, expected = self._groups(run, whole)
            taken = self.loader.sums.of(wanted, report, expected)
            passed += run.end - run.start
            for number, (value, right) in enumerate(zip(taken, expected)):
                if value != right:
                    suspect += range(*run, size)[number * _GROUP :][:_GROUP]
        sums = self._sums(_runs(suspect, size)) if suspect else {}
        return {address for address in suspect if zlib.crc32(whole[address]) != sums[address]}

    def _groups(self, run: Span, whole: Mapping[int, bytes]) -> tuple[Range, list[int]]:
        """Return the range of a run, a checksum for each group of its blocks, and the right checksums."""
        blocks = range(*run, self._block)
        groups = [blocks[n : n + _GROUP] for n in range(0, len(blocks), _GROUP)]
        return Range(run.start, len(blocks), _GROUP), [
            zlib.crc32(b"".join(whole[address] for address in group)) for group in groups
        ]

    def _is_equal(self, segment: Segment, whole: Collection[int], unequal: Collection[int]) -> bool:
        """Tell whether a segment is held: by the checksums of its whole blocks, all else by its bytes."""
        size = self._block
        blocks = range(segment.address - segment.address % size, segment.end, size)
        to_read = [address for address in blocks if address not in whole or address in unequal]
        for run in _runs(to_read, size):
            start, end = max(run.start, segment.address), min(run.end, segment.end)
            piece = segment.data[start - segment.address : end - segment.address]
            if self._core.read_surely(start, end - start) != piece:
                return False
        return True

    def _compared(self, covered: Sequence[Span], whole: Mapping[int, bytes]) -> dict[int, int]:
        """Return the checksum of each block of `covered`; _OTHER for a block that is neither right nor blank.

        Where the first blocks show that most of them are others, the first bytes of each tell the same in less time.
        """
        size = self._block
        if not (self.loader.sums.tells_first_bytes and len(covered) == 1 and len(whole) > 2 * _TRIED):
            return self._sums(covered, "comparing")
        start, end = covered[0]
        tried = Span(start, start + _TRIED * size)
        sums = self._sums([tried])
        others = [a for a, value in sums.items() if a in whole and value not in (zlib.crc32(whole[a]), self._blank)]
        if len(others) < _TRIED * _MOST_ARE:
            sums.update(self._sums([Span(tried.end, end)], "comparing", tried.end - start))
            return sums
        blocks = range(tried.end, end, size)
        first = zip(blocks, self.loader.sums.first_bytes(tried.end, len(blocks)))
        alike = [block for block, held in first if block in whole and held in (bytes(FIRST), whole[block][:FIRST])]
        sums.update(dict.fromkeys(blocks, _OTHER))
        if alike:
            taken = self._sums(_runs(alike, size))
            sums.update((block, taken[block]) for block in alike)
        self._progress("comparing", end - start, end - start)
        return sums

    def _sums(self, covered: Sequence[Span], stage: str = "", passed: int = 0) -> dict[int, int]:
        """Return the checksum of each block of `covered`, and of some between them.

        Report progress by the name of `stage`; so many bytes of it have `passed` before.
        """
        size = self._block
        total = passed + sum(span.end - span.start for span in covered)
        found: dict[int, int] = {}
        for span in _joined(covered, _GAP * size):

            def report(blocks: int, before: int = passed) -> None:
                if stage:
                    self._progress(stage, min(total, before + blocks * size), total)

            sums = self.loader.sums.of(Range(span.start, (span.end - span.start) // size), report)
            found.update(zip(range(*span, size), sums))
            passed += span.end - span.start
        return found

    def _look_again(self, addresses: Sequence[int], sums: dict[int, int]) -> dict[int, int]:
        """Return the checksums of blocks, taken once more."""
        found: dict[int, int] = {}
        for run in _runs(addresses, self._block):
            blocks = range(*run, self._block)
            likely = [sums[block] for block in blocks]
            taken = self.loader.sums.of(Range(run.start, len(blocks)), expected=() if _OTHER in likely else likely)
            found.update(zip(blocks, taken))
        self._core.tally.reads += any(sums[address] not in (value, _OTHER) for address, value in found.items())
        return found


def _runs(addresses: Iterable[int], size: int) -> list[Span]:
    """Return spans that cover the blocks at `addresses`, which are sorted, and nothing else."""
    return spans([Segment(address, bytes(size)) for address in addresses], size)


def _joined(covered: Sequence[Span], gap: int) -> list[Span]:
    """Return `covered` with gaps of up to `gap` bytes closed; EEPROM and flash are farther apart."""
    result: list[Span] = []
    for span in covered:
        if result and span.start - result[-1].end <= gap:
            result[-1] = Span(result[-1].start, span.end)
        else:
            result.append(span)
    return result

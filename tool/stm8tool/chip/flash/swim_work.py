"""Compare and program the blocks of a chip over SWIM. It works with every chip and every probe.

`loader/work.py` does the same with code in the chip's RAM.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from ...image import Image, Segment
from ...parts.table import Region
from ..link.core import WRITE_ENDS_S
from ..options import protection
from .blocks import BlockWrite, Span, blocks_to_write, by_span, merge, require_equal, spans, whole_blocks
from .controller import Flash, RefusedError

_READ_CHUNK = 6144  # between two reports of progress; the probe splits it as it needs

Progress = Callable[[str, int, int], None]  # stage, bytes done, bytes in all


class SwimWork:
    """The blocks of a connected chip, whose CPU is stalled.

    Attributes:
        iapsr: None: it is to be read.
        unfinished: The block whose programming has begun and was not seen to end, if there is one.
        plain: Use only the standard mode, because a block did not come out right.
    """

    def __init__(self, flash: Flash, progress: Progress) -> None:
        self.iapsr: Optional[int] = None
        self.unfinished: list[BlockWrite] = []
        self.plain = False
        self._flash = flash
        self._core = flash.core
        self._block = flash.part.block
        self._progress = progress

    def stop(self) -> None:
        """End the work; there is nothing to end."""

    def read(self, pieces: Sequence[Span], stage: str, *, surely: bool) -> list[bytearray]:
        """Return what the chip holds in each of `pieces`; looks twice if wanted, or if the link is known to be weak."""
        self._core.check_reaches(max((piece.end for piece in pieces), default=0))
        read = self._core.read_surely if surely or self._core.has_stumbled else self._core.read
        total = sum(piece.end - piece.start for piece in pieces)
        done, result = 0, []
        for piece in pieces:
            data = bytearray()
            for start in range(piece.start, piece.end, _READ_CHUNK):
                data += read(start, min(_READ_CHUNK, piece.end - start))
                self._progress(stage, done + len(data), total)
            done += len(data)
            result.append(data)
        return result

    def differing(self, segments: Sequence[Segment], *, verify: bool) -> list[BlockWrite]:
        """Read what `segments` cover and return the blocks that must change."""
        size = self._block
        covered = spans(segments, size)
        parts = by_span(segments, covered)
        pieces = self.read(covered, "comparing", surely=False)

        def plan(span: Span, part: Sequence[Segment], held: bytearray) -> list[BlockWrite]:
            return list(blocks_to_write(merge(part, bytes(held), span.start), bytes(held), span.start, size))

        if any(plan(*piece) for piece in zip(covered, parts, pieces)):
            # A flipped bit may neither become real in a gap of the image nor hide that a block differs. Where all
            # blocks look equal one read has to do, unless something else has shown that the link is weak.
            whole = whole_blocks(segments, size)  # these will be right whatever their one read was
            for span, part, held in zip(covered, parts, pieces):
                changed = [block for block in plan(span, part, held) if verify or not block.blank]
                certain = whole & {block.address for block in changed}
                self._look_again(held, span.start, [a for a in range(*span, size) if a not in certain])
        return [block for piece in zip(covered, parts, pieces) for block in plan(*piece)]

    def program(
        self,
        blocks: Sequence[BlockWrite],
        begun: Callable[[BlockWrite], None],
        done: Callable[[BlockWrite], None],
        *,
        check: bool = False,
    ) -> None:
        """Program blocks, in this order.

        Args:
            blocks: One that is `blank` is not erased first.
            begun: Called with a block before it is programmed.
            done: Called with a block once it is.
            check: Whether `check` comes next; this makes no difference here.
        """
        for block in blocks:
            begun(block)
            self.unfinished = [block]
            self._program(block)
            self.unfinished = []
            done(block)

    def check(self, blocks: Sequence[BlockWrite]) -> None:
        """Compare what was programmed; EOP has told that it is done, so that one read that agrees is enough."""
        segments = Image(Segment(block.address, block.data) for block in blocks).segments
        held = self.read([Span(segment.address, segment.end) for segment in segments], "verifying", surely=False)
        for segment, data in zip(segments, held):
            if data != segment.data:
                self._look_again(data, segment.address, range(segment.address, segment.end, self._block))
            require_equal(segment.address, segment.data, bytes(data))

    def compare(self, segments: Sequence[Segment]) -> int:
        """Compare `segments` with the chip byte by byte; return how many bytes are equal.

        Raises:
            VerifyError: The first difference.
        """
        held = self.read([Span(segment.address, segment.end) for segment in segments], "verifying", surely=True)
        for segment, data in zip(segments, held):
            require_equal(segment.address, segment.data, bytes(data))
        return sum(map(len, held))

    def not_blank(self, memory: Region) -> list[int]:
        """Return the addresses in `memory` that do not read 0x00."""
        size = self._block
        held = bytearray()
        for start in range(memory.start, memory.end, _READ_CHUNK):
            held += self._core.read(start, min(_READ_CHUNK, memory.end - start))
        suspect = [memory.start + n for n in range(0, memory.size, size) if any(held[n : n + size])]
        self._look_again(held, memory.start, suspect)
        return [memory.start + n for n, byte in enumerate(held) if byte]

    def _look_again(self, held: bytearray, start: int, addresses: Sequence[int]) -> None:
        """Read the blocks at `addresses` once more; put right what differs in `held`, the memory from `start` on."""
        size = self._block
        for span in spans([Segment(address, bytes(size)) for address in addresses], size):
            for first in range(span.start, span.end, _READ_CHUNK):
                piece = slice(first - start, min(first + _READ_CHUNK, span.end) - start)
                if self._core.read(first, piece.stop - piece.start) != held[piece]:
                    self._core.tally.reads += 1
                    held[piece] = self._core.read_surely(first, piece.stop - piece.start)

    def _program(self, block: BlockWrite) -> None:
        try:
            self._flash.write_block(block.address, block.data, blank=block.blank, plain=self.plain)
        except RefusedError:
            # One flipped bit in IAPSR looks like a refusal, too; a block that was refused may be tried again.
            self._core.clock.sleep(WRITE_ENDS_S)
            try:
                self._flash.write_block(block.address, block.data, blank=False, plain=self.plain)
            except RefusedError as exc:
                raise protection.explain_refusal(self._flash, exc, block.address) from exc
            self._core.tally.blocks += 1

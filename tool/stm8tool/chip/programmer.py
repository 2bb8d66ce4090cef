"""Seam 3: the blocks of a connected chip: read, write, verify, erase, and check if they are blank.

Only blocks that differ are written, and gaps in an image keep the bytes of the chip. If a write loses the
link, it connects again, reads the chip, and goes on from there: it repeats nothing blindly.
The wanted bytes of a block are remembered before it is touched: a block that is cut short may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..errors import (
    LINK_ERRORS,
    ProgramError,
    ReadoutProtectedError,
    SwimError,
    ToolError,
    VerifyError,
    WriteProtectedError,
)
from ..image import Image, Segment
from ..parts.table import Region
from .flash.blocks import BlockWrite, Span, blocks_to_write, by_span, merge, spans, whole_blocks
from .flash.controller import Flash, RefusedError
from .link.core import TRIES, WRITE_ENDS_S
from .options import protection

_READ_CHUNK = 6144  # between two reports of progress; the probe splits it as it needs
# If the write of a block did not end, or did not verify, the tool connects again and writes it if it still differs.
_MENDABLE = (*LINK_ERRORS, ProgramError, VerifyError)

Progress = Callable[[str, int, int], None]  # stage, bytes done, bytes in all


class Written(NamedTuple):
    """The result of a write: blocks compared, blocks programmed, bytes in one block."""

    compared: int
    programmed: int
    block: int


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


class Programmer:
    """The blocks of one chip. Every method expects a connected chip and leaves it connected.

    Attributes:
        flash: The chip's flash controller.
    """

    def __init__(self, flash: Flash, progress: Progress = silent) -> None:
        self.flash = flash
        self._core = flash.core
        self._block = flash.part.block
        self._progress = progress

    def read(self, *regions: Region) -> list[bytes]:
        """Return the bytes of each of `regions`."""

        def look() -> list[bytes]:
            pieces = [Span(region.start, region.end) for region in regions]
            return [bytes(self._read([piece], "reading", surely=True)[0]) for piece in pieces]

        return self._core.persist(look)

    def verify(self, segments: Sequence[Segment]) -> int:
        """Compare `segments` with the chip byte by byte; return how many bytes are equal.

        Raises:
            VerifyError: The first difference.
        """
        return self._core.persist(lambda: self.compare(segments))

    def compare(self, segments: Sequence[Segment]) -> int:
        """Do `verify` once; if the link fails, do not connect again."""
        held = self._read([Span(segment.address, segment.end) for segment in segments], "verifying", surely=True)
        for segment, data in zip(segments, held):
            _require_equal(segment.address, segment.data, bytes(data))
        return sum(map(len, held))

    def differing(self, segments: Sequence[Segment]) -> list[int]:
        """Return the addresses of the blocks that a write of `segments` would program."""
        return self._core.persist(lambda: [block.address for block in self._differing(segments, verify=True)])

    def not_blank(self, memories: Sequence[Region]) -> list[int]:
        """Return the addresses in `memories` that do not read 0x00."""
        return self._core.persist(lambda: [address for memory in memories for address in self._not_blank(memory)])

    def write(self, segments: Sequence[Segment], *, verify: bool = True) -> Written:
        """Write `segments` (sorted, inside flash or EEPROM) to the chip.

        Args:
            segments: The bytes that the chip must hold.
            verify: Read back the blocks that were programmed.

        Raises:
            ReadoutProtectedError: ROP is on; nothing was written.
            WriteProtectedError: UBC protects a block; nothing was written.
            VerifyError: A block does not hold the written bytes, not even after a second write.
            ProgramError, SwimError, TransportError: It failed, also after connecting again.
        """
        begun: dict[int, bytes] = {}  # the wanted bytes of each block whose programming has begun
        programmed: set[int] = set()
        refused = 0

        def attempt() -> None:
            nonlocal refused
            # A block that was cut short may hold anything, also outside the image: `begun` has all its wanted bytes.
            known = Image(segments).overlaid(Image(Segment(address, data) for address, data in begun.items()))
            blocks = self._differing(known.segments, verify=verify)
            if not begun:
                protection.require_unprotected(self.flash, [block.address for block in blocks])
            if blocks:
                program = self.flash.part.flash
                self.flash.unlock(program=any(program.start <= block.address < program.end for block in blocks))
            for done, block in enumerate(blocks, 1):
                begun[block.address] = block.data
                try:
                    self._program(block)
                except SwimError:
                    refused += done == 1
                    raise
                self._core.tally.blocks += block.address in programmed
                programmed.add(block.address)
                self._progress("writing", done * self._block, len(blocks) * self._block)
            if verify and blocks:
                self._verify_programmed(blocks)

        with self._core.supply_considered():
            try:
                self._core.persist(attempt, _MENDABLE, lambda: len(programmed))
            except ToolError as exc:
                # Some chips answer a write under ROP with a NACK or silence: then the first block fails each time.
                by_protection = isinstance(exc, SwimError) and refused == TRIES
                cause = protection.explain_refusal(self.flash, exc) if by_protection else exc
                told = _with_the_cut(cause, begun.keys() - programmed)
                if told is exc:
                    raise
                raise told from exc
        covered = sum(span.end - span.start for span in spans(segments, self._block))
        return Written(covered // self._block, len(programmed), self._block)

    def erase(self, region: Region) -> Written:
        """Erase `region` (whole blocks) to 0x00; blocks that are blank are not touched."""
        return self.write([Segment(region.start, bytes(region.size))])

    def _read(self, pieces: Sequence[Span], stage: str, *, surely: bool) -> list[bytearray]:
        """Return the bytes of the chip in each of `pieces`; read twice if wanted, or if the link was weak before."""
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

    def _differing(self, segments: Sequence[Segment], *, verify: bool) -> list[BlockWrite]:
        """Read the memory that `segments` cover and return the blocks that must change."""
        size = self._block
        covered = spans(segments, size)
        parts = by_span(segments, covered)
        pieces = self._read(covered, "comparing", surely=False)

        def plan(span: Span, part: Sequence[Segment], held: bytearray) -> list[BlockWrite]:
            return list(blocks_to_write(merge(part, bytes(held), span.start), bytes(held), span.start, size))

        if any(plan(*piece) for piece in zip(covered, parts, pieces)):
            # A flipped bit must not be written into a gap of the image, and must not hide that a block differs. If all
            # blocks look equal, one read is enough, unless something else has shown that the link is weak.
            whole = whole_blocks(segments, size)  # the image has every byte of these, so one read is enough
            for span, part, held in zip(covered, parts, pieces):
                changed = [block for block in plan(span, part, held) if verify or not block.blank]
                certain = whole & {block.address for block in changed}
                self._look_again(held, span.start, [a for a in range(*span, size) if a not in certain])
        return [block for piece in zip(covered, parts, pieces) for block in plan(*piece)]

    def _look_again(self, held: bytearray, start: int, addresses: Sequence[int]) -> None:
        """Read the blocks at `addresses` once more; correct the bytes in `held`, the memory from `start` on."""
        size = self._block
        for span in spans([Segment(address, bytes(size)) for address in addresses], size):
            for first in range(span.start, span.end, _READ_CHUNK):
                piece = slice(first - start, min(first + _READ_CHUNK, span.end) - start)
                if self._core.read(first, piece.stop - piece.start) != held[piece]:
                    self._core.tally.reads += 1
                    held[piece] = self._core.read_surely(first, piece.stop - piece.start)

    def _verify_programmed(self, blocks: Sequence[BlockWrite]) -> None:
        """Compare the programmed blocks; EOP has shown that the write is done, so one read that agrees is enough."""
        segments = Image(Segment(block.address, block.data) for block in blocks).segments
        held = self._read([Span(segment.address, segment.end) for segment in segments], "verifying", surely=False)
        for segment, data in zip(segments, held):
            if data != segment.data:
                self._look_again(data, segment.address, range(segment.address, segment.end, self._block))
            _require_equal(segment.address, segment.data, bytes(data))

    def _not_blank(self, memory: Region) -> list[int]:
        size = self._block
        held = bytearray()
        for start in range(memory.start, memory.end, _READ_CHUNK):
            held += self._core.read(start, min(_READ_CHUNK, memory.end - start))
        suspect = [memory.start + n for n in range(0, memory.size, size) if any(held[n : n + size])]
        self._look_again(held, memory.start, suspect)
        return [memory.start + n for n, byte in enumerate(held) if byte]

    def _program(self, block: BlockWrite) -> None:
        try:
            self.flash.write_block(block.address, block.data, blank=block.blank)
        except RefusedError:
            # One flipped bit in IAPSR also looks like a refusal; a block that was refused may be tried again.
            self._core.clock.sleep(WRITE_ENDS_S)
            try:
                self.flash.write_block(block.address, block.data, blank=False)
            except RefusedError as exc:
                raise protection.explain_refusal(self.flash, exc, block.address) from exc
            self._core.tally.blocks += 1


def _with_the_cut(error: ToolError, blocks: Iterable[int]) -> ToolError:
    """Return `error` with the blocks whose programming began but did not surely end, unless the chip refused them."""
    cut = tuple(sorted(blocks))
    if not cut or isinstance(error, (ReadoutProtectedError, WriteProtectedError, RefusedError)):
        return error
    told = [f"block 0x{block:06X} was cut short: all of it may be damaged" for block in cut]
    return error.with_(details=(*error.evidence, *told), cut=cut)


def _require_equal(address: int, wanted: bytes, held: bytes) -> None:
    """Raise VerifyError at the first difference."""
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

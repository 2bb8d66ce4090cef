"""Seam 3: the blocks of a connected chip: read, write, verify, erase, and check if they are blank.

Only blocks that differ are written, and gaps in an image keep the bytes of the chip. If a write loses the
link, it connects again, reads the chip, and goes on from there: it repeats nothing blindly.
The wanted bytes of a block are remembered before it is touched: a block that is cut short may hold anything.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal, NamedTuple, Optional, Union

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
from .flash.blocks import BlockWrite, Span, spans
from .flash.controller import Flash, RefusedError
from .flash.loader.use import LoaderUse, Work
from .flash.swim_work import Progress as Progress
from .flash.swim_work import SwimWork
from .link.core import TRIES
from .options import protection

# A block whose write did not end, or did not verify, is written again if it still differs after connecting again.
_MENDABLE = (*LINK_ERRORS, ProgramError, VerifyError)

Verify = Union[bool, Literal["read"]]


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

    Args:
        loader: Whether code in the chip's RAM may do the work, where that is faster; see `flash/loader`.
    """

    def __init__(self, flash: Flash, progress: Progress = silent, *, loader: bool = True) -> None:
        self.flash = flash
        self._swim = SwimWork(flash, progress)
        self._loader = LoaderUse(self._swim, flash, progress, wanted=loader)
        self._core = flash.core
        self._block = flash.part.block
        self._progress = progress

    def read(self, *regions: Region) -> list[bytes]:
        """Return the bytes of each of `regions`."""

        def look() -> list[bytes]:
            pieces = [Span(region.start, region.end) for region in regions]
            return [bytes(self._swim.read([piece], "reading", surely=True)[0]) for piece in pieces]

        return self._core.persist(look)

    def verify(self, segments: Sequence[Segment]) -> int:
        """Compare `segments` with the chip; return how many bytes are equal.

        Raises:
            VerifyError: The first difference.
        """
        return self._core.persist(lambda: self.compare(segments))

    def compare(self, segments: Sequence[Segment]) -> int:
        """Do `verify` once: an error of the link is not mended."""
        memories = self.flash.part.programmable

        def in_blocks(segment: Segment) -> bool:
            return any(memory.start <= segment.address < memory.end for memory in memories)

        pieces = [list(group) for _, group in groupby(segments, in_blocks)]
        return sum(
            self._loader.do(functools.partial(list, piece), lambda piece, work: work.compare(piece)) for piece in pieces
        )

    def differing(self, segments: Sequence[Segment]) -> list[int]:
        """Return the addresses of the blocks that a write of `segments` would program."""
        return self._core.persist(lambda: [block.address for block in self._swim.differing(segments, verify=True)])

    def not_blank(self, memories: Sequence[Region]) -> list[int]:
        """Return the addresses in `memories` that do not read 0x00."""
        return self._core.persist(lambda: [address for memory in memories for address in self._swim.not_blank(memory)])

    def write(self, segments: Sequence[Segment], *, verify: Verify = True) -> Written:
        """Bring `segments` (sorted, inside flash or EEPROM) into the chip.

        Args:
            segments: The bytes that the chip is to hold.
            verify: Whether what was programmed is compared; "read": its bytes, also where checksums would do.

        Raises:
            ReadoutProtectedError: ROP is on; nothing was written.
            WriteProtectedError: UBC protects a block; nothing was written.
            VerifyError: A block does not hold the written bytes, not even after a second write.
            ProgramError, SwimError, TransportError: It failed, also after connecting again.
        """
        job = _WriteJob(self.flash, segments, verify, self._swim, self._progress)
        with self._core.supply_considered():
            try:
                self._core.persist(
                    lambda: self._loader.do(job.wanted, job.attempt, job.progress), _MENDABLE, job.progress, job.left
                )
            except ToolError as exc:
                # Some chips answer a write under ROP with a NACK or silence: then it is always the first block.
                by_protection = isinstance(exc, SwimError) and job.refused == TRIES
                cause = protection.explain_refusal(self.flash, exc) if by_protection else exc
                told = _with_the_cut(cause, job.begun.keys() - job.programmed)
                if told is exc:
                    raise
                raise told from exc
        covered = sum(span.end - span.start for span in spans(segments, self._block))
        return Written(covered // self._block, len(job.programmed), self._block)

    def erase(self, region: Region) -> Written:
        """Erase `region` (whole blocks) to 0x00; blocks that are blank are not touched."""
        return self.write([Segment(region.start, bytes(region.size))])


class _WriteJob:
    """One write: what of it is done, however often it has to be begun.

    Attributes:
        begun: What each block is to hold whose programming has begun.
        programmed: The blocks whose programming has ended.
        refused: How often the first block of an attempt over SWIM was not answered.
    """

    def __init__(
        self, flash: Flash, segments: Sequence[Segment], verify: Verify, swim: SwimWork, progress: Progress
    ) -> None:
        self.begun: dict[int, bytes] = {}
        self.programmed: set[int] = set()
        self.refused = 0
        self._flash = flash
        self._segments = segments
        self._verify = verify
        self._swim = swim
        self._progress = progress
        self._total = self._done = 0  # blocks of this attempt
        self._left: Optional[set[int]] = None  # blocks that are not known to be right; None before all are compared
        self._unchecked: dict[int, BlockWrite] = {}  # programmed, and not verified yet

    def progress(self) -> int:
        """Return how many blocks are done for good."""
        return len(self.programmed)

    def left(self) -> int:
        """Return how many blocks are known to be left."""
        return len(self._left or ())

    def wanted(self) -> Sequence[Segment]:
        """Return what the chip is to hold, in the blocks that are not known to be right.

        A lost link changes nothing in the chip, so a weak one does not make the tool compare all blocks each time.
        A block that was cut short holds anything, also beside the image: what it held before is in `begun`.
        """
        begun = Image(Segment(address, data) for address, data in self.begun.items())
        wanted = Image(self._segments).overlaid(begun)
        if self._left is None:
            return wanted.segments
        size = self._flash.part.block
        return [piece for a in sorted(self._left) for piece in wanted.slice(Region("block", a, size))]

    def attempt(self, wanted: Sequence[Segment], work: Work) -> None:
        """Program what differs, and verify it. After an error that is not one of the link, all is compared again."""
        try:
            self._attempt(wanted, work)
        except LINK_ERRORS:
            raise
        except BaseException as exc:
            self._left = None
            self._unchecked.clear()
            # The fast mode and the block erase only save time: the next try does without them.
            self._swim.plain = self._swim.plain or isinstance(exc, (ProgramError, VerifyError))
            raise

    def _attempt(self, wanted: Sequence[Segment], work: Work) -> None:
        blocks = work.differing(wanted, verify=bool(self._verify))
        if not self.begun:
            protection.require_unprotected(self._flash, [block.address for block in blocks])
        self._left = {block.address for block in blocks}
        if blocks:
            self._open_and_program(blocks, work)
        unchecked = [self._unchecked[address] for address in sorted(self._unchecked)]
        if not unchecked:
            return
        if self._verify == "read":
            work.stop()
            self._swim.check(unchecked)
        elif self._verify:
            work.check(unchecked)

    def _open_and_program(self, blocks: Sequence[BlockWrite], work: Work) -> None:
        locks = self._flash.locks_of([block.address for block in blocks])
        # The loader shows a program memory that stays closed by its first block, which the chip refuses then.
        looks = work is self._swim or locks.data
        self._flash.unlock(program=locks.program, data=locks.data, looks=looks, iapsr=work.iapsr)
        self._total, self._done = len(blocks), 0
        self._program(blocks, work)

    def _program(self, blocks: Sequence[BlockWrite], work: Work) -> None:
        before = set(self.begun)
        try:
            work.program(blocks, self._begin, self._end, check=self._verify is True)
        except BaseException as exc:
            self.refused += isinstance(exc, SwimError) and work is self._swim and not self._done
            unknown = {block.address for block in work.unfinished}
            for address in self.begun.keys() - before - self.programmed - unknown:
                del self.begun[address]  # it had no turn
            raise

    def _begin(self, block: BlockWrite) -> None:
        self.begun[block.address] = block.data

    def _end(self, block: BlockWrite) -> None:
        self._flash.core.tally.blocks += block.address in self.programmed
        self.programmed.add(block.address)
        self._unchecked[block.address] = block
        if self._left is not None:
            self._left.discard(block.address)
        self._done += 1
        size = self._flash.part.block
        self._progress("writing", self._done * size, self._total * size)


def _with_the_cut(error: ToolError, blocks: Iterable[int]) -> ToolError:
    """Return `error` with the blocks whose programming began but did not surely end, unless the chip refused them."""
    cut = tuple(sorted(blocks))
    if not cut or isinstance(error, (ReadoutProtectedError, WriteProtectedError, RefusedError)):
        return error
    told = [f"block 0x{block:06X} was cut short: all of it may be damaged" for block in cut]
    return error.with_(details=(*error.evidence, *told), cut=cut)

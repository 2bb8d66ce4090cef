"""Seam 3: read, write, verify, erase and unlock the memories of a connected chip.

Only blocks that differ are written, and gaps in an image keep what the chip holds. A write that loses the
link connects again, looks at what the chip holds by then, and goes on from there: nothing is repeated
blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..devices import Part, Region
from ..errors import LINK_ERRORS, ProgramError, SwimError, ToolError, VerifyError
from ..image import Image, Segment
from . import protection
from .core import TRIES, Core
from .flash import Flash, RefusedError
from .options import OptionState, read_options
from .plan import BlockWrite, Span, blocks_to_write, merge, spans

_READ_CHUNK = 6144  # what most probes buffer
# A block whose write did not end, or did not verify, is written again if it still differs after connecting again.
_MENDABLE = (*LINK_ERRORS, ProgramError, VerifyError)

Progress = Callable[[str, int, int], None]  # stage, bytes done, bytes in all


class Written(NamedTuple):
    """What a write did: blocks looked at, blocks programmed, bytes in one block."""

    compared: int
    programmed: int
    block: int


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


class Programmer:
    """The memories of one chip. Every method expects a connected core and leaves it connected."""

    def __init__(self, core: Core, part: Part, progress: Progress = silent) -> None:
        self._core = core
        self._part = part
        self._flash = Flash(core, part)
        self._progress = progress

    def require_open(self) -> None:
        """Raise ReadoutProtectedError if ROP is on."""
        self._core.persist(lambda: protection.require_open(self._core, self._flash, self._part))

    def options(self) -> list[OptionState]:
        """Read the option bytes of an open chip, until two reads agree."""

        def read_twice() -> list[OptionState]:
            states = read_options(self._core, self._part)
            if read_options(self._core, self._part) != states:
                raise SwimError("two reads of the option bytes differ", hint="shorten the wires")
            return states

        return self._core.persist(read_twice)

    def unlock(self, *, assume_locked: bool = False) -> protection.Unlocked:
        """Remove ROP and bring the option bytes to factory values; see `protection.unlock`."""
        return protection.unlock(self._core, self._flash, self._part, assume_locked=assume_locked)

    def read(self, region: Region) -> bytes:
        """Return the bytes of `region`."""
        return self._read([Span(region.start, region.end)], "reading")[0]

    def verify(self, segments: Sequence[Segment]) -> int:
        """Compare `segments` with the chip byte by byte; return how many bytes are equal.

        Raises:
            VerifyError: The first difference.
        """
        held = self._read([Span(segment.address, segment.end) for segment in segments], "verifying")
        for segment, data in zip(segments, held):
            _require_equal(segment.address, segment.data, data)
        return sum(map(len, held))

    def write(self, segments: Sequence[Segment], *, verify: bool = True) -> Written:
        """Bring `segments` (sorted, inside flash or EEPROM) into the chip.

        Args:
            segments: What the chip shall hold.
            verify: Read back what was programmed.

        Raises:
            ReadoutProtectedError: ROP is on; nothing was written.
            WriteProtectedError: UBC protects a block.
            VerifyError: A block does not hold what was written, not even after a second write.
            ProgramError, SwimError, TransportError: It failed, also after connecting again.
        """
        programmed: set[int] = set()
        refused = 0

        def attempt() -> None:
            nonlocal refused
            blocks = self._differing(segments)
            if blocks:
                flash = self._part.flash
                self._flash.unlock(program=any(flash.start <= block.address < flash.end for block in blocks))
            for done, block in enumerate(blocks, 1):
                try:
                    self._program(block)
                except SwimError:
                    refused += done == 1
                    raise
                programmed.add(block.address)
                self._progress("writing", done * self._part.block, len(blocks) * self._part.block)
            if verify and blocks:
                self.verify(Image(Segment(block.address, block.data) for block in blocks).segments)

        try:
            self._core.persist(attempt, _MENDABLE)
        except SwimError as exc:
            # Some chips answer a write under ROP with a NACK or silence: then it is always the first block.
            raise (self._explained(exc) if refused == TRIES else exc) from exc
        covered = sum(span.end - span.start for span in spans(segments, self._part.block))
        return Written(covered // self._part.block, len(programmed), self._part.block)

    def erase(self, region: Region) -> Written:
        """Erase `region` (whole blocks) to 0x00; blocks that are blank are left alone."""
        return self.write([Segment(region.start, bytes(region.size))])

    def _read(self, pieces: Sequence[Span], stage: str) -> list[bytes]:
        """Return what the chip holds in each of `pieces`."""
        self._core.check_reaches(max((piece.end for piece in pieces), default=0))
        total = sum(piece.end - piece.start for piece in pieces)
        done, result = 0, []
        for piece in pieces:
            data = bytearray()
            for start in range(piece.start, piece.end, _READ_CHUNK):
                data += self._core.read(start, min(_READ_CHUNK, piece.end - start))
                self._progress(stage, done + len(data), total)
            done += len(data)
            result.append(bytes(data))
        return result

    def _differing(self, segments: Sequence[Segment]) -> list[BlockWrite]:
        """Read what `segments` cover and return the blocks that must change."""
        size = self._part.block
        covered = spans(segments, size)
        result: list[BlockWrite] = []
        for span, held in zip(covered, self._read(covered, "comparing")):
            for block in blocks_to_write(merge(segments, held, span.start), held, span.start, size):
                # What the image leaves open is written back as it was read: a flipped bit may not become real.
                offset = block.address - span.start
                partial = not any(s.address <= block.address and block.address + size <= s.end for s in segments)
                if partial and self._core.read(block.address, size) != held[offset : offset + size]:
                    raise SwimError(f"two reads of block 0x{block.address:06X} differ", hint="shorten the wires")
                result.append(block)
        return result

    def _program(self, block: BlockWrite) -> None:
        try:
            if any(block.data):
                self._flash.program_block(block.address, block.data, blank=block.blank)
            else:
                self._flash.erase_block(block.address)
        except RefusedError as exc:
            raise self._explained(exc) from exc

    def _explained(self, refused: ToolError) -> ToolError:
        return protection.explain_refusal(self._core, self._flash, self._part, refused)


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
            hint="write the image; if that was just done, check supply, ground and wires",
        )

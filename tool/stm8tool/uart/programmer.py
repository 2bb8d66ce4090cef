"""Seam 3 a second time: the blocks of a chip at its UART. The loader programs by itself; the tool sends it bytes.

It reads before it writes, as over SWIM, so only blocks that differ are written. If the first, the middle and the last
block all differ, the program is another one. Then all blocks are written, which takes less time than to read them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Optional

from ..chip.flash.blocks import BlockWrite, Span, blocks_to_write, by_span, merge, require_equal, spans, whole_blocks
from ..chip.programmer import Progress, Verify, Written
from ..errors import FamilyMismatchError, ProgramError, SerialError, ToolError, WriteProtectedError
from ..image import Segment
from ..parts.table import Part, Region
from ..support.interrupts import shield
from ..words import Hint
from . import loaders, routines
from .link import MOST_READ, MOST_WRITTEN, LoaderLink, RefusedByLoaderError, damaged
from .loader.link import LoaderInRam
from .loader.use import InRam
from .loader.work import Streamed, runs
from .loaders import SECTOR, Loader
from .settings import UartMode

_log = logging.getLogger(__name__)

_TRIES = 3  # for a block: it is read back before it is written again
_SURE = 32  # bytes that are read twice: few, so that one wrong bit spoils little
_READINGS = 8  # until two of them agree


class LoaderBlocks:
    """The memories of one chip, by the loader in its boot ROM, or by ours in its RAM.

    Attributes:
        link: The loader that runs.

    Args:
        link: The loader.
        part: The chip.
        loader: Facts about its loader.
        version: The byte that GET answered.
        progress: Told how far a job is.
    """

    def __init__(self, link: LoaderLink, part: Part, loader: Loader, version: int, progress: Progress) -> None:
        self.link = link
        self._part = part
        self._loader = loader
        self._version = version
        self._progress = progress
        self._ready = False
        self._in_ram: Optional[InRam] = None
        self._streamed = Streamed(part, progress)
        self.programmed = 0  # blocks again, for the quality of the link
        self.cut = False  # a write began and did not end

    def allow_code(self, mode: UartMode, baud: int, again: Callable[[], LoaderLink]) -> None:
        """Let a loader of our own in the chip's RAM do the work, where that is faster.

        Args:
            mode: How the UART works.
            baud: The speed of the wire.
            again: Reaches the loader in the boot ROM anew.
        """
        self._in_ram = InRam(self._part, mode, baud, again)

    # -- reading -----------------------------------------------------------------------------------------------

    def read(self, region: Region, stage: str = "reading") -> bytes:
        """Return the bytes of a region. If an exchange was damaged, they are read a second time and compared."""
        before = self.link.repeated
        data = bytearray()
        for start in range(region.start, region.end, MOST_READ):
            data += self._piece(start, min(MOST_READ, region.end - start))
            self._progress(stage, len(data), region.size)
        certain = self.link.repeated == before or isinstance(self.link, LoaderInRam)
        return bytes(data) if certain else self.sure(region)

    def sure(self, region: Region) -> bytes:
        """Return the bytes of a region that came twice, if the loader sends no checksum with them."""
        data = bytearray()
        if isinstance(self.link, LoaderInRam):
            for start in range(region.start, region.end, MOST_READ):
                data += self._piece(start, min(MOST_READ, region.end - start))
            return bytes(data)
        for start in range(region.start, region.end, _SURE):
            data += self._agreed(start, min(_SURE, region.end - start))
        return bytes(data)

    def _agreed(self, start: int, size: int) -> bytes:
        one = self._piece(start, size)
        for _ in range(_READINGS):
            other = self._piece(start, size)
            if one == other:
                return one
            self.link.repeated += 1
            one = other
        raise damaged(f"each reading of {size} bytes at 0x{start:06X} gave others")

    def _held(self, address: int, wanted: bytes, stage: str = "verifying") -> bytes:
        """Return the bytes that the chip holds instead of `wanted`; those that differ are read again."""
        held = bytearray(self.read(Region("data", address, len(wanted)), stage))
        for at in range(0, len(wanted), _SURE):
            if held[at : at + _SURE] != wanted[at : at + _SURE]:
                size = len(wanted[at : at + _SURE])
                held[at : at + size] = self._agreed(address + at, size)
        return bytes(held)

    def _piece(self, start: int, size: int) -> bytes:
        try:
            return self.link.persist(lambda: self.link.read(start, size))
        except RefusedByLoaderError as exc:
            raise FamilyMismatchError(
                f"the loader has no memory at 0x{start:06X}, where the {self._part.name} has some",
                hint=Hint("check that {part} names the chip"),
            ) from exc

    def _span(self, span: Span, stage: str) -> bytes:
        return self.read(Region("span", span.start, span.end - span.start), stage)

    def verify(self, segments: Sequence[Segment]) -> int:
        """Compare segments with the chip; return how many bytes are equal. VerifyError for the first difference."""
        loader = self.begin(segments)
        if loader is not None and self._in_ram is not None:
            try:
                return self._streamed.verify(loader, segments)
            except SerialError as exc:
                self._give_up(self._in_ram, exc)
        for segment in segments:
            require_equal(segment.address, segment.data, self._held(segment.address, segment.data))
        return sum(len(segment.data) for segment in segments)

    # -- writing -----------------------------------------------------------------------------------------------

    def write(
        self, segments: Sequence[Segment], *, verify: Verify = True, protected: Optional[Region] = None, ubc: int = 0
    ) -> Written:
        """Bring segments (sorted, inside flash or EEPROM) into the chip; errors as those of `Programmer.write`.

        Args:
            segments: The bytes that the chip is to hold.
            verify: Whether the written blocks are compared; "read": byte by byte, not by checksums.
            protected: The area that UBC protects.
            ubc: The value of UBC.
        """
        covered = spans(segments, self._part.block)
        loader = self.begin(segments)
        if loader is not None and self._in_ram is not None:
            try:
                return self._write(segments, covered, protected, ubc, verify=verify, loader=loader)
            except SerialError as exc:
                self._give_up(self._in_ram, exc)
        return self._write(segments, covered, protected, ubc, verify=verify, loader=None)

    def begin(self, segments: Sequence[Segment]) -> Optional[LoaderInRam]:
        """Return our loader in RAM, which runs, if these segments are worth it and the chip can have it.

        Option bytes that are read after that come with a checksum.
        """
        in_ram = self._in_ram
        if in_ram is None or not in_ram.is_worth(spans(segments, self._part.block)):
            return None
        try:
            return self._start(in_ram)
        except SerialError as exc:
            self._give_up(in_ram, exc)
            return None

    def _start(self, in_ram: InRam) -> Optional[LoaderInRam]:
        """Return the loader in RAM, which runs; None if this chip cannot have it."""
        loader = in_ram.start(self.link)
        if loader is not None:
            self.link, self._ready = loader, False
        return loader

    def _give_up(self, in_ram: InRam, why: SerialError) -> None:
        """Go back to the loader in the boot ROM, for good.

        Raises:
            SerialError: That one does not answer any more: nothing has reset the chip.
        """
        _log.info("the loader in the chip's RAM is given up: %s; the boot ROM writes block by block", why)
        self._in_ram, self._ready = None, False
        try:
            self.link = in_ram.back(self.link)
        except SerialError as exc:
            raise exc.with_(
                hint=Hint(
                    "the tool's own loader was started in the chip's RAM, and did not answer: reset the chip, and "
                    "repeat with {no_loader}"
                )
            ) from why

    def _write(
        self,
        segments: Sequence[Segment],
        covered: Sequence[Span],
        protected: Optional[Region],
        ubc: int,
        *,
        verify: Verify,
        loader: Optional[LoaderInRam],
    ) -> Written:
        block = self._part.block
        wanted: list[BlockWrite] = []
        for span, parts in zip(covered, by_span(segments, covered)):
            wanted += self._differing(span, parts) if loader is None else self._streamed.unlike(loader, span, parts)
        for one in wanted:
            if protected is not None and protected.start <= one.address < protected.end:
                raise WriteProtectedError(
                    f"UBC protects {protected}, and the image changes the block at 0x{one.address:06X}: nothing was "
                    "written",
                    ubc=ubc,
                    address=one.address,
                    hint=Hint("{options_set:UBC=none} removes the protection"),
                )
        self.cut = bool(wanted)
        if loader is None:
            self._write_each(wanted)
        else:
            self._streamed.write(loader, wanted)
        self.cut = False
        if verify and (loader is None or verify == "read"):
            self._check(wanted)
        elif verify and loader is not None:
            self.programmed += self._streamed.check(loader, wanted)
        size = sum(span.end - span.start for span in covered)
        return Written(size // block, len(wanted), block)

    def _write_each(self, wanted: Sequence[BlockWrite]) -> None:
        """Let the boot ROM write blocks."""
        block = self._part.block
        if wanted:
            self.prepare()
        for number, one in enumerate(wanted, 1):
            self._program(one)
            self._progress("writing", number * block, len(wanted) * block)

    # -- by the loader in the boot ROM -------------------------------------------------------------------------

    def _differing(self, span: Span, segments: Sequence[Segment]) -> Iterable[BlockWrite]:
        """Return the blocks of a span to write: those that differ, or all of them if the program is another one."""
        block = self._part.block
        count = (span.end - span.start) // block
        whole = whole_blocks(segments, block)
        samples = {span.start, span.start + count // 2 * block, span.end - block}
        if len(samples) == 3 and len(whole) == count:
            image = merge(segments, bytes(span.end - span.start), span.start)
            held = {at: self._piece(at, block) for at in sorted(samples)}
            if all(data != image[at - span.start : at - span.start + block] for at, data in held.items()):
                return [
                    BlockWrite(span.start + at, image[at : at + block], False) for at in range(0, len(image), block)
                ]
        present = bytearray(self._span(span, "comparing"))
        for at in range(0, len(present), block):
            if span.start + at not in whole:  # the bytes beside the image go back into the chip
                present[at : at + block] = self.sure(Region("block", span.start + at, block))
        held_now = bytes(present)
        return blocks_to_write(merge(segments, held_now, span.start), held_now, span.start, block)

    def prepare(self) -> None:
        """Put the routines into RAM, if the loader needs them and does not have them yet."""
        if self._ready or isinstance(self.link, LoaderInRam):
            return
        loaders.require_version(self._part, self._loader, self._version)
        if self._loader.needs_routines:
            self.load(routines.START, routines.code(self._version))
        elif self._part.density == "low":
            self.load(*loaders.L_LOW_PATCH)
        self._ready = True

    def load(self, address: int, data: bytes) -> None:
        """Write bytes into RAM and compare them, which is harmless to repeat."""
        if self._in_ram is not None and isinstance(self.link, LoaderInRam):
            self.link = self._in_ram.back(self.link)  # its RAM is not free
        for at in range(0, len(data), MOST_WRITTEN):
            start, piece = address + at, data[at : at + MOST_WRITTEN]
            held = b""
            for attempt in range(_TRIES):  # a frame that lost its count may be a shorter one
                self.link.repeated += bool(attempt)
                self.link.persist(lambda start=start, piece=piece: self.link.write(start, piece))  # type: ignore[misc]
                held = self._piece(start, len(piece))
                if held == piece:
                    break
                held = self.sure(Region("RAM", start, len(piece)))
                if held == piece:
                    break
            require_equal(start, piece, held)
        if address < routines.END:
            self._ready = False

    def _program(self, block: BlockWrite) -> None:
        """Write one block. After a damaged exchange it is read, and written again only if it differs."""
        failure: Optional[ToolError] = None
        for attempt in range(_TRIES):
            try:
                with shield():
                    self.link.write(block.address, block.data)
                return
            except RefusedByLoaderError as exc:
                failure = exc
                if attempt and self._piece(block.address, len(block.data)) == block.data:
                    return
            except SerialError as exc:
                failure = exc
                self.link.recover()
                self.link.repeated += 1
                if self._piece(block.address, len(block.data)) == block.data:
                    return
            self.programmed += 1
        if isinstance(failure, RefusedByLoaderError):
            raise ProgramError(
                f"the loader reports that the block at 0x{block.address:06X} was not written",
                address=block.address,
                details=[f"block 0x{block.address:06X} may be damaged"],
            ) from failure
        raise ValueError("no attempt was made") if failure is None else failure

    def _check(self, blocks: Sequence[BlockWrite]) -> None:
        """Compare written blocks; VerifyError for one that differs even after a second write."""
        total, done = sum(len(block.data) for block in blocks), 0
        for run in runs(blocks):
            data = b"".join(block.data for block in run)
            held = bytearray()
            for at in range(0, len(data), MOST_READ):
                held += self._piece(run[0].address + at, min(MOST_READ, len(data) - at))
                done += min(MOST_READ, len(data) - at)
                self._progress("verifying", done, total)
            if held != data:
                self._mend(run, bytes(held))

    def _mend(self, run: Sequence[BlockWrite], held: bytes) -> None:
        """Read the blocks that differ again, write those that still differ, and compare them."""
        for block in run:
            at = block.address - run[0].address
            if held[at : at + len(block.data)] == block.data:
                continue
            self.link.repeated += 1
            if self._piece(block.address, len(block.data)) != block.data:
                self.programmed += 1
                self._program(block)
                require_equal(block.address, block.data, self._piece(block.address, len(block.data)))

    def erase(self, region: Region) -> Written:
        """Bring whole blocks to 0x00: by sectors of 1 KiB where they fit. Blank ones are not touched."""
        present = self.read(region, "comparing")
        block, at, programmed = self._part.block, region.start, 0
        self.cut = True
        while at < region.end:
            sector = loaders.sector_of(self._part, self._loader, at) if at + SECTOR <= region.end else None
            if isinstance(self.link, LoaderInRam):
                sector = None  # it writes blocks only
            size = block if sector is None else SECTOR
            held = present[at - region.start : at - region.start + size]
            dirty = [n for n in range(0, size, block) if any(held[n : n + block])]
            if dirty:
                self.prepare()
                if sector is None:
                    self._program(BlockWrite(at, bytes(block), False))
                else:
                    self._erase_sector(sector, at)
            programmed += len(dirty)
            at += size
            self._progress("writing", at - region.start, region.size)
        require_equal(region.start, bytes(region.size), self._held(region.start, bytes(region.size)))
        self.cut = False
        return Written(region.size // block, programmed, block)

    def _erase_sector(self, sector: int, address: int) -> None:
        def job() -> None:
            with shield():
                self.link.erase(bytes([sector]))

        try:
            self.link.persist(job)
        except RefusedByLoaderError as exc:
            raise ProgramError(
                f"the loader reports that the sector at 0x{address:06X} was not erased", address=address
            ) from exc

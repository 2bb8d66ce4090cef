"""Seam 3: read, write, verify, erase and unlock the memories of a connected chip.

Only blocks that differ are written, and gaps in an image keep what the chip holds. A write that loses the
link connects again, looks at what the chip holds by then, and goes on from there: nothing is repeated
blindly. What a block is to hold is remembered from before it is touched, as one that is cut short may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Optional

from ..errors import (
    LINK_ERRORS,
    Code,
    ProbeError,
    ProgramError,
    ReadoutProtectedError,
    SwimError,
    ToolError,
    UsageError,
    VerifyError,
    WriteProtectedError,
)
from ..image import Image, Segment
from ..parts.table import Part, Region, option_table
from ..words import Hint
from .flash.blocks import BlockWrite, Span, blocks_to_write, by_span, merge, spans, whole_blocks
from .flash.controller import Flash, RefusedError
from .link.core import TRIES, WRITE_ENDS_S, Core
from .link.diagnose import blame_supply, least_supply_mv
from .link.family import lacks_the_boot_rom_of
from .options import protection, ubc
from .options.bytes import OptionState, read_one, read_options
from .options.plan import UBC, Change, Danger, Warned, dangers
from .options.writing import change_options, lock

_READ_CHUNK = 6144  # between two reports of progress; the probe splits it as it needs
# A block whose write did not end, or did not verify, is written again if it still differs after connecting again.
_OF_SUPPLY = (Code.WRITE_UNFINISHED, Code.VERIFY, Code.LINK_LOST, Code.UNLOCK_FAILED)
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
    """The memories of one chip. Every method expects a connected core and leaves it connected.

    Attributes:
        part: The chip.
    """

    def __init__(self, core: Core, part: Part, progress: Progress = silent) -> None:
        self.part = part
        self._core = core
        self._flash = Flash(core, part)
        self._progress = progress

    def require_open(self) -> None:
        """Raise ReadoutProtectedError if ROP is on."""
        self._core.persist(lambda: protection.require_open(self._core, self._flash, self.part))

    def require_reach(self, segments: Sequence[Segment]) -> None:
        """Raise ProbeError if the probe cannot pass on the addresses of `segments`."""
        end = max((segment.end for segment in segments), default=0)
        self._core.persist(lambda: self._core.check_reaches(end))

    def doubts_part(self) -> bool:
        """Tell whether an open chip shows that it may be another part, with too little certainty to refuse it."""
        return self._core.persist(lambda: lacks_the_boot_rom_of(self.part, self._core.read_surely))

    def options(self) -> list[OptionState]:
        """Read the option bytes of an open chip."""
        return self._core.persist(lambda: read_options(self._core, self.part))

    def dangers(self, changes: Sequence[Change], forced: Collection[Danger] = ()) -> list[Warned]:
        """Return the dangers of `changes` that are not forced; a watchdog is none where NRST is seen to work."""
        found = [warned for warned in dangers(self.part, changes) if warned.danger not in forced]
        # A reset is what ends the grip of a watchdog, as it is what catches the chip before the program runs.
        watched = any(warned.danger is Danger.WATCHDOG for warned in found)
        if watched and self.part.has_nrst and self._core.reset_line_works():
            found = [warned for warned in found if warned.danger is not Danger.WATCHDOG]
        return found

    def require_safe(self, changes: Sequence[Change], forced: Collection[Danger] = ()) -> None:
        """Raise UsageError unless every danger of `changes` is forced, or is none here."""
        found = self.dangers(changes, forced)
        if found:
            needed = " ".join(dict.fromkeys(warned.danger.value for warned in found))
            raise UsageError(
                f"{found[0].why}: nothing was written",
                code=Code.DANGEROUS_WRITE,
                hint=Hint("{allow:{needed}} writes it all the same", needed=needed),
                details=[Hint("{allow:{danger}}: {why}", danger=w.danger.value, why=w.why) for w in found],
            )

    def change_options(self, changes: Sequence[Change], forced: Collection[Danger] = ()) -> None:
        """Write option bytes, what locks last: then nothing can be read back any more.

        Raises:
            UsageError: One of the changes is dangerous and not forced; nothing was written.
            ReadoutProtectedError, ProgramError, SwimError: See `option_writing`.
        """
        self.require_safe(changes, forced)
        plain = [change for change in changes if not change.locks]
        with self._supply_considered():
            if plain:
                change_options(self._core, self._flash, self.part, plain)
            if len(plain) < len(changes):
                lock(self._core, self._flash, self.part)

    def lock(self) -> bool:
        """Turn ROP on; see `option_writing.lock`."""
        with self._supply_considered():
            return lock(self._core, self._flash, self.part)

    def unlock(self, *, assume_locked: bool = False) -> protection.Unlocked:
        """Remove ROP and bring the option bytes to factory values; see `protection.unlock`."""
        with self._supply_considered():
            unlocked = protection.unlock(self._core, self._flash, self.part, assume_locked=assume_locked)
        self._core.erased = self._core.erased or unlocked.erased
        return unlocked

    def require_erased(self) -> None:
        """Raise ProgramError unless all of flash and EEPROM reads 0x00, as after an unlock.

        ProbeError, if the probe cannot show all of it.
        """
        memories = [memory for memory in (self.part.flash, self.part.eeprom) if memory is not None]
        try:
            self._core.persist(lambda: self._core.check_reaches(self.part.flash.end))
        except ProbeError as exc:
            if exc.code is not Code.PROBE_LIMIT:
                raise
            raise ProbeError(
                f"the read protection is off, but it is not known if the flash above 0x00FFFF is erased: {exc}",
                code=exc.code,
                hint=Hint("with another probe, {erase} erases all of the flash, and shows that it is blank"),
                end=exc.end,
            ) from exc
        left = self._core.persist(lambda: [address for memory in memories for address in self._not_blank(memory)])
        if left:
            raise ProgramError(
                f"the read protection is off, but the erase left {len(left)} bytes that are not 0x00, "
                f"the first at 0x{left[0]:06X}: what the chip held before can be read there",
                code=Code.NOT_ERASED,
                hint=Hint("{erase} tries once more, per memory; bytes that stay are worn out: do not pass the chip on"),
                details=[f"0x{block:06X}: not erased" for block in sorted({a - a % self.part.block for a in left})],
                address=left[0],
                count=len(left),
            )

    def _not_blank(self, memory: Region) -> list[int]:
        size = self.part.block
        held = bytearray()
        for start in range(memory.start, memory.end, _READ_CHUNK):
            held += self._core.read(start, min(_READ_CHUNK, memory.end - start))
        suspect = [memory.start + n for n in range(0, memory.size, size) if any(held[n : n + size])]
        self._look_again(held, memory.start, suspect)
        return [memory.start + n for n, byte in enumerate(held) if byte]

    def require_unprotected(self, segments: Sequence[Segment]) -> None:
        """Raise WriteProtectedError if `segments` would change a block of an open chip that UBC covers."""

        def look() -> None:
            area = ubc.protected(self.part, self._ubc())
            covered = Image(segments).slice(area) if area else []
            if covered:
                self._require_unprotected(self._differing(covered, verify=True))

        self._core.persist(look)

    def _require_unprotected(self, blocks: Sequence[BlockWrite]) -> None:
        """Raise WriteProtectedError if UBC covers one of `blocks`."""
        if not blocks:
            return
        value = self._ubc()
        area = ubc.protected(self.part, value)
        for block in blocks:
            if area and area.start <= block.address < area.end:
                why = f"nothing was written, because of block 0x{block.address:06X}"
                raise protection.write_protected(why, value, block.address)

    def _ubc(self) -> int:
        """Return the value of UBC that an open chip uses."""
        option = next(option for option in option_table(self.part) if option.name == UBC)
        return read_one(self._core, option).in_force

    @contextmanager
    def _supply_considered(self) -> Iterator[None]:
        """Give an error of a chip that does not hold what is written the supply as its cause where that is low."""
        try:
            yield
        except (ProgramError, VerifyError, SwimError) as exc:
            blamed: ToolError = exc
            if exc.code in _OF_SUPPLY:
                blamed = blame_supply(exc, self._core.link.supply_mv(), least_supply_mv(self.part))
            if blamed is exc:
                raise
            raise blamed from exc

    def read(self, region: Region) -> bytes:
        """Return the bytes of `region`."""
        return bytes(self._read([Span(region.start, region.end)], "reading", surely=True)[0])

    def verify(self, segments: Sequence[Segment]) -> int:
        """Compare `segments` with the chip byte by byte; return how many bytes are equal.

        Raises:
            VerifyError: The first difference.
        """
        held = self._read([Span(segment.address, segment.end) for segment in segments], "verifying", surely=True)
        for segment, data in zip(segments, held):
            _require_equal(segment.address, segment.data, bytes(data))
        return sum(map(len, held))

    def _verify_programmed(self, blocks: Sequence[BlockWrite]) -> None:
        """Compare what was programmed; EOP has told that it is done, so that one read that agrees is enough."""
        segments = Image(Segment(block.address, block.data) for block in blocks).segments
        held = self._read([Span(segment.address, segment.end) for segment in segments], "verifying", surely=False)
        for segment, data in zip(segments, held):
            if data != segment.data:
                self._look_again(data, segment.address, range(segment.address, segment.end, self.part.block))
            _require_equal(segment.address, segment.data, bytes(data))

    def write(self, segments: Sequence[Segment], *, verify: bool = True) -> Written:
        """Bring `segments` (sorted, inside flash or EEPROM) into the chip.

        Args:
            segments: What the chip shall hold.
            verify: Read back what was programmed.

        Raises:
            ReadoutProtectedError: ROP is on; nothing was written.
            WriteProtectedError: UBC protects a block; nothing was written.
            VerifyError: A block does not hold what was written, not even after a second write.
            ProgramError, SwimError, TransportError: It failed, also after connecting again.
        """
        with self._supply_considered():
            return self._write(segments, verify)

    def _write(self, segments: Sequence[Segment], verify: bool) -> Written:
        begun: dict[int, bytes] = {}  # what each block shall hold whose programming has begun
        programmed: set[int] = set()
        refused = 0

        def attempt() -> None:
            nonlocal refused
            # A block that was cut short holds anything, also beside the image: what it held before is in `begun`.
            known = Image(segments).overlaid(Image(Segment(address, data) for address, data in begun.items()))
            blocks = self._differing(known.segments, verify=verify)
            if not begun:
                self._require_unprotected(blocks)
            if blocks:
                flash = self.part.flash
                self._flash.unlock(program=any(flash.start <= block.address < flash.end for block in blocks))
            for done, block in enumerate(blocks, 1):
                begun[block.address] = block.data
                try:
                    self._program(block)
                except SwimError:
                    refused += done == 1
                    raise
                self._core.tally.blocks += block.address in programmed
                programmed.add(block.address)
                self._progress("writing", done * self.part.block, len(blocks) * self.part.block)
            if verify and blocks:
                self._verify_programmed(blocks)

        try:
            self._core.persist(attempt, _MENDABLE, lambda: len(programmed))
        except ToolError as exc:
            # Some chips answer a write under ROP with a NACK or silence: then it is always the first block.
            by_protection = isinstance(exc, SwimError) and refused == TRIES
            told = _with_the_cut(self._explained(exc) if by_protection else exc, begun.keys() - programmed)
            if told is exc:
                raise
            raise told from exc
        covered = sum(span.end - span.start for span in spans(segments, self.part.block))
        return Written(covered // self.part.block, len(programmed), self.part.block)

    def erase(self, region: Region) -> Written:
        """Erase `region` (whole blocks) to 0x00; blocks that are blank are left alone."""
        return self.write([Segment(region.start, bytes(region.size))])

    def write_ram(self, segments: Sequence[Segment]) -> None:
        """Put `segments`, which lie in RAM, there, and see that they are.

        Raises:
            VerifyError: The RAM holds something else.
        """
        total, done = sum(len(segment.data) for segment in segments), 0
        for segment in segments:
            self._core.write(segment.address, segment.data)
            done += len(segment.data)
            self._progress("writing", done, total)
        self.verify(segments)

    def _read(self, pieces: Sequence[Span], stage: str, *, surely: bool) -> list[bytearray]:
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

    def _differing(self, segments: Sequence[Segment], *, verify: bool) -> list[BlockWrite]:
        """Read what `segments` cover and return the blocks that must change."""
        size = self.part.block
        covered = spans(segments, size)
        parts = by_span(segments, covered)
        pieces = self._read(covered, "comparing", surely=False)

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

    def _look_again(self, held: bytearray, start: int, addresses: Sequence[int]) -> None:
        """Read the blocks at `addresses` once more; put right what differs in `held`, the memory from `start` on."""
        size = self.part.block
        for span in spans([Segment(address, bytes(size)) for address in addresses], size):
            for first in range(span.start, span.end, _READ_CHUNK):
                piece = slice(first - start, min(first + _READ_CHUNK, span.end) - start)
                if self._core.read(first, piece.stop - piece.start) != held[piece]:
                    self._core.tally.reads += 1
                    held[piece] = self._core.read_surely(first, piece.stop - piece.start)

    def _program(self, block: BlockWrite) -> None:
        try:
            self._program_once(block)
        except RefusedError:
            # One flipped bit in IAPSR looks like a refusal, too; a block that was refused may be tried again.
            self._core.clock.sleep(WRITE_ENDS_S)
            try:
                self._program_once(block._replace(blank=False))
            except RefusedError as exc:
                raise self._explained(exc, block.address) from exc
            self._core.tally.blocks += 1

    def _program_once(self, block: BlockWrite) -> None:
        if any(block.data):
            self._flash.program_block(block.address, block.data, blank=block.blank)
        else:
            self._flash.erase_block(block.address)

    def _explained(self, refused: ToolError, address: Optional[int] = None) -> ToolError:
        return protection.explain_refusal(self._core, self._flash, self.part, refused, address)


def _with_the_cut(error: ToolError, blocks: Iterable[int]) -> ToolError:
    """Return an error with the blocks whose programming began and was not seen to end, unless the chip refused them."""
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
            hint="write the image; if that was just done, check supply, ground and wires",
        )

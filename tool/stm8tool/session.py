"""One use of one probe: from a selector such as "stlink" or "sim:board.chip" to a finished job.

A session opens the probe, connects when a job needs the chip, and on every way out lets the program run,
releases NRST, takes the probe out of SWIM mode and releases it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Optional

from .chip import start, upload
from .chip.flash.controller import Flash
from .chip.link import family
from .chip.link.capture import PowerCycle as PowerCycle
from .chip.link.connect import stays_held
from .chip.link.core import Core
from .chip.link.quality import Quality
from .chip.options import protection
from .chip.options.bytes import OptionState, read_options
from .chip.options.plan import Change, Danger
from .chip.programmer import Programmer, Progress, Written, silent
from .chip.upload import OptionData, Restored, Upload
from .errors import LINK_ERRORS, Code, ConnectError, ProbeLostError, ToolError, UsageError, VerifyError
from .image import Image, Segment
from .probe.stlink.swim import Stlink
from .support.interrupts import shield
from .words import Hint, joined

if TYPE_CHECKING:
    from .parts.table import Part, Region
    from .probe.base import ProbeInfo
    from .transport.base import Transport

_log = logging.getLogger(__name__)

_UNIQUE_ID_SIZE = 12


class ChipInfo(NamedTuple):
    """What a connected chip shows.

    Attributes:
        recipe: How it was reached.
        high_speed: The wire runs at high speed.
        seen: What the chip shows of its kind.
        protection: ROP; None without a part.
        options: Option bytes; empty without a part or under ROP.
        unique_id: 12 bytes; None where the part has none or under ROP.
    """

    recipe: str
    high_speed: bool
    seen: family.Seen
    protection: Optional[protection.Protection]
    options: Sequence[OptionState]
    unique_id: Optional[bytes]


class Backup(NamedTuple):
    """All that an open chip keeps: its memories by address, and 12 bytes of unique ID where it has one."""

    memories: tuple[Segment, ...]
    unique_id: Optional[bytes]


class Reached(NamedTuple):
    """How the chip was reached; the names are those of `ChipInfo`."""

    recipe: str
    high_speed: bool
    seen: family.Seen


def require_whole_blocks(region: Region, part: Part) -> None:
    """Raise UsageError unless `region` can be erased on its own."""
    block = part.block
    if region.start % block or region.size % block:
        raise UsageError(
            f"{region} is not whole blocks", hint=f"start and size must be multiples of {block} (0x{block:X}) bytes"
        )


class Session:
    """A context manager around one open probe and the chip behind it.

    Args:
        transport: The pipe to the probe, not open yet; see `selector.open_transport`.
        part: The chip; needed by every job but `info` and `reset`.
        progress: Called with stage, bytes done, bytes in all.
        power_cycle: Catch the chip while somebody switches its power; None connects by the ladder.
    """

    def __init__(
        self,
        transport: Transport,
        part: Optional[Part] = None,
        progress: Progress = silent,
        power_cycle: Optional[PowerCycle] = None,
    ) -> None:
        self._part = part
        self._progress = progress
        self._link = Stlink(transport)
        self._core = Core(self._link, part, power_cycle)
        self._connected = False
        self._starts: Optional[bool] = None
        self._expects_program = False
        self._known = Image()  # what the last job has seen the chip to hold

    def __enter__(self) -> Session:
        """Open the probe."""
        self._link.open()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run and release the probe, also when one of the two fails; then say how good the link was."""
        ended = error  # a ToolError with what is known about it by the end
        with shield():
            try:
                if error is None and self._expects_program:
                    self._starts = start.look(self._core, self._part, self._known)
                self._core.leave()
            except ToolError as exc:
                if error is None:
                    weak = self._with_quality(exc)
                    if weak is exc:
                        raise
                    raise weak from exc
                told = stays_held(exc)
                if isinstance(error, ToolError):  # the first error is the one to show
                    if not isinstance(error, ProbeLostError):  # its hint says what becomes of the chip
                        ended = error.with_(details=(*error.evidence, *told))
                else:
                    _log.warning("%s", "; ".join(told))
            finally:
                self._link.close()
        if error is None:
            self._warn()
        elif isinstance(ended, ToolError):
            ended = self._with_quality(ended)
            if ended is not error:
                raise ended from error

    @property
    def quality(self) -> Quality:
        """What was not perfect so far."""
        tally, recipe, link = self._core.tally, self._core.recipe, self._link
        return Quality(
            exchanges=link.exchanges_repeated,
            reads=link.reads_repeated + tally.reads,
            reconnects=tally.reconnects,
            recipes=tally.recipes,
            blocks=tally.blocks,
            slow=recipe is not None and not recipe.high_speed,
            no_nrst=self._has_nrst and recipe is not None and recipe.pulse_s is None and tally.recipes > 0,
        )

    @property
    def starts_program(self) -> Optional[bool]:
        """After the session: the chip has a program, which runs; None if it is locked, or was not looked at."""
        return self._starts

    def expect_program(self, *, wanted: bool = True) -> None:
        """Look, when the session ends, if the chip holds a program, and warn if not; or do so no more.

        `write` of flash and `reset` ask for it by themselves, `erase`, `restore`, `run` and `unlock` do not.
        """
        self._expects_program = wanted

    @property
    def _has_nrst(self) -> bool:
        return self._part is None or self._part.has_nrst

    @property
    def no_high_speed(self) -> bool:
        """True where the chip did not allow high speed over a good link."""
        return self._core.no_high_speed

    def _warn(self) -> None:
        """Say what was not perfect in a session that ended well."""
        if self._core.only_at_power_on:
            _log.warning(
                "the chip answered only at power-on: its program turns SWIM off or sleeps; %sgive the program a delay "
                "at its start %s",
                "wire NRST, or " if self._has_nrst else "",
                Code.SWIM_DISABLED,
            )
        if self.no_high_speed:
            _log.warning(
                "low speed was used: the chip never allowed high speed (HSIT stays 0), as with certain option bytes %s",
                Code.NO_HIGH_SPEED,
            )
        quality = self.quality
        if quality.retries:
            _log.warning("weak link: %s; %s %s", quality.summary(), quality.advice(), Code.WEAK_LINK)

    def _with_quality(self, error: ToolError) -> ToolError:
        """Return `error` with what had to be done again before it."""
        quality = self.quality
        if not quality.retries:
            return error
        of_link = error.code is Code.LINK_LOST and not isinstance(error, ConnectError)
        return error.with_(
            hint=joined(quality.advice(), error.advice) if of_link else None,
            details=(*error.evidence, f"until then: {quality.summary()}"),
        )

    @property
    def probe(self) -> ProbeInfo:
        """The probe."""
        return self._link.info

    @property
    def supply_mv(self) -> Optional[int]:
        """Target supply as the probe measures it, in mV."""
        return self._link.supply_mv()

    @property
    def reached(self) -> Optional[Reached]:
        """How the chip was reached, also if it then turned out to be another one; None if it was not."""
        recipe = self._core.recipe
        return Reached(recipe.name, self._link.high_speed, self._core.seen) if recipe else None

    def candidates(self) -> tuple[Part, ...]:
        """Return the parts that the chip may be; reads only."""
        core = self._connect()
        return core.persist(lambda: family.fitting(core.seen, core.read_surely))

    def connect(self) -> None:
        """Reach the chip now; every job does it when it needs to."""
        self._connect()

    def _connect(self) -> Core:
        if not self._connected:
            self._core.connect()
            self._connected = True
        return self._core

    def _programmer(self) -> Programmer:
        self._known = Image()
        return Programmer(self._connect(), self._require_part(), self._progress)

    def _require_part(self) -> Part:
        if self._part is None:
            raise UsageError("which chip?", hint=Hint("name it with {part}, for example {part:stm8s103f3}"))
        return self._part

    def write(
        self,
        image: Image,
        regions: Sequence[Region],
        options: Optional[OptionData] = None,
        *,
        unlock: bool = True,
        verify: bool = True,
        mend: Optional[bool] = None,
    ) -> Upload:
        """Write `image` into `regions`; a read-protected chip is unlocked first, which erases it.

        Args:
            image: Nothing is written unless all of it lies inside `regions`.
            regions: Memories that may be written.
            options: Option bytes, written last; a UBC among them lets one that is in the way be cleared first.
            unlock: False: a read-protected chip is an error.
            verify: Read back what was programmed.
            mend: Finish an unlock that was cut short, which erases nothing; None: as `unlock`.
        """
        segments = self._segments(image, regions, options)
        written = upload.write(self._programmer(), segments, options, unlock=unlock, verify=verify, mend=mend)
        self._known = image if verify else Image()
        if image.slice(self._require_part().flash):
            self.expect_program()
        return written

    def require_writable(
        self, image: Image, regions: Sequence[Region], options: Optional[OptionData] = None, *, unlock: bool = True
    ) -> None:
        """Connect; raise what `write` would raise before it writes anything."""
        segments = self._segments(image, regions, options)
        upload.require_writable(self._programmer(), segments, options, unlock=unlock)

    def _segments(self, image: Image, regions: Sequence[Region], options: Optional[OptionData]) -> list[Segment]:
        """Return what `image` has in `regions`, by address; ImageError if it has more, but for option bytes."""
        part = self._require_part()
        image.check_inside([*regions, part.options] if options else regions, part.options, part)
        segments = [segment for region in regions for segment in image.slice(region)]
        return sorted(segments, key=lambda segment: segment.address)

    def verify(self, image: Image, regions: Sequence[Region]) -> int:
        """Compare `image` with the chip; return the number of equal bytes."""
        image.check_inside(regions, part=self._require_part())
        programmer = self._programmer()
        programmer.require_open()
        segments = [segment for region in regions for segment in image.slice(region)]
        return self._core.persist(lambda: programmer.verify(segments))

    def read(self, region: Region) -> bytes:
        """Return the bytes of `region`; a read-protected chip is an error."""
        programmer = self._programmer()
        programmer.require_open()
        return self._core.persist(lambda: programmer.read(region))

    def options(self) -> Sequence[OptionState]:
        """Return the option bytes; a read-protected chip is an error."""
        programmer = self._programmer()
        programmer.require_open()
        return programmer.options()

    def change_options(self, changes: Sequence[Change], forced: Collection[Danger] = ()) -> None:
        """Write option bytes, read back after a reset, what locks last; `option_plan` makes `changes`.

        Args:
            changes: Planned from `options`.
            forced: The dangers that are allowed; any other is a UsageError, and nothing is written.
        """
        self._programmer().change_options(changes, forced)

    def lock(self) -> bool:
        """Turn read protection on; return False if it was on already."""
        return self._programmer().lock()

    def reset_line_works(self) -> bool:
        """Tell whether NRST is seen to reset the chip."""
        return self._connect().reset_line_works()

    def erase(self, region: Region) -> Written:
        """Erase `region` to 0x00, in whole blocks."""
        require_whole_blocks(region, self._require_part())
        self.expect_program(wanted=False)
        programmer = self._programmer()
        programmer.require_open()
        return programmer.erase(region)

    def read_all(self) -> Backup:
        """Return all that the chip keeps without power; a read-protected chip is an error."""
        part = self._require_part()
        programmer = self._programmer()
        programmer.require_open()

        def job() -> Backup:
            memories = [Segment(memory.start, programmer.read(memory)) for memory in part.memories]
            unique_id = self._core.read_surely(part.unique_id, _UNIQUE_ID_SIZE) if part.unique_id else None
            return Backup(tuple(memories), unique_id)

        return self._core.persist(job)

    def restore(self, image: Image, *, unlock: bool = True, verify: bool = True, force: bool = False) -> Restored:
        """Bring what `read_all` saved into the chip: flash, EEPROM, and then its option bytes.

        A UBC that is in the way is cleared first where the backup has its own.

        Args:
            image: A memory that it does not hold at all is left as it is; a piece of one is an ImageError.
            unlock, verify: As for `write`.
            force: Also pieces, and option bytes of which the chip may then not be freed: watchdog, brown-out reset.
        """
        part = self._require_part()
        image.check_inside(part.memories, part=part)
        if not force:
            upload.require_whole(image, part)
        self.expect_program(wanted=False)
        return upload.restore(self._programmer(), image, unlock=unlock, verify=verify, force=force)

    def write_ram(self, image: Image) -> None:
        """Put `image` into RAM, where it stays until power goes or the program of the chip overwrites it."""
        part = self._require_part()
        image.check_inside([part.ram], part=part)
        programmer = self._programmer()
        programmer.require_open()
        self._core.persist(lambda: programmer.write_ram(image.segments), (*LINK_ERRORS, VerifyError))

    def run(self, address: int, image: Image) -> None:
        """Put `image` into RAM and let the CPU run from `address` there; the session ends without a reset."""
        ram = self._require_part().ram
        if not ram.start <= address < ram.end:
            raise UsageError(
                f"0x{address:06X} is not in {ram}", hint=Hint("what is in flash runs after a reset: {reset}")
            )
        self.write_ram(image)
        self._core.run(address)
        self._connected = False  # another job connects again, which stops it
        self.expect_program(wanted=False)

    def unlock(self) -> protection.Unlocked:
        """Remove read protection, bring option bytes to factory values, and prove both by reading back.

        Raises:
            ProgramError: It failed; or the chip is open, and not all of it is erased.
        """
        self.expect_program(wanted=False)
        programmer = self._programmer()
        unlocked = programmer.unlock()
        if unlocked.erased:
            programmer.require_erased()
        return unlocked

    def reset(self) -> None:
        """Reset the chip; its program runs when the session ends."""
        self._connect()
        self.expect_program()

    def info(self) -> ChipInfo:
        """Connect and report what the chip shows; nothing is written to its memories."""
        core = self._connect()
        recipe = core.recipe.name if core.recipe else ""
        part = self._part
        if part is None:
            return ChipInfo(recipe, self._link.high_speed, core.seen, None, (), None)
        return core.persist(lambda: self._inspect(core, part, recipe))

    def _inspect(self, core: Core, part: Part, recipe: str) -> ChipInfo:
        found = protection.detect(core, Flash(core, part), part)
        options: Sequence[OptionState] = ()
        unique_id = None
        if not found.locked:
            options = read_options(core, part)
            if part.unique_id is not None:
                unique_id = core.read_surely(part.unique_id, _UNIQUE_ID_SIZE)
        return ChipInfo(recipe, self._link.high_speed, core.seen, found, options, unique_id)

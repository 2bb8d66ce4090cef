"""One use of one probe: from a selector such as "stlink" or "sim:board.chip" to a finished job.

A session opens the probe, connects when a job needs the chip, and on every way out lets the program run,
releases NRST, takes the probe out of SWIM mode and releases it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Optional

from .errors import (
    Code,
    ConnectError,
    ProgramError,
    ReadoutProtectedError,
    SwimError,
    ToolError,
    UsageError,
    VerifyError,
)
from .interrupts import shield
from .probe.stlink import Stlink
from .target import protection
from .target.capture import PowerCycle as PowerCycle
from .target.core import Core
from .target.diagnose import blame_supply, least_supply_mv
from .target.flash import Flash
from .target.option_plan import Change
from .target.options import OptionState, read_options, show_a_cut_unlock
from .target.programmer import Programmer, Progress, Written, silent
from .target.quality import Quality

if TYPE_CHECKING:
    from .devices import Part, Region
    from .image import Image, Segment
    from .probe.base import ProbeInfo
    from .transport.base import Transport, UsbBus

_log = logging.getLogger(__name__)

SIM_PREFIX = "sim:"
_UNIQUE_ID_SIZE = 12
_OF_SUPPLY = (Code.WRITE_UNFINISHED, Code.VERIFY, Code.LINK_LOST, Code.UNLOCK_FAILED)


class Upload(NamedTuple):
    """What `Session.write` did; `unlocked` is None where no unlock was needed."""

    written: Written
    unlocked: Optional[protection.Unlocked]


class ChipInfo(NamedTuple):
    """What a connected chip shows.

    Attributes:
        recipe: How it was reached.
        high_speed: The wire runs at high speed.
        register_map: "stm8s" or "stm8l", None if its registers do not tell.
        protection: ROP; None without a part.
        options: Option bytes; empty without a part or under ROP.
        unique_id: 12 bytes; None where the part has none or under ROP.
    """

    recipe: str
    high_speed: bool
    register_map: Optional[str]
    protection: Optional[protection.Protection]
    options: Sequence[OptionState]
    unique_id: Optional[bytes]


class Reached(NamedTuple):
    """How the chip was reached; the names are those of `ChipInfo`."""

    recipe: str
    high_speed: bool
    register_map: Optional[str]


def bus_of(selector: str) -> tuple[UsbBus, str]:
    """Return the bus that `selector` is about, and what it says of the probe; a simulated one loads no USB library."""
    if selector.startswith(SIM_PREFIX):
        from .sim import bus

        return bus.attach(selector[len(SIM_PREFIX) :])
    from .probe import find

    return find.system_bus(), selector


def open_transport(selector: str) -> Transport:
    """Return the pipe to the probe that `selector` means."""
    from .probe import find

    bus, wanted = bus_of(selector)
    probe = find.find(wanted, bus)
    note = find.substitution(wanted, probe)
    if note:
        _log.warning("%s", note)
    return find.open_found(probe, bus)


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
        transport: The pipe to the probe, not open yet; see `open_transport`.
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
        self._erased_by_unlock = False

    def __enter__(self) -> Session:
        """Open the probe."""
        self._link.open()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run and release the probe, also when one of the two fails; then say how good the link was."""
        with shield():
            try:
                self._core.leave()
            except ToolError as exc:
                if error is None:
                    self._add_quality(exc)
                    raise
                _log.debug("leaving the chip: %s", exc)  # the first error is the one to show
            finally:
                self._link.close()
        if error is None:
            self._warn()
        elif isinstance(error, ToolError):
            self._add_quality(error)

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
    def _has_nrst(self) -> bool:
        return self._part is None or self._part.has_nrst

    @property
    def no_high_speed(self) -> bool:
        """True where the chip did not allow high speed over a good link; right after an unlock that is normal."""
        return self._core.no_high_speed and not self._erased_by_unlock

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

    def _add_quality(self, error: ToolError) -> None:
        """Put into `error` what had to be done again before it."""
        quality = self.quality
        if not quality.retries:
            return
        error.details = (*error.details, f"until then: {quality.summary()}")
        if error.code is Code.LINK_LOST and not isinstance(error, ConnectError):
            error.hint = quality.advice() + (f"; {error.hint}" if error.hint else "")

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
        return Reached(recipe.name, self._link.high_speed, self._core.register_map) if recipe else None

    def connect(self) -> None:
        """Reach the chip now; every job does it when it needs to."""
        self._connect()

    def _connect(self) -> Core:
        if not self._connected:
            self._core.connect()
            self._connected = True
        return self._core

    def _programmer(self) -> Programmer:
        return Programmer(self._connect(), self._require_part(), self._progress)

    def _require_part(self) -> Part:
        if self._part is None:
            raise UsageError("which chip?", hint="name it with --part, for example --part stm8s103f3")
        return self._part

    def write(self, image: Image, regions: Sequence[Region], *, unlock: bool = True, verify: bool = True) -> Upload:
        """Write `image` into `regions`; a read-protected chip is unlocked first, which erases it.

        Args:
            image: Nothing is written unless all of it lies inside `regions`.
            regions: Memories that may be written.
            unlock: False: a read-protected chip is an error.
            verify: Read back what was programmed.
        """
        image.check_inside(regions)
        programmer = self._programmer()
        unlocked = None
        try:
            programmer.require_open()
        except ReadoutProtectedError as exc:
            if not unlock:
                exc.code = Code.ROP_UPLOAD
                raise
            unlocked = self._unlock_for_write(programmer, exc, assume_locked=False)
        if unlocked is None:
            unlocked = self._see_to_options(programmer, may_mend=unlock)
        segments = [segment for region in regions for segment in image.slice(region)]
        segments.sort(key=lambda segment: segment.address)
        try:
            return Upload(self._write(programmer, segments, verify=verify), unlocked)
        except ReadoutProtectedError as exc:
            # A locked chip may look blank; its refusal of the first block is what tells.
            if not unlock or (unlocked and unlocked.erased):
                exc.code = Code.UNLOCK_FAILED if unlock else Code.ROP_UPLOAD
                raise
            unlocked = self._unlock_for_write(programmer, exc, assume_locked=True)
        return Upload(self._write(programmer, segments, verify=verify), unlocked)

    def _write(self, programmer: Programmer, segments: Sequence[Segment], *, verify: bool) -> Written:
        with self._supply_considered():
            return programmer.write(segments, verify=verify)

    def _unlock(self, programmer: Programmer, *, assume_locked: bool = False) -> protection.Unlocked:
        with self._supply_considered():
            unlocked = programmer.unlock(assume_locked=assume_locked)
        self._erased_by_unlock = self._erased_by_unlock or unlocked.erased
        return unlocked

    @contextmanager
    def _supply_considered(self) -> Iterator[None]:
        """Give an error of a chip that does not hold what is written the supply as its cause where that is low."""
        try:
            yield
        except (ProgramError, VerifyError, SwimError) as exc:
            if exc.code in _OF_SUPPLY:
                blame_supply(exc, self._link.supply_mv(), least_supply_mv(self._part))
            raise

    def _see_to_options(self, programmer: Programmer, *, may_mend: bool) -> Optional[protection.Unlocked]:
        """Finish an unlock that was cut short; any other damage to option bytes is only told."""
        states = programmer.options()
        damaged = ", ".join(state.option.name for state in states if not state.consistent)
        if damaged and may_mend and show_a_cut_unlock(states):
            _log.warning("an earlier unlock was cut short: bringing the option bytes to their factory values")
            return self._unlock(programmer)
        if damaged:
            _log.warning(
                "option bytes without their complements, for which the chip uses its defaults: %s; "
                "this does no harm if the part is the right one %s",
                damaged,
                Code.OPTIONS_CORRUPT,
            )
        return None

    def _unlock_for_write(
        self, programmer: Programmer, found: ReadoutProtectedError, *, assume_locked: bool
    ) -> protection.Unlocked:
        _log.warning("%s: unlocking it, which erases the whole chip (what it holds cannot be read or saved)", found)
        return self._unlock(programmer, assume_locked=assume_locked)

    def verify(self, image: Image, regions: Sequence[Region]) -> int:
        """Compare `image` with the chip; return the number of equal bytes."""
        image.check_inside(regions)
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

    def change_options(self, changes: Sequence[Change]) -> Sequence[OptionState]:
        """Write option bytes and return all of them, read back after a reset; `option_plan` makes `changes`."""
        programmer = self._programmer()
        with self._supply_considered():
            programmer.change_options(changes)
        return programmer.options()

    def lock(self) -> bool:
        """Turn read protection on; return False if it was on already."""
        programmer = self._programmer()
        with self._supply_considered():
            return programmer.lock()

    def reset_line_works(self) -> bool:
        """Tell whether NRST is seen to reset the chip."""
        self._connect()
        return self._core.reset_line_works()

    def erase(self, region: Region) -> Written:
        """Erase `region` to 0x00, in whole blocks."""
        require_whole_blocks(region, self._require_part())
        programmer = self._programmer()
        programmer.require_open()
        with self._supply_considered():
            return programmer.erase(region)

    def unlock(self) -> protection.Unlocked:
        """Remove read protection, bring option bytes to factory values, and prove both by reading back."""
        return self._unlock(self._programmer())

    def reset(self) -> None:
        """Reset the chip; its program runs when the session ends."""
        self._connect()

    def info(self) -> ChipInfo:
        """Connect and report what the chip shows; nothing is written to its memories."""
        core = self._connect()
        recipe = core.recipe.name if core.recipe else ""
        part = self._part
        if part is None:
            return ChipInfo(recipe, self._link.high_speed, core.register_map, None, (), None)
        return core.persist(lambda: self._inspect(core, part, recipe))

    def _inspect(self, core: Core, part: Part, recipe: str) -> ChipInfo:
        found = protection.detect(core, Flash(core, part), part)
        options: Sequence[OptionState] = ()
        unique_id = None
        if not found.locked:
            options = read_options(core, part)
            if part.unique_id is not None:
                unique_id = core.read_surely(part.unique_id, _UNIQUE_ID_SIZE)
        return ChipInfo(recipe, self._link.high_speed, core.register_map, found, options, unique_id)

"""The chip's bus over SWIM: connect, read, write, reset, and leave it running.

Everything that programs a chip goes through a `Core`; it knows registers and memory, but not how to program flash.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Optional, TypeVar

from ...errors import (
    LINK_ERRORS,
    Code,
    ConnectError,
    LinkFault,
    ProbeError,
    ProgramError,
    SwimError,
    ToolError,
    VerifyError,
)
from ...parts.table import Part
from ...probe.base import SwimLink
from ...support.clock import Clock
from ...support.interrupts import shield
from .. import registers as reg
from . import family
from .capture import AT_POWER_ON, PowerCycle, wait_for_power
from .connect import climb
from .diagnose import Evidence, blame_supply, least_supply_mv
from .entry import follow, move_reset
from .leave import leave_running
from .quality import Tally
from .recipes import LOW_SPEED, NO_RESET, Recipe

TRIES = 3  # of a job in `Core.persist` that makes no progress
_MOST_TRIES = 20
_JUDGED_AFTER = 6  # tries of a job that makes progress
WRITE_ENDS_S = 0.02  # to connect resets the chip, and a reset in the middle of a write may ruin it (PM0054 5.2)
_MOST_DIFFERING = 32  # at most one byte of this many may differ
_SETTLING_READS = 5
# Each disagreement costs two more reads: the tool gives up after this many, in one read and in a session.
_LEAST_PIECE = 256  # bytes; over a link that flips bits, longer reads hardly ever agree
_MOST_DISAGREEMENTS = 100
_MOST_IN_ALL = 500
_OF_SUPPLY = (Code.WRITE_UNFINISHED, Code.VERIFY, Code.LINK_LOST, Code.UNLOCK_FAILED)
_Result = TypeVar("_Result")

_log = logging.getLogger(__name__)


class Core:
    """A connected chip.

    Attributes:
        link: The probe.
        recipe: How the chip was reached; None before `connect`.
        seen: The signs that the chip shows of its kind; none before `connect`.
        tally: Counts of the things that had to be done again.
        only_at_power_on: The chip was silent until its power was switched.
        erased: An unlock has erased it.
        options_seen: The option area as two reads agreed on it, after the last connect and the last write there. b"" if
            it was not read since then.
    """

    def __init__(self, link: SwimLink, part: Optional[Part] = None, power_cycle: Optional[PowerCycle] = None) -> None:
        self.link = link
        self.recipe: Optional[Recipe] = None
        self.seen = family.Traits(None, None)
        self.tally = Tally()
        self.only_at_power_on = False
        self.erased = False
        self.options_seen = b""
        self._refused_high_speed = False
        self._part = part
        self._power_cycle = power_cycle
        self._entered = False
        self._piece = 0  # how much `read_surely` reads at once, if that is limited
        self._let_run = False  # its program has run since the chip answered last

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""
        return self.link.clock

    @property
    def reached(self) -> str:
        """How the chip was reached: the name of the recipe, but without a high speed that the wire does not run at."""
        if self.recipe is None:
            return ""
        return self.recipe.name if self.link.high_speed else self.recipe.name.replace(", high speed", "")

    @property
    def no_high_speed(self) -> bool:
        """True if the chip did not allow high speed over a good link; right after an unlock that is normal."""
        return self._refused_high_speed and not self.erased

    @property
    def has_stumbled(self) -> bool:
        """True if anything had to be done again: then a single read proves little."""
        return self.tally != Tally() or self.link.reads_repeated > 0

    def connect(self) -> None:
        """Reach the chip, stall its CPU, find out its family, and let its clock run at full speed.

        Raises:
            ConnectError: The chip does not answer.
            FamilyMismatchError: The chip is not the part that was named; nothing was written.
        """
        self._entered = True
        self.options_seen = b""
        for last_try in (False, True):
            try:
                self.recipe = self._reach()
                self.seen = family.look(self.read, self.read_surely)
                if self._part:
                    family.check(self.seen, self._part)
                self._undivide_clock()
                return
            except ConnectError:
                self._entered = False
                raise
            except LINK_ERRORS as exc:
                if last_try:
                    raise
                _log.debug("the link was lost right after the entry: %s", exc)
                self.tally.reconnects += 1

    def _reach(self) -> Recipe:
        """Make the link by the ladder, or at power-on if the user asked for that."""
        known = Evidence(
            rungs=(),
            least_mv=least_supply_mv(self._part),
            has_nrst=self._part is None or self._part.has_nrst,
            answered=self.recipe is not None,
            let_run=self._let_run,
        )
        if self._power_cycle is None:
            recipe, failed = climb(self.link, known, self.recipe)
            # Without an NRST pin no pulse cleans up after a run that was interrupted. For example, the chip may be in
            # high speed. If the first recipes fail then, the chip's state is the cause, not the link.
            of_link = known.has_nrst or known.answered
            self.tally.recipes += sum(of_link or rung.of_probe for rung in failed)
        else:
            recipe = self._catch(self._power_cycle, known)
        self._let_run = False
        self._refused_high_speed = recipe.high_speed and self.link.has_high_speed and not self.link.high_speed
        return recipe

    def _catch(self, wish: PowerCycle, known: Evidence) -> Recipe:
        """Catch the chip at power-on; its program does not run then, so it answers again without a power cycle."""
        if self.recipe is not None:
            recipe = AT_POWER_ON._replace(high_speed=self.recipe.high_speed)
            try:
                follow(self.link, recipe)
                return recipe
            except LINK_ERRORS as exc:
                _log.warning("%s; switch the power of the board off and on once more", exc)
        only_at_power_on = wait_for_power(self.link, wish, known)
        self.only_at_power_on = self.only_at_power_on or only_at_power_on
        return AT_POWER_ON

    def _undivide_clock(self) -> None:
        """Let the chip run at full speed: a divided clock makes it answer late, and programming slow."""
        register_map = self._part.flash_regs if self._part else self.seen.register_map
        if register_map:
            self.write(reg.BY_MAP[register_map].clk_ckdivr, b"\x00")

    def read(self, address: int, size: int) -> bytes:
        """Read `size` bytes."""
        return self.link.rotf(address, size)

    def read_surely(self, address: int, size: int) -> bytes:
        """Read `size` bytes twice, in smaller and smaller pieces until two reads agree: a bit may flip on the wire.

        The probe does not check the parity of the bytes (two firmwares do not, confidence high). Do not use this for
        registers that change when they are read.

        Raises:
            SwimError: So many bytes differ that two reads may agree by chance, or reads differ too often, or one byte
                changes from read to read.
        """
        limit = min(self.tally.reads + _MOST_DISAGREEMENTS, _MOST_IN_ALL)
        found, end = b"", address + size
        while len(found) < size:
            start = address + len(found)
            found += self._read_agreed(start, min(self._piece or size, end - start), limit)
        return found

    def _read_agreed(self, address: int, size: int, limit: int) -> bytes:
        """Do `read_surely`; SwimError if more reads than `limit` have differed."""
        first, second = self.read(address, size), self.read(address, size)
        if first == second:
            return first
        self.tally.reads += 1
        differing = sum(one != other for one, other in zip(first, second))
        _log.debug("two reads of 0x%06X differ in %d bytes", address, differing)
        if differing > max(2, size // _MOST_DIFFERING):
            raise _damaged(f"two reads of 0x{address:06X} differ in {differing} bytes", address)
        if self.tally.reads > limit:
            raise _damaged(f"two reads of the same memory differed {self.tally.reads} times")
        if size == 1:
            return self._settled(address)
        # Bytes that agree are not more certain: a disturbance with a period hits the same place twice.
        half = size // 2
        self._piece = max(_LEAST_PIECE, min(self._piece or half, half))
        return self._read_agreed(address, half, limit) + self._read_agreed(address + half, size - half, limit)

    def _settled(self, address: int) -> bytes:
        """Read one byte until two reads in a row agree."""
        value = self.read(address, 1)
        for _ in range(_SETTLING_READS):
            before, value = value, self.read(address, 1)
            if value == before:
                return value
        raise _damaged(f"the byte at 0x{address:06X} changes from read to read", address)

    def write(self, address: int, data: bytes, *, whole: bool = False) -> None:
        """Write registers or memory; with `whole`, all of `data` goes in one command, else in as many as needed."""
        self.link.wotf(address, data, whole=whole)

    def persist(
        self,
        job: Callable[[], _Result],
        mendable: tuple[type[ToolError], ...] = LINK_ERRORS,
        progress: Callable[[], int] = lambda: 0,
        left: Callable[[], int] = lambda: 0,
    ) -> _Result:
        """Return the result of `job`; if it fails, connect again and run it from its beginning.

        Args:
            job: It must look at the chip before it writes, so that it does not repeat a write blindly.
            mendable: The errors after which another try makes sense.
            progress: Counts finished work. While it grows, the count of tries begins again, up to `_MOST_TRIES` in all.
            left: Counts the work that is not finished. If the tries that are left cannot do half of it, none is made.
        """
        tries = failures = 0
        at_start = progress()
        while True:
            before = progress()
            try:
                return job()
            except ConnectError:
                raise
            except mendable as exc:
                tries += 1
                failures = 1 if progress() > before else failures + 1
                done = progress() - at_start
                hopeless = tries >= _JUDGED_AFTER and left() * tries > 2 * done * (_MOST_TRIES - tries)
                if failures == TRIES or tries == _MOST_TRIES or hopeless:
                    if tries > TRIES and isinstance(exc, SwimError):
                        raise _too_noisy(exc, tries, done, left()) from exc
                    raise
                _log.warning("%s; connecting again", exc)
                self.tally.reconnects += isinstance(exc, LINK_ERRORS)
                self.clock.sleep(WRITE_ENDS_S)
            if failures == 1:
                self.connect()
            else:
                self._reset_and_reconnect_slowly()

    @contextmanager
    def supply_considered(self) -> Iterator[None]:
        """Name the supply as the cause if it is low and the chip fails or does not keep the written data."""
        try:
            yield
        except (ProgramError, VerifyError, SwimError) as exc:
            blamed: ToolError = exc
            if exc.code in _OF_SUPPLY:
                blamed = blame_supply(exc, self.link.supply_mv(), least_supply_mv(self._part))
            if blamed is exc:
                raise
            raise blamed from exc

    def reset_and_reconnect(self) -> None:
        """Reset the chip, so that it loads its option bytes, and connect to it again."""
        if self._power_cycle is None:  # a chip that had to be caught stays stopped: to connect resets it, too
            with shield(), suppress(SwimError):  # if it fails, the error of `connect` tells more
                leave_running(self.link)
                self._let_run = True
        self.connect()

    def reset_line_works(self) -> bool:
        """Tell whether NRST reaches the chip: hold it low and look at SWIM_CSR. Connects again.

        HSIT is 0 from a reset until the option bytes are loaded (UM0470). If it was not set before, or cannot be read,
        nothing is proven: the result is False.
        """
        if self.link.resets_on_entry:
            return True  # such a probe needs NRST to connect
        try:
            before = self.read(reg.SWIM_CSR, 1)[0]
            self.write(reg.SWIM_CSR, bytes([before & ~reg.CSR_RST]))  # with this bit the reset would also end SWIM
            move_reset(self.link, low=True)
            held = self.read(reg.SWIM_CSR, 1)[0]
            return bool(before & ~held & reg.CSR_HSIT)
        except SwimError as exc:
            _log.debug("NRST cannot be seen to work: %s", exc)
            return False
        finally:
            move_reset(self.link, low=False)
            self.connect()

    def _reset_and_reconnect_slowly(self) -> None:
        """Connect in the surest way: reset by SWIM first, because NRST may not be wired; use low speed from then on."""
        self.recipe = LOW_SPEED
        self.reset_and_reconnect()

    def enter_again(self) -> None:
        """Reach the chip again without any reset; use low speed from then on."""
        follow(self.link, NO_RESET)

    def run(self, address: int) -> None:
        """Let the stalled CPU go on at `address`; no reset follows.

        Write stall and flush, then flush alone, as ST's tool and vsprog do (confidence high).
        """
        self.write(reg.PROGRAM_COUNTER, address.to_bytes(3, "big"))
        self.write(reg.CONDITION_CODE, bytes([reg.CC_AT_START]))
        with shield():
            self.write(reg.DM_CSR2, bytes([reg.CSR2_STALL | reg.CSR2_FLUSH]))
            self.write(reg.DM_CSR2, bytes([reg.CSR2_FLUSH]))
            self._entered = False

    def hand_over(self) -> None:
        """Leave it to the caller to let the program run."""
        self._entered = False

    def leave(self) -> None:
        """Let the program run; does nothing if the chip was never touched."""
        if not self._entered:
            return
        self._entered = False
        with shield():
            leave_running(self.link)

    def check_reaches(self, end: int) -> None:
        """Refuse addresses up to `end` if the probe passes on only 16 bits of them.

        One open probe firmware does (confidence high): a write to 0x010000 goes to RAM, and reads back.

        Raises:
            ProbeError: The probe truncates addresses.
        """
        if end <= 0x10000:
            return
        low, high = 0x0040, 0x10040
        held = self.read_surely(low, 4)
        inverse = bytes(byte ^ 0xFF for byte in self.read(high, 4))
        self.write(low, inverse)
        truncates = self.read(high, 4) == inverse
        self.write(low, held)
        if truncates:
            raise ProbeError(
                f"the firmware of this probe ({self.link.info.firmware}) passes on only 16 address bits: "
                "it cannot reach flash above 0x00FFFF",
                code=Code.PROBE_LIMIT,
                hint="use another probe, or an image that ends below 0x010000",
                end=end,
            )


def _too_noisy(last: SwimError, tries: int, done: int, left: int) -> SwimError:
    """Return the error for a link that was lost again and again while blocks were written."""
    return SwimError(
        f"the link is too noisy: it was lost {tries} times, and {done} of {done + left} blocks are written; the last "
        f"time: {last}",
        fault=last.fault,
        code=last.code,
        hint=last.advice,
        details=last.evidence,
    )


def _damaged(message: str, address: Optional[int] = None) -> SwimError:
    """Return the error for a chip that answers the same question differently each time."""
    return SwimError(message, fault=LinkFault.DAMAGED, hint="check the supply", address=address)

"""One use of one probe and its chip: open, connect, leave, and report the quality of the link.

A session opens the probe, and connects when a job needs the chip. However the session ends, it lets the program run and
releases NRST. Then it takes the probe out of SWIM mode and releases it. The jobs themselves are methods of `api.Chip`.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Optional

from .chip import start
from .chip.link.capture import PowerCycle as PowerCycle
from .chip.link.core import Core
from .chip.link.family import Traits
from .chip.link.leave import stays_held
from .chip.link.quality import Quality
from .errors import Code, ConnectError, ProbeLostError, ToolError
from .image import Image
from .support.handover import Offer, Wish
from .support.interrupts import shield
from .words import joined

if TYPE_CHECKING:
    from .parts.table import Part
    from .probe.base import ProbeInfo, SwimLink

_log = logging.getLogger(__name__)


class Connection(NamedTuple):
    """How the chip was reached, and the traits that it shows. The fields have the same names as in `ChipInfo`."""

    recipe: str
    high_speed: bool
    seen: Traits


class Session:
    """A context manager around one open probe and its chip.

    Args:
        link: The probe, which is not open yet; see `selector.open_link`.
        part: The chip, if it is known.
        power_cycle: Catch the chip while the user switches its power; None: connect by the ladder.
        listens: It listens to a running chip for long. Other commands may use the probe meanwhile, see `handover`.

    Attributes:
        offer: What lets other commands use the probe, for the code that listens to the running chip.
        known: Contents of the chip that the last job has seen. They are not read again when the session ends.
        expects_program: When the session ends, it checks that the chip holds a program, and warns if not.
        starts_program: After the session, whether the chip has a program, which then runs. None if the chip is locked
            or was not checked.
    """

    def __init__(
        self,
        link: SwimLink,
        part: Optional[Part] = None,
        power_cycle: Optional[PowerCycle] = None,
        *,
        listens: bool = False,
    ) -> None:
        self.known = Image()
        self.expects_program = False
        self._part = part
        self._link = link
        self._core = Core(link, part, power_cycle)
        self._connected = False
        self.starts_program: Optional[bool] = None
        self._listens = listens
        self.offer = Offer(link.place)
        self._wish = Wish(link.place)

    def __enter__(self) -> Session:
        """Open the probe. If a command of this tool listens at it, that command releases it first."""
        try:
            if self._listens:
                self.offer.make()
            else:
                self._wish.make()
            self._wish.through(self._link.open)
        except BaseException:
            self._part_with_others()
            raise
        return self

    def _part_with_others(self) -> None:
        self.offer.withdraw()
        self._wish.withdraw()

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run and release the probe, even if one of the two fails; then report the link's quality."""
        ended = error  # a ToolError gets more evidence below
        with shield():
            try:
                if error is None and self.expects_program:
                    self.starts_program = start.look(self._core, self._part, self.known)
                self._core.leave()
            except ToolError as exc:
                if error is None:
                    weak = self._with_quality(exc)
                    if weak is exc:
                        raise
                    raise weak from exc
                told = stays_held(exc)
                if isinstance(error, ToolError):  # the first error is the one to show
                    if not isinstance(error, ProbeLostError):  # its hint says what happens to the chip
                        ended = error.with_(details=(*error.evidence, *told))
                else:
                    _log.warning("%s", "; ".join(told))
            finally:
                try:
                    self._link.close()
                finally:
                    self._part_with_others()
        if error is None:
            self._warn()
        elif isinstance(ended, ToolError):
            ended = self._with_quality(ended)
            if ended is not error:
                raise ended from error

    @property
    def quality(self) -> Quality:
        """The imperfections of the link so far."""
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
        """True if the chip did not allow high speed over a good link."""
        return self._core.no_high_speed

    def _warn(self) -> None:
        """Warn of the imperfections of a session that succeeded."""
        if self._core.only_at_power_on:
            _log.warning(
                "the chip answered only at power-on: its program turns SWIM off or sleeps; %sgive the program a delay "
                "at its start %s",
                "wire NRST, or " if self._has_nrst else "",
                Code.SWIM_DISABLED,
            )
        if self.no_high_speed:
            _log.warning(
                "low speed was used: the chip never allowed high speed (HSIT stays 0); certain option bytes cause this "
                "%s",
                Code.NO_HIGH_SPEED,
            )
        quality = self.quality
        if quality.retries:
            _log.warning("weak link: %s; %s %s", quality.summary(), quality.advice(), Code.WEAK_LINK)

    def _with_quality(self, error: ToolError) -> ToolError:
        """Return `error` with the repetitions before it as evidence."""
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
    def connection(self) -> Optional[Connection]:
        """How the chip was reached, even if it then turned out to be another part; None if it was not reached."""
        reached = self._core.reached
        return Connection(reached, self._link.high_speed, self._core.seen) if reached else None

    def connect(self) -> Core:
        """Connect to the chip, unless it is connected, and return it. Each job that needs the chip does this."""
        if not self._connected:
            self._core.connect()
            self._connected = True
        return self._core

    def running(self, *, lends: bool = False) -> SwimLink:
        """Return the probe for a chip whose program runs: nothing connects to it, which would reset it.

        With `lends` the caller looks at `offer` again and again: other commands may use the probe meanwhile.
        """
        if lends:
            self._wish.withdraw()
            self.offer.make()
        if self._connected:
            self._core.leave()
            self._connected = False
        self.expects_program = False
        return self._link

    def debugged(self) -> Core:
        """Return the chip for a debugger: nothing connects to it, and the session does not reset it when it ends."""
        self._core.hand_over()
        self._connected = False
        self.expects_program = False
        return self._core

    def let_run(self, address: int) -> None:
        """Let the CPU run from `address`. The session then ends without a reset; another job connects again."""
        self._core.run(address)
        self._connected = False
        self.expects_program = False

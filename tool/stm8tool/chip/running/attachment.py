"""A chip whose program runs, for as long as the user wants: attach, attach again after a reset or a lost link, detach.

The console and the live variables share it. No function here resets the chip or stops its CPU, unless the probe always
does so when it attaches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Optional

from ...errors import LINK_ERRORS, Code, ConnectError, LinkFault, SwimError, TargetError, ToolError
from ...parts.table import Part
from ...probe.base import SwimLink
from ...support.handover import Offer
from ...support.interrupts import shield
from ...words import Hint
from . import attach
from .lending import Lender, Turn

_log = logging.getLogger(__name__)

AGAIN_S = 0.05  # between two tries to attach
_PATIENCE_S = 30.0  # how long a chip that answered before may stay silent
_LEAVE_TRIES = 3  # a chip that resets itself ends SWIM each time; one that is stopped after its reset does not
_ENTRY_S = 1.0  # how long the first attaching may fail


class Attachment:
    """The link to a running chip.

    Args:
        link: An open probe.
        part: The chip.
        notice: Called with one line for the user, such as "the chip answers again".
        code: The code for a chip that answers, but whose program does not run or cannot be read.
        offer: What other commands ask for the probe by; the caller then calls `look` again and again.

    Attributes:
        times: How often the chip was reached: after each reset or lost link it is one more.
        was_silent: The user was told that the chip did not answer, before it was reached the last time.
    """

    def __init__(
        self,
        link: SwimLink,
        part: Part,
        notice: Callable[[str], None],
        code: Code,
        offer: Optional[Offer] = None,
    ) -> None:
        self.link = link
        self.part = part
        self.times = 0
        self.was_silent = False
        self._notice = notice
        self._code = code
        self._ran = False  # the CPU was seen to run: if it is stalled later, a reset in the middle of an entry did that
        self._silent_since: Optional[float] = None
        self._is_waiting = False  # the user was told that the tool waits for the chip
        self._lender = Lender(link, offer, notice)

    def enter(self, begin: Callable[[], None]) -> None:
        """Attach, then call `begin`, which may read the chip. Both are repeated for a second if the link fails.

        A chip that was reached several times in that second resets itself again and again.

        Raises:
            ConnectError: The running chip does not answer.
            TargetError: Its CPU is stopped, it resets itself all the time, or it does not let its memory be read.
        """
        clock = self.link.clock
        end = clock.now() + _ENTRY_S
        if not self.times:
            attach.warn_of_reset(self.link)
        reached = 0
        while True:  # a program that resets itself again and again ends SWIM each time
            try:
                attach.attach(self.link)
                reached += 1
                self._start()
                self._require_running()
                begin()
                self.times += 1
                return
            except ConnectError as exc:
                if clock.now() > end:
                    if reached > 1:
                        raise self._resets_itself(exc) from exc
                    raise
                clock.sleep(AGAIN_S)
            except LINK_ERRORS as exc:
                if isinstance(exc, SwimError) and exc.fault is LinkFault.REFUSED:
                    raise TargetError(
                        "the chip does not let its memory be read: it is read-protected, or it sleeps in HALT",
                        code=self._code,
                        hint=Hint("a read-protected chip shows no memory: {unlock} erases it and opens it"),
                    ) from exc
                if clock.now() > end:
                    if reached > 1:
                        raise self._resets_itself(exc) from exc
                    raise
                # The chip may have been reset a moment ago: no other time before its next reset is better to enter.

    def _require_running(self) -> None:
        if attach.is_stalled(self.link):
            raise TargetError(
                "the CPU of the chip is stopped, so its program does not run",
                code=self._code,
                hint=Hint("let it run first: {reset}"),
            )
        self._ran = True

    def look(self) -> Turn:
        """Lend the probe to another command that needs it, or take it back; errors: see `Lender.look`.

        After `Turn.BACK` the caller calls `enter` again: the chip was reset, and may hold another program.
        """
        turn = self._lender.look(self.leave)
        if turn is Turn.BACK:
            self._ran = self._is_waiting = False
            self._silent_since = None
        return turn

    @property
    def is_away(self) -> bool:
        """True while another command has the probe."""
        return self._lender.is_away

    def _resets_itself(self, exc: ToolError) -> TargetError:
        return TargetError(
            "the chip answers for a moment, again and again: its program resets it, or the wires are bad",
            code=self._code,
            hint="a watchdog that is not refreshed in time resets the chip, and so does an opcode that does not exist",
            details=[str(exc)],
        )

    def leave(self) -> None:
        """Detach; the program runs on. Nothing happens while another command has the probe."""
        if self.is_away:
            return
        with shield():
            for _ in range(_LEAVE_TRIES):
                try:
                    self._let_run()
                    break
                except ToolError as exc:  # a chip that does not answer was not stalled by this tool
                    _log.debug("while the tool left the running chip: %s", exc)
        attach.detach(self.link)

    def _let_run(self) -> None:
        """Let a CPU run that a reset in the middle of an entry has stopped."""
        if self._silent_since is not None or not self._ran:
            attach.attach(self.link)
        self._start()

    def _start(self) -> None:
        """Let a CPU run that this tool or a reset has stalled, but not one that a debugger has stopped."""
        if self._ran or self.link.resets_on_entry:
            attach.let_run(self.link)
        else:
            attach.start_from_reset(self.link)

    @property
    def is_lost(self) -> bool:
        """True from a failed exchange until the chip was reached again."""
        return self._silent_since is not None

    def lose(self, exc: ToolError) -> None:
        """Note that an exchange with the chip failed."""
        _log.debug("the tool lost the running chip: %s", exc)
        if self._silent_since is None:
            self._silent_since = self.link.clock.now()

    def is_attached(self) -> bool:
        """Attach again if the chip was lost; False if it is still silent, ConnectError if it is so for too long."""
        if self._silent_since is None:
            return True
        clock = self.link.clock
        try:
            attach.attach(self.link)
            attach.let_run(self.link)
        except ConnectError:
            if clock.now() - self._silent_since > _PATIENCE_S:
                raise
            self.tell_wait("the chip does not answer; trying again")
            clock.sleep(AGAIN_S)
            return False
        self._silent_since = None
        self.was_silent = self._is_waiting
        self.times += 1
        self.tell_back("the chip answers again")
        return True

    def tell_wait(self, text: str) -> None:
        """Tell the user why the tool waits, once."""
        if not self._is_waiting:
            self._notice(text)
        self._is_waiting = True

    def tell_back(self, text: str) -> None:
        """Tell the user that the wait is over, if there was one."""
        if self._is_waiting:
            self._notice(text)
        self._is_waiting = False

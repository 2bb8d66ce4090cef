"""Lend the probe to another command while this one listens to a running chip, and take it back.

lender = Lender(link, offer, notice)
while True:
    turn = lender.look(leave)   # `leave` detaches from the chip
    if turn is Turn.AWAY:
        continue                # the lender has waited a little
    if turn is Turn.BACK:
        …                       # attach again: the chip was reset, and may hold another program
    …                           # read the chip
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum
from typing import Optional

from ...errors import AccessError, Code
from ...probe.base import SwimLink
from ...support.handover import Offer
from ...support.interrupts import shield

_log = logging.getLogger(__name__)

_MOST_TRIES = 100  # to take the probe back from a program that did not ask for it: at least 5 s


class Turn(Enum):
    """Whose turn it is to use the probe."""

    HERE = "here"
    AWAY = "away"
    BACK = "back"  # it is here again since this look


class Lender:
    """The probe of a command that listens.

    Args:
        link: The open probe.
        offer: What other commands ask by; None if they cannot.
        notice: Called with one line for the user.

    Attributes:
        is_away: Another command has the probe: nothing may use `link`.
    """

    def __init__(self, link: SwimLink, offer: Optional[Offer], notice: Callable[[str], None]) -> None:
        self._link = link
        self._offer = offer
        self._notice = notice
        self._tries = 0
        self.is_away = False

    def look(self, leave: Callable[[], None]) -> Turn:
        """Release the probe if another command needs it, or take it back; wait a little while it is away.

        Args:
            leave: Detaches from the chip.

        Raises:
            AccessError: A program that did not ask for the probe keeps it.
            TransportError, ProbeError: The probe failed.
        """
        offer = self._offer
        if offer is None:
            return Turn.HERE
        if self.is_away:
            return self._take_back(offer)
        if not offer.is_wanted():
            return Turn.HERE
        self._notice("another command needs the probe: it has the probe now")
        with shield():
            try:
                leave()
            finally:
                self.is_away = True
                self._link.close()
        self._tries = 0
        return Turn.AWAY

    def _take_back(self, offer: Offer) -> Turn:
        if offer.is_wanted():
            offer.wait()
            return Turn.AWAY
        try:
            self._link.open()
        except AccessError as exc:
            self._tries += 1
            if exc.code is not Code.BUSY or self._tries > _MOST_TRIES:
                raise
            _log.debug("the probe is not free yet: %s", exc)
            offer.wait()
            return Turn.AWAY
        self.is_away = False
        self._notice("the probe is back")
        return Turn.BACK

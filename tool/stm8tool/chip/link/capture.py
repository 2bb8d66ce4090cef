"""Power-cycle capture: repeat the SWIM entry while the user switches the board's power off and on.

This is for a chip that cannot be reset from outside (no NRST pin, or no wire to it). Its program turns SWIM off or
sleeps. Before the program does that, there is a short time after power-on in which the chip accepts the entry. One
entry takes as long as the probe's waveform, about 10 ms (confidence medium). A faster program cannot be caught without
NRST. If NRST is wired, the tool holds it low, and the chip executes nothing at all.

Source: user reports of STM8S001J3, STM8L001J3 and STM8L050J3 (confidence high that it is needed there).
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from ...errors import ExchangeError, SwimError, TransportTimeoutError
from ...probe.base import SwimLink
from .diagnose import Evidence, Rung, is_off
from .entry import catch, move_reset, take_hold
from .failure import not_reached, probe_hangs, rung_of
from .leave import let_go
from .recipes import Recipe

# To make the link again with this recipe does not let the program run: it clears SWIM_CSR.RST before the reset.
AT_POWER_ON = Recipe("at power-on", None, high_speed=True, restart=False, may_be_fast=True)

_SWITCHING_S = 0.5  # a person needs longer to read the request and to switch a board off and on

_log = logging.getLogger(__name__)


class PowerCycle(NamedTuple):
    """The user's wish to catch the chip at power-on.

    Attributes:
        seconds: How long to try.
        tell: Called with the seconds left, at the start and then each second.
    """

    seconds: int
    tell: Callable[[int], None]


def wait_for_power(link: SwimLink, wish: PowerCycle, known: Evidence) -> bool:
    """Repeat the entry until the chip is caught; it is then as after `connect.climb`.

    Returns:
        True if the board had power, but the chip was silent for as long as a person needs to switch its power: only
        power-on let the probe in.

    Raises:
        ConnectError: It was not caught in time.
        ProbeError: The probe stopped answering and could not be recovered.
    """
    clock = link.clock
    supply_mv = link.supply_mv()
    began = clock.now()
    told = None
    failures: Counter[Rung] = Counter()
    held_low = was_reset = False
    grips = 0

    def count_grip() -> None:
        nonlocal grips
        grips += 1

    while True:
        left = math.ceil(began + wish.seconds - clock.now())
        if left <= 0:
            break
        if left != told:
            wish.tell(left)
            told = left
        entered = clock.now()
        try:
            if not held_low:
                move_reset(link, low=True)
                held_low = True
            catch(link, sum(failures.values()), count_grip)
            held_low = False
            take_hold(link)
        except TransportTimeoutError as exc:
            if was_reset:
                raise probe_hangs() from exc
            was_reset, held_low = True, False
            _revive(link)
            began += clock.now() - entered  # while the probe hung, it could not catch the chip
            continue
        except (SwimError, ExchangeError) as exc:
            failures[rung_of(AT_POWER_ON, exc)] += 1
            continue
        tries = sum(failures.values())
        _log.info("caught at power-on, after %d entries that failed", tries)
        was_silent = any(not rung.of_probe for rung in failures) and entered - began >= _SWITCHING_S
        return was_silent and not is_off(supply_mv)
    details = [f"tried at power-on ({count}x): {rung.failure}" for rung, count in failures.most_common()]
    details += let_go(link, held=grips > 0)
    raise not_reached(link, known._replace(rungs=tuple(failures), watched=True), details)


def _revive(link: SwimLink) -> None:
    """Recover a probe that does not answer any more."""
    try:
        link.recover()
    except TransportTimeoutError as exc:
        raise probe_hangs() from exc

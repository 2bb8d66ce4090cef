"""Release a chip, so that its program runs; also one that was not fully reached."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Optional

from ...errors import LINK_ERRORS, ExchangeError, ProbeError, SwimError, ToolError, TransportTimeoutError
from ...probe.base import SwimLink
from .. import registers as reg
from .entry import BASE, follow, move_reset, nothing
from .failure import probe_hangs
from .recipes import LOW_SPEED

_log = logging.getLogger(__name__)

# docs/timing.md has a row for each of these times.
_LAST_PULSE_S = 0.02  # the same as the first of the pulses
_LEFT_S = 0.001  # from stm8flash, after the reset that lets the program run


def leave_running(link: SwimLink) -> None:
    """Reset the chip so that its program runs.

    CSR.RST must be set before the reset, or the CPU starts stalled again (confidence high). The reset also locks the
    flash. No command locks it, because some STM8L could then never be unlocked (UM0560).

    Raises:
        SwimError: The chip does not accept the reset. NRST was pulsed, but it is not known if the program runs.
        ProbeError: The probe stopped answering and could not be recovered; or its exchanges fail.
    """
    failure: Optional[ToolError] = None
    for prepare in (nothing, link.resync, lambda: follow(link, LOW_SPEED)):
        try:
            prepare()
            speed = reg.CSR_HS if link.high_speed else 0
            link.wotf(reg.SWIM_CSR, bytes([BASE | speed | reg.CSR_RST]))
            link.system_reset()
            link.clock.sleep(_LEFT_S)
            return
        except LINK_ERRORS as exc:
            if isinstance(exc, TransportTimeoutError):  # the probe itself is silent
                if isinstance(failure, TransportTimeoutError):
                    raise probe_hangs() from exc
                with suppress(TransportTimeoutError):  # if it fails, the next step fails, too
                    link.recover()
            failure = exc
            # An interrupt may have come when only one side had changed its speed, or the link is lost.
            _log.debug("leaving the chip: %s", exc)
    _pulse_nrst(link)
    if isinstance(failure, ExchangeError):
        raise ProbeError(
            f"the chip could not be released, because the probe failed several times: {failure}",
            hint="try another port or cable, without a hub; power the board off and on: its program may not run",
        ) from failure
    raise SwimError(
        "the chip stopped answering before it was released: its program may not run",
        hint="power the board off and on; a reset by NRST may not be enough",
    )


def let_go(link: SwimLink, *, held: bool) -> tuple[str, ...]:
    """Try to release a chip that was not fully reached; return lines for the error if it may stay `held`."""
    try:
        leave_running(link)
    except ToolError as exc:
        _log.debug("leaving the chip: %s", exc)
        return stays_held(exc) if held else ()
    return ()


def stays_held(failure: ToolError) -> tuple[str, ...]:
    """Return evidence and advice for a chip that could not be released, for the details of an earlier error."""
    return (
        f"the chip could not be released, either: {failure}",
        "its CPU may still be stopped: power the board off and on; a reset by NRST may not be enough",
    )


def _pulse_nrst(link: SwimLink) -> None:
    """Reset the chip by its pin: the last thing to try if it does not answer."""
    for low, wait_s in ((True, _LAST_PULSE_S), (False, 0.0)):  # the second, even if the first failed
        try:
            move_reset(link, low=low)
        except ToolError as exc:
            _log.debug("NRST pulse: %s", exc)
        link.clock.sleep(wait_s)

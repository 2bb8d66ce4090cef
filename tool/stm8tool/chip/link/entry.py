"""Reach a chip by one recipe: reset, entry, proof of the link, a stalled CPU, speed.

If the probe reports success, that proves nothing: one firmware does so without a chip. So a recipe holds only if
SWIM_CSR reads back the value that was written to it.

Source: UM0470; for the order of the steps see `recipes.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from ...errors import LinkFault, SwimError
from ...probe.base import SwimLink
from .. import registers as reg
from .recipes import ASKED_AT_ONCE_S, SETTLE_S, SILENT_S, Recipe

_log = logging.getLogger(__name__)

# docs/timing.md has a row for each of these times.
_FIRST_LOOK_S = 0.001  # from stm8flash: then it sends a communication reset and looks for HSIT, as `_settle` does
_LOOK_STEP_S = 0.001  # our choice
_STATUS_BITS = reg.CSR_HSIT | reg.CSR_NO_ACCESS
BASE = reg.CSR_SAFE_MASK | reg.CSR_SWIM_DM  # the bits of SWIM_CSR that the tool always sets
_HSIT_TRIES = 5
_HSIT_STEP_S = 0.010  # stm8flash reads it ten times


def nothing() -> None:
    """Do nothing."""


class BusError(SwimError):
    """SWIM_CSR reads back, so the chip is there, but its bus and its memory cannot be reached.

    Attributes:
        hsit: SWIM_CSR.HSIT was set: the chip had left its reset.
    """

    hsit: bool

    def __init__(self, cause: SwimError, *, hsit: bool) -> None:
        super().__init__(str(cause), fault=cause.fault, hint=cause.advice, hsit=hsit)


def move_reset(link: SwimLink, *, low: bool) -> None:
    """Move NRST. A success that the probe reports proves nothing: the next steps show if the chip took the reset.

    Raises:
        SwimError: The probe stays busy.
        TransportError: The probe does not answer.
    """
    move = link.assert_reset if low else link.release_reset
    for _ in range(2):
        try:
            move()
            return
        except SwimError as exc:
            if exc.fault is LinkFault.BUSY:
                raise
            _log.debug("%s; continuing", exc)


def follow(link: SwimLink, recipe: Recipe, gripped: Callable[[], None] = nothing) -> None:
    """Reach the chip by one recipe; SwimError or TransportError if that fails.

    `gripped` is called when the chip has accepted SWIM_CSR: from then on its CPU may be stalled.
    """
    clock = link.clock
    if recipe.recover:
        link.recover()
    elif recipe.restart:
        link.restart()
    if recipe.pulse_s is None:
        move_reset(link, low=False)
    else:
        low_s, high_s, hold_s = recipe.pulse_s
        if low_s:
            move_reset(link, low=True)
            clock.sleep(low_s)
            move_reset(link, low=False)
            clock.sleep(high_s)
        move_reset(link, low=True)
        clock.sleep(hold_s)
    link.enter(recipe.first_poll_s)
    link.set_speed(False)
    if recipe.pulse_s is not None:
        # ST's tool and vsprog send it here, though the chip may ignore it while CSR.SWIM_DM is 0.
        with suppress(SwimError):
            link.system_reset()
    if recipe.may_be_fast:
        _end_high_speed(link)
    link.wotf(reg.SWIM_CSR, bytes([BASE]))
    gripped()
    if recipe.pulse_s is not None:
        move_reset(link, low=False)
    settled = _settle(link, recipe)
    if recipe.system_reset:
        link.system_reset()
        settled = _settle(link, recipe)
    _take_hold(link, recipe.high_speed, settled)


def _settle(link: SwimLink, recipe: Recipe) -> bool:
    """Give the chip time to come out of a reset; return True if it shows that it is out, and the link is proven.

    It sets SWIM_CSR.HSIT when it has loaded its option bytes; a reset clears that bit (UM0470). So a slow NRST is
    waited for. If the bit stays 0, or the chip does not answer, the wait is as long as the recipe says. A recipe for
    low speed always waits that long.
    """
    end = link.clock.now() + recipe.settle_s
    if not recipe.high_speed:
        link.clock.sleep(recipe.settle_s)
        return False
    link.clock.sleep(_FIRST_LOOK_S)
    with suppress(SwimError):
        link.resync()
        while link.clock.now() < end:
            if link.rotf(reg.SWIM_CSR, 1)[0] & ~reg.CSR_NO_ACCESS == BASE | reg.CSR_HSIT:
                return True
            link.clock.sleep(min(_LOOK_STEP_S, end - link.clock.now()))
    link.clock.sleep(end - link.clock.now())
    return False


def _end_high_speed(link: SwimLink) -> None:
    """Bring a chip that kept SWIM_CSR.HS through the entry back to low speed: by a resync, or in its own speed."""
    with suppress(SwimError):  # the next write of SWIM_CSR tells whether the chip answers
        link.resync()
    try:
        link.wotf(reg.SWIM_CSR, bytes([BASE]))
        return
    except SwimError as exc:
        _log.debug("in low speed: %s", exc)
    if not link.has_high_speed:
        return
    link.resync()  # clear the error in the probe: a change of speed would report it once more
    link.set_speed(True)
    with suppress(SwimError):  # no source says in which speed the chip acknowledges the end of high speed
        link.wotf(reg.SWIM_CSR, bytes([BASE]))
    link.set_speed(False)


def catch(link: SwimLink, turn: int, gripped: Callable[[], None]) -> None:
    """Enter without wasting time: power may just have come, and the chip's program may be about to turn SWIM off.

    The system reset directly after the entry undoes the program's work so far, and stalls the CPU. Every other `turn`
    asks for the status at once, like the recipe after a recovery. For `gripped` see `follow`.
    """
    link.enter(ASKED_AT_ONCE_S if turn % 2 else SILENT_S)
    link.wotf(reg.SWIM_CSR, bytes([BASE]))
    gripped()
    link.system_reset()


def take_hold(link: SwimLink) -> None:
    """Go on after `catch`: release NRST, prove the link, and use high speed if the chip allows it."""
    move_reset(link, low=False)
    link.clock.sleep(SETTLE_S)
    _take_hold(link, high_speed=True, proven=False)


def _take_hold(link: SwimLink, high_speed: bool, proven: bool) -> None:
    """Prove the link, unless `_settle` did, stall the CPU, choose the speed."""
    csr = BASE | reg.CSR_HSIT
    if not proven:
        link.resync()
        csr = _prove(link, BASE)
    try:
        if not csr & reg.CSR_HSIT:
            link.rotf(reg.RAM, 1)  # a chip that is still in reset may answer for its debug module, but not for its RAM
        held = _stall(link)
        if high_speed and link.has_high_speed:
            _go_high_speed(link, csr, held)
        else:
            # RST stays set in the whole session, as in ST's tool: if this process dies, any reset frees the chip.
            link.wotf(reg.SWIM_CSR, bytes([BASE | reg.CSR_RST]))
            _prove(link, BASE | reg.CSR_RST)
    except SwimError as exc:
        raise BusError(exc, hsit=bool(csr & reg.CSR_HSIT)) from exc


def _prove(link: SwimLink, expected: int) -> int:
    """Read SWIM_CSR; SwimError unless it holds `expected`, apart from the bits that the chip sets."""
    value = link.rotf(reg.SWIM_CSR, 1)[0]
    if (value ^ expected) & ~_STATUS_BITS:
        raise SwimError(
            f"SWIM_CSR reads 0x{value:02X}, but 0x{expected:02X} was written: the link is not good",
            fault=LinkFault.DAMAGED,
            address=reg.SWIM_CSR,
            expected=expected,
            actual=value,
        )
    return value


def _stall(link: SwimLink) -> int:
    """Stall the CPU: while it runs, block programming fails (seen, confidence high). Return the value of DM_CSR2."""
    for _ in range(2):
        link.wotf(reg.DM_CSR2, bytes([reg.CSR2_STALL]))
        value = link.rotf(reg.DM_CSR2, 1)[0]
        if value & reg.CSR2_STALL:
            return value
    _log.warning("the chip does not show that its CPU is stopped; if a write fails, wire NRST (SWIM_RST)")
    return value


def _go_high_speed(link: SwimLink, csr: int, held: int) -> None:
    """Switch both sides to high speed, or stay in low speed if the chip never allows it.

    DM_CSR2 must read `held`, its value in low speed. SWIM_CSR would prove less: it is not on the chip's bus.

    HSIT was seen to stay 0 with some option bytes and right after an unlock (confidence high).
    """
    for _ in range(_HSIT_TRIES):
        if csr & reg.CSR_HSIT:
            break
        link.clock.sleep(_HSIT_STEP_S)
        csr = link.rotf(reg.SWIM_CSR, 1)[0]
    else:
        _log.info("HSIT stays 0: staying in low speed")
        link.wotf(reg.SWIM_CSR, bytes([BASE | reg.CSR_RST]))
        return
    link.wotf(reg.SWIM_CSR, bytes([BASE | reg.CSR_HS]))
    link.set_speed(True)
    link.wotf(reg.SWIM_CSR, bytes([BASE | reg.CSR_HS | reg.CSR_RST]))
    value = link.rotf(reg.DM_CSR2, 1)[0]
    if value != held:
        raise SwimError(
            f"DM_CSR2 reads 0x{value:02X} in high speed, but 0x{held:02X} in low speed: the link is not good",
            fault=LinkFault.DAMAGED,
            address=reg.DM_CSR2,
            expected=held,
            actual=value,
        )

"""The connect ladder: from a silent wire to a chip that is proven to answer, with its CPU stalled.

Each rung is one recipe. If the probe reports success, that proves nothing: one firmware does so without a chip. So a
rung holds only if SWIM_CSR reads back the value that was written to it.

Sources: the order of a recipe is that of ST's own tool (two independent captures) and vsprog (confidence high). It is
NRST pulse, entry, SRST, CSR, NRST release, communication reset, high speed. Rungs and times: working
tools and user reports merged; confidence medium.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, Optional

from ...errors import (
    LINK_ERRORS,
    Code,
    ConnectError,
    ExchangeError,
    LinkFault,
    ProbeError,
    ProbeLostError,
    SwimError,
    ToolError,
    TransportError,
    TransportTimeoutError,
)
from ...probe.base import SwimLink
from .. import registers as reg
from .diagnose import Evidence, Rung, conclude, supply_line

_log = logging.getLogger(__name__)

# docs/timing.md has a row for each of these times: its source, and the test that notices a change.
_PULSE_S = (0.02, 0.02, 0.01)  # from vsprog, in ST's order: NRST low, high, then low before the entry
_HOLD_S = 0.010  # low once, as stm8flash and OpenOCD have it
_LONG_PULSE_S = (0.2, 0.1, 0.1)  # our choice, for a board with a slow NRST
_SILENT_S = 0.012  # one clone and chip never connected when the first poll came earlier than 6.5 ms (medium)
_ASKED_AT_ONCE_S = 0.0  # another clone wanted 3 ms, and failed with 10 (medium)
_SETTLE_S = 0.010  # from vsprog; stm8flash waits 1 ms
_FIRST_LOOK_S = 0.001  # from stm8flash: then it sends a communication reset and looks for HSIT, as `_settle` does
_LOOK_STEP_S = 0.001  # our choice
_LONG_SETTLE_S = 0.1  # our choice, like the long pulse
_STATUS_BITS = reg.CSR_HSIT | reg.CSR_NO_ACCESS
_BASE = reg.CSR_SAFE_MASK | reg.CSR_SWIM_DM
_HSIT_TRIES = 5
_HSIT_STEP_S = 0.010  # stm8flash reads it ten times
_LAST_PULSE_S = 0.02  # the same as the first of the pulses
_LEFT_S = 0.001  # from stm8flash, after the reset that lets the program run


def _nothing() -> None:
    """Do nothing."""


class Recipe(NamedTuple):
    """One way to reach a chip.

    Attributes:
        name: For the user; it reads well after "connected ".
        pulse_s: How long NRST is low, high, then low before the entry, in seconds; with 0 it is low only once.
            None leaves NRST high.
        high_speed: Switch to high speed once the link is proven.
        system_reset: Reset the chip over SWIM, too. NRST may not be wired, and only a reset undoes the changes of the
            program to clock and flash keys. It keeps SWIM and leaves the CPU stalled (confidence medium, so not
            every rung has it).
        settle_s: Time for the chip to come out of a reset, in seconds.
        restart: Take the probe out of SWIM mode and in again first.
        recover: Call `SwimLink.recover` first.
        first_poll_s: Silence after the entry sequence, in seconds.
        may_be_fast: The chip may use high speed after the entry. All sources say that the entry ends high speed
            (confidence high), so this is for a chip that no source knows.
    """

    name: str
    pulse_s: Optional[tuple[float, float, float]]
    high_speed: bool = False
    system_reset: bool = True
    settle_s: float = _SETTLE_S
    restart: bool = True
    recover: bool = False
    first_poll_s: float = _SILENT_S
    may_be_fast: bool = False


AFTER_RECOVERY = Recipe(
    "after a reset of the probe, low speed",
    _PULSE_S,
    system_reset=False,
    recover=True,
    first_poll_s=_ASKED_AT_ONCE_S,
)
OUT_OF_HIGH_SPEED = Recipe("without NRST, out of high speed", None, may_be_fast=True)
LADDER = (
    Recipe("under reset, high speed", (0.0, 0.0, _HOLD_S), high_speed=True, restart=False),
    Recipe("under reset, low speed", _PULSE_S),
    Recipe("under a longer reset, low speed", _LONG_PULSE_S, system_reset=False, settle_s=_LONG_SETTLE_S),
    Recipe("without NRST, low speed", None),
    AFTER_RECOVERY,
    OUT_OF_HIGH_SPEED,
)
LOW_SPEED = LADDER[1]
NO_RESET = Recipe("again, without any reset", None, system_reset=False, restart=False, may_be_fast=True)
# A probe that hung kept its pins, so the chip may still be in high-speed SWIM. If NRST is not wired, only a recipe
# without a pulse reaches it.
AFTER_HANG = (AFTER_RECOVERY, LOW_SPEED, NO_RESET, LADDER[3], OUT_OF_HIGH_SPEED)


class BusError(SwimError):
    """SWIM_CSR reads back, so the chip is there, but its bus and its memory cannot be reached.

    Attributes:
        hsit: SWIM_CSR.HSIT was set: the chip had left its reset.
    """

    hsit: bool

    def __init__(self, cause: SwimError, *, hsit: bool) -> None:
        super().__init__(str(cause), fault=cause.fault, hint=cause.advice, hsit=hsit)


class Climb(NamedTuple):
    """The recipe that held, and how those before it failed."""

    recipe: Recipe
    failed: tuple[Rung, ...]


def climb(link: SwimLink, known: Evidence, first: Optional[Recipe] = None) -> Climb:
    """Try each recipe until one reaches the chip.

    On return SWIM is proven in the speed of the recipe, NRST is high and the CPU is stalled.

    Args:
        link: An open probe.
        known: The facts about the chip and its past, for the error.
        first: The recipe that worked before, tried before the ladder.

    Raises:
        ConnectError: None worked; `details` names each with its failure.
        ProbeLostError: The probe is gone.
    """
    rungs: list[Rung] = []
    last: Optional[ToolError] = None
    left = deque(LADDER if first is None else (first, *LADDER))
    was_reset = False
    held = known.answered and not known.let_run

    def hold() -> None:
        nonlocal held
        held = True

    while left:
        recipe = left.popleft()
        was_reset = was_reset or recipe.recover
        try:
            follow(link, recipe, hold)
        except ProbeLostError:
            raise
        except ToolError as exc:
            _log.debug("%s: %s", recipe.name, exc)
            rungs.append(rung_of(recipe, exc))
            last = exc
            if isinstance(exc, TransportTimeoutError):  # the probe itself is silent: only a recovery can help, once
                left = deque(() if was_reset else AFTER_HANG)
            continue
        _log.info("connected %s", recipe.name)
        return Climb(recipe, tuple(rungs))
    if isinstance(last, TransportTimeoutError):
        raise probe_hangs([_tried(rung) for rung in rungs]) from last
    details = [*map(_tried, rungs), *let_go(link, held=held)]
    if isinstance(last, TransportError):
        raise ProbeError(
            f"no SWIM link to the chip, after several tries: {last}",
            hint="try another port or cable, without a hub; then another probe",
            details=details,
        ) from last
    raise not_reached(link, known._replace(rungs=rungs), details) from last


def rung_of(recipe: Recipe, failure: ToolError) -> Rung:
    """Return the record of a recipe that failed."""
    fault = failure.fault if isinstance(failure, SwimError) else None
    hsit = isinstance(failure, BusError) and failure.hsit
    of_probe = not isinstance(failure, SwimError)
    return Rung(recipe.name, str(failure), fault, isinstance(failure, BusError), hsit, of_probe)


def _tried(rung: Rung) -> str:
    return f"tried {rung.recipe}: {rung.failure}"


def probe_hangs(details: Sequence[str] = ()) -> ProbeError:
    """Return the error for a probe that does not answer any more."""
    return ProbeError(
        "the probe stopped answering",
        code=Code.PROBE_HUNG,
        hint="unplug the probe, plug it in again and retry",
        details=details,
    )


def not_reached(link: SwimLink, seen: Evidence, details: Sequence[str]) -> ConnectError:
    """Return the error for a chip that was not reached, from `seen` and the supply that the probe measures now."""
    supply_mv = link.supply_mv()
    found = conclude(seen._replace(supply_mv=supply_mv))
    measured = () if supply_mv is None else (supply_line(supply_mv),)
    fault = seen.rungs[-1].fault if seen.rungs else None
    failure = ConnectError(found.message, fault=fault, code=found.code, hint=found.hint, details=(*details, *measured))
    return failure.with_(supply_mv=supply_mv)


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


def follow(link: SwimLink, recipe: Recipe, gripped: Callable[[], None] = _nothing) -> None:
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
    link.wotf(reg.SWIM_CSR, bytes([_BASE]))
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
            if link.rotf(reg.SWIM_CSR, 1)[0] & ~reg.CSR_NO_ACCESS == _BASE | reg.CSR_HSIT:
                return True
            link.clock.sleep(min(_LOOK_STEP_S, end - link.clock.now()))
    link.clock.sleep(end - link.clock.now())
    return False


def _end_high_speed(link: SwimLink) -> None:
    """Bring a chip that kept SWIM_CSR.HS through the entry back to low speed: by a resync, or in its own speed."""
    with suppress(SwimError):  # the next write of SWIM_CSR tells whether the chip answers
        link.resync()
    try:
        link.wotf(reg.SWIM_CSR, bytes([_BASE]))
        return
    except SwimError as exc:
        _log.debug("in low speed: %s", exc)
    if not link.has_high_speed:
        return
    link.resync()  # clear the error in the probe: a change of speed would report it once more
    link.set_speed(True)
    with suppress(SwimError):  # no source says in which speed the chip acknowledges the end of high speed
        link.wotf(reg.SWIM_CSR, bytes([_BASE]))
    link.set_speed(False)


def catch(link: SwimLink, turn: int, gripped: Callable[[], None]) -> None:
    """Enter without wasting time: power may just have come, and the chip's program may be about to turn SWIM off.

    The system reset directly after the entry undoes the program's work so far, and stalls the CPU. Every other `turn`
    asks for the status at once, like the recipe after a recovery. For `gripped` see `follow`.
    """
    link.enter(_ASKED_AT_ONCE_S if turn % 2 else _SILENT_S)
    link.wotf(reg.SWIM_CSR, bytes([_BASE]))
    gripped()
    link.system_reset()


def take_hold(link: SwimLink) -> None:
    """Go on after `catch`: release NRST, prove the link, and use high speed if the chip allows it."""
    move_reset(link, low=False)
    link.clock.sleep(_SETTLE_S)
    _take_hold(link, high_speed=True, proven=False)


def _take_hold(link: SwimLink, high_speed: bool, proven: bool) -> None:
    """Prove the link, unless `_settle` did, stall the CPU, choose the speed."""
    csr = _BASE | reg.CSR_HSIT
    if not proven:
        link.resync()
        csr = _prove(link, _BASE)
    try:
        held = _stall(link)
        if high_speed and link.has_high_speed:
            _go_high_speed(link, csr, held)
        else:
            # RST stays set in the whole session, as in ST's tool: if this process dies, any reset frees the chip.
            link.wotf(reg.SWIM_CSR, bytes([_BASE | reg.CSR_RST]))
            _prove(link, _BASE | reg.CSR_RST)
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
        link.wotf(reg.SWIM_CSR, bytes([_BASE | reg.CSR_RST]))
        return
    link.wotf(reg.SWIM_CSR, bytes([_BASE | reg.CSR_HS]))
    link.set_speed(True)
    link.wotf(reg.SWIM_CSR, bytes([_BASE | reg.CSR_HS | reg.CSR_RST]))
    value = link.rotf(reg.DM_CSR2, 1)[0]
    if value != held:
        raise SwimError(
            f"DM_CSR2 reads 0x{value:02X} in high speed, but 0x{held:02X} in low speed: the link is not good",
            fault=LinkFault.DAMAGED,
            address=reg.DM_CSR2,
            expected=held,
            actual=value,
        )


def leave_running(link: SwimLink) -> None:
    """Reset the chip so that its program runs.

    CSR.RST must be set before the reset, or the CPU starts stalled again (confidence high). The reset also locks the
    flash. No command locks it, because some STM8L could then never be unlocked (UM0560).

    Raises:
        SwimError: The chip does not accept the reset. NRST was pulsed, but it is not known if the program runs.
        ProbeError: The probe stopped answering and could not be recovered; or its exchanges fail.
    """
    failure: Optional[ToolError] = None
    for prepare in (_nothing, link.resync, lambda: follow(link, LOW_SPEED)):
        try:
            prepare()
            speed = reg.CSR_HS if link.high_speed else 0
            link.wotf(reg.SWIM_CSR, bytes([_BASE | speed | reg.CSR_RST]))
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

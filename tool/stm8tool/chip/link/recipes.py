"""The recipes to reach a chip, each a way of reset, entry and speed, and the order in which they are tried.

Sources: the order of a recipe is that of ST's own tool (two independent captures) and vsprog (confidence high). It is
NRST pulse, entry, SRST, CSR, NRST release, communication reset, high speed. Rungs and times: working
tools and user reports merged; confidence medium.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

# docs/timing.md has a row for each of these times: its source, and the test that notices a change.
_PULSE_S = (0.02, 0.02, 0.01)  # from vsprog, in ST's order: NRST low, high, then low before the entry
_HOLD_S = 0.010  # low once, as stm8flash and OpenOCD have it
_LONG_PULSE_S = (0.2, 0.1, 0.1)  # our choice, for a board with a slow NRST
SILENT_S = 0.012  # one clone and chip never connected when the first poll came earlier than 6.5 ms (medium)
ASKED_AT_ONCE_S = 0.0  # another clone wanted 3 ms, and failed with 10 (medium)
SETTLE_S = 0.010  # from vsprog; stm8flash waits 1 ms
_LONG_SETTLE_S = 0.1  # our choice, like the long pulse


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
    settle_s: float = SETTLE_S
    restart: bool = True
    recover: bool = False
    first_poll_s: float = SILENT_S
    may_be_fast: bool = False


AFTER_RECOVERY = Recipe(
    "after a reset of the probe, low speed",
    _PULSE_S,
    system_reset=False,
    recover=True,
    first_poll_s=ASKED_AT_ONCE_S,
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

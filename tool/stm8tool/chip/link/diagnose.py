"""Find the cause why a chip could not be reached, or did not keep the written data, from the evidence.

Pure functions. If several causes fit, the message names the likeliest, and the hint the others in their order. The
supply that a probe measures never decides alone: it only helps to explain a failure that happened.

Sources: meaning of the faults from working tools and user reports (confidence medium). Lowest supplies from the
datasheets of STM8S and STM8L (confidence high) and of the others (medium). With its VDD pin open, a genuine ST-LINK/V2
measures about 1.2 V and a clone about 3.25 V, its own supply (reports, confidence high).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

from ...errors import Code, LinkFault, ToolError
from ...parts.table import Part
from ...words import Advice, Hint

_OFF_MV = 1000
_NOT_WIRED_MV = range(_OFF_MV, 1400)  # a genuine probe whose VDD pin leads nowhere
# STM8S: 2.95 V. STM8L and STM8AL: 1.65 V, the lowest of any (many need 1.8 V at power-on). STM8AF, STLUX, STNRG: 3 V.
_LEAST_MV = {"STM8S": 2950, "STM8AF": 3000, "STLUX": 3000, "STNRG": 3000}
_LEAST_OF_ANY_MV = 1650

_WIRES = "check GND (try another GND pin), SWIM and the board's power, in this order; keep the wires under 10 cm"
_CATCH = "catch the chip with {power_cycle}"
_DELAY = "give the program a delay at its start"


class Rung(NamedTuple):
    """How one recipe failed.

    Attributes:
        recipe: Its name.
        failure: The message of the error, a line.
        fault: The fault that the link reported; None if it reported none.
        proven: SWIM_CSR read back the written value: the chip answered, but its bus could not be used.
        hsit: SWIM_CSR.HSIT was set: the chip was out of reset and had loaded its option bytes.
        of_probe: The probe failed, so this says nothing about the chip.
    """

    recipe: str
    failure: str
    fault: Optional[LinkFault]
    proven: bool = False
    hsit: bool = False
    of_probe: bool = False


class Evidence(NamedTuple):
    """The facts that are known when no recipe reached the chip.

    Attributes:
        rungs: Every recipe that was tried.
        supply_mv: The supply that the probe measures, in mV; None if it cannot.
        least_mv: The supply that the chip needs, in mV.
        has_nrst: The part has an NRST pin, as far as is known.
        answered: The chip answered earlier in this session.
        let_run: It was reset after that, so its program ran.
        watched: The tool repeated the entry while the user switched the board's power.
    """

    rungs: Sequence[Rung]
    supply_mv: Optional[int] = None
    least_mv: int = _LEAST_OF_ANY_MV
    has_nrst: bool = True
    answered: bool = False
    let_run: bool = False
    watched: bool = False


class Cause(NamedTuple):
    """A cause, as an error tells it."""

    code: Code
    message: str
    hint: Advice


def least_supply_mv(part: Optional[Part]) -> int:
    """Return the lowest supply that `part` is specified for, in mV; without a part, the lowest of any part."""
    return _LEAST_OF_ANY_MV if part is None else _LEAST_MV.get(part.family, _LEAST_OF_ANY_MV)


def is_off(supply_mv: Optional[int]) -> bool:
    """Tell whether the measured supply means that the board is off."""
    return supply_mv is not None and supply_mv < _OFF_MV


def supply_is_low(supply_mv: Optional[int], least_mv: int) -> bool:
    """Tell whether the measured supply is on but so low that it explains a failure."""
    return supply_mv is not None and _NOT_WIRED_MV.stop <= supply_mv < least_mv


def supply_line(supply_mv: int) -> str:
    """Return the measured supply and how to read it, as a line of evidence."""
    worth = (
        "a usual value if the probe's VDD pin is not wired" if supply_mv in _NOT_WIRED_MV else "at the probe's VDD pin"
    )
    return f"supply: {supply_mv / 1000:.2f} V, {worth}"


def conclude(seen: Evidence) -> Cause:
    """Return the likeliest reason why the chip was not reached."""
    faults = [rung.fault for rung in seen.rungs]
    proven = [rung for rung in seen.rungs if rung.proven]
    if faults and all(fault is LinkFault.BUSY for fault in faults):
        return Cause(
            Code.PROBE_HUNG,
            "no SWIM link to the chip: the probe stays busy with each command",
            "unplug the probe, plug it in again and retry; if it stays so, " + _WIRES,
        )
    if not proven and LinkFault.STUCK in faults:
        return Cause(
            Code.SWIM_STUCK,
            "no SWIM link to the chip: the SWIM line is stuck",
            "SWIM and GND may be swapped; or something on the board holds SWIM low, or the board has no power",
        )
    if not proven and seen.supply_mv is not None and is_off(seen.supply_mv):
        return Cause(
            Code.TARGET_UNPOWERED,
            "no SWIM link to the chip: the board has no power",
            f"the probe measures {seen.supply_mv / 1000:.2f} V: power the board; if it has power, wire its VDD to the "
            "probe, and check GND and SWIM",
        )
    if supply_is_low(seen.supply_mv, seen.least_mv):
        return Cause(
            Code.SUPPLY_LOW,
            "no SWIM link to the chip: its supply is too low",
            f"{_low(seen.supply_mv, seen.least_mv)}; else {_WIRES}",
        )
    if proven:
        return _without_bus(seen, any(rung.hsit for rung in proven))
    if LinkFault.REFUSED in faults:
        return Cause(
            Code.LINK_LOST,
            "no SWIM link to the chip: it answers, but refuses the commands",
            f"{_WIRES}; wire NRST",
        )
    if LinkFault.DAMAGED in faults:
        return Cause(
            Code.LINK_LOST,
            "no SWIM link to the chip: its answers are damaged",
            "shorten the wires, check GND; a program that uses the SWIM pin needs NRST wired",
        )
    if seen.answered:
        return _fell_silent(seen)
    return _silent(seen)


def blame_supply(failure: ToolError, supply_mv: Optional[int], least_mv: int) -> ToolError:
    """Return `failure`, of a chip that answers, with the supply as its cause if the measured one is low."""
    if not supply_is_low(supply_mv, least_mv):
        return failure
    # After an unlock the state of the chip matters more than the supply.
    code = failure.code if failure.code is Code.UNLOCK_FAILED else Code.SUPPLY_LOW
    low: Advice = _low(supply_mv, least_mv)
    hint = Hint("{low}; then {first}", low=low, first=failure.advice) if failure.advice else low
    return failure.with_(code=code, hint=hint, supply_mv=supply_mv)


def _low(supply_mv: Optional[int], least_mv: int) -> str:
    measured = (supply_mv or 0) / 1000
    return (
        f"the probe measures {measured:.2f} V, and the chip needs {least_mv / 1000:.2f} V: check the supply under "
        "load, and the wires"
    )


def _without_bus(seen: Evidence, hsit: bool) -> Cause:
    """Return the cause if SWIM answers but the chip's memory does not."""
    if hsit:
        return Cause(
            Code.LINK_LOST,
            "the chip answers on SWIM, but gives no access to its memory",
            "wire NRST (SWIM_RST); then check the supply, GND, and the length of the wires",
        )
    if not seen.has_nrst:
        return Cause(
            Code.RESET_LOW,
            "the chip answers on SWIM, but stays in reset",
            "check the supply: this part has no NRST pin that something could hold low",
        )
    return Cause(
        Code.RESET_LOW,
        "the chip answers on SWIM, but stays in reset: something holds NRST low",
        "look at NRST: a button, another probe, the RTS line of a serial adapter, a short; then check the supply",
    )


def _fell_silent(seen: Evidence) -> Cause:
    """Return the cause if the chip answered earlier in this session."""
    if seen.let_run:
        wire = "wire NRST" if seen.has_nrst else _DELAY
        return Cause(
            Code.SWIM_DISABLED,
            "the chip answered until its program ran: most likely that turns SWIM off or sleeps; no reset gets through",
            Hint(f"{wire}; or {_CATCH}"),
        )
    return Cause(
        Code.LINK_LOST,
        "the chip stopped answering in the middle of the work, and no way to connect reaches it again",
        "a wire may be loose, or the supply failed: " + _WIRES,
    )


def _silent(seen: Evidence) -> Cause:
    """Return the cause if the chip never answered, and nothing else is known."""
    if seen.watched:
        message = "the chip did not answer while its power was switched"
        hint: Advice = (
            "switch the board's power off for a second, then on; a serial adapter may still feed the board. "
            f"If that does not help, {_WIRES}. A program that turns SWIM off within about 30 ms is too fast for this"
        )
    elif seen.has_nrst:
        message = "no SWIM link to the chip: it does not answer"
        hint = Hint(f"{_WIRES}; or the program turns SWIM off or sleeps: wire NRST, or {_CATCH}")
    else:
        message = (
            "no SWIM link to the chip: most likely its program turns SWIM off or sleeps; this part has no NRST pin"
        )
        hint = Hint(f"{_CATCH}. A loose wire or no power looks the same: {_WIRES}. If it was the program, {_DELAY}")
    return Cause(Code.TARGET_SILENT if seen.has_nrst else Code.SWIM_DISABLED, message, hint)

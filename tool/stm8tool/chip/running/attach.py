"""Attach to a chip whose program runs, and detach from it: without a reset, and without a stall.

A probe whose `resets_on_entry` is set resets the chip all the same, and stalls it. The caller then lets it run.

SWIM_CSR.SAFE_MASK stays 0, so a watchdog may reset the chip as it would without a probe. SWIM_CSR.RST is 1, so such a
reset also ends SWIM and the CPU starts by itself; with 0 it would come up stalled (UM0470; confidence medium).

SWIM takes bus cycles from the CPU for each byte. How many, no source says.
"""

from __future__ import annotations

import logging

from ...errors import Code, ConnectError, LinkFault, SwimError, ToolError
from ...probe.base import SwimLink
from ...support.interrupts import shield
from .. import registers as reg
from ..link.entry import move_reset

_log = logging.getLogger(__name__)

_FIRST_POLL_S = 0.012  # as the connect ladder waits
_BASE = reg.CSR_SWIM_DM | reg.CSR_RST
_STATUS_BITS = reg.CSR_HSIT | reg.CSR_NO_ACCESS
RESET_VECTOR = 0x8000
_HALT_HINT = "a program that sleeps in HALT, or that turns SWIM off, cannot be watched; see docs/console.md"


def attach(link: SwimLink) -> None:
    """Reach a chip whose program runs, at high speed if the chip allows it.

    Raises:
        ConnectError: The chip does not answer.
        TransportError, ProbeError: The probe failed.
    """
    try:
        _enter(link)
    except SwimError as exc:
        raise ConnectError(
            f"the running chip does not answer: {exc}", fault=exc.fault, code=Code.TARGET_SILENT, hint=_HALT_HINT
        ) from exc


def warn_of_reset(link: SwimLink) -> None:
    """Tell the user that this probe cannot attach without a reset, if that is so."""
    if link.resets_on_entry:
        _log.warning("this probe resets the chip when it attaches: the program starts again")


def _enter(link: SwimLink) -> None:
    move_reset(link, low=False)
    link.enter(_FIRST_POLL_S)
    link.set_speed(False)
    link.wotf(reg.SWIM_CSR, bytes([_BASE]))
    value = link.rotf(reg.SWIM_CSR, 1)[0]
    if (value ^ _BASE) & ~_STATUS_BITS:
        raise SwimError(f"SWIM_CSR reads 0x{value:02X}, but 0x{_BASE:02X} was written", fault=LinkFault.DAMAGED)
    if value & reg.CSR_HSIT and link.has_high_speed:
        with shield():
            link.wotf(reg.SWIM_CSR, bytes([_BASE | reg.CSR_HS]))
            link.set_speed(True)
        link.rotf(reg.DM_CSR2, 1)


def is_stalled(link: SwimLink) -> bool:
    """Tell whether something has stopped the CPU."""
    return bool(link.rotf(reg.DM_CSR2, 1)[0] & reg.CSR2_STALL)


def start_from_reset(link: SwimLink) -> None:
    """Let a CPU run that stands at its first instruction; do nothing to one that stands elsewhere, or runs.

    It stands there if a reset came between the entry and the write of SWIM_CSR.RST. A debugger stops it elsewhere.
    """
    if is_stalled(link) and link.rotf(reg.PROGRAM_COUNTER, 3) == RESET_VECTOR.to_bytes(3, "big"):
        let_run(link)


def let_run(link: SwimLink) -> None:
    """Let a CPU run that a reset has stalled: the reset came between the entry and the write of SWIM_CSR.RST."""
    value = link.rotf(reg.DM_CSR2, 1)[0]
    if value & reg.CSR2_STALL:
        link.wotf(reg.DM_CSR2, bytes([value & ~reg.CSR2_STALL]))


def detach(link: SwimLink) -> None:
    """Close the debug module and go back to low speed; the program goes on. An error is only logged.

    SWIM stays active until the next reset of the chip. SWIM_CSR.OSCOFF lets HALT stop the oscillator again.
    """
    with shield():
        try:
            link.wotf(reg.SWIM_CSR, bytes([reg.CSR_OSCOFF | reg.CSR_RST]))
        except ToolError as exc:
            _log.debug("while the tool detached from the chip: %s", exc)

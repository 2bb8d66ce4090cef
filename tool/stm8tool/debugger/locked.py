"""Tell whether a chip is read-protected, while its program runs. Nothing is written, and the reads change nothing.

A locked chip must not be halted. On an STM8S of medium or high density ROP keeps the CPU from being started again
(RM0016 4.5.1), and only a reset starts it. The sure way to detect ROP is in `chip/options/protection.py`. It needs a
halted CPU.
"""

from __future__ import annotations

from ..chip import registers as reg
from ..errors import LinkFault, ReadoutProtectedError, SwimError
from ..parts.table import Part
from ..probe.base import SwimLink
from ..words import Hint

_HIDDEN = 0x71  # protected memory reads as this (STM8S: several reports, confidence medium)
_AA = 0xAA
_SAMPLE = 64
_LOOKS = 3  # flash that is being programmed refuses a read, too
_AGAIN_S = 0.01  # a block is programmed in 6 ms


def require_open(link: SwimLink, part: Part) -> None:
    """Raise ReadoutProtectedError if the running chip is locked."""
    seen = _evidence(link, part)
    if seen:
        raise ReadoutProtectedError(
            f"the chip is read-protected ({seen}), so its program cannot be debugged; it runs on",
            hint=Hint("{unlock_target} removes the protection and erases the whole chip; its content cannot be saved"),
        )


def _evidence(link: SwimLink, part: Part) -> str:
    """Return the signs of ROP, or an empty text."""
    try:
        rop, sample = _look(link, part)
    except SwimError as exc:
        if exc.fault is not LinkFault.REFUSED or not link.rotf(reg.SWIM_CSR, 1)[0] & reg.CSR_SWIM_DM:
            raise
        link.rotf(reg.DM_CSR2, 1)  # if this is refused, too, the chip sleeps in HALT
        return "its memory refuses to be read"
    if (rop == _AA) == part.aa_locks:
        return f"ROP byte 0x{rop:02X}"
    if set(sample) == {_HIDDEN}:
        return f"flash reads 0x{_HIDDEN:02X}"
    return ""


def _look(link: SwimLink, part: Part) -> tuple[int, bytes]:
    for left in reversed(range(_LOOKS)):
        try:
            return link.rotf(reg.ROP_ADDRESS, 1)[0], link.rotf(part.flash.start, _SAMPLE)
        except SwimError as exc:
            if exc.fault is not LinkFault.REFUSED or not left:
                raise
            link.clock.sleep(_AGAIN_S)
    raise AssertionError("the loop returns or raises")

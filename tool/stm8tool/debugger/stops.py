"""Why the CPU of a chip stands still."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Optional

from .comparators import Condition


class Reason(Enum):
    """Why the CPU has stopped; the value fits after "stopped"."""

    REQUEST = "on request"
    RESET = "after a reset, before the first instruction"
    STEP = "after one step"
    HARDWARE = "at a hardware breakpoint"
    SOFTWARE = "at a software breakpoint"
    BREAK = "at a BREAK instruction of the program"
    WATCH = "after an access to data"


class Stop(NamedTuple):
    """One stop of the CPU.

    Attributes:
        reason: Why.
        pc: The address of the next instruction.
        condition: What a comparator has seen; None for other reasons.
    """

    reason: Reason
    pc: int
    condition: Optional[Condition] = None

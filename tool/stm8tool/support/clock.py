"""Time: the protocol of a clock, and the real clock. A simulated probe has its own clock."""

from __future__ import annotations

import os
import time
from typing import Protocol

# Windows wakes a sleeping thread only after 1 to 15 ms. Shorter waits are busy loops there.
_SPIN_BELOW_S = 0.002 if os.name == "nt" else 0.0


class Clock(Protocol):
    """A monotonic clock, in seconds."""

    def now(self) -> float:
        """Return the time, in seconds from an arbitrary start."""

    def sleep(self, seconds: float) -> None:
        """Wait at least `seconds` (0 or less: not at all)."""


class MonotonicClock:
    """A `Clock` that uses the operating system's monotonic time."""

    def now(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`."""
        if seconds <= 0:
            return
        if seconds >= _SPIN_BELOW_S:
            time.sleep(seconds)
            return
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass

"""Time: what a clock does, and the real one. A simulated probe brings its own."""

from __future__ import annotations

import os
import time
from typing import Protocol

# Windows wakes a sleeper after 1 to 15 ms whatever it asked for; shorter waits are spun there.
_SPIN_BELOW_S = 0.002 if os.name == "nt" else 0.0


class Clock(Protocol):
    """A monotonic clock, in seconds."""

    def now(self) -> float:
        """Return the time, in seconds from an arbitrary start."""

    def sleep(self, seconds: float) -> None:
        """Wait at least `seconds` (0 or less: not at all)."""


class MonotonicClock:
    """`Clock` by the operating system's monotonic time."""

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

"""Clocks for the simulator: virtual time by default, real time on request."""

from __future__ import annotations

import time
from typing import Optional

from stm8tool.support.clock import Clock

LONGEST_LEAP_S = 0.05  # of `PacedClock`
PACE_S = 0.01  # so often a server in real time lets its board go on; each time is far from the longest leap
TIE_S = 1e-10  # times that are closer are the same: they are sums, with small errors; a cycle takes 4e-8 s or more


class VirtualClock:
    """A clock that stands still except while a program waits or a transfer takes its time."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Advance by `seconds`; costs no real time."""
        if seconds > 0:
            self._now += seconds


class RealClock:
    """A clock on which the simulated durations really pass, for demonstrations."""

    def now(self) -> float:
        """Return the monotonic time, in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`."""
        if seconds > 0:
            time.sleep(seconds)


class PacedClock:
    """Real time for a board that is served. From one look at the clock to the next, a bounded time passes.

    The CPU executes up to the time of the clock before the probe answers. Without a bound a host that was silent for
    long would wait for seconds, and take the probe for one that hangs. If this computer is too slow for the program,
    the whole board is slower than real time, but it answers.
    """

    def __init__(self, real: Optional[Clock] = None) -> None:
        self._real = real or RealClock()
        self._looked = self._real.now()
        self._now = self._looked

    def now(self) -> float:
        """Return the time of the board, in seconds."""
        real = self._real.now()
        if real > self._looked:
            self._now += min(real - self._looked, LONGEST_LEAP_S)
            self._looked = real
        return self._now

    def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`, all of which pass for the board."""
        if seconds > 0:
            self.now()
            self._real.sleep(seconds)
            self._now += seconds
            self._looked += seconds

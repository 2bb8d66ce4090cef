"""Clocks for the simulator: virtual time by default, real time on request."""

from __future__ import annotations

import time

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

"""A clock for tests."""

from __future__ import annotations


class StandingClock:
    """Time that passes only when something waits."""

    def __init__(self, time: float = 0.0) -> None:
        self.time = time

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(seconds, 0.0)

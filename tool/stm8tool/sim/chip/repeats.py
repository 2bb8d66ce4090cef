"""Finds out whether a program that resets its chip again and again comes to the same state each time.

From then on all is the same again, so whole rounds can be skipped: a chip with such a program costs next to nothing.
"""

from __future__ import annotations

from collections import deque

from ..state import State

_KEPT = 4  # a round may contain so many resets


class Repeats:
    """The last resets that a program caused."""

    STATE = State(left=dict.fromkeys(("_seen", "_round_s"), "only finds rounds that can be skipped"))

    def __init__(self) -> None:
        self._seen: deque[tuple[float, object]] = deque(maxlen=_KEPT)
        self._round_s = 0.0

    def note(self, now: float, signature: object) -> None:
        """Take note of a reset, and of everything that a reset keeps."""
        self._round_s = next((now - at for at, seen in reversed(self._seen) if seen == signature), 0.0)
        self._seen.append((now, signature))

    def jump(self, starts: float, now: float) -> float:
        """Return when the program starts again in the round that `now` falls into."""
        if self._round_s <= 0 or now - starts <= self._round_s:
            return starts
        skipped = (now - starts) // self._round_s * self._round_s
        self._seen.clear()
        return starts + skipped

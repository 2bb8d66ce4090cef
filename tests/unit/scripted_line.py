"""A serial line for the links of probes that answers by a list. No byte and no time is lost on it."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from clocks import StandingClock
from stm8tool.support.clock import Clock

Row = TypeVar("Row")


class ScriptedLine(Generic[Row]):
    """The common part of a `SerialLine`; a probe's test adds `write`, and the lines that its probe moves.

    Args:
        rows: The requests that come, in this order, each with its answer.
    """

    sets_parity = True

    def __init__(self, *rows: Row) -> None:
        self.clock: Clock = StandingClock()
        self.rows = deque(rows)
        self.input = b""
        self.is_open = False

    def close(self) -> None:
        self.is_open = False

    def read(self, size: int, timeout_s: float) -> bytes:
        given, self.input = self.input[:size], self.input[size:]
        if len(given) < size:
            self.clock.sleep(timeout_s)
        return given

    def drop_input(self) -> None:
        self.input = b""

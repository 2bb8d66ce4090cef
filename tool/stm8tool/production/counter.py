"""Serial numbers for all sockets of a job: each is taken once, and is in the log before it is taken.

Other threads of this process wait for a lock of the process. Other processes wait for the lock of the counter's file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from ..image import Segment
from ..image.serial_number import SerialNumber


class CountedNumber(NamedTuple):
    """A number that no other board gets.

    Attributes:
        value: The number.
        segment: Its bytes and their address.
    """

    value: int
    segment: Segment


class NumberSource:
    """The counter of a job.

    Args:
        number: The form of the numbers, and the file that counts them.
        announce: Writes the number to the log. It is called before the number is taken: if the process dies in between,
            the log tells which number may be lost.
    """

    def __init__(self, number: SerialNumber, announce: Callable[[int, str], None]) -> None:
        self._number = number
        self._announce = announce
        self._lock = threading.Lock()

    def next(self) -> Segment:
        """Return the bytes of the next number, which another process may take before this one does."""
        return self._number.encode(self._number.peek())

    def take(self, socket: str) -> CountedNumber:
        """Take the next number for a chip in `socket`; errors: see `SerialNumber.take`."""
        announced: list[int] = []

        def announce(value: int) -> None:
            self._announce(value, socket)
            announced.append(value)

        with self._lock:
            segment = self._number.take(announce)
        return CountedNumber(announced[0], segment)

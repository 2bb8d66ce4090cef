"""The work of a probe on SWIM over a stretch of time: one pulse or reset, or a memory transfer frame by frame.

Source: UM0470 (bit times, frames); status codes and byte count as clients of the ST-LINK know them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional, Protocol

from .microcontroller import Answer, Microcontroller

BIT_S = {False: 2.75e-6, True: 1.25e-6}  # low speed 22 clocks of 8 MHz, high speed 10
HEADER_BITS = 6 + 4 * 11
BYTE_BITS = 11
FRAME = 255

OK, BUSY, NO_ANSWER, REFUSED, LINE_FAULT = 0x00, 0x01, 0x04, 0x05, 0x16
STATUS = {Answer.ACK: OK, Answer.NACK: REFUSED, Answer.SILENT: NO_ANSWER, Answer.STUCK: LINE_FAULT}


class Job(Protocol):
    """Something that takes the wire for a while."""

    def advance(self, now: float) -> Optional[Answer]:
        """Carry out the work that is due; return the answer once it is over."""

    def abort(self, now: float) -> None:
        """Break off."""

    def moved(self, now: float) -> int:
        """Return how many bytes of a memory transfer are through."""


class Pulse:
    """A waveform of fixed length that has its effect when it ends; a silent target costs `silence_s` more."""

    def __init__(self, start: float, length_s: float, effect: Callable[[float], Answer], silence_s: float) -> None:
        self._start = start
        self._ends = start + length_s
        self._effect = effect
        self._silence_s = silence_s
        self._answer: Optional[Answer] = None
        self.spoilt = False

    def age(self, now: float) -> float:
        """Return the time since the start, in seconds."""
        return now - self._start

    def advance(self, now: float) -> Optional[Answer]:
        """Carry out the work that is due; return the answer once it is over."""
        if self._answer is None:
            if now < self._ends:
                return None
            self._answer = Answer.SILENT if self.spoilt else self._effect(self._ends)
            if self._answer is Answer.SILENT:
                self._ends += self._silence_s
        return self._answer if now >= self._ends else None

    def abort(self, now: float) -> None:
        """Break off: a waveform that has not ended has no effect."""

    def moved(self, now: float) -> int:
        """Return 0."""
        return 0


class Transfer:
    """A READMEM (`data` is None) or WRITEMEM, split into ROTF or WOTF frames of up to 255 bytes.

    Attributes:
        writes: True for a WRITEMEM.
        data: The bytes to write, or those read so far.
    """

    def __init__(
        self,
        chip: Microcontroller,
        start: float,
        address: int,
        size: int,
        data: Optional[bytes],
        *,
        high_speed: bool,
        silence_s: float,
    ) -> None:
        self._chip = chip
        self._time = start
        self._address = address
        self._size = size
        self.writes = data is not None
        self.data = bytearray(data or b"")
        self._high_speed = high_speed
        self._header_s = HEADER_BITS * BIT_S[high_speed]
        self._byte_s = BYTE_BITS * BIT_S[high_speed]
        self._silence_s = silence_s
        self._done = 0
        self._answer: Optional[Answer] = None

    def advance(self, now: float) -> Optional[Answer]:
        """Carry out the work that is due; return the answer once it is over."""
        while self._answer is None:
            count = min(FRAME, self._size - self._done)
            if now < self._time + self._header_s + count * self._byte_s:
                return None
            answer = self._frame(count)
            if answer is Answer.SILENT:
                self._time += self._silence_s
            if answer is not Answer.ACK or self._done == self._size:
                self._answer = answer
        return self._answer if now >= self._time else None

    def _frame(self, count: int) -> Answer:
        address = self._address + self._done
        first = self._time + self._header_s
        if self.writes:
            data = bytes(self.data[self._done : self._done + count])
            answer, through = self._chip.wotf(address, data, first + self._byte_s, self._byte_s, self._high_speed)
        else:
            answer, read = self._chip.rotf(address, count, first, self._high_speed, self._byte_s)
            self._chip.settle(first + len(read) * self._byte_s)
            if not self._chip.powered:  # its supply went while the bytes came
                answer, read = Answer.SILENT, b""
            self.data += read
            through = len(read)
        self._done += through
        self._time = first + through * self._byte_s
        return answer

    def abort(self, now: float) -> None:
        """Break off; the bytes of a started frame that are through stay written."""
        if self.advance(now) is None and self._answer is None:
            count = self.moved(now) - self._done
            if count:
                self._frame(count)

    def moved(self, now: float) -> int:
        """Return how many bytes are through."""
        if self._answer is not None:
            return self._done
        begun = int((now - self._time - self._header_s) / self._byte_s)
        return self._done + max(0, min(begun, FRAME, self._size - self._done))

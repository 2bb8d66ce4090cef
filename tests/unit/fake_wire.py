"""A scripted pipe: what the probe answers is listed in advance, and what it was sent can be looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Union

from clocks import StandingClock
from stm8tool.errors import TransferSizeError, TransportTimeoutError
from stm8tool.transport.base import UsbIdentity

V2_VERSION = bytes.fromhex("29 47 83 04 48 37")
SWIM_MODE = bytes.fromhex("03 00")


class FakeWire:
    """A `Transport` with a queue of answers: bytes that a read returns, or errors that it raises.

    With an answer for each command by its first bytes in `replies`, these are queued when it is written.
    """

    def __init__(self, *answers: Union[bytes, Exception], product: int = 0x3748) -> None:
        self.identity = UsbIdentity(0x0483, product, "0123456789ABCDEF01234567", "usb:1-1", high_speed=False)
        self.clock = StandingClock()
        self.answers = deque(answers)
        self.replies: dict[bytes, bytes] = {b"\xf1": V2_VERSION, b"\xf5": SWIM_MODE}
        self.sent: list[bytes] = []
        self.limits: list[float] = []
        self.halts_cleared = 0
        self.refuse_writes: deque[Exception] = deque()

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def reset(self) -> None:
        pass

    def clear_halt(self) -> None:
        self.halts_cleared += 1

    def write(self, data: bytes, timeout_s: float) -> None:
        self.limits.append(timeout_s)
        if self.refuse_writes:
            raise self.refuse_writes.popleft()
        self.sent.append(data)
        for start, reply in self.replies.items():
            if data.startswith(start):
                self.answers.append(reply)

    def read(self, size: int, timeout_s: float) -> bytes:
        self.limits.append(timeout_s)
        if not self.answers:
            self.clock.sleep(timeout_s)
            raise TransportTimeoutError("nothing came")
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        if len(answer) != size:
            raise TransferSizeError(size, answer)
        return answer

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        for data in out:
            self.write(data, timeout_s)
        return self.read(reply, timeout_s) if reply else b""

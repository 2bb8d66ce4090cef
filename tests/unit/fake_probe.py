"""An ST-LINK/V2 as a script: it answers commands, and keeps what was sent."""

from __future__ import annotations

from collections import deque

from stm8tool.errors import ProbeLostError
from stm8tool.probe.stlink.swim import Stlink
from unit.fake_wire import V2_VERSION, FakeWire

DONE, BUSY = bytes(4), bytes([1, 0, 0, 0])


class FakeProbe(FakeWire):
    """A V2 that keeps a mode and a memory of zeros; `statuses` are answered first, then "done"."""

    def __init__(self, mode: int = 0, product: int = 0x3748) -> None:
        super().__init__(product=product)
        self.replies = {}
        self.version, self.extended = V2_VERSION, b""
        self.mode = mode
        self.buffer_size = 0x1800
        self.statuses: deque[bytes] = deque()
        self.voltage = b""
        self.requested = 0
        self.gone = False

    def write(self, data: bytes, timeout_s: float) -> None:
        if self.gone:
            raise ProbeLostError("unplugged")
        super().write(data, timeout_s)
        if len(data) != 16:
            return
        reply = self._answer(data)
        if reply:
            self.answers.append(reply)

    def _answer(self, data: bytes) -> bytes:
        command = data[:2]
        if command in (b"\xf3\x07", b"\xf2\x21", b"\xf4\x01"):
            self.mode = 1
        elif command == b"\xf4\x00":
            self.mode = 3
        elif command == b"\xf4\x0b":
            self.requested = int.from_bytes(data[2:4], "big")
        elif command == b"\xf4\x09":
            return self.statuses.popleft() if self.statuses else DONE
        elif command == b"\xf4\x0c":
            return bytes(self.requested)
        elif command == b"\xf4\x0d":
            return self.buffer_size.to_bytes(2, "little")
        mode = bytes([self.mode, 1])
        return {0xF1: self.version, 0xFB: self.extended, 0xF5: mode, 0xF7: self.voltage}.get(data[0], b"")

    def commands(self) -> list[str]:
        """The commands since the start, two bytes each, polls left out."""
        return [data[:2].hex() for data in self.sent if len(data) == 16 and data[:2] != b"\xf4\x09"]


def opened(probe: FakeProbe) -> Stlink:
    link = Stlink(probe)
    link.open()
    probe.sent.clear()
    return link

"""An ST-LINK/V1 below the driver: it unpacks SCSI command blocks, answers, and misbehaves as told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Union

from stm8tool.errors import EndpointStallError
from unit.fake_wire import FakeWire

V1_VERSION = bytes.fromhex("13 44 83 04 44 37")
Answer = Union[bytes, Exception]


def status(tag: int, code: int = 0, residue: int = 0) -> bytes:
    """Return a CSW."""
    return b"USBS" + tag.to_bytes(4, "little") + residue.to_bytes(4, "little") + bytes([code])


class FakeDisk(FakeWire):
    """A `Transport` that answers each command block by its first bytes in `replies`, then with status 0.

    Attributes:
        commands: Command blocks as they came, in their own length.
        tags: The tags of their wrappers.
        odd: What the next commands bring on instead, one entry each: the tag becomes the IN transfers.
        resets: How many bulk-only resets came; `knows_reset` False: the request is stalled.
    """

    def __init__(self) -> None:
        super().__init__(product=0x3744)
        self.replies = {b"\xf1": V1_VERSION, b"\xf5": b"\x03\x00", b"\x03": sense(0, 0, 0)}
        self.commands: list[bytes] = []
        self.tags: list[int] = []
        self.odd: deque[Callable[[int], list[Answer]]] = deque()
        self.resets = 0
        self.knows_reset = True
        self._announced = 0

    def write(self, data: bytes, timeout_s: float) -> None:
        self.limits.append(timeout_s)
        if self.refuse_writes:
            raise self.refuse_writes.popleft()
        self.sent.append(data)
        if self._announced:
            assert len(data) == self._announced
            self._announced = 0
            self.answers.append(status(self.tags[-1]))
            return
        tag, block = int.from_bytes(data[4:8], "little"), data[15 : 15 + data[14]]
        self.tags.append(tag)
        self.commands.append(block)
        if self.odd:
            self.answers.extend(self.odd.popleft()(tag))
            return
        size, inward = int.from_bytes(data[8:12], "little"), data[12] == 0x80
        if size and not inward:
            self._announced = size
            return
        if size:
            self.answers.append(next((r for start, r in self.replies.items() if block.startswith(start)), bytes(size)))
        self.answers.append(status(tag))

    def bulk_only_reset(self) -> None:
        self.resets += 1
        if not self.knows_reset:
            raise EndpointStallError("unknown request")
        self.answers.clear()
        self._announced = 0


def sense(key: int, code: int, qualifier: int) -> bytes:
    """Return 18 bytes of sense data."""
    return bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0])

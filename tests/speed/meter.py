"""A transport that counts what passes through it to a simulated ST-LINK V2 or V3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from stm8tool.sim.probe.stlink import SimStlink, in_flight
from stm8tool.support.clock import Clock
from stm8tool.transport.base import UsbIdentity

_SWIM, _WRITE, _READ, _STATUS, _BUFFER = 0xF4, 0x0A, 0x0B, 0x09, 0x0C
_BUSY = 0x01
_EOP = 0x04
_IAPSR = (0x505F, 0x5054)  # of the STM8S, and of the STM8L
_FIRST_WAIT_S = 0.001


class Meter:
    """A `Transport` around a simulated probe.

    Attributes:
        swim_bytes: Bytes of the chip that READMEM and WRITEMEM named.
        first_s: When the first transfer began.
        last_s: When the last one ended.
    """

    def __init__(self, probe: SimStlink, *, stands_in: bool = False) -> None:
        """Begin to count.

        With `stands_in` the client is OpenOCD 0.12. It has a command in flight together with its data or its reply
        (confidence high). After a status "busy" it waits 1 ms, then 2, then 4. It waits 1 ms before it asks again for
        the end of programming (confidence medium). The clock moves on by these waits.
        """
        self._probe = probe
        self._stands_in = stands_in
        self._begun_with = probe.transfers
        self.swim_bytes = 0
        self.first_s: Optional[float] = None
        self.last_s = 0.0
        self._wait_s = 0.0  # before the next command
        self._busy = 0  # answers in a row
        self._asked = b""  # the command whose answer comes next
        self._reads_status = False  # of the flash controller

    @property
    def transfers(self) -> int:
        """Bulk transfers so far."""
        return self._probe.transfers - self._begun_with

    @property
    def seconds(self) -> float:
        """From the first transfer to the last."""
        return self.last_s - (self.last_s if self.first_s is None else self.first_s)

    @property
    def identity(self) -> UsbIdentity:
        return self._probe.identity

    @property
    def clock(self) -> Clock:
        return self._probe.clock

    def open(self) -> None:
        self._probe.open()

    def write(self, data: bytes, timeout_s: float) -> None:
        self._begin()
        belongs = len(data) != 16 or (self._asked[:2] == bytes([_SWIM, _WRITE]) and self._is_data(data))
        if self._stands_in and belongs and self._asked:
            self._probe.join()
        self._probe.write(data, timeout_s)
        self.last_s = self.clock.now()
        if belongs:
            self._asked = b""
            return
        self._asked = data
        if data[0] == _SWIM and data[1] in (_READ, _WRITE):
            size, address = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
            self.swim_bytes += size
            self._reads_status = data[1] == _READ and address in _IAPSR

    def read(self, size: int, timeout_s: float) -> bytes:
        self._begin()
        if self._stands_in and self._asked:
            self._probe.join()
        try:
            answer = self._probe.read(size, timeout_s)
        except Exception as exc:
            self._look(getattr(exc, "data", b""))
            raise
        finally:
            self.last_s = self.clock.now()
        self._look(answer)
        return answer

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        return in_flight(self, out, reply, timeout_s)

    def join(self) -> None:
        self._probe.join()

    def settle(self) -> None:
        self._probe.settle()

    def clear_halt(self) -> None:
        self._probe.clear_halt()

    def bulk_only_reset(self) -> None:
        self._probe.bulk_only_reset()

    def reset(self) -> None:
        self._probe.reset()

    def close(self) -> None:
        self._probe.close()

    def _begin(self) -> None:
        if self._stands_in:
            self.clock.sleep(self._wait_s)
        self._wait_s = 0.0
        if self.first_s is None:
            self.first_s = self.clock.now()

    def _is_data(self, data: bytes) -> bool:
        """Tell whether these 16 bytes are the rest of a write of 24, whose first 8 went with the command."""
        return int.from_bytes(self._asked[2:4], "big") == 8 + len(data)

    def _look(self, answer: bytes) -> None:
        """See in the answer whether OpenOCD waits now."""
        asked, self._asked = self._asked, b""
        if asked[:2] == bytes([_SWIM, _STATUS]) and answer:
            if answer[0] == _BUSY:
                self._wait_s = _FIRST_WAIT_S * 2**self._busy
                self._busy += 1
            else:
                self._busy = 0
        elif asked[:2] == bytes([_SWIM, _BUFFER]) and self._reads_status and answer and not answer[0] & _EOP:
            self._wait_s = _FIRST_WAIT_S

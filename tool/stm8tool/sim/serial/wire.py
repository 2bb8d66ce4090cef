"""The serial wire between a host and a device: the time of each byte, parity, reset, and faults.

A frame with the wrong parity is damaged if its byte has an even number of ones. The receiver takes the ninth bit for a
stop bit, or the stop bit for parity. So 0x7F, ACK and NACK pass in any case.

The line of the adapter that resets the device is DTR, and also RTS: a board has one of them.

A device on USB has no UART: speed and parity have no meaning, and nothing passes while the host does not assert DTR.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Optional, Protocol

from stm8tool.errors import ProbeLostError

from ..faults import Faults

MANUAL_RESET_S = 0.05  # how long a finger holds the button
_BITS = {True: 11, False: 10}  # with parity and without: a start bit, eight data bits, a stop bit


class Sent(NamedTuple):
    """A byte of the device, and the earliest time at which it can leave."""

    byte: int
    at: float


class Started(NamedTuple):
    """A device that has left its reset: the time, and the bytes that it sends by itself."""

    at: float
    sent: list[Sent]


class SerialDevice(Protocol):
    """The device at the far end of the wire."""

    @property
    def even_parity(self) -> bool:
        """The parity of its UART: even, or none."""

    @property
    def hears_itself(self) -> bool:
        """On a single wire it takes its own bytes for those of the host."""

    def follows(self, baud: int) -> bool:
        """Tell whether it understands bytes at this speed."""

    def take(self, byte: Optional[int], now: float) -> list[Sent]:
        """Take a byte from the host, None for a damaged one; return the bytes that it sends."""

    def settle(self, now: float) -> None:
        """Let everything happen that is due."""

    @property
    def works(self) -> bool:
        """True if it may send bytes at any time, not only as an answer."""

    def sent(self) -> list[Sent]:
        """Return the bytes that it has sent by itself since the last call, with the times of their arrival."""

    def pull(self, low: bool, now: float) -> Optional[Started]:
        """Drive or release its reset line; return how it starts, if it does."""


class Wire:
    """The two wires of a UART, with the device at one end.

    Args:
        device: The device.
        now: The present time.
        faults: The faults of the bench.
        usb_byte_s: The time of a byte if the device is on USB; None if it has a UART.

    Attributes:
        dtr: The host asserts DTR.
    """

    def __init__(self, device: SerialDevice, now: float, faults: Faults, usb_byte_s: Optional[float] = None) -> None:
        self.dtr = False
        self._usb_byte_s = usb_byte_s
        self._device = device
        self._faults = faults
        self._arriving: deque[Sent] = deque()
        self._to_chip_free = self._from_chip_free = now
        self._now = now
        self._count = 0
        self._byte_s = 0.0001  # at the speed of the last byte
        self.presses_at = None if faults.user_resets is None else now + faults.user_resets / 1000

    def feed(self, byte: int, baud: int, even: Optional[bool], now: float) -> float:
        """Take a byte of the host; return when the device has it.

        Args:
            byte: The byte.
            baud: The speed of the host.
            even: Whether the host uses even parity; None if that is not known, and then it is right.
            now: When the host sends it.
        """
        self.settle(now)
        has_even = self._device.even_parity
        parity = has_even if even is None or self._is_usb else even and not self._faults.uart_no_parity
        took = self._byte_s = self._took_s(baud, parity)
        at = self._to_chip_free = max(now, self._to_chip_free) + took
        sent = self._disturbed(byte)
        if self._faults.uart_echo or self._faults.uart_one_wire:
            self._arriving.append(Sent(byte, at))
        deaf = self._is_usb and not self.dtr
        if sent is None or deaf or self._faults.uart_open or not self._device.follows(baud):
            return at
        damaged = parity != has_even and bin(sent).count("1") % 2 == 0
        arrives = at if self._device.works else max(at, self._from_chip_free)
        answers = deque(self._device.take(None if damaged else sent, arrives))
        while answers:
            answer = answers.popleft()
            self._from_chip_free = max(answer.at, self._from_chip_free) + self._took_s(baud, has_even)
            got = self._disturbed(answer.byte)
            if got is not None:
                self._arriving.append(Sent(got, self._from_chip_free))
            if self._faults.uart_one_wire and self._device.hears_itself:
                answers.extend(self._device.take(answer.byte, self._from_chip_free))
        return at

    @property
    def _is_usb(self) -> bool:
        return self._usb_byte_s is not None

    def _took_s(self, baud: int, parity: bool) -> float:
        return _BITS[parity] / baud if self._usb_byte_s is None else self._usb_byte_s

    def _disturbed(self, byte: int) -> Optional[int]:
        """Count a byte on the wire, and return it as the other end sees it; None if it is lost."""
        faults = self._faults
        self._count += 1
        if faults.uart_unplug_after is not None and self._count > faults.uart_unplug_after:
            raise ProbeLostError("the serial adapter is gone", hint="plug the adapter in again")
        if self._count == faults.uart_lost:
            return None
        if faults.uart_garbage is not None and self._count % faults.uart_garbage == 0:
            return byte ^ 0x10
        return byte

    def settle(self, now: float) -> None:
        """Let everything happen that is due."""
        self._now = max(now, self._now)
        if self.presses_at is not None and now >= self.presses_at:
            at, self.presses_at = self.presses_at, None
            self.set_reset(True, at)
            self.set_reset(False, at + MANUAL_RESET_S)
        self._device.settle(now if self._device.works else max(now, self._from_chip_free))
        for byte, at in self._device.sent():
            self._from_chip_free = max(at, self._from_chip_free)
            got = self._disturbed(byte)
            if got is not None:
                self._arriving.append(Sent(got, self._from_chip_free))

    @property
    def works(self) -> bool:
        """True if the device may send bytes at any time."""
        return self._device.works

    def seek(self, until: float) -> None:
        """Let a device that works go on until a byte for the host comes, at most to that time."""
        while self._device.works and not self._arriving and self._now < until:
            self.settle(min(until, self._now + self._byte_s))

    def set_reset(self, low: bool, now: float) -> float:
        """Drive or release the reset line; return when the device has started."""
        now = max(now, self.now)
        started = self._device.pull(low, now)
        if started is None:
            return now
        self._arriving.clear()
        self._to_chip_free = self._from_chip_free = started.at
        self._arriving.extend(started.sent)
        return started.at

    @property
    def now(self) -> float:
        """The time up to which something has happened on the wire."""
        return max(self._now, self._to_chip_free, self._from_chip_free)

    def next_at(self) -> Optional[float]:
        """Return when the next byte for the host comes; None if none is on its way."""
        return self._arriving[0].at if self._arriving else None

    def arrived(self, now: float) -> bytes:
        """Return the bytes that the host has got by now, and forget them."""
        data = bytearray()
        while self._arriving and self._arriving[0].at <= now:
            data.append(self._arriving.popleft().byte)
        return bytes(data)

    def take_one(self) -> bytes:
        """Return the next byte for the host, and forget it."""
        return bytes([self._arriving.popleft().byte])

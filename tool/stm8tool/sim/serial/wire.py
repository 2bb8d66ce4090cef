"""The serial wire between a host and a chip: the time of each byte, parity, reset, and faults.

A frame with the wrong parity is damaged if its byte has an even number of ones. The receiver takes the ninth bit for a
stop bit, or the stop bit for parity. So 0x7F, ACK and NACK pass in any case.

The line of the adapter that resets the chip is DTR, and also RTS: a board has one of them.
"""

from __future__ import annotations

from collections import deque
from typing import Optional

from stm8tool.errors import ProbeLostError

from ..chip.powered import PoweredChip
from ..faults import Faults
from .boot_rom import BootRom, Sent
from .rom_facts import RomLoader

FASTEST_BAUD = 1_000_000  # up to here the loader follows by UM0560; clients have tried up to 230400
SLOWEST_BAUD = 4800
MANUAL_RESET_S = 0.05  # how long a finger holds the button
_BITS = {True: 11, False: 10}  # with parity and without: a start bit, eight data bits, a stop bit


class Wire:
    """The two wires of a UART, with the chip at one end.

    Args:
        chip: The chip.
        loader: The loader of its boot ROM.
        now: The present time.
        faults: The faults of the bench.
    """

    def __init__(self, chip: PoweredChip, loader: RomLoader, now: float, faults: Faults) -> None:
        self._chip = chip
        self._rom = BootRom(chip, loader, now)
        self._faults = faults
        self._arriving: deque[Sent] = deque()
        self._to_chip_free = self._from_chip_free = now
        self._now = now
        self._count = 0
        self._lost = False
        self.presses_at = None if faults.user_resets is None else now + faults.user_resets / 1000

    def feed(self, byte: int, baud: int, even: Optional[bool], now: float) -> float:
        """Take a byte of the host; return when the chip has it.

        Args:
            byte: The byte.
            baud: The speed of the host.
            even: Whether the host uses even parity; None if that is not known, and then it is right.
            now: When the host sends it.
        """
        self.settle(now)
        parity = self._rom.even_parity if even is None else even and not self._faults.uart_no_parity
        took = _BITS[parity] / baud
        at = self._to_chip_free = max(now, self._to_chip_free) + took
        sent = self._disturbed(byte)
        if self._faults.uart_echo:
            self._arriving.append(Sent(byte, at))
        fastest = FASTEST_BAUD if self._faults.uart_slow is None else self._faults.uart_slow
        if sent is None or self._faults.uart_open or not SLOWEST_BAUD <= baud <= fastest:
            return at
        damaged = parity != self._rom.even_parity and bin(sent).count("1") % 2 == 0
        for answer in self._rom.take(None if damaged else sent, max(at, self._from_chip_free)):
            self._from_chip_free = max(answer.at, self._from_chip_free) + _BITS[self._rom.even_parity] / baud
            got = self._disturbed(answer.byte)
            if got is not None:
                self._arriving.append(Sent(got, self._from_chip_free))
        return at

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
        self._rom.settle(max(now, self._from_chip_free))

    def set_reset(self, low: bool, now: float) -> float:
        """Drive or release NRST; return when the chip has started."""
        chip = self._chip
        now = max(now, self.now)
        chip.set_nrst(low, now)
        chip.settle(now)
        if low or not chip.in_reset:
            return now
        started = now + chip.switches.start_s + (chip.faults.nrst_slow or 0) / 1000
        chip.settle(started)
        self._arriving.clear()
        self._rom.begin(started)
        self._to_chip_free = self._from_chip_free = started
        return started

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


def chip_text(loader: RomLoader) -> str:
    """Return a description of a loader."""
    kind = "reply mode without parity" if loader.reply else "duplex with even parity"
    return f"loader {loader.version >> 4}.{loader.version & 15}, {kind}"

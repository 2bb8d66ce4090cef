"""A `SerialLine` to the board of a chip file: the device at its UART in this process, in virtual time."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Optional

from stm8tool.support.clock import Clock

from .. import store
from ..clock import VirtualClock
from . import devices
from .wire import Wire

RESET_LINES = ("dtr", "rts")


class SimLine:
    """The UART of a simulated board.

    Args:
        chip_file: The name of the chip file.
        place: The value of `--probe` that means it.
        device: What is at the far end, a name of `devices`.
    """

    def __init__(self, chip_file: str, place: str, device: str = devices.BOOTLOADER) -> None:
        self._chip_file = chip_file
        self._device = device
        self._place = place
        self._clock: Clock = VirtualClock()
        self._board = ExitStack()
        self._wire: Optional[Wire] = None
        self._baud = 0
        self._even = True
        self._asserted = dict.fromkeys(RESET_LINES, False)

    @property
    def place(self) -> str:
        """The value of `--probe` that means it."""
        return self._place

    @property
    def clock(self) -> Clock:
        """The clock of the bench."""
        return self._clock

    @property
    def sets_parity(self) -> bool:
        """True."""
        return True

    def open(self, baud: int) -> None:
        """Take the board."""
        with ExitStack() as board:
            chip, self._clock = board.enter_context(store.board(self._chip_file))
            now = self._clock.now()
            self._wire = devices.wire(self._device, chip, now)
            self._board = board.pop_all()
        self._baud, self._even = baud, True
        self._asserted = dict.fromkeys(RESET_LINES, False)

    def close(self) -> None:
        """Save the board."""
        self._wire = None
        self._board.close()

    def set_parity(self, *, even: bool) -> None:
        """Use even parity, or none."""
        self._even = even

    def set_lines(self, *, dtr: Optional[bool] = None, rts: Optional[bool] = None) -> None:
        """Set the lines that reset the device, or by which it sees a host."""
        before = any(self._asserted.values())
        for name, wanted in zip(RESET_LINES, (dtr, rts)):
            if wanted is not None:
                self._asserted[name] = wanted
        self._there.dtr = self._asserted["dtr"]
        low = any(self._asserted.values())
        if low != before:
            self._clock.sleep(self._there.set_reset(low, self._clock.now()) - self._clock.now())

    @property
    def _there(self) -> Wire:
        if self._wire is None:
            raise ValueError("the line is not open")
        return self._wire

    def write(self, data: bytes) -> None:
        """Send bytes; they have left when it returns."""
        for byte in data:
            at = self._there.feed(byte, self._baud, self._even, self._clock.now())
            self._clock.sleep(at - self._clock.now())

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return `size` bytes, or those that came in time."""
        wire, clock = self._there, self._clock
        until = clock.now() + timeout_s
        data = bytearray()
        while len(data) < size:
            wire.seek(until)
            at = wire.next_at()
            if at is None or at > until:
                presses = wire.presses_at
                clock.sleep((until if presses is None else min(until, presses)) - clock.now())
                wire.settle(clock.now())
                if presses is None or clock.now() >= until:
                    break
                continue
            clock.sleep(at - clock.now())
            data += wire.take_one()
        return bytes(data)

    def drop_input(self) -> None:
        """Forget the bytes that have come."""
        self._there.arrived(self._clock.now())

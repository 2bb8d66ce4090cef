"""Disturbances that SWIM meets again and again: a byte that the chip does not acknowledge, a wrong bit from the chip.

Each frame that the chip has to acknowledge counts: SRST, ROTF or WOTF, the length, the address and each byte of data.
A frame that is not acknowledged has no effect, and the rest of its command is not sent. Each byte that the probe reads
counts, too: of a memory, of a register or of SWIM_CSR.

A wrong bit makes the parity wrong, too. The chip checks it, so on the way to the chip a wrong bit is a byte that is not
acknowledged (UM0470). An open probe firmware and versaloon do not check, so on the way back it is a wrong byte. No
source tells what ST's firmware does. Two wrong bits in one byte, which parity does not show, are not modelled.
"""

from __future__ import annotations

from typing import Union

from .faults import Faults
from .rules import COUNTER
from .state import GIVEN, State


class Noise:
    """Counts the bytes of a board's whole life while it has such a fault.

    Attributes:
        sent: Bytes to the chip.
        read: Bytes from it.
    """

    STATE = State({"sent": COUNTER, "read": COUNTER}, left={"faults": GIVEN})

    def __init__(self) -> None:
        self.faults = Faults()
        self.sent = 0
        self.read = 0

    def passes(self, count: int) -> int:
        """Return how many of the next `count` bytes to the chip are acknowledged before one is not."""
        every = self.faults.nak_every
        if every is None:
            return count
        passing = every - 1 - self.sent % every
        self.sent += min(count, passing + 1)
        return min(count, passing)

    def spoil(self, data: Union[bytes, bytearray]) -> bytes:
        """Return `data` as the probe gets them."""
        every = self.faults.bit_flip_every
        if every is None:
            return bytes(data)
        spoilt = bytearray(data)
        for at in range(every - 1 - self.read % every, len(data), every):
            spoilt[at] ^= 1 << _bit((self.read + at) // every)
        self.read += len(data)
        return bytes(spoilt)


def _bit(turn: int) -> int:
    """Return which bit is wrong for the `turn`-th time.

    Multiples of the square root of 2, modulo 1: with up to 168 wrong bits in each, two reads in a row never agree.
    """
    return (turn * 0x6A09E667 & 0xFFFFFFFF) >> 29

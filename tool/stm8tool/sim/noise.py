"""What disturbs SWIM again and again: a byte to the chip that it does not acknowledge, a wrong bit in a byte from it.

Every frame counts that has an acknowledge bit of the chip: SRST, ROTF and WOTF, their length, the three bytes of the
address, and each byte of data; a frame that is not acknowledged has no effect, and the rest of its command is not sent.
So does every byte that is read, be it of a memory, a register or SWIM_CSR.

A wrong bit makes the parity wrong, too. The chip looks at that, so on the way to it a wrong bit is a byte that is not
acknowledged (UM0470). An open probe firmware and versaloon do not look, so on the way back it is a wrong byte; what
ST's firmware does no source tells. Two wrong bits in one byte, which no parity shows, are not modelled.
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

"""The transmitting half of a UART, for programs that execute: eight bits of data, no parity, one stop bit.

Source: RM0016 22.3 (UART), RM0031 (USART of the STM8L): SR, DR, BRR1, BRR2, CR1, CR2 lie in this order on each. Not
modelled: the receiver, parity and nine bits. A byte is lost if the transmitter is off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from .clock import TIE_S
from .peripherals.device import NEVER
from .rules import BYTE, FLAG, TIME, hex_bytes, optional
from .state import GIVEN, State

SR, DR, BRR1, BRR2, CR1, CR2 = range(6)
REGISTERS = 11  # of the longest UART, with GTR and PSCR
TXE, TC = 0x80, 0x40
TEN = 0x08  # in CR2; TIEN and TCIEN there have the places of TXE and TC
FRAME_BITS = 10


class UartOutput:
    """Registers from `base` on.

    Attributes:
        sent: Every byte whose stop bit is through.
    """

    STATE = State(
        {"_values": hex_bytes(REGISTERS), "_moving": optional(BYTE), "_waiting": optional(BYTE), "_complete": FLAG},
        times={"_through_at": TIME},
        left={
            **dict.fromkeys(("_registers", "_master_hz", "_interrupt"), GIVEN),
            "sent": "only `sim run` listens to a UART, and it begins at power-on",
        },
    )

    volatile = False  # something changes in it only when a byte is through
    reset_cause = ""
    reaches_others = False

    def __init__(self, base: int, master_hz: Callable[[], int], interrupt: Optional[int] = None) -> None:
        self._registers = range(base, base + REGISTERS)
        self._master_hz = master_hz
        self._interrupt = interrupt
        self.sent = bytearray()
        self.reset(0.0)

    def reset(self, _now: float) -> None:
        """Turn it off; a byte that is on its way is lost."""
        self._values = bytearray(REGISTERS)
        self._moving: Optional[int] = None  # the byte in the shift register,
        self._through_at: Optional[float] = None  # … and when it is through
        self._waiting: Optional[int] = None  # the byte in DR
        self._complete = True  # TC

    def pass_over(self, now: float) -> None:
        """Go on after a reset that SWIM masked: nothing has happened."""

    def holds(self, address: int) -> bool:
        """True for an address of this UART."""
        return address in self._registers

    @property
    def busy(self) -> bool:
        """True while a byte is on its way."""
        return self._moving is not None

    wakes = busy

    @property
    def due(self) -> float:
        """When the byte on its way is through."""
        return NEVER if self._through_at is None else self._through_at

    @property
    def requests(self) -> Sequence[int]:
        """The transmitter's interrupt, while a flag is set that it is enabled for."""
        if self._interrupt is None or not self._values[CR2] & self._status & (TXE | TC):
            return ()
        return (self._interrupt,)

    @property
    def _status(self) -> int:
        return TXE * (self._waiting is None) | TC * self._complete

    @property
    def byte_s(self) -> float:
        """Return how long a byte takes: UART_DIV has its digits spread over BRR2 and BRR1."""
        high, low = self._values[BRR2], self._values[BRR1]
        return FRAME_BITS * ((high & 0xF0) << 8 | low << 4 | high & 0x0F) / self._master_hz()

    def settle(self, now: float) -> None:
        """Let the bytes through whose time has come."""
        while self._moving is not None and self._through_at is not None and self._through_at <= now + TIE_S:
            self.sent.append(self._moving)
            self._moving, self._waiting = self._waiting, None
            self._complete = self._moving is None
            self._through_at = None if self._complete else self._through_at + self.byte_s

    def read(self, address: int, now: float) -> int:
        """Return a register."""
        self.settle(now)
        register = address - self._registers.start
        if register == SR:
            return self._status
        return 0 if register == DR else self._values[register]

    def write(self, address: int, value: int, now: float) -> None:
        """Write a register; a byte that comes while DR holds one takes its place."""
        self.settle(now)
        register = address - self._registers.start
        if register == SR:
            self._complete = self._complete and bool(value & TC)
        elif register != DR:
            self._values[register] = value
        elif self._values[CR2] & TEN and self._values[BRR1]:  # BRR1 = 0 stops its clock
            self._complete = False
            if self._moving is None:
                self._moving, self._through_at = value, now + self.byte_s
            else:
                self._waiting = value

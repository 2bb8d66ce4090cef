"""A UART, for programs that execute: its transmitter, and its receiver if there is a host at the other end.

Source: RM0016 22.3 (UART), RM0031 (USART of the STM8L): SR, DR, BRR1, BRR2, CR1, CR2 lie in this order on each. Not
modelled: the check of the parity, and the receiver's interrupt. A byte is lost if the transmitter or the receiver is
off, or if the program has not taken the byte before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Optional

from ..clock import TIE_S
from ..rules import BYTE, FLAG, TIME, hex_bytes, optional
from ..state import GIVEN, State
from .device import NEVER

SR, DR, BRR1, BRR2, CR1, CR2 = range(6)
REGISTERS = 11  # of the longest UART, with GTR and PSCR
TXE, TC, RXNE, OR = 0x80, 0x40, 0x20, 0x08
TEN, REN = 0x08, 0x04  # in CR2; TIEN and TCIEN there have the places of TXE and TC
M, PCEN = 0x10, 0x04  # in CR1: a ninth bit, which is the parity
FRAME_BITS = 10


class Host:
    """The host at the other end of a UART.

    Attributes:
        got: The bytes that it has got since it looked last, each with the time at which its stop bit was through.
    """

    STATE = State(
        left=dict.fromkeys(("_coming", "_held", "_overrun", "got"), "no host is there while the board lies in its file")
    )

    def __init__(self) -> None:
        self._coming: deque[tuple[int, float]] = deque()
        self._held: Optional[int] = None  # in DR
        self._overrun = False
        self.got: list[tuple[int, float]] = []

    def send(self, byte: int, at: float) -> None:
        """Send a byte, whose stop bit is through at that time."""
        self._coming.append((byte, at))

    @property
    def due(self) -> float:
        """When the next byte comes."""
        return self._coming[0][1] if self._coming else NEVER

    @property
    def status(self) -> int:
        """The flags of the receiver."""
        return RXNE * (self._held is not None) | OR * self._overrun

    def settle(self, now: float, *, listens: bool) -> None:
        """Let the bytes arrive whose time has come."""
        while self._coming and self._coming[0][1] <= now + TIE_S:
            byte, _ = self._coming.popleft()
            if not listens:
                continue
            if self._held is None:
                self._held = byte
            else:
                self._overrun = True

    def taken(self) -> int:
        """Return the byte in DR, which the program reads."""
        byte, self._held, self._overrun = self._held or 0, None, False
        return byte


class Uart:
    """Registers from `base` on.

    Attributes:
        sent: Every byte whose stop bit is through.
        host: The host at the other end, if there is one.
    """

    STATE = State(
        {"_values": hex_bytes(REGISTERS), "_moving": optional(BYTE), "_waiting": optional(BYTE), "_complete": FLAG},
        times={"_through_at": TIME},
        left={
            **dict.fromkeys(("_registers", "_master_hz", "_interrupt"), GIVEN),
            "sent": "only `sim run` listens to a UART, and it begins at power-on",
            "host": "no host is there while the board lies in its file",
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
        self.host: Optional[Host] = None
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
        """When a byte on its way is through."""
        through = NEVER if self._through_at is None else self._through_at
        return through if self.host is None else min(through, self.host.due)

    @property
    def urgent(self) -> bool:
        """True while an interrupt of the transmitter is enabled."""
        return self._interrupt is not None and bool(self._values[CR2] & (TXE | TC))

    @property
    def requests(self) -> Sequence[int]:
        """The transmitter's interrupt, while a flag is set that it is enabled for."""
        if self._interrupt is None or not self._values[CR2] & self._status & (TXE | TC):
            return ()
        return (self._interrupt,)

    @property
    def _status(self) -> int:
        received = self.host.status if self.host else 0
        return TXE * (self._waiting is None) | TC * self._complete | received

    @property
    def byte_s(self) -> float:
        """Return how long a byte takes: UART_DIV has its digits spread over BRR2 and BRR1."""
        high, low = self._values[BRR2], self._values[BRR1]
        bits = FRAME_BITS + bool(self._values[CR1] & M)
        return bits * ((high & 0xF0) << 8 | low << 4 | high & 0x0F) / self._master_hz()

    def settle(self, now: float) -> None:
        """Let the bytes through whose time has come."""
        if self.host:
            self.host.settle(now, listens=bool(self._values[CR2] & REN and self._values[BRR1]))
        while self._moving is not None and self._through_at is not None and self._through_at <= now + TIE_S:
            self.sent.append(self._moving)
            if self.host:
                self.host.got.append((self._moving, self._through_at))
            self._moving, self._waiting = self._waiting, None
            self._complete = self._moving is None
            self._through_at = None if self._complete else self._through_at + self.byte_s

    def read(self, address: int, now: float) -> int:
        """Return a register."""
        self.settle(now)
        register = address - self._registers.start
        if register == SR:
            return self._status
        if register == DR:
            return self.host.taken() if self.host else 0
        return self._values[register]

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

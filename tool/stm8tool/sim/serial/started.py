"""A program that the boot ROM's loader has started with GO, at the UART of that loader.

Whether the UART stays as the ROM has set it, with its clock, is the switch `go_keeps_uart`.
"""

from __future__ import annotations

from collections import deque
from typing import Optional

from ..chip.powered import PoweredChip
from ..peripherals.uart import BRR1, BRR2, CR1, CR2, PCEN, REN, TEN, Host, M, Uart
from .wire import Sent

_UART = {False: 0x5230, True: 0x5240}  # by the reply mode
_PCKENR1, _USART1 = 0x50C3, 0x20
_SPARE_S = 0.00001  # of the shortest byte, at 1 Mbaud: so long after any moment no byte comes whose start is later
_UNREADABLE = 0xFF  # in DR after a byte with a wrong parity; our reading


class StartedProgram:
    """The UART of a program.

    Args:
        chip: The chip.
        reply: The loader's UART works in reply mode, without parity.
        baud: The speed of the loader.
        now: The present time.
        goes_on: It was started before, and its UART is as it left it.
    """

    def __init__(self, chip: PoweredChip, baud: int, now: float, *, reply: bool, goes_on: bool = False) -> None:
        self._chip = chip
        self._host = Host()
        self._uart: Uart = next(one for one in chip.processor.board.uarts.values() if one.holds(_UART[reply]))
        self.was_reset = False
        self._starts = 0.0  # after that reset
        self._coming: deque[tuple[Optional[int], float]] = deque()
        if chip.switches.go_keeps_uart and not goes_on:
            self._set_up(chip, baud, now, reply=reply)
        self._uart.host = self._host
        chip.processor.execution.spare_s = _SPARE_S
        chip.processor.on_reset = self._note_reset

    def _set_up(self, chip: PoweredChip, baud: int, now: float, *, reply: bool) -> None:
        """Set the registers of the UART as the ROM does."""
        if chip.part.flash_regs == "stm8l":
            gates = (chip.map.read(_PCKENR1, 1, now) or b"\0")[0]
            chip.map.write(_PCKENR1, bytes([gates | _USART1]), now, 0.0, True)
        divisor = round(chip.map.master_hz / baud)
        settings = {
            BRR2: divisor >> 8 & 0xF0 | divisor & 0x0F,
            BRR1: divisor >> 4 & 0xFF,
            CR1: 0 if reply else M | PCEN,
            CR2: TEN | REN,
        }
        for register, value in settings.items():
            self._uart.write(_UART[reply] + register, value, now)

    def _note_reset(self, _cause: str) -> None:
        if not self.was_reset:
            self._starts = self._chip.processor.execution.now + self._chip.switches.start_s
        self.was_reset = True

    def take(self, byte: Optional[int], now: float) -> None:
        """Take a byte from the host, None for a damaged one. It may come later than the present time."""
        while self._coming and self._coming[0][1] < self._chip.executed_to:
            self._coming.popleft()
        self._coming.append((byte, now))
        self._host.send(_UNREADABLE if byte is None else byte, now)
        self._chip.map.device_accesses += 1  # the CPU looks anew when something happens next in its devices

    def sent(self) -> list[Sent]:
        """Return the bytes that it has sent since the last call, with the times at which the host has them."""
        got, self._host.got = self._host.got, []
        return [Sent(byte, at) for byte, at in got]

    def unheard(self) -> list[tuple[Optional[int], float]]:
        """Return the bytes that come after the chip has left its reset."""
        return [(byte, at) for byte, at in self._coming if at >= self._starts]

    def end(self) -> None:
        """Let the UART go: the chip was reset."""
        self._uart.host = None
        self._chip.processor.execution.spare_s = 0.0
        self._chip.processor.on_reset = lambda _cause: None

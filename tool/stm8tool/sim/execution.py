"""A CPU core that executes on the memories of a simulated chip: RAM, flash, EEPROM, and the flash controller.

The registers that `sim/chip/memory_map.py` knows are there, and those of the UARTs that are given to it. A program that
uses a timer is a gap. RAM is copied in and out, as the core reads and writes it directly. Interrupts are
never requested here.

Code and data in flash wait while its array is busy. A part with RWW goes on while its data EEPROM is programmed (RM0016
4.3, PM0054 3.4). Outside of RAM and flash nothing can be executed: it is an illegal opcode here.
"""

from __future__ import annotations

from collections.abc import Sequence

from .chip.microcontroller import Chip
from .cpu.core import Core
from .cpu.writer import Layout
from .uart import UartOutput

ILLEGAL = 0x05  # an opcode that the STM8 does not have


class Execution:
    """Runs a program on a chip. Nothing else may use the chip meanwhile.

    Attributes:
        core: The CPU.
        uarts: What `sim/chip/memory_map.py` does not know.
        now: Seconds of the bench's clock.
    """

    def __init__(self, chip: Chip, now: float, uarts: Sequence[UartOutput] = ()) -> None:
        if chip.ram.start:
            raise ValueError("the core needs RAM from address 0 on")
        self._chip = chip
        self.uarts = uarts
        self._began, self._waited = now, 0.0
        self._hz = chip.map.cpu_hz
        self.layout = Layout(chip.ram.end, 0, 0, 0, chip.ram.end - 1)  # no plain flash: its reads may have to wait
        self.memory = bytearray([ILLEGAL]) * (max(chip.flash.end, chip.ram.end) + 8)
        self.memory[: chip.ram.end] = chip.ram.data
        self._holds_flash = False
        self.core = Core(self)
        self._take_flash()

    def run(self, until: float) -> str:
        """Execute until that time; return why the CPU stopped before, or an empty text."""
        core, controller = self.core, self._chip.controller
        while self.now < until and not core.stopped:
            self._settle(self.now)
            if controller.busy and self._in_flash(core.pc) and not controller.readable(self._chip.flash):
                self._wait()
                continue
            end = min(until, controller.busy_until) if controller.busy else until
            core.run(core.cycles + max(1, int((end - self.now) * self._hz)))
        for uart in self.uarts:
            uart.settle(self.now)
        self._chip.ram.data[:] = self.memory[: self._chip.ram.end]
        return core.stopped

    @property
    def now(self) -> float:
        return self._at(self.core.cycles)

    def _at(self, cycles: int) -> float:
        return self._began + self._waited + cycles / self._hz

    def _in_flash(self, address: int) -> bool:
        return self._chip.flash.start <= address < self._chip.flash.end

    def _wait(self) -> None:
        """Stop the CPU until the array is free."""
        until = self._chip.controller.busy_until
        self._waited += max(0.0, until - self.now)
        self._settle(max(until, self.now))

    def _settle(self, now: float) -> None:
        """Let the operation of the array end, and take over what it has programmed."""
        controller = self._chip.controller
        was_busy = controller.busy
        controller.settle(now)
        if was_busy and not controller.busy:
            self._take_flash()

    def _take_flash(self) -> None:
        flash = self._chip.flash
        self.memory[flash.start : flash.end] = flash.data
        self.core.forget()

    # -- the core's bus -------------------------------------------------------------------------------------

    def read(self, address: int, now: int) -> int:
        """Return a byte; wait for it where its array is busy."""
        for uart in self.uarts:
            if uart.holds(address):
                value_there = uart.read(address, self._at(now))
                self.core.volatile = uart.busy
                return value_there
        self._settle(self._at(now))
        value = self._chip.map.read(address, 1, self._at(now))
        if value is None:
            self._waited += max(0.0, self._chip.controller.busy_until - self._at(now))
            self._settle(self._at(now))
            value = self._chip.map.read(address, 1, self._at(now))
        self.core.volatile = self._chip.controller.busy  # IAPSR changes while nothing is executed
        return value[0] if value else 0

    def write(self, address: int, value: int, now: int) -> None:
        """Write a byte; wait for a busy array, too."""
        chip = self._chip
        if address < chip.ram.end:
            self.memory[address] = value
            return
        for uart in self.uarts:
            if uart.holds(address):
                uart.write(address, value, self._at(now))
                return
        self._settle(self._at(now))
        if chip.controller.busy:
            self._waited += max(0.0, chip.controller.busy_until - self._at(now))
            self._settle(self._at(now))
        chip.map.write(address, bytes([value]), self._at(now), 0.0, False)
        if chip.map.cpu_hz != self._hz:  # CLK_CKDIVR
            then = self._at(now)
            self._hz = chip.map.cpu_hz
            self._began += then - self._at(now)
        self.core.limit = 0  # `run` looks at the array before the next instruction

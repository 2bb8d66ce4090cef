"""A CPU core that executes on the memories of a simulated chip: RAM, flash, EEPROM, and the flash controller.

The registers that `sim/chip/memory_map.py` knows are there, and those of the devices that are given to it. Without a
device for it, a register is a gap. RAM is copied in and out, as the core reads and writes it directly.

Code and data in flash wait while its array is busy. A part with RWW goes on while its data EEPROM is programmed (RM0016
4.3, PM0054 3.4). Outside of RAM and flash nothing can be executed: it is an illegal opcode here. Read protection hides
nothing from the program itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from .chip.memory import Memory
from .chip.microcontroller import Chip
from .cpu.core import Core
from .cpu.writer import Layout
from .peripherals.device import NEVER, Device

ILLEGAL = 0x05  # an opcode that the STM8 does not have
CLOCKS = range(0x50C0, 0x50D0)
SLEEPLESS = "no interrupt or reset can come"


class Execution:
    """Runs a program on a chip. Nothing else may use the chip meanwhile.

    Attributes:
        core: The CPU.
        devices: What `sim/chip/memory_map.py` does not know.
        now: Seconds of the bench's clock.
        level: Returns the level of an interrupt.
        enough: Asked after each event; True ends the run.
        on_reset: Called with the cause when a device resets the chip.
    """

    def __init__(self, chip: Chip, now: float, devices: Sequence[Device] = ()) -> None:
        if chip.ram.start:
            raise ValueError("the core needs RAM from address 0 on")
        self._chip = chip
        self.devices = devices
        self.level: Callable[[int], int] = lambda _number: 3
        self.enough: Callable[[], bool] = lambda: False
        self.on_reset: Callable[[str], None] = lambda _cause: None
        self._began, self._waited = now, 0.0
        self._hz = chip.map.cpu_hz
        self._holders: dict[int, Optional[Device]] = {}
        self._memories = [m for m in (chip.flash, chip.eeprom, chip.options.memory) if m is not None]
        self.layout = Layout(chip.ram.end, 0, 0, 0, chip.ram.end - 1)  # no plain flash: its reads may have to wait
        self.memory = bytearray([ILLEGAL]) * (max(chip.flash.end, chip.ram.end) + 8)
        self.memory[: chip.ram.end] = chip.ram.data
        self._holds_flash = False
        self.core = Core(self)
        self.core.pauses = True
        self._take_flash()

    def run(self, until: float) -> str:
        """Execute until that time; return why the CPU stopped before, or an empty text."""
        self._chip.controller.by_program = True
        try:
            stopped = self._run(until)
        finally:
            self._chip.controller.by_program = False
            self._chip.ram.data[:] = self.memory[: self._chip.ram.end]
        return stopped

    def _run(self, until: float) -> str:
        core, controller = self.core, self._chip.controller
        while self.now < until and not core.stopped:
            now = self.now
            self._settle(now)
            due = self._settle_devices(now)
            if self.enough() or core.pc == core.breakpoint:
                return ""
            if core.sleep and not core.pending and not self._may_wake():
                return f"{core.sleep}, and {SLEEPLESS}"
            if controller.busy and self._in_flash(core.pc) and not controller.readable(self._chip.flash):
                self._wait()
                continue
            end = min(until, controller.changes_at(now), due)
            core.run(core.cycles + max(1, int((end - now) * self._hz)))
        self._settle_devices(self.now)
        return core.stopped

    def _settle_devices(self, now: float) -> float:
        """Let happen what is due in the devices, and pass their interrupts on; return when the next thing happens."""
        due = NEVER
        pending = self.core.pending
        pending.clear()
        for device in self.devices:
            device.settle(now)
            if device.reset_cause:
                self._reset(device.reset_cause)
                return self.now
            for number in device.requests:
                pending[number] = self.level(number)
            due = min(due, device.due)
        return due

    def _may_wake(self) -> bool:
        """Tell whether something can end the CPU's sleep; HALT stops every clock but those that are not modelled."""
        return self.core.sleep != "HALT" and any(device.wakes for device in self.devices)

    def _reset(self, cause: str) -> None:
        self._waited += self._chip.reset_by_program(self.now) - self.now
        self._set_speed()
        self.core.reset()
        for device in self.devices:
            device.reset(self.now)
        self._take_flash()
        self.on_reset(cause)

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

    def _set_speed(self, cycles: Optional[int] = None) -> None:
        """Go on at the speed that the chip has now, from a cycle on."""
        cycles = self.core.cycles if cycles is None else cycles
        then = self._at(cycles)
        self._hz = self._chip.map.cpu_hz
        self._began += then - self._at(cycles)

    def _holder(self, address: int) -> Optional[Device]:
        """Return the device that holds an address; they never move."""
        if address not in self._holders:
            self._holders[address] = next((device for device in self.devices if device.holds(address)), None)
        return self._holders[address]

    def _memory_at(self, address: int) -> Optional[Memory]:
        return next((memory for memory in self._memories if memory.start <= address < memory.end), None)

    # -- the core's bus -------------------------------------------------------------------------------------

    def read(self, address: int, now: int) -> int:
        """Return a byte; wait for it where its array is busy."""
        memory, controller = self._memory_at(address), self._chip.controller
        if memory is not None:
            self._settle(self._at(now))
            if not controller.readable(memory):
                self._waited += max(0.0, controller.busy_until - self._at(now))
                self._settle(self._at(now))
            self.core.volatile = self.core.volatile or controller.busy
            return memory.data[address - memory.start]
        device = self._holder(address)
        if device is not None:
            value_there = device.read(address, self._at(now))
            self.core.volatile = self.core.volatile or device.volatile
            return value_there
        self._settle(self._at(now))
        value = self._chip.map.read(address, 1, self._at(now))
        return value[0] if value else 0

    def write(self, address: int, value: int, now: int) -> None:
        """Write a byte; wait for a busy array, too."""
        chip = self._chip
        if address < chip.ram.end:
            self.memory[address] = value
            return
        at = self._at(now)
        device = self._holder(address)
        if address in CLOCKS:
            for ticking in self.devices:
                ticking.settle(at)
        if device is not None:
            device.write(address, value, at)
        else:
            self._settle(at)
            if chip.controller.busy:
                self._waited += max(0.0, chip.controller.busy_until - at)
                self._settle(self._at(now))
            chip.map.write(address, bytes([value]), self._at(now), 0.0, False)
        if chip.map.cpu_hz != self._hz:
            self._set_speed(now)
        self.core.limit = 0  # `run` looks at the array and at the devices before the next instruction

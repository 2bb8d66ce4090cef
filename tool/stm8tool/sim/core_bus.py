"""The bus of the core on a simulated chip: RAM, flash and EEPROM, the flash controller and the peripherals.

The registers that `sim/chip/memory_map.py` knows are there, and those of the given devices. A register without a
device is a gap. RAM is copied in and out, because the core reads and writes it directly.

Data in flash wait while their array is busy. The CPU also waits if it then touches CR1, CR2 or an array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from .chip.breakpoints import Access
from .chip.memory import Memory
from .clock import TIE_S
from .cpu.core import BlockedError, Bus, Cpu
from .cpu.writer import MemoryLayout
from .peripherals.device import NEVER, Device
from .state import GIVEN, PART_OF_IT, SCRATCH, State

if TYPE_CHECKING:
    from .chip.powered import PoweredChip
    from .cpu.counting import Counts

ILLEGAL = 0x05  # an opcode that the STM8 does not have
CLOCKS = range(0x50C0, 0x50D0)
STALLING = {"CR1", "CR2", "NCR2"}  # an access to them waits for a busy array (RM0016 4.6.1)


def _core(bus: Bus, counts: Optional[Counts]) -> Cpu:
    if counts is None:
        return Cpu(bus)
    from .cpu.counting import CountingCpu

    return CountingCpu(bus, counts)


class CoreBus:
    """The core, its memories and its registers, each at the time of its cycle.

    Attributes:
        core: The CPU.
        devices: The peripherals that `sim/chip/memory_map.py` does not know.
        now: Seconds of the bench's clock.
    """

    STATE = State(
        left={
            **dict.fromkeys(("_chip", "_ram_end", "_memories", "layout"), GIVEN),
            **dict.fromkeys(("memory", "_flash_version", "_holders"), "copies of saved state"),
            **dict.fromkeys(("_began", "_from_cycle", "_hz"), "set again for each stretch"),
            **dict.fromkeys(("_due", "_urgent"), "follow from the peripherals"),
            **dict.fromkeys(("_accesses", "_written_at"), SCRATCH),
            **dict.fromkeys(("devices", "core"), PART_OF_IT),
        }
    )

    def __init__(self, chip: PoweredChip, now: float, devices: Sequence[Device], counts: Optional[Counts]) -> None:
        if chip.ram.start:
            raise ValueError("the core needs RAM from address 0 on")
        self._chip = chip
        self.devices = devices
        self._ram_end = chip.ram.end
        self._holders: dict[int, Optional[Device]] = {}
        self._memories = [m for m in (chip.flash, chip.eeprom, chip.options.memory) if m is not None]
        self.layout = MemoryLayout(chip.ram.end, chip.flash.start, chip.flash.end, 0, chip.ram.end - 1)
        self.memory = bytearray([ILLEGAL]) * (max(chip.flash.end, chip.ram.end) + 8)
        self._began, self._from_cycle = now, 0
        self._hz = chip.map.cpu_hz
        self._accesses: Optional[list[Access]] = None  # of one instruction, while something looks at them
        self._written_at = -1  # the cycle of the last write to an array
        self._due = 0.0  # when the next thing happens in the devices; 0 to look at once
        self._urgent = 0.0  # when the next thing happens that the CPU may notice without an access
        self.core = _core(self, counts)
        self.core.pauses = True
        self.take_memories(anew=True)

    # -- time -------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self._at(self.core.cycles)

    def _at(self, cycles: int) -> float:
        return self._began + (cycles - self._from_cycle) / self._hz

    def _reached(self, moment: float) -> bool:
        return self.now > moment - TIE_S

    def _cycles_until(self, moment: float) -> int:
        """Return the cycles until the CPU has reached a moment."""
        return math.ceil((moment - TIE_S - self.now) * self._hz)

    def _set_speed(self, cycles: int) -> None:
        """Go on at the present speed of the chip, from a cycle on."""
        self._began, self._from_cycle = self._at(cycles), cycles
        self._hz = self._chip.map.cpu_hz

    def _wait(self, until: float) -> None:
        """Let time pass in which the CPU does nothing."""
        if until > self.now:
            self._began, self._from_cycle = until, self.core.cycles

    # -- memories ---------------------------------------------------------------------------------------------

    def _settle(self, now: float) -> None:
        """Let the operation of the array end, and take over the bytes that it has programmed."""
        controller = self._chip.controller
        if controller.busy:
            controller.settle(now)
            if self._flash_version != self._chip.flash.version:
                self._take_flash()

    def _wait_in_place(self, cycle: int) -> None:
        """Wait in the middle of an instruction until the array is free."""
        self._began, self._from_cycle = max(self._at(cycle), self._chip.controller.busy_until), cycle
        self._settle(self._began)

    def take_memories(self, *, anew: bool) -> None:
        """Take over RAM, and flash if it has changed, or in any case."""
        self.memory[: self._ram_end] = self._chip.ram.data
        if anew or self._flash_version != self._chip.flash.version:
            self._take_flash()

    def _take_flash(self) -> None:
        flash = self._chip.flash
        self._flash_version = flash.version
        if self.memory[flash.start : flash.end] != flash.data:
            self.memory[flash.start : flash.end] = flash.data
            self.core.forget_outside_ram()

    def _holder(self, address: int) -> Optional[Device]:
        """Return the device that holds an address; they never move."""
        try:
            return self._holders[address]
        except KeyError:
            found = next((device for device in self.devices if device.holds(address)), None)
            self._holders[address] = found
            return found

    def _memory_at(self, address: int) -> Optional[Memory]:
        return next((memory for memory in self._memories if memory.start <= address < memory.end), None)

    # -- the core's bus -------------------------------------------------------------------------------------

    def read(self, address: int, now: int) -> int:
        """Return a byte; BlockedError while its array is busy."""
        value = self._read(address, now)
        if self._accesses is not None:
            self._accesses.append(Access(address, value, False))
        return value

    def _read(self, address: int, now: int) -> int:
        if address < self._ram_end:
            return self.memory[address]
        device = self._holder(address)
        if device is not None:
            value_there = device.read(address, self._began + (now - self._from_cycle) / self._hz)
            if device.urgent:
                self._due = 0.0
            if device.volatile:
                self.core.volatile = True
            return value_there
        controller = self._chip.controller
        if controller.busy:
            self._settle(self._at(now))
        memory = self._memory_at(address)
        if memory is not None:
            if not controller.readable(memory) and controller.busy:
                raise BlockedError
            return memory.data[address - memory.start]
        return self._read_map(address, now)

    def _read_map(self, address: int, now: int) -> int:
        chip = self._chip
        name = chip.map.flash_register(address)
        if chip.controller.busy and name in STALLING:
            raise BlockedError
        if name == "IAPSR":
            self.core.volatile = self.core.volatile or chip.controller.has_news  # it is cleared by being read
        if name:
            return chip.controller.read_register(name, self._at(now)) or 0
        value = chip.map.read(address, 1, self._at(now))
        return value[0] if value else 0

    def write(self, address: int, value: int, now: int) -> bool:
        """Write a byte; BlockedError while its array is busy."""
        if self._accesses is not None:
            self._accesses.append(Access(address, value, True))
        if address < self._ram_end:
            self.memory[address] = value
            return True
        chip = self._chip
        if chip.controller.loads_on(address, value):
            self._written_at = now
            return False
        at = self._at(now)
        self._settle(at)
        device = self._holder(address)
        if device is not None and not device.reaches_others:
            return self._write_device(device, address, value, now)
        if address in CLOCKS:
            for ticking in self.devices:
                ticking.settle(at)
        if device is not None:
            device.write(address, value, at)
        else:
            self._write_map(address, value, now)
        self._due = 0.0
        if chip.map.cpu_hz != self._hz:
            self._set_speed(now)
        self.core.limit = 0  # `run` looks at the array and at the devices before the next instruction
        return True

    def _write_device(self, device: Device, address: int, value: int, now: int) -> bool:
        """Write to a device that reaches no other one; return whether the core has to stop earlier than it would."""
        core, at, requests = self.core, self._at(now), device.requests
        device.write(address, value, at)
        if device.reset_cause or device.requests != requests:
            self._due = 0.0
            core.limit = 0
            return True
        due = device.due
        if due == NEVER:
            return False
        self._due = min(self._due, due)
        if device.urgent:
            self._urgent = min(self._urgent, due)
            core.most = min(core.most, now + math.ceil((due - TIE_S - at) * self._hz))
        limit = now + math.ceil((due - TIE_S - at) * self._hz)
        if limit >= core.limit:
            return False
        core.limit = limit
        return True

    def _write_map(self, address: int, value: int, now: int) -> None:
        chip = self._chip
        in_array = self._memory_at(address) is not None
        if chip.controller.busy and (in_array or chip.map.flash_register(address) in STALLING):
            if self._written_at != now:
                raise BlockedError
            self._wait_in_place(now)  # the first byte of a word is written: it cannot be written again
        self._written_at = now if in_array else -1
        chip.map.write(address, bytes([value]), self._at(now), 0.0, False)

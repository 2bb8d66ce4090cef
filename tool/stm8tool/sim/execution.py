"""The CPU of a simulated chip at work: a core on its RAM, flash and EEPROM, its flash controller and its peripherals.

`sim/chip/microcontroller.py` decides from when to when it executes, and keeps the CPU's registers in between. The
registers that `sim/chip/memory_map.py` knows are there, and those of the given devices. A register without a device
is a gap. RAM is copied in and out, because the core reads and writes it directly.

Code and data in flash wait while its array is busy. The CPU also waits if it then touches CR1, CR2 or an array. A part
with RWW goes on while its data EEPROM is programmed (RM0016 4.3 and 4.6.1, PM0054 3.4). Code executes only from RAM
and flash: elsewhere it is an illegal opcode here. Read protection hides nothing from the program itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Optional

from .chip.breakpoints import Access
from .chip.memory import Memory
from .clock import TIE_S
from .cpu.core import BlockedError, Bus, Cpu
from .cpu.idle import Finder, Loop
from .cpu.writer import MemoryLayout
from .peripherals.device import NEVER, Device, Quiet
from .state import GIVEN, PART_OF_IT, SCRATCH, State

if TYPE_CHECKING:
    from .chip.powered import PoweredChip
    from .cpu.counting import Counts

ILLEGAL = 0x05  # an opcode that the STM8 does not have
CLOCKS = range(0x50C0, 0x50D0)
SHORTEST_STRETCH, JUMPED_STRETCH, LONGEST_STRETCH = 128, 4096, 1 << 17  # cycles
SLEEPLESS = "no interrupt or reset can come"
STALLING = {"CR1", "CR2", "NCR2"}  # an access to them waits for a busy array (RM0016 4.6.1)


def _plain(bus: Bus) -> tuple[Cpu, Finder]:
    core = Cpu(bus)
    return core, Finder(core)


def _counting(bus: Bus, counts: Counts) -> tuple[Cpu, Finder]:
    from .cpu.counting import CountingCpu, CountingFinder

    core = CountingCpu(bus, counts)
    return core, CountingFinder(core, counts)


class Execution:
    """Runs a program on a chip. Nothing else may use the chip meanwhile.

    Attributes:
        core: The CPU.
        devices: The peripherals that `sim/chip/memory_map.py` does not know.
        now: Seconds of the bench's clock.
        level: Returns the level of an interrupt.
        enough: Asked after each event; True ends the run. None: the run goes on to its end.
        spare_s: So long after the end of a run nothing outside of the chip can reach the CPU. The last block of the
            run may end there.
        on_reset: Called with the cause when a device, or an illegal opcode, resets the chip.
        lives_on: An event that ends a run of `sim run` does not end this one. An illegal opcode resets the chip. A CPU
            that sleeps for good sleeps on.
    """

    STATE = State(
        left={
            **dict.fromkeys(("_chip", "_ram_end", "_flash", "_memories", "layout"), GIVEN),
            **dict.fromkeys(
                ("level", "enough", "on_reset", "lives_on", "spare_s"), "set by the code that runs a program"
            ),
            **dict.fromkeys(("memory", "_flash_version", "_holders"), "copies of saved state"),
            **dict.fromkeys(("_began", "_from_cycle", "_hz"), "set again for each stretch"),
            **dict.fromkeys(("_stretch", "_looks_at", "_jumps"), "decide only how fast the CPU executes"),
            **dict.fromkeys(("_due", "_urgent"), "follow from the peripherals"),
            "_lively": PART_OF_IT,
            **dict.fromkeys(("_was_reset", "_accesses", "_written_at", "_waits", "_seen_accesses"), SCRATCH),
            "_finder": "made anew from the code",
            **dict.fromkeys(("devices", "core"), PART_OF_IT),
        }
    )

    def __init__(
        self, chip: PoweredChip, now: float, devices: Sequence[Device] = (), counts: Optional[Counts] = None
    ) -> None:
        if chip.ram.start:
            raise ValueError("the core needs RAM from address 0 on")
        self._chip = chip
        self.devices = devices
        self.level: Callable[[int], int] = lambda _number: 3
        self.enough: Optional[Callable[[], bool]] = None
        self.spare_s = 0.0
        self.on_reset: Callable[[str], None] = lambda _cause: None
        self.lives_on = False
        self._ram_end = chip.ram.end
        self._flash = range(chip.flash.start, chip.flash.end)
        self._holders: dict[int, Optional[Device]] = {}
        self._memories = [m for m in (chip.flash, chip.eeprom, chip.options.memory) if m is not None]
        self.layout = MemoryLayout(chip.ram.end, chip.flash.start, chip.flash.end, 0, chip.ram.end - 1)
        self.memory = bytearray([ILLEGAL]) * (max(chip.flash.end, chip.ram.end) + 8)
        self._began, self._from_cycle = now, 0
        self._hz = chip.map.cpu_hz
        self._stretch = SHORTEST_STRETCH  # cycles from one look whether the CPU waits in a loop to the next,
        self._looks_at = 0  # … which is at this cycle
        self._jumps = False  # the loop in which the CPU waited last costs nothing without such a look
        self._was_reset = False
        self._accesses: Optional[list[Access]] = None  # of one instruction, while something looks at them
        self._written_at = -1  # the cycle of the last write to an array
        self._lively = [device for device in devices if not isinstance(device, Quiet)]
        self._due = 0.0  # when the next thing happens in the devices; 0 to look at once
        self._urgent = 0.0  # when the next thing happens that the CPU may notice without an access
        self._seen_accesses = 0  # of SWIM to the devices
        self._waits: Optional[tuple[Loop, int]] = None  # the loop in which the CPU waits, and its place there
        self.core, self._finder = _plain(self) if counts is None else _counting(self, counts)
        self.core.pauses = True
        self.take_memories(anew=True)

    # -- time -------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self._at(self.core.cycles)

    def _at(self, cycles: int) -> float:
        return self._began + (cycles - self._from_cycle) / self._hz

    def begin(self, now: float) -> None:
        """Go on at that time."""
        if self._seen_accesses != self._chip.map.device_accesses:
            self._seen_accesses = self._chip.map.device_accesses
            self._due = 0.0
        self._began, self._from_cycle = now, self.core.cycles
        self._hz = self._chip.map.cpu_hz
        if self._chip.swim_active or not self._jumps:  # accesses of SWIM are fast while the CPU waits in a loop
            self._stretch, self._looks_at = SHORTEST_STRETCH, 0

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

    # -- running ----------------------------------------------------------------------------------------------

    def run(self, until: float) -> str:
        """Execute until that time; return why the CPU stopped before, or an empty text."""
        self._chip.controller.by_program = True
        self._was_reset = False
        if self._flash_version != self._chip.flash.version:
            self._take_flash()
        try:
            return self._run(until)
        finally:
            self._chip.controller.by_program = False
            self._chip.ram.data[:] = self.memory[: self._ram_end]

    def _run(self, until: float) -> str:
        core, controller, debug = self.core, self._chip.controller, self._chip.debug
        self._waits = None
        while not core.stopped and not self._reached(until):
            now = self.now
            self._settle(now)
            if self._reached(self._due):
                self._settle_devices(max(now, self._due))
            if self._was_reset or (self.enough is not None and self.enough()) or core.pc == core.breakpoint:
                return ""
            if core.sleep and not core.pending and not self._may_wake():
                if not self.lives_on:
                    return f"{core.sleep}, and {SLEEPLESS}"
                self._wait(until)
                break
            if controller.busy and core.pc in self._flash and not controller.readable(self._chip.flash):
                self._wait(min(until, controller.busy_until))
                continue
            try:
                if self._execute(until, min(self._due, controller.next_change(now))):
                    return ""
            except BlockedError:
                self._wait(min(until, controller.busy_until))
            stopped: str = core.stopped
            if stopped == "BREAK" and debug.takes_break():
                core.stopped, core.pc = "", core.pc - 1
                return ""
            if stopped and stopped != "BREAK" and self.lives_on:
                self._reset(f"the CPU met {stopped}")
        if not self._was_reset and self._reached(self._due):
            self._settle_devices(max(self.now, self._due))
        return core.stopped

    def _execute(self, until: float, event: float) -> bool:
        """Execute up to a time or the next event, or one instruction if the debug module looks at each.

        Returns:
            Whether the CPU stalls.
        """
        core, debug, controller = self.core, self._chip.debug, self._chip.controller
        self._waits = None
        stops = debug.breakpoints.fetches
        if stops != core.stops:
            core.stop_before(stops)
        core.cautious = controller.busy or controller.awaits_complement
        core.closed = self._flash if controller.busy and not controller.readable(self._chip.flash) else range(0)
        if not debug.looks_closely or (core.sleep and not core.pending):
            limit = core.cycles + max(1, self._cycles_until(min(until, event)))
            if core.cycles >= self._looks_at:
                if self._wait_in_loop(limit):
                    self._stretch, self._looks_at, self._jumps = SHORTEST_STRETCH, core.cycles, False
                    return False
                self._looks_at = core.cycles + self._stretch
                self._stretch = min(2 * self._stretch, LONGEST_STRETCH)
            core.jumped = False
            core.run(min(limit, self._looks_at), self._most(until))
            if core.jumped:
                self._jumps = True
                if not self._chip.swim_active:
                    self._looks_at = core.cycles + JUMPED_STRETCH
            return core.pc in core.stops and debug.stops_before(core.pc)
        if debug.stops_before(core.pc):
            return True
        core.watched = debug.breakpoints.looks_closely
        self._accesses = []
        sp = core.sp
        try:
            core.step()
            pushed = range(core.sp + 1, sp + 1)
            return debug.executed([access._replace(on_stack=access.address in pushed) for access in self._accesses])
        finally:
            core.watched, self._accesses = False, None

    def _most(self, until: float) -> int:
        """Return the cycle up to which a block may execute; its accesses meet the events up to there at their times."""
        core = self.core
        if core.pending or core.sleep or self.enough is not None:
            return 0
        return core.cycles + self._cycles_until(min(until + self.spare_s, self._urgent))

    def _wait_in_loop(self, limit: int) -> bool:
        """Let the CPU wait up to a cycle, if it does nothing else; return whether it has come there."""
        core = self.core
        if core.pending or core.sleep or core.stops or core.breakpoint is not None:
            return False
        loop = self._finder.find(limit)
        if loop is not None:
            place, passed = loop.after(0, limit - core.cycles)
            core.cycles += passed
            core.state = loop.states[place]
            self._waits = loop, place
        return core.cycles >= limit

    @property
    def waits(self) -> bool:
        """True if the CPU waits in a loop, at the end of what it has executed."""
        return self._waits is not None and not (self.core.pending or self.core.stopped or self._was_reset)

    def wait_on(self, since: float, moments: Iterable[float], stolen: int) -> tuple[int, float]:
        """Let the CPU wait on in its loop while SWIM uses the bus at these moments, and steals cycles each time.

        Returns:
            How many of the moments come before the next event, and until when the CPU has executed then.
        """
        if self._waits is None:
            return 0, since
        loop, place = self._waits
        event = min(self._due, self._chip.controller.next_change(since))
        hz, count = self._hz, 0
        for moment in moments:
            if moment >= event:
                break
            cycles = math.ceil((moment - TIE_S - since) * hz)
            if cycles > 0:
                place, passed = loop.after(place, cycles)
                since += passed / hz
                self.core.cycles += passed
            since += stolen / hz
            count += 1
        self.core.state = loop.states[place]
        self._waits = loop, place
        return count, since

    def looks_at(self, address: int) -> bool:
        """Tell whether the loop in which the CPU waits reads an address."""
        return self._waits is not None and address in self._waits[0].reads

    def _settle_devices(self, now: float) -> None:
        """Let the devices do what is due, and pass their interrupts on."""
        first = urgent = NEVER
        pending = self.core.pending
        pending.clear()
        for device in self._lively:
            device.settle(now)
            if device.reset_cause:
                self._reset(device.reset_cause)
                return
            for number in device.requests:
                pending[number] = self.level(number)
            due = device.due
            if due < first:
                first = due
            if due < urgent and device.urgent:
                urgent = due
        self._due, self._urgent = first, urgent

    def _may_wake(self) -> bool:
        """Tell whether anything can end the CPU's sleep; HALT stops every clock except those that are not modelled."""
        return self.core.sleep != "HALT" and any(device.wakes for device in self.devices)

    def _reset(self, cause: str) -> None:
        """Let a device or the CPU itself reset the chip, unless SWIM masks that."""
        now = self.now
        if self._chip.masks_resets:
            for device in self.devices:
                device.pass_over(now)
            self._due = 0.0
            return
        self.on_reset(cause)
        starts = self._chip.reset_by_program(now)
        self.reset(now)
        if starts is None:
            self._was_reset = True
            return
        self._wait(starts)
        self._set_speed(self.core.cycles)
        self.take_memories(anew=True)

    def reset(self, now: float) -> None:
        """Do what a reset of the chip does to the CPU and its devices."""
        self.core.reset()
        self._due = 0.0
        for device in self.devices:
            device.reset(now)

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

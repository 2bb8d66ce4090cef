"""The CPU of a simulated chip at work: when it executes, waits, sleeps and stops, and what ends each stretch.

`sim/chip/microcontroller.py` decides from when to when it executes, and keeps the CPU's registers in between.
`sim/core_bus.py` is what the core reaches on the chip.

Code in flash waits while its array is busy. A part with RWW goes on while its data EEPROM is programmed (RM0016 4.3
and 4.6.1, PM0054 3.4). Code executes only from RAM and flash: elsewhere it is an illegal opcode here. Read protection
hides nothing from the program itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Optional

from .clock import TIE_S
from .core_bus import CoreBus
from .cpu.core import BlockedError, Cpu
from .cpu.idle import Finder, Loop
from .peripherals.device import NEVER, Device, Quiet
from .state import GIVEN, PART_OF_IT, SCRATCH, State

if TYPE_CHECKING:
    from .chip.powered import PoweredChip
    from .cpu.counting import Counts

SHORTEST_STRETCH, JUMPED_STRETCH, LONGEST_STRETCH = 128, 4096, 1 << 17  # cycles
SLEEPLESS = "no interrupt or reset can come"


def _finder(core: Cpu, counts: Optional[Counts]) -> Finder:
    if counts is None:
        return Finder(core)
    from .cpu.counting import CountingFinder

    return CountingFinder(core, counts)


class Execution(CoreBus):
    """Runs a program on a chip. Nothing else may use the chip meanwhile.

    Attributes:
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
            **CoreBus.STATE.left,
            "_flash": GIVEN,
            **dict.fromkeys(
                ("level", "enough", "on_reset", "lives_on", "spare_s"), "set by the code that runs a program"
            ),
            **dict.fromkeys(("_stretch", "_looks_at", "_jumps"), "decide only how fast the CPU executes"),
            "_lively": PART_OF_IT,
            **dict.fromkeys(("_was_reset", "_waits", "_seen_accesses"), SCRATCH),
            "_finder": "made anew from the code",
        }
    )

    def __init__(
        self, chip: PoweredChip, now: float, devices: Sequence[Device] = (), counts: Optional[Counts] = None
    ) -> None:
        super().__init__(chip, now, devices, counts)
        self.level: Callable[[int], int] = lambda _number: 3
        self.enough: Optional[Callable[[], bool]] = None
        self.spare_s = 0.0
        self.on_reset: Callable[[str], None] = lambda _cause: None
        self.lives_on = False
        self._flash = range(chip.flash.start, chip.flash.end)
        self._stretch = SHORTEST_STRETCH  # cycles from one look whether the CPU waits in a loop to the next,
        self._looks_at = 0  # … which is at this cycle
        self._jumps = False  # the loop in which the CPU waited last costs nothing without such a look
        self._was_reset = False
        self._lively = [device for device in devices if not isinstance(device, Quiet)]
        self._seen_accesses = 0  # of SWIM to the devices
        self._waits: Optional[tuple[Loop, int]] = None  # the loop in which the CPU waits, and its place there
        self._finder = _finder(self.core, counts)

    # -- running ----------------------------------------------------------------------------------------------

    def begin(self, now: float) -> None:
        """Go on at that time."""
        if self._seen_accesses != self._chip.map.device_accesses:
            self._seen_accesses = self._chip.map.device_accesses
            self._due = 0.0
        self._began, self._from_cycle = now, self.core.cycles
        self._hz = self._chip.map.cpu_hz
        if self._chip.swim_active or not self._jumps:  # accesses of SWIM are fast while the CPU waits in a loop
            self._stretch, self._looks_at = SHORTEST_STRETCH, 0

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

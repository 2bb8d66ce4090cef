"""The CPU of a chip that executes: the core, the peripherals, and the reasons why they reset the chip.

Source: RM0016 and RM0031, RST_SR: one bit for each cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Optional

from ..gap import SimGapError
from ..peripherals.build import Board, build
from ..state import GIVEN, PART_OF_IT, SCRATCH, State

if TYPE_CHECKING:
    from ..cpu.counting import Counts
    from ..execution import Execution
    from .powered import PoweredChip

CAUSES = {"IWDG": 0x02, "opcode": 0x04}
WWDG = {"stm8s": 0x01, "stm8l": 0x10}


class Processor:
    """The CPU of a chip and its peripherals.

    Attributes:
        board: The peripherals.
        warn: Told each difference from a real chip.
        strict: A gap is raised, and an event that a program cannot survive ends the run. Otherwise the CPU stands still
            in a gap until a reset, and such a program is reset as on silicon.
        on_reset: Called with the cause when the chip resets itself.
        counts: Where the CPU counts what it executes; set before its first instruction. None: it does not count.
    """

    STATE = State(
        left={
            "_chip": GIVEN,
            **dict.fromkeys(("warn", "on_reset", "strict", "counts"), "set by the code that runs a program"),
            "board": PART_OF_IT,
            "_execution": PART_OF_IT,
            "_waits": SCRATCH,
        }
    )

    def __init__(self, chip: PoweredChip) -> None:
        self._chip = chip
        self.warn: Callable[[str], None] = lambda _text: None
        self.on_reset: Callable[[str], None] = lambda _cause: None
        self.strict = False
        self.counts: Optional[Counts] = None
        self.board: Board = build(chip, lambda text: self.warn(text))
        chip.map.devices = [device for device in self.board.devices if device is not self.board.other]
        chip.map.other = self.board.other
        self._execution: Optional[Execution] = None  # made when the first instruction is executed: that takes its time
        self._waits = False
        self.reset(0.0)

    @property
    def execution(self) -> Execution:
        """The running CPU."""
        if self._execution is None:
            from ..execution import Execution

            self._execution = Execution(self._chip, 0.0, self.board.devices, self.counts)
            self._execution.level = self.board.priorities.level
            self._execution.on_reset = self._note_reset
        return self._execution

    def reset(self, now: float) -> None:
        """Do what a reset of the chip does."""
        if self._execution is not None:
            self._execution.reset(now)
            self._execution.take_memories(anew=True)
            return
        for device in self.board.devices:
            device.reset(now)

    def hold_watchdogs(self, seconds: float) -> None:
        """Let them not count for that time: DM_CR1.WDGOFF, while the CPU is stalled."""
        for watchdog in self.board.watchdogs:
            watchdog.hold(seconds)

    def power_on(self) -> None:
        """Do the part of a power-on that a reset leaves out."""
        self.board.status.power_on()

    @property
    def signature(self) -> object:
        """Everything that survives a reset and decides how the program goes on after it."""
        chip, ram_end = self._chip, self._chip.ram.end
        memories = (chip.flash, chip.eeprom, chip.options.memory)
        held = tuple(memory.version for memory in memories if memory is not None)
        return bytes(self.execution.memory[:ram_end]), held, self.board.status.causes

    def run(self, since: float, until: float) -> float:
        """Let the CPU execute from one time up to another; return when it stopped: earlier only if it had to."""
        chip, execution = self._chip, self.execution
        core, debug = execution.core, chip.debug
        execution.begin(since)
        execution.lives_on = not self.strict
        execution.take_memories(anew=False)
        core.pc, core.a, core.x, core.y, core.sp, core.cc = debug.registers
        core.sleep, core.stopped = debug.sleep, ""
        try:
            debug.stopped = execution.run(until)
        except SimGapError as exc:
            if self.strict:
                raise
            debug.stopped = f"an action that no source describes: {exc}"
        finally:
            if not chip.in_reset:
                debug.leave_at(core.pc, core.a, core.x, core.y, core.sp, core.cc)
                debug.sleep = core.sleep
        self._waits = True
        return execution.now

    @property
    def waits(self) -> bool:
        """True if the CPU waits in a loop since it has executed last, and SWIM has not used its bus since."""
        return self._waits and self.execution.waits

    def was_disturbed(self) -> None:
        """Take note of a use of the bus which may end a loop that waits."""
        self._waits = False

    def looks_at(self, address: int) -> bool:
        """Tell whether the loop in which the CPU waits reads an address."""
        return self.execution.looks_at(address)

    def wait_on(self, since: float, moments: Sequence[float], spared: Iterable[int]) -> tuple[int, float]:
        """Let a CPU that waits do so while SWIM uses the bus at these moments, to write to the addresses in `spared`.

        Returns:
            How many of the moments pass, until the CPU looks at such an address or does something else, and until when
            the CPU has executed then.
        """
        execution, debug = self.execution, self._chip.debug
        looked_at = next((at for at, address in enumerate(spared) if self.looks_at(address)), len(moments))
        count, until = execution.wait_on(since, moments[:looked_at], self._chip.switches.stolen_cycles)
        core = execution.core
        debug.leave_at(core.pc, core.a, core.x, core.y, core.sp, core.cc)
        return count, until

    def _note_reset(self, cause: str) -> None:
        status = self.board.status
        status.causes |= next((bit for name, bit in CAUSES.items() if name in cause), WWDG[self._chip.part.flash_regs])
        self.on_reset(cause)

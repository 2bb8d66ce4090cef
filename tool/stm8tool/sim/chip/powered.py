"""A simulated STM8 on its board, as far as nothing is connected to SWIM: supply, reset, and when its CPU executes.

`microcontroller.py` is the whole chip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from stm8tool.parts.table import OptionByte, Part, option_table

from ..faults import Faults
from ..noise import Noise
from ..rules import BYTE, FLAG, seconds
from ..state import GIVEN, PART_OF_IT, SCRATCH, State
from ..switches import Switches
from .debug import DebugModule
from .flash import FlashController
from .memory import Memory
from .memory_map import SWIM_OFF, MemoryMap
from .options import OptionBytes
from .repeats import Repeats
from .reset_line import ResetLine

if TYPE_CHECKING:
    from .processor import Processor

SAFE_MASK, SWIM_DM, RST = 0x80, 0x20, 0x04  # of SWIM_CSR

FIRST_ADDRESS = 0x8000
FIRST_BYTES = (0x82, 0xAC)  # INT or JPF: a program starts with it (UM0560)

APP_S = 0.001  # from the start of the program until it changes the clock
SUPPLY_MV = 3300
LONGEST_DEBT_S = 1.0  # a CPU that lags more executes before its board is saved
_BEFORE = "it happens before the board is saved"
POWER_OFF_S = 0.5  # how long a user leaves the supply off


class PoweredChip:
    """An STM8 and its memories.

    Times are seconds of the bench's clock; they may not go backwards.

    Attributes:
        link_lost: SWIM is dead until it is entered again under reset (reported of clones).
        executed_to: The CPU has executed up to that time.
    """

    STATE = State(
        {
            **dict.fromkeys(("nrst_low", "swim_active", "link_lost", "_hsit", "_switched_on"), FLAG),
            "csr": BYTE,
        },
        times={"executed_to": seconds(-LONGEST_DEBT_S, 0)},
        left={
            **dict.fromkeys(("part", "switches"), GIVEN),
            **dict.fromkeys(("unique_id", "_faults"), "saved by `store.py`"),
            **dict.fromkeys(("flash", "eeprom", "ram", "options", "controller", "debug", "map", "noise"), PART_OF_IT),
            "_nrst": PART_OF_IT,
            "_processor": "its registers are those of `debug`; its peripherals are saved by `store.py`",
            **dict.fromkeys(("_hsit_at", "_switching", "_starts_at", "_pin_at", "_clock_at"), _BEFORE),
            "_powered_since": "the supply has been there for a while when the next command comes",
            "_executing": SCRATCH,
            "_repeats": "finds only what can be skipped",
        },
    )

    def __init__(
        self,
        part: Part,
        *,
        locked: bool = False,
        options: Optional[Sequence[OptionByte]] = None,
        switches: Optional[Switches] = None,
        unique_id: bytes = bytes(range(0x30, 0x3C)),
    ) -> None:
        self.part = part
        self.switches = switches or Switches()
        self.flash = Memory("flash", part.flash.start, part.flash.size, part.block)
        eeprom = part.eeprom
        self.eeprom = Memory("eeprom", eeprom.start, eeprom.size, part.block) if eeprom else None
        self.ram = Memory("ram", part.ram.start, part.ram.size, part.ram.size)
        self.options = OptionBytes(part, option_table(part) if options is None else options, self.switches)
        self.controller = FlashController(part, self.flash, self.eeprom, self.options, self.switches)
        self.debug = DebugModule(part.ram.end - 1, self._entry)
        self.unique_id = unique_id
        made = self.ram, self.options, self.controller, self.debug
        self.map = MemoryMap(part, *made, self.switches, unique_id, lambda now: self.processor.reset(now))
        self.noise = Noise()
        if locked:
            self.options.lock()
        self._nrst = ResetLine(part.flash_regs)
        self.swim_active = False
        self.csr = 0
        self.link_lost = False
        self._faults = Faults()
        self._hsit = False
        self._hsit_at: Optional[float] = None
        self._switched_on = True
        self._switching: deque[tuple[float, bool]] = deque()  # when the supply changes, and whether it is then on
        self._powered_since = float("-inf")
        self._processor: Optional[Processor] = None  # made when the CPU executes its first instruction
        self.executed_to = 0.0
        self._executing = False
        self._starts_at: Optional[float] = None  # when the option bytes of a released reset are loaded
        self._pin_at: Optional[float] = None  # when the program takes the pin,
        self._clock_at: Optional[float] = None  # … and when it changes the clock
        self._repeats: Optional[Repeats] = None  # the resets by the program itself since the last one by others
        self._reset(0.0)
        self.rest()

    # -- the board ------------------------------------------------------------------------------------------

    @property
    def faults(self) -> Faults:
        """The faults of the board; a chip that is put on another one has been running there for a while."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        was_powered = self.powered
        self._faults = self.controller.faults = self.noise.faults = faults
        if self.powered != was_powered:
            self._supply_changed(float("-inf"))
        elif self._reset_line_low:
            self._reset(0.0)
        self._run(float("-inf"))

    @property
    def powered(self) -> bool:
        """True while the target has a supply, also a bad one."""
        return self._switched_on and not self._faults.unpowered

    @property
    def supply_mv(self) -> int:
        """The voltage at VDD."""
        if not self.powered:
            return 0
        return SUPPLY_MV if self._faults.marginal_supply is None else self._faults.marginal_supply

    def meet(self, now: float) -> None:
        """Take over a clock: the CPU goes on from now."""
        self.executed_to = now

    def power(self, on: bool, now: float) -> None:
        """Switch the supply at the board.

        Only flash, EEPROM and option bytes keep their content. Bytes that are being erased or programmed come out
        corrupt, as with a reset (PM0054 5.2 says this of both).
        """
        self.settle(now)
        was_powered, self._switched_on = self.powered, on
        if self.powered != was_powered:
            self._supply_changed(now)

    def plan_power_cut(self, off_at: float) -> None:
        """Let the supply fail at that time, until the next call of `power`."""
        self._switching.append((off_at, False))

    def plan_power_cycle(self, off_at: float) -> None:
        """Switch the supply off at that time, and later on again, as a user does."""
        self._switching.extend([(off_at, False), (off_at + POWER_OFF_S, True)])

    def _supply_changed(self, now: float) -> None:
        """Lose the state that needs a supply, or begin as after power-on."""
        self._reset(now)
        if self.powered:
            self._powered_since = now
            if self._processor is not None:
                self._processor.power_on()
            return
        self._starts_at = None
        self.link_lost = False
        self._leave_swim()
        self.ram.write(self.ram.start, bytes(n * 37 + 11 & 0xFF for n in range(len(self.ram.data))))  # anything

    @property
    def bricked(self) -> Optional[str]:
        """Why the chip is ruined, or None."""
        return self.options.bricked

    @property
    def in_reset(self) -> bool:
        """True while NRST is low, and until the option bytes are loaded after it rose."""
        return self._reset_line_low or self._starts_at is not None

    @property
    def nrst_low(self) -> bool:
        """True while the probe holds NRST low."""
        return self._nrst.driven_low

    @nrst_low.setter
    def nrst_low(self, low: bool) -> None:
        """Let it have been so for a long time."""
        self._nrst.driven_low = low
        self._nrst.follow()

    @property
    def _reset_line_low(self) -> bool:
        driven = self._nrst.low and not self._faults.nrst_open
        return self.powered and self.part.has_nrst and (driven or self._faults.nrst_stuck_low)

    @property
    def running(self) -> bool:
        """True while the CPU executes, also if the flash is empty."""
        return self.powered and not (self.in_reset or self.debug.stalled or self.controller.loading)

    @property
    def has_program(self) -> bool:
        """True if flash begins as programs do."""
        return self.flash.data[0] in FIRST_BYTES

    def _entry(self) -> Optional[int]:
        """Return the address to which the program's first instruction jumps; INT and JPF have an address of 24 bits."""
        return int.from_bytes(self.flash.data[1:4], "big") if self.has_program else None

    @property
    def state(self) -> str:
        """The state of the CPU, in words."""
        if not self.powered:
            return "unpowered"
        if self.in_reset:
            return "held in reset" if self._repeats is None or self._reset_line_low else "running: resets itself"
        if not self.running:
            return "stalled"
        if self.debug.stopped:
            return f"running: stopped by {self.debug.stopped}"
        if self.debug.sleep:
            return f"running: asleep in {self.debug.sleep}"
        if self.debug.in_ram:
            return "running in RAM"
        return "running" if self.has_program else "running: empty"

    @property
    def program_counter(self) -> Optional[int]:
        """The last address of the CPU; the target of the reset vector if the CPU was only seen to start."""
        if not self.powered or self.in_reset or not (self.has_program or self.debug.in_ram):
            return None
        return self._entry() if self.running and self.debug.pc == FIRST_ADDRESS else self.debug.pc

    # -- time -------------------------------------------------------------------------------------------------

    def settle(self, now: float) -> None:
        """Let everything happen that is due."""
        while self._switching and self._switching[0][0] <= now:
            at, on = self._switching.popleft()
            self.power(on, at)
        at_chip = self._nrst.follows_at
        if at_chip is not None and at_chip <= now:
            self._pass(at_chip)
            self._follow_nrst(at_chip)
        self._pass(now)

    def _follow_nrst(self, now: float) -> None:
        """Let the chip see NRST as the probe drives it."""
        before = self._reset_line_low
        self._nrst.follow()
        if self._reset_line_low and not before:
            self._reset(now)
        elif before and not self._reset_line_low:
            self._starts_at = now + self.switches.start_s

    def _pass(self, now: float) -> None:
        """Let everything happen that is due inside the chip."""
        starts = self._starts_at
        if starts is None and self.executed_to < now:
            self._run_to(now)
            starts = self._starts_at
        while starts is not None and now >= starts and not self._reset_line_low:
            if self._repeats is not None and now < float("inf"):
                starts = self._repeats.jump(starts, now)
            self._start(starts)
            self._run_to(now)
            starts = self._starts_at
        if now < float("inf") or not self._executes:
            self.controller.settle(now)
        if self._pin_at is not None and now >= self._pin_at:
            self._pin_at = None
            self.map.cfg_gcr |= SWIM_OFF
        if self._clock_at is not None and now >= self._clock_at:
            self._clock_at = None
            self.map.clock_divider = self.switches.app_clock_divider or 0
        if self._hsit_at is not None and now >= self._hsit_at:
            self._hsit_at, self._hsit = None, True

    @property
    def _executes(self) -> bool:
        """True while the CPU executes instructions that are modelled: all except those of a blank flash."""
        debug = self.debug
        if debug.stalled or debug.stopped or not self.running:
            return False
        return self.has_program or debug.pc != FIRST_ADDRESS

    def _run_to(self, now: float) -> None:
        """Let the CPU execute up to a time, if it runs; `rest` lets no time pass for it."""
        if now == float("inf") or self.executed_to >= now or self._executing:
            return
        if not self._executes:
            if self.debug.watchdogs_off and self._processor is not None:
                self._processor.hold_watchdogs(now - self.executed_to)
            self.executed_to = now
            return
        self._executing = True
        try:
            self.executed_to = self.processor.run(self.executed_to, now)
        finally:
            self._executing = False

    def rest(self) -> None:
        """Let every present operation end; the CPU executes nothing meanwhile."""
        self.settle(float("inf"))

    @property
    def has_executed(self) -> bool:
        """True if there is more of the CPU than its registers: it has executed, or SWIM has used a peripheral."""
        return self._processor is not None

    @property
    def processor(self) -> Processor:
        """The CPU and its peripherals."""
        if self._processor is None:
            from .processor import Processor

            self._processor = Processor(self)
        return self._processor

    def set_nrst(self, low: bool, now: float) -> None:
        """Drive or release the reset line."""
        starts = self._starts_at
        if low == self._nrst.driven_low and starts is not None and starts <= now and not self._switching:
            self.settle(starts)  # from there on, a pin that does not move shows nothing of the CPU
            return
        self.settle(now)
        self._nrst.drive(low, now, (self._faults.nrst_slow or 0) / 1000)

    def _reset(self, now: float) -> None:
        """Reset everything but SWIM; with SWIM_CSR.RST set, SWIM too."""
        self.controller.reset(now)
        self.debug.reset(stalled=False)
        self.map.reset()
        if self._processor is not None and not self._executing:
            self._processor.reset(now)
        self._pin_at = self._clock_at = None
        self._hsit, self._hsit_at = False, None
        if not self._executing:
            self._repeats = None
        self._starts_at = now + self.switches.start_s
        if self.csr & RST:
            self._leave_swim()

    @property
    def masks_resets(self) -> bool:
        """True while SWIM keeps the watchdogs and illegal opcodes from resetting the chip."""
        return self.swim_active and bool(self.csr & SAFE_MASK)

    def reset_by_program(self, now: float) -> Optional[float]:
        """Let a watchdog or an illegal opcode reset the chip.

        Returns:
            The time at which its program starts again; None if the chip decides that by itself.
        """
        self._reset(now)
        if self._executing:
            self._repeats = self._repeats or Repeats()
            self._repeats.note(now, self.processor.signature)
            return None
        starts = now + self.switches.start_s
        self.settle(starts)
        return starts

    def _leave_swim(self) -> None:
        self.swim_active = False
        self.csr = 0

    def _start(self, now: float) -> None:
        self._starts_at = None
        self.options.load()
        # With certain option bytes, and after the erase of an unlock, HSIT was seen to stay 0 (reported).
        # Our reading of both: a complement does not match.
        if not (self.options.mismatch or self._faults.hsit_stuck):
            self._hsit_at = now + self.switches.hsit_late_s
        self.debug.reset(stalled=bool(self.csr & SWIM_DM))
        self._run(now)

    def _run(self, now: float) -> None:
        """Plan the acts of the program, from its start or from the end of a stall; a stalled program does nothing."""
        self._pin_at = self._clock_at = None
        if now > float("-inf"):
            self.executed_to = now
        if self.running and self.has_program and not self.debug.in_ram:
            if self._faults.app_disables_swim is not None:
                self._pin_at = now + self._faults.app_disables_swim / 1000
            if self.switches.app_clock_divider is not None:
                self._clock_at = now + APP_S

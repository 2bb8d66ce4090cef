"""The simulated STM8: supply, reset, SWIM activation, and when its CPU executes.

Source: UM0470 (entry, frames, SWIM_CSR, SRST). If the manual is silent, the habits of clients count: SWIM_CSR.RST, the
communication reset, a stalled CPU after reset.
"""

from __future__ import annotations

import enum
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

SWIM_CSR = 0x7F80
SAFE_MASK, NO_ACCESS, SWIM_DM, HS, OSCOFF, RST, HSIT, PRI = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01
WRITABLE = SAFE_MASK | SWIM_DM | HS | OSCOFF | RST | PRI

FIRST_ADDRESS = 0x8000
FIRST_BYTES = (0x82, 0xAC)  # INT or JPF: a program starts with it (UM0560)

SRST_S = 0.00005  # NRST low after a SWIM system reset as clients saw it
APP_S = 0.001  # from the start of the program until it changes the clock
SLOWEST_HZ = 1_000_000  # below this CPU clock replies come too late for an ST-LINK; the limit itself is ours
HEADER_BYTES = 5  # of ROTF and WOTF: the command, a length, three bytes of address
SUPPLY_MV = 3300
LONGEST_DEBT_S = 1.0  # a CPU that lags more executes before its board is saved
_BEFORE = "it happens before the board is saved"
POWER_OFF_S = 0.5  # how long a user leaves the supply off


class Answer(enum.Enum):
    """The answer that a probe sees on the wire."""

    ACK = "ack"
    NACK = "nack"
    SILENT = "silent"
    STUCK = "stuck"


class Microcontroller:
    """One STM8 on its board.

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
        self.map = MemoryMap(part, self.ram, self.options, self.controller, self.debug, self.switches, unique_id)
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
        """True if there is more of the CPU than its registers: it has executed since power-on or a new start."""
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

    # -- SWIM, as the probe sees it -------------------------------------------------------------------------

    def _line(self) -> Optional[Answer]:
        """Return the answer of the wire for any command, or None if the chip answers."""
        if self._faults.swim_stuck_low:
            return Answer.STUCK
        silent = not self.powered or self._faults.swim_open or self.link_lost or self.map.cfg_gcr & SWIM_OFF
        if self._halted and (self.csr & OSCOFF or not self.swim_active):
            silent = True  # SWIM has no clock
        return Answer.SILENT if silent else None

    @property
    def _halted(self) -> bool:
        """True in HALT: the bus is closed, and SWIM has a clock only if it was active before and OSCOFF is 0."""
        return self.debug.sleep == "HALT" and self.running

    def enter(self, began: float, now: float) -> Answer:
        """Take the entry waveform, the whole of it; on an active SWIM it is a communication reset."""
        self.settle(began)
        self.link_lost = self.link_lost and not self._reset_line_low
        answer = self._line()
        self.settle(now)
        answer = answer or self._line()
        if answer is None and began < self._powered_since:
            answer = Answer.SILENT
        if answer is None:
            self.swim_active = True
            if not self.switches.entry_keeps_hs:
                self.csr &= ~HS
        return answer or Answer.ACK

    def comm_reset(self, now: float) -> Answer:
        """Take a communication reset: back to low speed; no client sets the other bits of SWIM_CSR again."""
        self.settle(now)
        answer = self._line()
        if answer is None and self.swim_active:
            if not self.switches.resync_keeps_hs:
                self.csr &= ~HS
            return Answer.ACK
        return answer or Answer.SILENT

    def _listen(self, now: float, high_speed: bool, frames: int) -> Optional[Answer]:
        """Take the first `frames` of a command; return how they fail, or None."""
        self.settle(now)
        answer = self._line()
        if answer is None and (not self.swim_active or bool(self.csr & HS) != high_speed):
            return Answer.SILENT
        if answer is None and self.noise.passes(frames) < frames:
            return Answer.NACK
        return answer

    def system_reset(self, now: float, high_speed: bool) -> Answer:
        """Take SRST; without SWIM_DM it is acknowledged and ignored."""
        answer = self._listen(now, high_speed, 1)
        if answer is None and self.csr & SWIM_DM:
            self._reset(now)
            if not self._reset_line_low:
                self._starts_at = now + SRST_S + self.switches.start_s
        return answer or Answer.ACK

    def rotf(self, address: int, size: int, now: float, high_speed: bool, byte_s: float = 0.0) -> tuple[Answer, bytes]:
        """Read `size` bytes (1..255) on the fly; they come `byte_s` apart, the first at `now`."""
        answer = self._listen(now, high_speed, HEADER_BYTES)
        if answer is None and address == SWIM_CSR and size == 1:
            return Answer.ACK, self.noise.spoil(bytes([self._read_csr()]))
        answer = answer or self._memory_answer()
        if answer is None and self.map.cpu_hz < SLOWEST_HZ:
            answer = Answer.SILENT
        data = bytearray()
        while answer is None and len(data) < size:
            runs = self._executes
            if runs:
                self._catch_up(now + len(data) * byte_s)
            piece = self.map.read(address + len(data), 1 if runs else size - len(data), now)
            if runs:
                self._steal()
            data += piece or b""
            answer = Answer.NACK if piece is None else None
            if runs and self._waits:
                data += self._read_ram(address + len(data), [now + at * byte_s for at in range(len(data), size)])
        return answer or Answer.ACK, self.noise.spoil(data)

    def wotf(self, address: int, data: bytes, now: float, byte_s: float, high_speed: bool) -> tuple[Answer, int]:
        """Write `data` on the fly; its bytes come `byte_s` apart, the first at `now`.

        Returns:
            The answer and how many bytes were acknowledged.
        """
        answer = self._listen(now, high_speed, HEADER_BYTES)
        if answer is not None:
            return answer, 0
        passing = self.noise.passes(len(data))
        if address == SWIM_CSR and len(data) == 1:
            if passing:
                self._write_csr(data[0])
        else:
            answer = self._memory_answer()
            if answer is not None:
                return answer, 0
            answer, done = self._write(address, data[:passing], now, byte_s)
            if answer is not Answer.ACK:
                return answer, done
        return Answer.ACK if passing == len(data) else Answer.NACK, passing

    def _write(self, address: int, data: bytes, now: float, byte_s: float) -> tuple[Answer, int]:
        done = 0
        while done < len(data):
            at = now + done * byte_s
            self._catch_up(at)
            if not self.powered:
                return Answer.SILENT, done
            was_running = self.running
            runs = was_running and self._executes
            count = self.map.write(address + done, data[done : done + 1 if runs else None], at, byte_s, was_running)
            if runs:
                self._steal()
            if self.running != was_running:
                self._run(at)
            if count is None:
                return Answer.NACK, done
            done += count
            if runs and self._waits:
                moments = [now + at * byte_s for at in range(done, len(data))]
                done += self._write_ram(address + done, data[done:], moments)
        return Answer.ACK, done

    # A CPU that waits in a loop is not run for each byte of RAM that it does not look at.

    def _catch_up(self, now: float) -> None:
        """Let everything happen that is due before an access; afterwards a loop of the CPU may have ended."""
        if self._processor is not None:
            self._processor.was_disturbed()
        self.settle(now)

    @property
    def _waits(self) -> bool:
        return self._processor is not None and self._processor.waits

    def _moments_in_ram(self, address: int, moments: Sequence[float]) -> Sequence[float]:
        """Return the moments of an access byte by byte which reach RAM while nothing else is planned in the chip."""
        moments = moments[: max(0, self.ram.end - address)]
        planned = (self._nrst.follows_at, self._pin_at, self._clock_at, self._hsit_at)
        if self._switching or not moments or any(at is not None and at <= moments[-1] for at in planned):
            return ()
        return moments

    def _read_ram(self, address: int, moments: Sequence[float]) -> bytes:
        moments = self._moments_in_ram(address, moments)
        count, self.executed_to = self.processor.wait_on(self.executed_to, moments, ())
        return self.map.read(address, count, self.executed_to) or b"" if count else b""

    def _write_ram(self, address: int, data: bytes, moments: Sequence[float]) -> int:
        moments = self._moments_in_ram(address, moments)
        count, self.executed_to = self.processor.wait_on(
            self.executed_to, moments, range(address, address + len(moments))
        )
        if count:
            self.map.write(address, data[:count], self.executed_to, 0.0, True)
        return count

    def _steal(self) -> None:
        """Take the bus from a CPU that executes, for one access."""
        self.executed_to += self.switches.stolen_cycles / self.map.cpu_hz

    def _memory_answer(self) -> Optional[Answer]:
        """Return how an access beyond SWIM's own registers fails, or None."""
        if not self.csr & SWIM_DM:
            return Answer.SILENT
        return Answer.NACK if self.in_reset or self._halted else None

    def _read_csr(self) -> int:
        closed = self.switches.no_access_bit and (self.in_reset or self._halted or self.options.rop)
        return self.csr | HSIT * self._hsit | NO_ACCESS * closed

    def _write_csr(self, value: int) -> None:
        """Take a new SWIM_CSR."""
        self.csr = value & WRITABLE
        if self.switches.hs_waits_for_hsit and not self._hsit:
            self.csr &= ~HS

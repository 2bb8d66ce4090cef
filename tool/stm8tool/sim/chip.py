"""The simulated STM8: memory map, reset, SWIM activation and the program that runs when nobody holds it.

Source: UM0470 (entry, frames, SWIM_CSR, SRST), RM0016 and the datasheets (memory map), and what clients rely on where
the manual is silent: SWIM_CSR.RST, the communication reset, a stalled CPU after reset.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Optional

from stm8tool.devices import OptionByte, Part, option_table

from .debug import DebugModule
from .faults import Faults
from .flash import REGISTERS, FlashController
from .gap import SimGapError
from .memory import Memory
from .options import OptionBytes
from .switches import Switches

SWIM_CSR = 0x7F80
CFG_GCR = 0x7F60
SAFE_MASK, NO_ACCESS, SWIM_DM, HS, OSCOFF, RST, HSIT, PRI = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01
WRITABLE = SAFE_MASK | SWIM_DM | HS | OSCOFF | RST | PRI

CKDIVR = {"stm8s": (0x50C6, 0x18), "stm8l": (0x50C0, 0x03)}
PERIPHERALS = range(0x5000, 0x5800)
FLASH_WINDOW = range(0x5050, 0x5070)  # what is not a flash register here is reserved on both register maps
TMU_REGISTERS = range(0x5800, 0x5809)
OPTION_SPACE = range(0x4800, 0x4900)  # the part's own area is a memory; the rest is reserved
CORE = range(0x7F00, 0x8000)
ROP_PATTERN = 0x71
FIRST_BYTES = (0x82, 0xAC)  # INT or JPF: what a program starts with (UM0560)

OPTION_LOAD_S = 0.0005  # from the release of reset to HSIT; no source gives it, clients wait 1 ms
SRST_S = 0.00005  # NRST low after a SWIM system reset as clients saw it
APP_S = 0.001  # from the start of the program to what the program does to the pin or the clock
SLOWEST_HZ = 1_000_000  # below this CPU clock replies come too late for an ST-LINK; the limit itself is ours

STATE = ("nrst_low", "swim_active", "csr", "link_lost", "_hsit", "_cfg_gcr", "_clock_divider")


class Answer(enum.Enum):
    """What a probe sees on the wire."""

    ACK = "ack"
    NACK = "nack"
    SILENT = "silent"
    STUCK = "stuck"


class Chip:
    """One STM8 on its board.

    Times are seconds of the bench's clock; they may not go backwards.

    Attributes:
        link_lost: SWIM is dead until it is entered again under reset (reported of clones).
    """

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
        self._rom = _read_only(part, unique_id)
        self._flash_registers = REGISTERS[part.flash_regs]
        self._ckdivr, self._ckdivr_reset = CKDIVR[part.flash_regs]
        if locked:
            self.options.lock()
        self.nrst_low = False
        self.swim_active = False
        self.csr = 0
        self.link_lost = False
        self._faults = Faults()
        self._hsit = False
        self._cfg_gcr = 0
        self._clock_divider = self._ckdivr_reset
        self._starts_at: Optional[float] = None  # when the option bytes of a released reset are loaded
        self._app_at: Optional[float] = None  # when the program does what it does to pin and clock
        self._reset(0.0)
        self.settle(float("inf"))

    # -- the board ------------------------------------------------------------------------------------------

    @property
    def faults(self) -> Faults:
        """What is wrong with the board; a chip that is put on another one has been running there for a while."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = self.controller.faults = faults
        if self._reset_line_low:
            self._reset(0.0)
        self._run(float("-inf"))

    @property
    def bricked(self) -> Optional[str]:
        """Why the chip is ruined, or None."""
        return self.options.bricked

    @property
    def in_reset(self) -> bool:
        """True while NRST is low, and until the option bytes are loaded after it rose."""
        return self._reset_line_low or self._starts_at is not None

    @property
    def _reset_line_low(self) -> bool:
        driven = self.nrst_low and not self._faults.nrst_open
        return self.part.has_nrst and (driven or self._faults.nrst_stuck_low)

    @property
    def running(self) -> bool:
        """True while the CPU executes, be it only an empty flash."""
        return not (self.in_reset or self.debug.stalled or self.controller.loading)

    @property
    def has_program(self) -> bool:
        """True if flash begins as programs do."""
        return self.flash.data[0] in FIRST_BYTES

    def _entry(self) -> Optional[int]:
        """Return where the program's first instruction jumps to; both of those have an address of 24 bits."""
        return int.from_bytes(self.flash.data[1:4], "big") if self.has_program else None

    @property
    def state(self) -> str:
        """What the CPU does, in words."""
        if self._faults.unpowered:
            return "unpowered"
        if self.in_reset:
            return "held in reset"
        if not self.running:
            return "stalled"
        return "running" if self.has_program else "running: empty"

    def settle(self, now: float) -> None:
        """Let everything happen that is due."""
        self.controller.settle(now)
        if self._starts_at is not None and now >= self._starts_at and not self._reset_line_low:
            self._start(self._starts_at)
        if self._app_at is not None and now >= self._app_at:
            self._app_at = None
            if self._faults.app_disables_swim:
                self._cfg_gcr |= 1
            if self.switches.app_clock_divider is not None:
                self._clock_divider = self.switches.app_clock_divider

    def set_nrst(self, low: bool, now: float) -> None:
        """Drive or release the reset line."""
        self.settle(now)
        before, self.nrst_low = self._reset_line_low, low
        if self._reset_line_low and not before:
            self._reset(now)
        elif before and not self._reset_line_low:
            self._starts_at = now + OPTION_LOAD_S

    def _reset(self, now: float) -> None:
        """Reset everything but SWIM; with SWIM_CSR.RST set, SWIM too."""
        self.controller.reset()
        self.debug.reset(stalled=False)
        self._cfg_gcr = 0
        self._clock_divider = self._ckdivr_reset
        self._app_at = None
        self._hsit = False
        self._starts_at = now + OPTION_LOAD_S
        if self.csr & RST:
            self._leave_swim()

    def _leave_swim(self) -> None:
        self.swim_active = False
        self.csr = 0

    def _start(self, now: float) -> None:
        self._starts_at = None
        self.options.load()
        # HSIT was seen to stay 0 with certain option bytes and after the erase of an unlock (reported);
        # a complement that does not match is our reading of both.
        self._hsit = not (self.options.mismatch or self._faults.hsit_stuck)
        self.debug.reset(stalled=bool(self.csr & SWIM_DM))
        self._run(now)

    def _run(self, now: float) -> None:
        if self.running and self.has_program:
            self._app_at = now + APP_S

    # -- SWIM, as the probe sees it -------------------------------------------------------------------------

    def _line(self) -> Optional[Answer]:
        """Return what the wire says whatever is sent, or None if the chip is to answer."""
        if self._faults.swim_stuck_low:
            return Answer.STUCK
        silent = self._faults.unpowered or self._faults.swim_open or self.link_lost or self._cfg_gcr & 1
        return Answer.SILENT if silent else None

    def enter(self, now: float) -> Answer:
        """Take the entry waveform; on an active SWIM it is a communication reset."""
        self.settle(now)
        self.link_lost = self.link_lost and not self._reset_line_low
        answer = self._line()
        if answer is None:
            self.swim_active = True
            self.csr &= ~HS
        return answer or Answer.ACK

    def comm_reset(self, now: float) -> Answer:
        """Take a communication reset: back to low speed; no client sets the other bits of SWIM_CSR again."""
        self.settle(now)
        answer = self._line()
        if answer is None and self.swim_active:
            self.csr &= ~HS
            return Answer.ACK
        return answer or Answer.SILENT

    def _listen(self, now: float, high_speed: bool) -> Optional[Answer]:
        self.settle(now)
        answer = self._line()
        if answer is None and (not self.swim_active or bool(self.csr & HS) != high_speed):
            return Answer.SILENT
        return answer

    def system_reset(self, now: float, high_speed: bool) -> Answer:
        """Take SRST; without SWIM_DM it is acknowledged and ignored."""
        answer = self._listen(now, high_speed)
        if answer is None and self.csr & SWIM_DM:
            self._reset(now)
            if not self._reset_line_low:
                self._starts_at = now + SRST_S + OPTION_LOAD_S
        return answer or Answer.ACK

    def rotf(self, address: int, size: int, now: float, high_speed: bool) -> tuple[Answer, bytes]:
        """Read `size` bytes (1..255) on the fly."""
        answer = self._listen(now, high_speed)
        if answer is None and address == SWIM_CSR and size == 1:
            return Answer.ACK, bytes([self._read_csr()])
        answer = answer or self._memory_answer()
        if answer is None and self._cpu_hz() < SLOWEST_HZ:
            answer = Answer.SILENT
        if answer is not None:
            return answer, b""
        data = bytearray()
        while len(data) < size:
            piece = self._read(address + len(data), size - len(data), now)
            if piece is None:
                return Answer.NACK, bytes(data)
            data += piece
        return Answer.ACK, bytes(data)

    def wotf(self, address: int, data: bytes, now: float, byte_s: float, high_speed: bool) -> tuple[Answer, int]:
        """Write `data` on the fly; its bytes come `byte_s` apart, the first at `now`.

        Returns:
            The answer and how many bytes were acknowledged.
        """
        answer = self._listen(now, high_speed)
        if answer is None and address == SWIM_CSR and len(data) == 1:
            self._write_csr(data[0])
            return Answer.ACK, 1
        answer = answer or self._memory_answer()
        if answer is not None:
            return answer, 0
        done = 0
        while done < len(data):
            at = now + done * byte_s
            self.settle(at)
            count = self._write(address + done, data[done:], at, byte_s)
            if count is None:
                return Answer.NACK, done
            done += count
        return Answer.ACK, done

    def _memory_answer(self) -> Optional[Answer]:
        """Return how an access beyond SWIM's own registers fails, or None."""
        if not self.csr & SWIM_DM:
            return Answer.SILENT
        return Answer.NACK if self.in_reset else None

    def _read_csr(self) -> int:
        closed = self.switches.no_access_bit and (self.in_reset or self.options.rop)
        return self.csr | HSIT * self._hsit | NO_ACCESS * closed

    def _write_csr(self, value: int) -> None:
        """Take a new SWIM_CSR."""
        self.csr = value & WRITABLE
        if self.switches.hs_waits_for_hsit and not self._hsit:
            self.csr &= ~HS

    def _cpu_hz(self) -> int:
        if self.part.flash_regs == "stm8s":
            return 16_000_000 >> (self._clock_divider >> 3 & 3) >> (self._clock_divider & 7)
        return 16_000_000 >> (self._clock_divider & 7)

    # -- the bus --------------------------------------------------------------------------------------------

    def _memory_at(self, address: int) -> Optional[Memory]:
        for memory in (self.flash, self.ram, self.eeprom, self.options.memory):
            if memory is not None and memory.start <= address < memory.end:
                return memory
        return None

    def _read(self, address: int, size: int, now: float) -> Optional[bytes]:
        """Return 1..size bytes from `address`, or None if the bus is stalled."""
        address &= 0xFFFFFF
        name = self._flash_registers.get(address)
        if name:
            value = self.controller.read_register(name, now)
            return None if value is None else bytes([value])
        memory = self._memory_at(address)
        if memory is not None and memory is not self.ram:
            if not self.controller.readable(memory):
                return None
            size = min(size, memory.end - address)
            if not self.controller.hidden(memory):
                return memory.read(address, size)
            array = memory is not self.options.memory
            return bytes([self.switches.rop_reads if array else ROP_PATTERN]) * size
        self.controller.disturb()
        if memory is not None:
            return memory.read(address, min(size, memory.end - address))
        return bytes([self._read_other(address)])

    def _read_other(self, address: int) -> int:
        for start, data in self._rom:
            if 0 <= address - start < len(data):
                return data[address - start]
        if address == self._ckdivr:
            return self._clock_divider
        if address == CFG_GCR:
            return self._cfg_gcr
        if self.debug.holds(address):
            return self.debug.read(address)
        if address in FLASH_WINDOW or not self._unmodelled(address):
            return self.switches.unmapped_value
        raise SimGapError(f"read of 0x{address:06X}: this register is not modelled")

    def _write(self, address: int, data: bytes, now: float, byte_s: float) -> Optional[int]:
        """Write 1..len(data) bytes at `address`; None if the bus refuses the first."""
        address &= 0xFFFFFF
        name = self._flash_registers.get(address)
        if name:
            return 1 if self.controller.write_register(name, data[0], self.running) else None
        memory = self._memory_at(address)
        if memory is not None and memory is not self.ram:
            data = data[: memory.end - address]
            return self.controller.write_array(memory, address, data, now, byte_s, self.running)
        self.controller.disturb()
        if memory is not None:
            data = data[: memory.end - address]
            memory.write(address, data)
            return len(data)
        self._write_other(address, data[0], now)
        return 1

    def _write_other(self, address: int, value: int, now: float) -> None:
        if address == self._ckdivr:
            self._clock_divider = value
        elif address == CFG_GCR:
            self._cfg_gcr = value
        elif self.debug.holds(address):
            before = self.running
            self.debug.write(address, value, may_run=not (self._rop_holds_cpu() or self.controller.loading))
            if self.running and not before:
                self._run(now)
        elif address in OPTION_SPACE and self.controller.options_open and not self.options.rop:
            self.options.programmed(address, bytes([value]))
        elif self._unmodelled(address):
            raise SimGapError(f"write to 0x{address:06X}: this register is not modelled")

    def _rop_holds_cpu(self) -> bool:
        """True if ROP keeps the CPU from being started: STM8S/AF of medium and high density (RM0016 4.5.1)."""
        return self.options.rop and self.part.flash_regs == "stm8s" and self.part.density != "low"

    def _unmodelled(self, address: int) -> bool:
        return address in PERIPHERALS or address in CORE or (self.options.has_tmu and address in TMU_REGISTERS)


def _read_only(part: Part, unique_id: bytes) -> list[tuple[int, bytes]]:
    """Return what cannot be written: the unique ID and the boot ROM, whose bytes here are fictional."""
    found = []
    if part.unique_id is not None:
        found.append((part.unique_id, unique_id))
    if part.boot_rom is not None:
        found.append((part.boot_rom.start, bytes(n * 7 + 1 & 0xFF for n in range(part.boot_rom.size))))
    return found

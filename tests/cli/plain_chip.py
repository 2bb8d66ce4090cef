"""A small STM8 for `second_probe`: two parts, read from the manuals anew, with neither the simulator nor the tool.

It is strict where silicon punishes: what a driver must never do is noted in `violations`.
Sources: UM0470 (SWIM_CSR, debug module), RM0016 and PM0054 (flash controller, option bytes, ROP, UBC), datasheets of
STM8S103 and STM8L151x4/6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

CSR, CSR_NO_ACCESS, CSR_DM, CSR_HS, CSR_RST, CSR_HSIT = 0x7F80, 0x40, 0x20, 0x10, 0x04, 0x02
PC, SP, CC, DM_CSR2 = 0x7F01, 0x7F08, 0x7F0A, 0x7F99
OPT, ERASE, FAST, BLOCK = 0x80, 0x20, 0x10, 0x01
ROP, HIDDEN = 0x4800, 0x71


@dataclass(frozen=True)
class Facts:
    """What one part has, as its datasheet says it: option bytes with their factory values, and the flash registers."""

    flash: int
    eeprom: tuple[int, int]
    options: dict[int, int]
    option_size: int
    ram: int
    block: int
    unique_id: int
    rop_open: Callable[[int], bool]
    ubc: int
    ubc_page: int
    cr2: int
    ncr2: Optional[int]
    iapsr: int
    pukr: int
    dukr: int
    ckdivr: int
    ckdivr_at_reset: int
    boot_rom: int


S103 = Facts(
    flash=8192,
    eeprom=(0x4000, 640),
    options={ROP: 0, **{a: 0 if a % 2 else 0xFF for a in range(0x4801, 0x480B)}},
    option_size=64,
    ram=1024,
    block=64,
    unique_id=0x4865,
    rop_open=lambda value: value != 0xAA,
    ubc=0x4801,
    ubc_page=64,
    cr2=0x505B,
    ncr2=0x505C,
    iapsr=0x505F,
    pukr=0x5062,
    dukr=0x5064,
    ckdivr=0x50C6,
    ckdivr_at_reset=0x18,
    boot_rom=0,
)
L151 = Facts(
    flash=16384,
    eeprom=(0x1000, 1024),
    options={ROP: 0xAA, **dict.fromkeys((0x4802, 0x4807, 0x4808, 0x4809, 0x480A, 0x480B, 0x480C), 0)},
    option_size=128,
    ram=2048,
    block=128,
    unique_id=0x4926,
    rop_open=lambda value: value == 0xAA,
    ubc=0x4802,
    ubc_page=128,
    cr2=0x5051,
    ncr2=None,
    iapsr=0x5054,
    pukr=0x5052,
    dukr=0x5053,
    ckdivr=0x50C0,
    ckdivr_at_reset=0x03,
    boot_rom=2048,
)


class RefusedError(Exception):
    """The chip gives no acknowledge."""


class SilentError(Exception):
    """The chip does not answer at all."""


class PlainChip:
    """One chip, blank and open as it is sold; `clock` tells the time by which writes end."""

    def __init__(self, facts: Facts, clock: Callable[[], float]) -> None:
        self.facts = facts
        self.flash = bytearray(facts.flash)
        self.eeprom = bytearray(facts.eeprom[1])
        self.options = bytearray(facts.option_size)
        for address, value in facts.options.items():
            self.options[address - ROP] = value
        self.ram = bytearray(facts.ram)
        self.runs_at: Optional[int] = 0x8000
        self.violations: list[str] = []
        self._clock = clock
        self._boot_rom = bytes(n * 7 & 0xFF for n in range(facts.boot_rom))
        self._csr = 0
        self._on_swim = False
        self._in_reset = False
        self.nrst_stuck = self.hsit_stuck = False
        self._load()

    # -- resets and SWIM ---------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Come out of a reset: option bytes are loaded, registers have their reset values."""
        facts = self.facts
        if self._clock() < getattr(self, "_busy_until", 0.0):
            self.violations.append("a reset while a write was going on")
        value = self.options[facts.ubc - ROP]
        has_complement = facts.ncr2 is not None
        valid = not has_complement or self.options[facts.ubc - ROP + 1] == value ^ 0xFF
        self._ubc_end = 0x8000 + min(value * facts.ubc_page, facts.flash) if valid else 0x8000
        self.locked = not facts.rop_open(self.options[0])
        self._flags, self._pukr_spoiled, self._half_key = 0, False, {facts.pukr: False, facts.dukr: False}
        self._mode = self._announced = 0
        self._ckdivr = facts.ckdivr_at_reset
        self._block: list[tuple[int, int]] = []
        self._busy_until = 0.0
        self._ends: Callable[[], None] = lambda: None
        self._program_counter, self._condition = bytearray(3), 0

    def _reset(self) -> None:
        if self._csr & CSR_RST:
            self._csr, self._on_swim = 0, False
        self._load()
        self.runs_at = None if self._on_swim and self._csr & CSR_DM else 0x8000

    def move_nrst(self, *, low: bool) -> None:
        low = low or self.nrst_stuck
        if low and not self._in_reset:
            self._reset()
            self.runs_at = None
        if not low and self._in_reset and not (self._on_swim and self._csr & CSR_DM):
            self.runs_at = 0x8000
        self._in_reset = low

    def enter(self) -> None:
        self._on_swim = True
        self._csr &= ~CSR_HS

    def resync(self) -> None:
        if not self._on_swim:
            raise SilentError
        self._csr &= ~CSR_HS

    def system_reset(self) -> None:
        if not self._on_swim:
            raise SilentError
        if self._csr & CSR_DM:
            self._reset()

    def _meet(self, high_speed: bool) -> None:
        if not self._on_swim or high_speed != bool(self._csr & CSR_HS):
            raise SilentError

    def read(self, address: int, size: int, high_speed: bool) -> bytes:
        self._meet(high_speed)
        return bytes(self._read_byte(a) for a in range(address, address + size))

    def write(self, address: int, data: bytes, high_speed: bool) -> None:
        self._meet(high_speed)
        for offset, value in enumerate(data):
            self._write_byte(address + offset, value)
        if self._block:
            self._begin_block()

    # -- the bus -----------------------------------------------------------------------------------------------------

    def _array(self, address: int) -> Optional[tuple[bytearray, int]]:
        """The non-volatile memory at `address`, and the offset there."""
        starts = ((0x8000, self.flash), (self.facts.eeprom[0], self.eeprom), (ROP, self.options))
        return next(((m, address - start) for start, m in starts if start <= address < start + len(m)), None)

    def _needs_bus(self, address: int) -> None:
        if address == CSR:
            return
        if self._in_reset or not self._csr & CSR_DM:
            raise RefusedError
        if self._array(address) and self._is_busy():
            raise RefusedError

    def _is_busy(self) -> bool:
        if self._clock() < self._busy_until:
            return True
        if self._busy_until:
            self._busy_until = 0.0
            self._ends()
            self._flags |= 0x04
        return False

    def _read_byte(self, address: int) -> int:
        self._needs_bus(address)
        facts, array = self.facts, self._array(address)
        if array:
            return HIDDEN if self.locked else array[0][array[1]]
        if address < len(self.ram):
            return self.ram[address]
        if 0x6000 <= address < 0x6000 + len(self._boot_rom):
            return self._boot_rom[address - 0x6000]
        if facts.unique_id <= address < facts.unique_id + 12:
            return address - facts.unique_id + 0x30
        if address == CSR:
            return self._csr | (CSR_NO_ACCESS if self._in_reset else 0 if self.hsit_stuck else CSR_HSIT)
        if address == facts.iapsr:
            busy = self._is_busy()
            value = self._flags | (0 if busy else 0x40) | (0x80 if self.locked else 0)
            self._flags &= ~0x05
            return value
        if PC <= address < PC + 3:
            return self._program_counter[address - PC]
        top = (facts.ram - 1).to_bytes(2, "big")
        registers = {
            facts.ckdivr: self._ckdivr,
            facts.cr2: self._mode,
            SP: top[0],
            SP + 1: top[1],
            CC: self._condition,
            DM_CSR2: 0 if self.runs_at is not None else 0x08,
        }
        if facts.ncr2:
            registers[facts.ncr2] = self._mode ^ 0xFF
        return registers.get(address, 0)

    def _write_byte(self, address: int, value: int) -> None:
        self._needs_bus(address)
        facts = self.facts
        if self._array(address):
            self._program(address, value)
        elif address < len(self.ram):
            self.ram[address] = value
        elif address == CSR:
            self._csr = value & ~(CSR_HSIT | CSR_NO_ACCESS)
        elif address == facts.cr2:
            self._announced = value
            if facts.ncr2 is None:
                self._mode = value
        elif address == facts.ncr2:
            self._mode = self._announced if value == self._announced ^ 0xFF else 0
        elif address in (facts.pukr, facts.dukr):
            self._take_key(address, value)
        elif address == facts.ckdivr:
            self._ckdivr = value
        elif PC <= address < PC + 3:
            self._program_counter[address - PC] = value
        elif address == CC:
            self._condition = value
        elif address == DM_CSR2:
            goes_on = int.from_bytes(self._program_counter, "big") if value & 0x01 else 0x8000
            self.runs_at = None if value & 0x08 else goes_on
        else:
            self.violations.append(f"0x{value:02X} was written to 0x{address:06X}")

    # -- the flash controller ----------------------------------------------------------------------------------------

    def _take_key(self, register: int, value: int) -> None:
        program = register == self.facts.pukr
        first, second = (0x56, 0xAE) if program else (0xAE, 0x56)
        if program and self._pukr_spoiled:
            return
        if not self._half_key[register]:
            self._half_key[register] = value == first
            self._pukr_spoiled = program and value != first
            return
        self._half_key[register] = False
        if value == second:
            self._flags |= 0x02 if program else 0x08
        else:
            self._pukr_spoiled = program

    def _program(self, address: int, value: int) -> None:
        """Take one byte for flash, EEPROM or option bytes."""
        if address >= 0x8000:
            allowed = self._flags & 0x02 and not self.locked and address >= self._ubc_end
        elif address >= ROP and address < ROP + len(self.options):
            allowed = self._flags & 0x08 and self._mode & OPT and (not self.locked or address == ROP)
            if address not in self.facts.options or (address == 0x4807 and self.facts.ncr2 is None and value):
                self.violations.append(f"0x{value:02X} was written to the reserved option byte 0x{address:04X}")
        else:
            allowed = self._flags & 0x08 and not self.locked
        if not allowed:
            self._flags |= 0x01
        elif address == ROP and self.locked:
            self._start(0.01, lambda: self._erase_all(value))
            self._flags |= 0x01  # it shows once, though the erase goes on
        elif self._mode & (BLOCK | FAST | ERASE) and not self._mode & OPT:
            self._block.append((address, value))
        else:
            self._start(0.006, lambda: self._store(address, bytes([value])))

    def _store(self, address: int, data: bytes) -> None:
        found = self._array(address)
        assert found
        memory, offset = found
        memory[offset : offset + len(data)] = data

    def _erase_all(self, rop: int) -> None:
        for memory in (self.flash, self.eeprom, self.options):
            memory[:] = bytes(len(memory))
        self.options[0] = rop
        self.locked = False

    def _begin_block(self) -> None:
        """Start what the bytes of one write have loaded: one whole block, or a word for ERASE; all else is wrong."""
        (start, _), data = self._block[0], bytes(value for _, value in self._block)
        size, self._block = self.facts.block, []
        mode, self._mode = self._mode, 0
        erase = bool(mode & ERASE)
        if self.runs_at is not None or start % size or len(data) != (4 if erase else size):
            self.violations.append(f"{len(data)} bytes at 0x{start:06X} are not a block")
            return
        found = self._array(start)
        assert found
        if mode & FAST and any(found[0][found[1] : found[1] + size]):
            self.violations.append(f"the block at 0x{start:06X} was not blank")
        self._start(0.006 if mode & BLOCK else 0.003, lambda: self._store(start, bytes(size) if erase else data))

    def _start(self, seconds: float, ends: Callable[[], None]) -> None:
        self._flags &= ~0x04
        self._busy_until, self._ends = self._clock() + seconds, ends

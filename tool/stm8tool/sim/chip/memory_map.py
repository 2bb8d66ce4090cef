"""The simulated STM8's bus: which memory or register has which address, and the effect of a read or write there.

Source: RM0016 and the datasheets (memory map); a trace of ST's tool reads addresses that no document describes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Optional

from stm8tool.parts.table import Part

from ..gap import SimGapError
from ..rules import BYTE, number, optional
from ..state import GIVEN, PART_OF_IT, State
from ..switches import Switches
from .debug import DebugModule
from .flash import REGISTERS, FlashController
from .memory import Memory
from .options import OptionBytes

if TYPE_CHECKING:
    from ..peripherals.device import Device
    from ..peripherals.other import Unmodelled

CFG_GCR = 0x7F60
SWIM_OFF = 0x01  # CFG_GCR.SWD
CKDIVR = {"stm8s": (0x50C6, 0x18), "stm8l": (0x50C0, 0x03)}
HSI_HZ = 16_000_000
CLK_ICKR, HSIEN, HSI_READY = 0x50C0, 0x01, 0x03  # STM8S: HSIEN and HSIRDY (RM0016); the STM8L has its CKDIVR there
CLK_SWIMCCR, SWIMCLK = 0x50CD, 0x01  # STM8S: SWIM runs at the whole HSI instead of half of it
PERIPHERALS = range(0x5000, 0x5800)
# The places without a register of any part, up to those of the flash controller and among them (ST's header files).
RESERVED = range(0x502D, 0x5070)
TMU_REGISTERS = range(0x5800, 0x5809)
OPTION_SPACE = range(0x4800, 0x4900)  # the part's own area is a memory; the rest is reserved
CORE = range(0x7F00, 0x8000)
PRIORITIES = range(0x7F70, 0x7F78)  # ITC_SPR1 to ITC_SPR8
ROP_PATTERN = 0x71


class MemoryMap:
    """The bus that SWIM reaches while it is open.

    Attributes:
        cfg_gcr: CFG_GCR; its bit 0 turns the SWIM pin into an output.
        clock_divider: CLK_CKDIVR.
        ckdivr: The address of CLK_CKDIVR.
        devices: The peripherals that are modelled, once the CPU has executed or SWIM has used one of them.
        other: The place of the registers that are not modelled, from then on.
        device_accesses: How often anything but the CPU has used one of them.
        other_hz: The clock that a program has chosen instead of the HSI, before CLK_CKDIVR divides it; else None.
    """

    STATE = State(
        {"cfg_gcr": BYTE, "clock_divider": BYTE, "other_hz": optional(number(32_000, 24_000_000))},
        left={
            **dict.fromkeys(("_part", "_switches", "_rom", "_flash_registers", "ckdivr", "_ckdivr_reset"), GIVEN),
            "_make_devices": GIVEN,
            **dict.fromkeys(("_ram", "_options", "_controller", "_debug", "_memories", "devices", "other"), PART_OF_IT),
            "device_accesses": "the peripherals are looked at when the CPU begins",
        },
    )

    def __init__(
        self,
        part: Part,
        ram: Memory,
        options: OptionBytes,
        controller: FlashController,
        debug: DebugModule,
        switches: Switches,
        unique_id: bytes,
        make_devices: Callable[[float], None],
    ) -> None:
        self._part = part
        self._ram = ram
        self._options = options
        self._controller = controller
        self._debug = debug
        self._switches = switches
        self._memories = [m for m in (controller.flash, ram, controller.eeprom, options.memory) if m is not None]
        self._rom = _read_only(part, unique_id)
        self._flash_registers = REGISTERS[part.flash_regs]
        self._make_devices = make_devices
        self.devices: Sequence[Device] = ()
        self.other: Optional[Unmodelled] = None
        self.device_accesses = 0
        self.ckdivr, self._ckdivr_reset = CKDIVR[part.flash_regs]
        self.reset()

    def reset(self) -> None:
        """Give the registers that are held here their reset values."""
        self.cfg_gcr = 0
        self.clock_divider = self._ckdivr_reset
        self.other_hz: Optional[int] = None

    @property
    def master_hz(self) -> int:
        """The clock of the peripherals. HSIDIV of the STM8S divides the HSI only."""
        hz = HSI_HZ if self.other_hz is None else self.other_hz
        if self._part.flash_regs == "stm8l":
            return hz >> (self.clock_divider & 7)
        return hz >> (self.clock_divider >> 3 & 3) if self.other_hz is None else hz

    @property
    def cpu_hz(self) -> int:
        """The CPU's clock."""
        if self._part.flash_regs == "stm8s":
            return self.master_hz >> (self.clock_divider & 7)
        return self.master_hz

    def flash_register(self, address: int) -> Optional[str]:
        """Return the name of the flash controller's register at an address."""
        return self._flash_registers.get(address)

    def _memory_at(self, address: int) -> Optional[Memory]:
        for memory in self._memories:
            if memory.start <= address < memory.end:
                return memory
        return None

    def read(self, address: int, size: int, now: float) -> Optional[bytes]:
        """Return 1..size bytes from `address`, or None if the bus is stalled."""
        address &= 0xFFFFFF
        name = self._flash_registers.get(address)
        if name:
            value = self._controller.read_register(name, now)
            return None if value is None else bytes([value])
        memory = self._memory_at(address)
        if memory is not None and memory is not self._ram:
            if not self._controller.readable(memory):
                return None
            size = min(size, memory.end - address)
            if not self._controller.hidden(memory):
                return memory.read(address, size)
            array = memory is not self._options.memory
            return bytes([self._switches.rop_reads if array else ROP_PATTERN]) * size
        self._controller.disturb()
        if memory is not None:
            return memory.read(address, min(size, memory.end - address))
        return bytes([self._read_other(address, now)])

    def _device(self, address: int, now: float) -> Optional[Device]:
        has_register = address in PRIORITIES or (address in PERIPHERALS and address not in RESERVED)
        if has_register and not self.devices:
            self._make_devices(now)  # the CPU has not executed yet: they are as after a reset
        return next((device for device in self.devices if device.holds(address)), None)

    def _read_other(self, address: int, now: float) -> int:
        for start, data in self._rom:
            if 0 <= address - start < len(data):
                in_boot_rom = self._part.boot_rom is not None and start == self._part.boot_rom.start
                return ROP_PATTERN if in_boot_rom and self._controller.boot_rom_hidden else data[address - start]
        if address == self.ckdivr:
            return self.clock_divider
        if address == CLK_ICKR and not self.devices:
            return HSI_READY
        device = self._device(address, now)
        if device is not None:
            self.device_accesses += 1
            device.settle(now)
            return device.read(address, now)
        if address == CFG_GCR:
            return self.cfg_gcr
        if self._debug.holds(address):
            return self._debug.read(address)
        if address in RESERVED or not self._unmodelled(address):
            return self._switches.unmapped_value
        if self.other is not None and self._swim_reaches_other(address):
            return self.other.read_by_swim(address)
        raise SimGapError(f"read of 0x{address:06X}: this register is not modelled")

    def write(self, address: int, data: bytes, now: float, byte_s: float, running: bool) -> Optional[int]:
        """Write 1..len(data) bytes at `address`; None if the bus refuses the first."""
        address &= 0xFFFFFF
        name = self._flash_registers.get(address)
        if name:
            return 1 if self._controller.write_register(name, data[0], running) else None
        memory = self._memory_at(address)
        if memory is not None and memory is not self._ram:
            data = data[: memory.end - address]
            return self._controller.write_array(memory, address, data, now, byte_s, running)
        self._controller.disturb()
        if memory is not None:
            data = data[: memory.end - address]
            memory.write(address, data)
            return len(data)
        self._write_other(address, data[0], now)
        return 1

    def _write_other(self, address: int, value: int, now: float) -> None:
        if self._part.flash_regs == "stm8s":
            _require_clock_of_swim(address, value)
        target = None if address == self.ckdivr else self._device(address, now)
        if target is not None or address == self.ckdivr:
            self.device_accesses += 1
            for device in self.devices:
                device.settle(now)  # the write may change what they count
        if target is not None:
            target.write(address, value, now)
        elif address == self.ckdivr:
            self.clock_divider = value
        elif address == CFG_GCR:
            self.cfg_gcr = value
        elif self._debug.holds(address):
            self._debug.write(address, value, may_run=not (self._rop_holds_cpu() or self._controller.loading))
        elif address in OPTION_SPACE and self._controller.options_open and not self._options.rop:
            self._options.programmed(address, bytes([value]))
        elif self.other is not None and self._swim_reaches_other(address):
            self.other.write_by_swim(address, value)
        elif self._unmodelled(address):
            raise SimGapError(f"write to 0x{address:06X}: this register is not modelled")

    def _rop_holds_cpu(self) -> bool:
        """True if ROP keeps the CPU from being started: STM8S/AF of medium and high density (RM0016 4.5.1)."""
        return self._options.rop and self._part.flash_regs == "stm8s" and self._part.density != "low"

    def _swim_reaches_other(self, address: int) -> bool:
        """True for an address of `other`; a program has it among the devices of its bus, or meets a gap."""
        return address in PERIPHERALS and address not in RESERVED and not self._controller.by_program

    def _unmodelled(self, address: int) -> bool:
        return address in PERIPHERALS or address in CORE or (self._options.has_tmu and address in TMU_REGISTERS)


def _require_clock_of_swim(address: int, value: int) -> None:
    """Raise SimGapError if a write by SWIM to the clock controller of an STM8S changes the clock of SWIM itself."""
    if address == CLK_SWIMCCR and value & SWIMCLK:
        raise SimGapError("CLK_SWIMCCR doubles the clock of SWIM, and the probe has no setting for that")
    if address == CLK_ICKR and not value & HSIEN:
        raise SimGapError("CLK_ICKR turns the HSI off, which is the clock of SWIM")


def _read_only(part: Part, unique_id: bytes) -> list[tuple[int, bytes]]:
    """Return the bytes that cannot be written: the unique ID and the boot ROM, whose bytes here are fictional."""
    found = []
    if part.unique_id is not None:
        found.append((part.unique_id, unique_id))
    if part.boot_rom is not None:
        found.append((part.boot_rom.start, bytes(n * 7 + 1 & 0xFF for n in range(part.boot_rom.size))))
    return found

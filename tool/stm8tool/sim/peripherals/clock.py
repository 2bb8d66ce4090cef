"""The clock controllers as start-up code meets them: sources that become ready, and the switch between them.

Source: RM0016 9 (STM8S), RM0031 9 (STM8L). A source is ready, and a switch is done, at once. The board has a crystal of
16 MHz. CLK_CKDIVR itself is in `sim/chip/memory_map.py`. Not modelled: CSS, clock output, trimming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..chip.memory_map import MemoryMap
from ..rules import hex_up_to
from ..state import GIVEN, PART_OF_IT, State
from .device import Device, Quiet

HSE_HZ = 16_000_000
LSE_HZ = 32_768
SWBSY, SWEN, SWIF = 0x01, 0x02, 0x08


class ClockControl(Quiet):
    """CLK from `base` on, for either family.

    Args:
        at: Offsets of CMSR (SCSR), SWR, SWCR; empty if the part cannot switch its clock.
        ready: For each register with enable bits: its offset, then enable bit to ready bit.
        sources: By the value of SWR: Hz, ready register and ready bit.
        resets: Offset to reset value.
    """

    reaches_others = True
    STATE = State(
        {"_values": hex_up_to(32)},
        left=dict.fromkeys(("_registers", "_map", "_at", "_ready", "_sources", "_resets", "_warn"), GIVEN),
    )

    def __init__(
        self,
        base: int,
        size: int,
        chip_map: MemoryMap,
        at: Sequence[int],
        ready: Mapping[int, Mapping[int, int]],
        sources: Mapping[int, tuple[int, int, int]],
        resets: Mapping[int, int],
        warn: Callable[[str], None],
    ) -> None:
        self._registers = range(base, base + size)
        self._map = chip_map
        self._at = at
        self._ready = ready
        self._sources = sources
        self._resets = resets
        self._warn = warn
        self.reset(0.0)

    def reset(self, _now: float) -> None:
        """Go back to the HSI."""
        self._values = bytearray(len(self._registers))
        for offset, value in self._resets.items():
            self._values[offset] = value

    def holds(self, address: int) -> bool:
        """True for an address of CLK except CKDIVR."""
        return address in self._registers and address != self._map.ckdivr

    def read(self, address: int, _now: float) -> int:
        """Return a register."""
        return self._values[address - self._registers.start]

    def write(self, address: int, value: int, _now: float) -> None:
        """Write a register; ready bits and the current source cannot be written."""
        register = address - self._registers.start
        if register in self._ready:
            bits = self._ready[register]
            value &= ~sum(bits.values())
            value |= sum(flag for enable, flag in bits.items() if value & enable)
        elif self._at and register == self._at[0]:
            return
        elif self._at and register == self._at[2]:
            value = value & ~(SWBSY | SWIF) | self._values[register] & value & SWIF
        self._values[register] = value
        if self._at and register in self._at[1:]:
            self._switch()

    def _switch(self) -> None:
        """Take the source that SWR names; with SWEN that is done at once, and the source is turned on."""
        current, wanted, control = self._at
        source = self._values[wanted]
        if source == self._values[current] or source not in self._sources:
            return
        if not self._values[control] & SWEN:
            self._values[control] |= SWIF  # it is ready to be switched to
            return
        hz, register, bits = self._sources[source]
        self._values[register] |= bits | self._ready[register][bits]
        self._values[current] = source
        self._values[control] |= SWIF
        is_hsi = source == self._resets[wanted]
        self._map.other_hz = None if is_hsi else hz
        if not is_hsi:
            self._warn(f"the program leaves the HSI clock; the simulated board gives its new source {hz} Hz")

    def gate(self, register: int, bit: int) -> Callable[[], bool]:
        """Return a function that tells whether a bit of a register is set: a peripheral has its clock."""
        return lambda: bool(self._values[register] >> bit & 1)


class Gated:
    """A peripheral that the clock controller keeps still until its bit in PCKENR is set."""

    STATE = State(
        left={
            "_device": PART_OF_IT,
            **dict.fromkeys(("_name", "_has_clock", "_warn", "holds", "settle", "reset"), GIVEN),
        }
    )

    def __init__(self, device: Device, name: str, has_clock: Callable[[], bool], warn: Callable[[str], None]) -> None:
        self._device = device
        self._name = name
        self._has_clock = has_clock
        self._warn = warn
        self.holds, self.settle, self.reset = device.holds, device.settle, device.reset

    @property
    def due(self) -> float:
        """When something in it changes next by itself."""
        return self._device.due

    @property
    def requests(self) -> Sequence[int]:
        """The numbers of the interrupts that it requests now."""
        return self._device.requests

    @property
    def urgent(self) -> bool:
        """True if the CPU may notice what happens at `due` without an access."""
        return self._device.urgent

    @property
    def wakes(self) -> bool:
        """True if it may still end a WFI."""
        return self._device.wakes

    @property
    def volatile(self) -> bool:
        """True if the register that was read last changes at other times than `due`."""
        return self._device.volatile

    reset_cause = ""
    reaches_others = False

    def pass_over(self, now: float) -> None:
        """Go on after a reset that SWIM masked."""
        self._device.pass_over(now)

    def read(self, address: int, now: float) -> int:
        """Return a register; 0 without a clock."""
        if self._has_clock():
            return self._device.read(address, now)
        self._tell(address)
        return 0

    def write(self, address: int, value: int, now: float) -> None:
        """Write a register; without a clock the value is lost."""
        if self._has_clock():
            self._device.write(address, value, now)
        else:
            self._tell(address)

    def _tell(self, address: int) -> None:
        self._warn(f"the program uses {self._name} at 0x{address:06X} without its clock (CLK_PCKENR): nothing happens")

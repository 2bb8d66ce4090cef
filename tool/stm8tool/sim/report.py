"""What a simulated board holds and does, for `stm8tool sim show` and for tests."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Optional

from .memory import Memory
from .stlink import SimStlink

MODE_NAMES = {0: "DFU", 1: "mass storage", 2: "debug", 3: "SWIM"}
PROBE_NAMES = {"v2": "ST-LINK V2", "v21": "ST-LINK V2-1", "v3": "STLINK-V3"}


@dataclass(frozen=True)
class OptionState:
    """One option byte as the chip holds it; `intact` is False where the complement does not match."""

    name: str
    address: int
    value: int
    default: int
    intact: bool


@dataclass(frozen=True)
class MemoryState:
    """What is in flash or data EEPROM: bytes that are not 00, and wear in erase or program cycles of a block."""

    name: str
    size: int
    used: int
    crc32: int
    total_wear: int
    max_wear: int


@dataclass(frozen=True)
class ChipReport:
    """A board at a glance.

    Attributes:
        model: "v2", "v21" or "v3".
        faults: As `NAME[=ARG]`.
        locked: Read-out protection is in force.
        bricked: What ruined the chip, or None.
        state: What the CPU does: "running", "running: empty", "stalled", "held in reset" or "unpowered".
        probe_mode: The mode that the probe was left in, as F5 answers it.
        transfers: USB transfers of the last command.
        seconds: How long the last command took, in virtual time.
    """

    part: str
    model: str
    serial: str
    faults: tuple[str, ...]
    locked: bool
    bricked: Optional[str]
    state: str
    options: tuple[OptionState, ...]
    memories: tuple[MemoryState, ...]
    probe_mode: int
    nrst_low: bool
    swim_active: bool
    transfers: int
    seconds: float

    def lines(self) -> list[str]:
        """Return the report as text, a line each."""
        nrst = "held low" if self.nrst_low else "released"
        mode = MODE_NAMES[self.probe_mode]
        found = [
            f"part:       {self.part}",
            f"probe:      {PROBE_NAMES[self.model]}, serial {self.serial}",
            f"left in:    {mode} mode, NRST {nrst}, SWIM {'active' if self.swim_active else 'off'}",
            f"program:    {self.state}",
            f"protection: {'on' if self.locked else 'off'}",
        ]
        if self.bricked:
            found.append(f"BRICKED:    {self.bricked}")
        if self.faults:
            found.append(f"faults:     {', '.join(self.faults)}")
        for memory in self.memories:
            found.append(
                f"{memory.name + ':':<12}{memory.used} of {memory.size} bytes used, CRC32 {memory.crc32:08X}, "
                f"wear {memory.total_wear} block cycles, at most {memory.max_wear} on one block"
            )
        for option in self.options:
            notes = [] if option.intact else ["complement does not match"]
            if option.value != option.default:
                notes.append(f"default 0x{option.default:02X}")
            note = f" ({', '.join(notes)})" if notes else ""
            found.append(f"option:     0x{option.address:06X} {option.name} = 0x{option.value:02X}{note}")
        found.append(f"last use:   {self.transfers} USB transfers, {self.seconds:.3f} s of virtual time")
        return found


def look_at(probe: SimStlink, model: str, *, transfers: int, seconds: float) -> ChipReport:
    """Return a report on a probe and its chip; `transfers` and `seconds` belong to the command before."""
    chip = probe.chip
    return ChipReport(
        part=chip.part.name,
        model=model,
        serial=probe.identity.serial,
        faults=probe.faults.texts(),
        locked=chip.options.rop,
        bricked=chip.options.bricked,
        state=chip.state,
        options=tuple(
            OptionState(o.name, o.address, chip.options.byte(o.address), o.default, chip.options.valid(o))
            for o in chip.options.table
        ),
        memories=tuple(_memory_state(memory) for memory in (chip.flash, chip.eeprom) if memory is not None),
        probe_mode=probe.firmware.mode,
        nrst_low=chip.nrst_low,
        swim_active=chip.swim_active,
        transfers=transfers,
        seconds=seconds,
    )


def _memory_state(memory: Memory) -> MemoryState:
    used = len(memory.data) - memory.data.count(0)
    crc = binascii.crc32(memory.data)
    return MemoryState(memory.name, len(memory.data), used, crc, sum(memory.wear), max(memory.wear))

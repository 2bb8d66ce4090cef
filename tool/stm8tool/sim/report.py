"""The report on a simulated board, for `stm8tool sim show` and for tests: its memories and its state."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Optional

from .chip.memory import Memory
from .probe.stlink import SimStlink


@dataclass(frozen=True)
class OptionReport:
    """One option byte as the chip holds it; `intact` is False if the complement does not match."""

    name: str
    address: int
    value: int
    default: int
    intact: bool


@dataclass(frozen=True)
class MemoryState:
    """The content of flash or data EEPROM: bytes that are not 00, and wear in erase or program cycles of a block."""

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
        model: "v1", "v2", "v21" or "v3".
        faults: As `NAME[=ARG]`.
        locked: Read-out protection is in force.
        bricked: What ruined the chip, or None.
        state: What the CPU does: "running", "running in RAM", "running: empty", "running: asleep in …",
            "running: resets itself", "running: stopped by …", "stalled", "held in reset", "unpowered".
        pc: The last address at which the CPU was seen; None if nothing is executed.
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
    pc: Optional[int]
    options: tuple[OptionReport, ...]
    memories: tuple[MemoryState, ...]
    probe_mode: int
    nrst_low: bool
    swim_active: bool
    transfers: int
    seconds: float


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
        pc=chip.program_counter,
        options=tuple(
            OptionReport(o.name, o.address, chip.options.byte(o.address), o.default, chip.options.valid(o))
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

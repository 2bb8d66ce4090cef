"""The present work of the flash controller: a unit that comes in, or an operation of the array.

A chip file keeps both. `problem` says what is wrong with those of a file, so that every board that is made can exist.

Source: RM0016 4.6, PM0054 4.4: modes and units; times of the datasheets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

from stm8tool.parts.table import Part, Region

from ..gap import SimGapError
from .memory import Memory

OPT, WPRG, ERASE, FPRG, PRG = 0x80, 0x40, 0x20, 0x10, 0x01
MODES = WPRG | ERASE | FPRG | PRG
UNIT_MODES = (WPRG, ERASE, FPRG, PRG)
FIX = 0x01
WORD = 4  # bytes that the hardware erases and programs at once, also for one byte (RM0016 4.6.2)

TPROG_S = 0.006  # erase and write
TPROG_BLANK_S = 0.003  # write on erased, or block erase
HV_FALL = 0.9  # part of an operation after which HVOFF is 1 again while bit 5 still shows it: trace 2A 2A 6A 4E


def unit(part: Part, mode: int) -> int:
    """Return how many bytes a mode takes at once."""
    return part.block if mode in (FPRG, PRG) else WORD


class Load(NamedTuple):
    """A word or block on its way in: it starts when the last byte has come. It comes over SWIM or from the program."""

    mode: int
    start: int
    size: int
    data: bytearray
    by_program: bool

    @classmethod
    def begun(cls, part: Part, memory: Memory, cr2: int, address: int, by_program: bool) -> Load:
        """Return the unit that begins at an address, in the mode that CR2 has."""
        mode, size = cr2 & MODES, unit(part, cr2 & MODES)
        if mode not in UNIT_MODES:
            raise SimGapError(f"CR2=0x{cr2:02X} asks for several modes at once")
        if memory.name == "options" and mode != WPRG:
            raise SimGapError("block modes on option bytes")
        if (address - memory.start) % size:
            raise SimGapError(f"0x{address:06X} is not the start of a unit of {size} bytes")
        return cls(mode, address, size, bytearray(), by_program)

    @classmethod
    def restored(cls, saved: Mapping[str, Any]) -> Load:
        """Return what `dump` has saved."""
        return cls(**{**saved, "data": bytearray.fromhex(saved["data"])})

    def dump(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "mode": self.mode,
            "start": self.start,
            "size": self.size,
            "data": self.data.hex(),
            "by_program": self.by_program,
        }

    def result(self, memory: Memory, fixed_time: bool) -> tuple[int, bytes, float]:
        """Return the effect on the array: the first address, its new content, and how long that takes."""
        address, data = self.start, bytes(self.data)
        if self.mode == ERASE:
            if any(data):
                raise SimGapError("a block erase needs a word of zeros")
            return memory.block_start(address), bytes(memory.block), TPROG_BLANK_S
        if self.mode == FPRG:
            # Not guaranteed on a block that is not blank: here what held something comes out wrong.
            held = memory.read(address, len(data))
            return address, bytes(new ^ old for new, old in zip(data, held)), TPROG_BLANK_S
        fast = self.mode == WPRG and not fixed_time and not any(memory.read(address, WORD))
        return address, data, TPROG_BLANK_S if fast else TPROG_S


class Operation(NamedTuple):
    """The operation of the array. `memory` is None for the global erase."""

    memory: Optional[Memory]
    address: int
    data: bytes
    started: float
    ends: float

    @classmethod
    def restored(cls, saved: Mapping[str, Any], memories: Sequence[Optional[Memory]]) -> Operation:
        """Return what `dump` has saved; its times come later."""
        memory = next((m for m in memories if m is not None and m.name == saved["memory"]), None)
        return cls(memory, saved["address"], bytes.fromhex(saved["data"]), 0.0, 0.0)

    def dump(self) -> dict[str, Any]:
        """Return plain values, without the times."""
        name = self.memory.name if self.memory else None
        return {"memory": name, "address": self.address, "data": self.data.hex()}

    @property
    def voltage_falls(self) -> float:
        """When HVOFF is 1 again."""
        return self.started + HV_FALL * (self.ends - self.started)

    def cut(self, *, ruins_word: bool, erases: bool) -> tuple[int, bytes]:
        """Return what is left after a reset: the first address, and the bytes there (PM0054 5.2)."""
        memory, address, data = self.memory, self.address, self.data
        if memory is not None and ruins_word and len(data) < WORD:
            word = address - (address - memory.start) % WORD
            whole = bytearray(memory.read(word, WORD))
            whole[address - word : address - word + len(data)] = data
            address, data = word, bytes(whole)
        return address, bytes(len(data)) if erases else bytes(value ^ 0x5A for value in data)


# -- what a chip file says ------------------------------------------------------------------------------------------


def problem(part: Part, controller: Mapping[str, Any]) -> Optional[str]:
    """Return which fields of a controller contradict each other, each right by itself; None if they agree."""
    load, operation = controller["loading_now"], controller["operation_now"]
    if load is not None and operation is not None:
        return "loading_now and operation_now exclude each other"
    if load is not None and not _is_load(part, load):
        return f"loading_now must be a part of a unit that {part.name} can program there"
    if operation is not None and not _is_operation(part, operation):
        return f"operation_now must be a byte, word or block that {part.name} has"
    for name in ("began", "ends"):
        if (controller[name] is None) != (operation is None):
            return f"{name} must be null if operation_now is null, and seconds if it is not"
    if operation is not None and controller["began"] > controller["ends"]:
        return "ends must not be before began"
    return None


def _regions(part: Part) -> dict[str, Optional[Region]]:
    return {"flash": part.flash, "eeprom": part.eeprom, "options": part.options}


def _is_load(part: Part, saved: Mapping[str, Any]) -> bool:
    mode, start, size = saved["mode"], saved["start"], saved["size"]
    if mode not in UNIT_MODES or size != unit(part, mode) or not 0 < len(saved["data"]) // 2 < size:
        return False
    region = next((region for region in _regions(part).values() if region and region.start <= start < region.end), None)
    if region is None or (start - region.start) % size:
        return False
    return region is not part.options or mode == WPRG


def _is_operation(part: Part, saved: Mapping[str, Any]) -> bool:
    name, size = saved["memory"], len(saved["data"]) // 2
    address: int = saved["address"]
    if name is None:
        return size == 1
    region = _regions(part)[name]
    if region is None or size not in (1, WORD, part.block):
        return False
    return bool(region.start <= address < region.end) and (address - region.start) % size == 0

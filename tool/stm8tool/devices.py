"""Parts and their option bytes, loaded from data/devices.csv and data/options.csv."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Region:
    """A contiguous memory: `end` is one past the last byte."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """One past the last address."""
        return self.start + self.size


@dataclass(frozen=True)
class OptionByte:
    """One option byte and, where the layout has one, its complement at address + 1."""

    name: str
    address: int
    default: int
    complement: bool
    policy: str  # "rop", "normal", "after-unlock" (touch only to restore after an unlock), "never"
    accepted: tuple[int, ...]  # factory values that were seen; `default` is one of them
    source: str
    confidence: str


@dataclass(frozen=True)
class Part:
    """One row of the device table. Sizes in bytes."""

    name: str
    family: str
    density: str
    flash: Region
    eeprom: Optional[Region]
    ram: Region
    options: Region
    block: int
    rop_mode: str  # "stm8s": 0xAA locks; "stm8l": 0xAA opens
    flash_regs: str  # "stm8s" or "stm8l": which register map the flash controller has
    boot_rom: Optional[Region]
    unique_id: Optional[int]
    option_layout: str
    source: str
    confidence: str
    notes: str


def all_parts() -> tuple[Part, ...]:
    """Return every part, sorted by name."""
    raise NotImplementedError


def find_part(name: str) -> Part:
    """Return the part for a part name or order code; UnknownPartError offers near names."""
    raise NotImplementedError


def option_table(part: Part) -> tuple[OptionByte, ...]:
    """Return the option bytes of `part`, by address."""
    raise NotImplementedError

"""A loader of our own in the chip's RAM, for the UART: machine code, and where it works.

loader.s     the machine code, with crc_entry.s of chip/flash/loader
code.csv     the assembled bytes
link.py      the host's side of it
use.py       writes segments with it

Sources: the addresses of the UARTs and what is free in RAM, as clients of the boot ROM use them (stm8gal; confidence
high). GO to RAM, and a UART that stays as the ROM has set it: confidence medium.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple, Optional

from ...chip import registers as reg
from ...parts.table import Part
from ..settings import UartMode

START = 0x0210  # below are the boot ROM's variables and routines
AGAIN = START + 2  # a program that resets the chip
BLOCK = 0x0500  # where it keeps a block
_SMALLEST_RAM = 2048
_IWDG_KR = 0x50E0


class _Timer(NamedTuple):
    cr1: int
    sr: int
    egr: int
    pscr: int
    arr: int
    gate: int  # the register of its clock, 0 if it always has one


_WWDG_CR = {"stm8s": 0x50D1, "stm8l": 0x50D3}
_TIM4 = {
    "stm8s": _Timer(0x5340, 0x5342, 0x5343, 0x5345, 0x5346, 0),
    "stm8l": _Timer(0x52E0, 0x52E5, 0x52E6, 0x52E8, 0x52E9, 0x50C3),
}


class UartVariant(NamedTuple):
    """How the loader is assembled.

    Attributes:
        flash_regs: The registers of the part.
        uart: The first register of the UART.
    """

    flash_regs: str
    uart: int

    def symbols(self) -> dict[str, int]:
        """Return what the source needs to be told."""
        registers, timer = reg.BY_MAP[self.flash_regs], _TIM4[self.flash_regs]
        return {
            "START": START,
            "BLOCK": BLOCK,
            "UART": self.uart,
            "CR2": registers.cr2,
            "COMPLEMENT": int(registers.ncr2 is not None),
            "IAPSR": registers.iapsr,
            "PUKR": registers.pukr,
            "DUKR": registers.dukr,
            "IWDG_KR": _IWDG_KR,
            "WWDG_CR": _WWDG_CR[self.flash_regs],
            "TIM4_CR1": timer.cr1,
            "TIM4_SR": timer.sr,
            "TIM4_EGR": timer.egr,
            "TIM4_PSCR": timer.pscr,
            "TIM4_ARR": timer.arr,
            "GATE": timer.gate,
        }


VARIANTS = {
    "stm8s-duplex": UartVariant("stm8s", 0x5230),  # UART1; of an STM8AF its USART
    "stm8s-reply": UartVariant("stm8s", 0x5240),  # UART2, UART3; of an STM8AF its LINUART
    "stm8l-duplex": UartVariant("stm8l", 0x5230),  # USART1
}


def variant(part: Part, mode: UartMode) -> str:
    """Return the variant for a part that has no `obstacle`."""
    return f"{part.flash_regs}-{'duplex' if mode is UartMode.DUPLEX else 'reply'}"


def obstacle(part: Part, mode: UartMode) -> Optional[str]:
    """Return why the loader is not for this part; None if it is."""
    if part.ram.size < _SMALLEST_RAM:
        return f"the {part.name} has only {part.ram.size} bytes of RAM"
    if mode is UartMode.ONE_WIRE:
        return "the wire is a single one, and the loader would hear itself"
    if variant(part, mode) not in VARIANTS:
        return f"we know no UART in that mode of the {part.name}"
    return None


@cache
def code(name: str) -> bytes:
    """Return the assembled bytes of a variant, from START on."""
    with Path(__file__).with_name("code.csv").open(encoding="ascii", newline="") as table:
        return next(bytes.fromhex(row["code"]) for row in csv.DictReader(table) if row["variant"] == name)

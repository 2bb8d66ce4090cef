"""The values after a reset of registers whose peripheral has no model, if they are not 0.

Source: the register maps of RM0016, RM0031 and RM0013.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stm8tool.parts.table import Part


class Resets(NamedTuple):
    """The registers of a part that are not 0 after a reset.

    Attributes:
        values: The value, by address.
        flags: Addresses of those whose bits say that the peripheral is ready for work.
    """

    values: Mapping[int, int]
    flags: frozenset[int]


SPI, SPI2 = 0x5200, 0x53C0
_SR, _CRCPR = 3, 5  # offsets in a SPI
_TXE = 0x02
_AWU_APR = {0x50F1: 0x3F}
_DMA = {0x5070: 0xFC, 0x5078: 0x52, 0x5082: 0x52, 0x508C: 0x52, 0x5096: 0x40}
_ADC_L = {0x5342: 0x1F, 0x5346: 0x0F, 0x5347: 0xFF}
_BEEP_L = {0x50F3: 0x1F}


def _longest(high: int) -> dict[int, int]:
    """Return the ARR of a timer: 0xFFFF."""
    return {high: 0xFF, high + 1: 0xFF}


def _spi(base: int) -> dict[int, int]:
    return {base + _SR: _TXE, base + _CRCPR: 0x07}


def resets_of(part: Part) -> Resets:
    """Return what is known of a part; nothing if its peripherals are not known here."""
    values = _values(part)
    return Resets(values, frozenset({SPI + _SR, SPI2 + _SR} & values.keys()))


def _values(part: Part) -> Mapping[int, int]:
    if part.option_layout == "stm8l101":
        return {**_AWU_APR, SPI + _SR: _TXE, **_longest(0x528E)}  # TIM3
    if part.flash_regs == "stm8l":
        values = {**_BEEP_L, **_spi(SPI), **_longest(0x528F), **_ADC_L, **_DMA}  # TIM3
        if part.density != "low":
            values |= _longest(0x52C3)  # TIM1
        if part.density in ("high", "medium+"):
            values |= {**_longest(0x530F), **_spi(SPI2)}  # TIM5
        return values
    if part.family not in ("STM8S", "STM8AF"):
        return {}
    values = {**_AWU_APR, **_spi(SPI), **_longest(0x5262)}  # TIM1
    return values if part.density == "low" else {**values, **_longest(0x532B)}  # TIM3

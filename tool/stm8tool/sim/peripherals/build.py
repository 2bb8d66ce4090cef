"""Which peripherals a part has, and where: the tables of ST's header files, as the SVD files of this project have them.

Source: RM0016, RM0031, RM0013 and the datasheets: register maps, interrupt vectors, the bits of CLK_PCKENR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from stm8tool.parts.table import Part

from ..state import Saved
from .clock import HSE_HZ, LSE_HZ, ClockControl, Gated
from .device import Device
from .other import Unmodelled
from .registers import Ports, Priorities, ResetStatus
from .resets import resets_of
from .timer import Timer
from .uart import Uart
from .watchdog import IndependentWatchdog, WindowWatchdog

if TYPE_CHECKING:
    from ..chip.powered import PoweredChip

_NAMES = ("CR1", "IER", "SR1", "EGR", "CNTR", "PSCR", "ARR")
_TIMERS: dict[str, tuple[int, ...]] = {  # offsets of `_NAMES`
    "TIM4": (0, 1, 2, 3, 4, 5, 6),
    "TIM4 low": (0, 3, 4, 5, 6, 7, 8),
    "TIM4 L": (0, 4, 5, 6, 7, 8, 9),
    "TIM2": (0, 1, 2, 4, 10, 12, 13),
    "TIM2 low": (0, 3, 4, 6, 12, 14, 15),
    "TIM2 L": (0, 5, 6, 8, 12, 14, 15),
    "TIM2 L101": (0, 4, 5, 7, 11, 13, 14),
}


class _Uart(NamedTuple):
    name: str
    base: int
    interrupt: int
    gate: tuple[int, int] = (0, 0)  # offset and bit of PCKENR, where it is off after a reset


class _Counter(NamedTuple):
    name: str
    map: str
    base: int
    interrupt: int
    gate: tuple[int, int] = (0, 0)


_UART1 = _Uart("UART1", 0x5230, 17)
_USART1 = _Uart("USART1", 0x5230, 27, (3, 5))
_MORE_USARTS = (_Uart("USART2", 0x53E0, 19, (0x10, 3)), _Uart("USART3", 0x53F0, 21, (0x10, 4)))
_S_TIMERS = (_Counter("TIM4", "TIM4", 0x5340, 23), _Counter("TIM2", "TIM2", 0x5300, 13))
_L_TIMERS = (_Counter("TIM4", "TIM4 L", 0x52E0, 25, (3, 2)), _Counter("TIM2", "TIM2 L", 0x5250, 19, (3, 0)))

_S_NAMES = {
    0x50A0: "EXTI",
    0x50B3: "RST",
    0x50C0: "CLK",
    0x50D1: "WWDG",
    0x50E0: "IWDG",
    0x50F0: "AWU",
    0x50F3: "BEEP",
    0x5200: "SPI",
    0x5210: "I2C",
    0x5230: "UART1",
    0x5240: "UART2 or UART3",
    0x5250: "TIM1",
    0x5300: "TIM2",
    0x5320: "TIM3",
    0x5340: "TIM4",
    0x53E0: "ADC1",
    0x5400: "ADC",
    0x5420: "CAN",
}
_L_NAMES = {
    0x5070: "DMA1",
    0x509D: "SYSCFG",
    0x50A0: "EXTI",
    0x50A6: "WFE",
    0x50B0: "RST",
    0x50B2: "PWR",
    0x50C0: "CLK",
    0x50D3: "WWDG",
    0x50E0: "IWDG",
    0x50F0: "BEEP or AWU",
    0x5140: "RTC",
    0x5190: "CSS on LSE",
    0x5200: "SPI",
    0x5210: "I2C",
    0x5230: "USART",
    0x5250: "TIM2",
    0x5280: "TIM3",
    0x52B0: "TIM1",
    0x52E0: "TIM4",
    0x52FF: "IRTIM",
    0x5300: "TIM5 or COMP",
    0x5340: "ADC1",
    0x5380: "DAC",
    0x53C0: "SPI2",
    0x53D0: "AES",
    0x53E0: "USART2",
    0x53F0: "USART3",
    0x5400: "LCD",
    0x5430: "RI",
    0x5440: "COMP",
}


def uarts_of(part: Part) -> tuple[_Uart, ...]:
    """Return the UARTs of a part; none if its peripherals are not known here."""
    if part.option_layout == "stm8l101":
        return (_USART1._replace(name="USART"),)
    if part.flash_regs == "stm8l":
        return (_USART1, *(_MORE_USARTS if part.density in ("high", "medium+") else ()))
    if part.family not in ("STM8S", "STM8AF"):
        return ()
    if part.density == "low":
        return (_UART1._replace(name="UART4") if part.family == "STM8AF" else _UART1,)
    if part.density == "medium":
        return (_Uart("UART2", 0x5240, 20),)
    return _UART1, _Uart("UART3", 0x5240, 20)


def _timers_of(part: Part) -> tuple[_Counter, ...]:
    if part.option_layout == "stm8l101":
        return (
            _Counter("TIM4", "TIM4 low", 0x52E0, 25, (3, 2)),
            _Counter("TIM2", "TIM2 L101", 0x5250, 19, (3, 0)),
        )
    if part.flash_regs == "stm8l":
        return _L_TIMERS
    if part.family not in ("STM8S", "STM8AF"):
        return ()
    if part.density == "low":
        other = part.family == "STM8AF" or part.name.startswith("STM8S903")
        four, two = ("TIM6", "TIM5") if other else ("TIM4", "TIM2")
        return _Counter(four, "TIM4 low", 0x5340, 23), _Counter(two, "TIM2 low", 0x5300, 13)
    return _S_TIMERS


class Board(NamedTuple):
    """The peripherals of a chip.

    Attributes:
        devices: All of them, as the program meets them.
        named: Those that a chip file keeps, by their names there.
    """

    devices: Sequence[Device]
    uarts: Mapping[str, Uart]
    priorities: Priorities
    status: ResetStatus
    other: Unmodelled
    watchdogs: tuple[IndependentWatchdog, WindowWatchdog]
    named: Mapping[str, Saved]


def build(chip: PoweredChip, warn: Callable[[str], None]) -> Board:
    """Return the peripherals of a chip; `warn` is told each difference from the real one."""
    part, chip_map = chip.part, chip.map
    is_l = part.flash_regs == "stm8l"

    def hz() -> int:
        return chip_map.master_hz

    clock = _clock(chip, warn)

    def gated(device: Device, name: str, gate: tuple[int, int]) -> Device:
        return Gated(device, name, clock.gate(*gate), warn) if gate[0] else device

    uarts = {row.name: Uart(row.base, hz, row.interrupt) for row in uarts_of(part)}
    devices: list[Device] = [gated(uarts[row.name], row.name, row.gate) for row in uarts_of(part)]
    named: dict[str, Saved] = {**uarts}
    for counter in _timers_of(part):
        wide = not counter.map.startswith("TIM4")
        offsets = dict(zip(_NAMES, _TIMERS[counter.map]))
        mask = 7 if wide == is_l else 15
        timer = Timer(counter.base, offsets, counter.interrupt, hz, wide=wide, prescaler_mask=mask)
        devices.append(gated(timer, counter.name, counter.gate))
        named[counter.name] = timer
    priorities = Priorities()
    status = ResetStatus(0x50B1, 0x01) if is_l else ResetStatus(0x50B3, 0x00)
    watchdog = IndependentWatchdog(0x50E0, 38_000 if is_l else 128_000, _option(chip, "IWDG_HW"))
    window = WindowWatchdog(0x50D3 if is_l else 0x50D1, lambda: chip_map.cpu_hz, _option(chip, "WWDG_HW"))
    taken = range(chip_map.ckdivr, chip_map.ckdivr + 1)
    other = Unmodelled(_L_NAMES if is_l else _S_NAMES, taken, resets_of(part), warn)
    ports = Ports(swim_pull_up=not is_l)
    named |= {"GPIO": ports, "CLK": clock, "ITC": priorities, "RST": status}
    named |= {"IWDG": watchdog, "WWDG": window, "others": other}
    devices += [ports, clock, priorities, status, watchdog, window, other]
    return Board(devices, uarts, priorities, status, other, (watchdog, window), named)


_WATCHDOG_BITS = {  # address of the option byte and bit, by register map
    "stm8s": (0x4805, {"WWDG_HW": 0x02, "IWDG_HW": 0x04}),
    "stm8l": (0x4808, {"IWDG_HW": 0x01, "WWDG_HW": 0x04}),
}


def _option(chip: PoweredChip, name: str) -> Callable[[], bool]:
    """Return a function that tells whether the option bytes in force start a watchdog with the chip."""
    address, bits = _WATCHDOG_BITS[chip.part.flash_regs]
    return lambda: bool(chip.options.loaded(address) & bits[name])


def _clock(chip: PoweredChip, warn: Callable[[str], None]) -> ClockControl:
    if chip.part.option_layout == "stm8l101":
        return ClockControl(0x50C0, 6, chip.map, (), {}, {}, {}, warn)
    if chip.part.flash_regs == "stm8l":
        l_sources = {1: (16_000_000, 2, 1), 2: (38_000, 2, 4), 4: (HSE_HZ, 6, 1), 8: (LSE_HZ, 6, 4)}
        l_ready = {2: {1: 2, 4: 8}, 6: {1: 2, 4: 8}}
        l_resets = {2: 0x13, 4: 0x80, 7: 1, 8: 1}
        return ClockControl(0x50C0, 0x11, chip.map, (7, 8, 9), l_ready, l_sources, l_resets, warn)
    sources = {0xE1: (16_000_000, 0, 1), 0xD2: (128_000, 0, 8), 0xB4: (HSE_HZ, 1, 1)}
    ready = {0: {1: 2, 8: 16}, 1: {1: 2}}
    resets = {0: 3, 3: 0xE1, 4: 0xE1, 7: 0xFF, 10: 0xFF}
    return ClockControl(0x50C0, 0x0E, chip.map, (3, 4, 5), ready, sources, resets, warn)

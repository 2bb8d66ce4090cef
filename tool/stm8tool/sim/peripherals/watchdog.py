"""The watchdogs: the independent one counts; the window watchdog only resets the chip if the program asks for it.

Source: RM0016 20 and 21, RM0031. The period is two LSI cycles times the prescaler times RLR + 1. The LSI has exactly
its typical frequency here. In HALT the run ends before the watchdog resets the chip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from ..clock import TIE_S
from ..rules import BYTE, FLAG, TIME, hex_bytes, number
from ..state import GIVEN, State
from .device import NEVER, Quiet

KR, PR, RLR = range(3)
START, ACCESS, REFRESH = 0xCC, 0x55, 0xAA
WDGA, T6 = 0x80, 0x40


class IndependentWatchdog:
    """IWDG: once started, it resets the chip unless the program refreshes it."""

    requests: Sequence[int] = ()
    volatile = False
    STATE = State(
        {"_prescaler": number(0, 7), "_reload": BYTE, "_open": FLAG},
        times={"_ends": TIME},
        left={
            **dict.fromkeys(("_registers", "_lsi_hz", "from_reset"), GIVEN),
            "reset_cause": "the reset has happened",
        },
    )

    def __init__(self, base: int, lsi_hz: int, from_reset: Callable[[], bool]) -> None:
        self._registers = range(base, base + 3)
        self._lsi_hz = lsi_hz
        self.from_reset = from_reset
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Stop it, unless an option byte starts it with the chip."""
        self._prescaler, self._reload, self._open = 0, 0xFF, False
        self._ends: Optional[float]
        self.reset_cause = ""
        self._ends = now + self.period_s if self.from_reset() else None

    @property
    def due(self) -> float:
        """When it resets the chip."""
        return NEVER if self._ends is None else self._ends

    @property
    def period_s(self) -> float:
        """Return how long it waits for a refresh."""
        return 2 * (4 << min(self._prescaler, 6)) * (self._reload + 1) / self._lsi_hz

    @property
    def wakes(self) -> bool:
        """True while it counts."""
        return self.due < NEVER

    def pass_over(self, now: float) -> None:
        """Count anew after a reset that SWIM masked; no source says what a real one does then."""
        if self.reset_cause:
            self.reset_cause, self._ends = "", now + self.period_s

    def settle(self, now: float) -> None:
        """Reset the chip if the time is over."""
        if self.due <= now + TIE_S:
            self.reset_cause = "the independent watchdog (IWDG) was not refreshed in time"

    def holds(self, address: int) -> bool:
        """True for an address of this watchdog."""
        return address in self._registers

    def read(self, address: int, _now: float) -> int:
        """Return a register; the key cannot be read."""
        return (0, self._prescaler, self._reload)[address - self._registers.start]

    def write(self, address: int, value: int, now: float) -> None:
        """Take a key, or, after the key for it, the prescaler or the reload value."""
        register = address - self._registers.start
        if register == KR:
            if value == START or (value == REFRESH and self.due < NEVER):
                self._ends = now + self.period_s
            self._open = value == ACCESS
        elif self._open and register == PR:
            self._prescaler = value & 7
        elif self._open:
            self._reload = value


class WindowWatchdog(Quiet):
    """WWDG_CR and WWDG_WR: a write has an effect only if it resets the chip at once."""

    STATE = State(
        {"_values": hex_bytes(2)},
        left={**dict.fromkeys(("_registers", "_warn"), GIVEN), "reset_cause": "the reset has happened"},
    )

    def __init__(self, base: int, warn: Callable[[str], None]) -> None:
        self._registers = range(base, base + 2)
        self._warn = warn
        self.reset(0.0)

    def reset(self, _now: float) -> None:
        """Stop it."""
        self._values = bytearray([0x7F, 0x7F])
        self.reset_cause = ""

    def holds(self, address: int) -> bool:
        """True for an address of this watchdog."""
        return address in self._registers

    def read(self, address: int, _now: float) -> int:
        """Return a register."""
        return self._values[address - self._registers.start]

    def write(self, address: int, value: int, _now: float) -> None:
        """Write a register; WDGA with T6 clear is a reset."""
        register = address - self._registers.start
        self._values[register] = value | self._values[register] & WDGA * (register == 0)
        if register == 0 and self._values[0] & WDGA and not value & T6:
            self.reset_cause = "the program asked for a reset by the window watchdog (WWDG)"
        elif register == 0 and value & WDGA:
            self._warn(
                "the program starts the window watchdog (WWDG), which does not count here: it never resets the chip"
            )

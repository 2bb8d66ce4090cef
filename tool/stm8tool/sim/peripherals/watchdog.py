"""The watchdogs.

Source: RM0016 and RM0031 (IWDG, WWDG), UM0470 4.3.4 (WDGOFF). The period of IWDG is two LSI cycles times the prescaler
times RLR + 1. The LSI has exactly its typical frequency here. WWDG counts down each 12288 cycles of the CPU's clock. A
write begins a count anew: RM0016 does not say how far the prescaler then is. In HALT the run ends before a watchdog
resets the chip, and the option bits IWDG_HALT and WWDG_HALT have no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from ..clock import TIE_S
from ..rules import BYTE, FLAG, TIME, hex_bytes, number
from ..state import GIVEN, SCRATCH, State
from .device import NEVER

KR, PR, RLR = range(3)
START, ACCESS, REFRESH = 0xCC, 0x55, 0xAA
WDGA, T6, LARGEST = 0x80, 0x40, 0x7F
CYCLES_OF_A_COUNT = 12288


class IndependentWatchdog:
    """IWDG: once started, it resets the chip unless the program refreshes it."""

    requests: Sequence[int] = ()
    reaches_others = False
    urgent = True  # it resets the chip
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

    def hold(self, seconds: float) -> None:
        """Do not count for that time; one that an option byte has started counts on."""
        if self._ends is not None and not self.from_reset():
            self._ends += seconds

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


class WindowWatchdog:
    """WWDG: a counter that goes down; once started, it resets the chip unless the program sets it in time."""

    requests: Sequence[int] = ()
    reaches_others = False
    urgent = True  # it resets the chip
    STATE = State(
        {"_values": hex_bytes(2)},
        left={
            **dict.fromkeys(("_registers", "_hz", "from_reset"), GIVEN),
            "reset_cause": "the reset has happened",
            "volatile": SCRATCH,
            "_count": "saved in `values`",
            "_since": "less than one count is lost between two commands",
        },
    )

    def __init__(self, base: int, hz: Callable[[], int], from_reset: Callable[[], bool]) -> None:
        self._registers = range(base, base + 2)
        self._hz = hz
        self.from_reset = from_reset
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Stop it, unless an option byte starts it with the chip."""
        self._values = bytearray([0x7F | WDGA * self.from_reset(), 0x7F])
        self._since: Optional[float] = now  # when the counter came to its value; None if it begins with the next look
        self.reset_cause = ""
        self.volatile = False

    @property
    def _count(self) -> int:
        return self._values[0] & LARGEST

    @_count.setter
    def _count(self, value: int) -> None:
        self._values[0] = self._values[0] & WDGA | value

    @property
    def wakes(self) -> bool:
        """True while it may reset the chip."""
        return bool(self._values[0] & WDGA)

    @property
    def count_s(self) -> float:
        """Return how long a count takes."""
        return CYCLES_OF_A_COUNT / self._hz()

    @property
    def due(self) -> float:
        """When it resets the chip."""
        if not self.wakes:
            return NEVER
        return 0.0 if self._since is None else self._since + max(0, self._count - T6 + 1) * self.count_s

    def settle(self, now: float) -> None:
        """Count down; it goes on from 0x7F after 0 while it is not started."""
        if self._since is None:
            self._since = now
        counts = max(0, int((now - self._since + TIE_S) / self.count_s))
        self._since += counts * self.count_s
        if self.wakes and counts > self._count - T6:
            counts = self._count - T6 + 1
            self.reset_cause = "the window watchdog (WWDG) was not refreshed in time"
        self._count = (self._count - counts) % (LARGEST + 1)

    def hold(self, seconds: float) -> None:
        """Do not count for that time."""
        if self._since is not None and not self.from_reset():
            self._since += seconds

    def pass_over(self, now: float) -> None:
        """Count anew after a reset that SWIM masked; no source says what a real one does then."""
        if self.reset_cause:
            self.reset_cause, self._count, self._since = "", LARGEST, now

    def holds(self, address: int) -> bool:
        """True for an address of this watchdog."""
        return address in self._registers

    def read(self, address: int, now: float) -> int:
        """Return a register."""
        self.settle(now)
        self.volatile = address == self._registers.start
        return self._values[address - self._registers.start]

    def write(self, address: int, value: int, now: float) -> None:
        """Write a register. With WDGA set, T6 clear is a reset, and so is a count that is above the window."""
        self.settle(now)
        if address != self._registers.start:
            self._values[1] = value & LARGEST
            return
        early = self.wakes and self._count > self._values[1]
        self._values[0] = value | self._values[0] & WDGA
        self._since = now
        if early:
            self.reset_cause = "the window watchdog (WWDG) was refreshed before its window"
        elif self.wakes and not value & T6:
            self.reset_cause = "the program asked for a reset by the window watchdog (WWDG)"

"""TIM2 and TIM4, and their like, as counters: up to ARR, then the update flag, the update interrupt, and on from 0.

Source: RM0016 and RM0031, basic and general-purpose timers. Not modelled: capture and compare, outputs, counting down,
triggers, an external clock. The counter uses the prescaler that the last update took over from PSCR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..clock import TIE_S
from ..rules import BYTE, hex_up_to, number, seconds
from ..state import GIVEN, SCRATCH, State
from .device import NEVER

CEN, UDIS, URS, OPM, ARPE = 0x01, 0x02, 0x04, 0x08, 0x80
UPDATE = 0x01  # UIE in IER, UIF in SR1, UG in EGR
SIZE = 0x17  # bytes of registers, of the longest one


class Timer:
    """A timer whose registers begin at `base`.

    Args:
        base: The address of CR1.
        offsets: CR1, IER, SR1, EGR, CNTR, PSCR, ARR to their offsets; with 16 bits the high byte of CNTR and ARR.
        wide: True for 16 bits.
        interrupt: The number of the update interrupt.
        hz: Returns the clock before the prescaler.
        prescaler_mask: The bits of PSCR: 7 or 15.
    """

    reset_cause = ""
    reaches_others = False
    STATE = State(
        {
            "_values": hex_up_to(SIZE),
            **dict.fromkeys(("_reload", "_count"), number(0, 0xFFFF)),
            "_shift": number(0, 15),
            "_low": BYTE,
        },
        times={"_since": seconds(-1e6, 1)},
        left={
            **dict.fromkeys(("_registers", "_at", "_interrupt", "_hz", "_wide", "_prescaler_mask"), GIVEN),
            "volatile": SCRATCH,
        },
    )

    def __init__(
        self,
        base: int,
        offsets: Mapping[str, int],
        interrupt: int,
        hz: Callable[[], int],
        *,
        wide: bool,
        prescaler_mask: int,
    ) -> None:
        self._registers = range(base, base + (SIZE if wide else max(offsets.values()) + 1))
        self._at = offsets
        self._interrupt = interrupt
        self._hz = hz
        self._wide = wide
        self._prescaler_mask = prescaler_mask
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Stop at 0, with the longest period."""
        self._values = bytearray(len(self._registers))
        self._reload = 0xFFFF if self._wide else 0xFF
        self._set_word("ARR", self._reload)
        self._shift = 0
        self._count = 0
        self._low = 0  # of a read of CNTR: the low byte is kept when the high one is read
        self._since = now  # when the counter came to `_count`
        self.volatile = False

    def pass_over(self, now: float) -> None:
        """Go on after a reset that SWIM masked: nothing has happened."""

    def holds(self, address: int) -> bool:
        """True for an address of this timer."""
        return address in self._registers

    # -- as time passes ---------------------------------------------------------------------------------------

    @property
    def _tick_s(self) -> float:
        return (1 << self._shift) / self._hz()

    @property
    def _running(self) -> bool:
        return bool(self._get("CR1") & CEN) and self._reload > 0

    @property
    def due(self) -> float:
        """When the counter overflows."""
        return self._since + self._left * self._tick_s if self._running else NEVER

    @property
    def _left(self) -> int:
        """Ticks until the counter is 0 again; a counter that is past its end goes all the way round."""
        top = self._reload if self._count <= self._reload else (0xFFFF if self._wide else 0xFF)
        return top + 1 - self._count

    @property
    def requests(self) -> Sequence[int]:
        """The update interrupt, while its flag is set and it is enabled."""
        return (self._interrupt,) if self._get("SR1") & self._get("IER") & UPDATE else ()

    @property
    def urgent(self) -> bool:
        """True while its interrupt is enabled."""
        return bool(self._values[self._at["IER"]] & UPDATE)

    @property
    def wakes(self) -> bool:
        """True while it counts towards an interrupt."""
        return self._running and bool(self._get("IER") & UPDATE) and not self._get("CR1") & UDIS

    def settle(self, now: float) -> None:
        """Count up to the present time."""
        if not self._running:
            self._since = now
            return
        tick_s = self._tick_s
        while self._since + self._left * tick_s <= now + TIE_S:
            self._since += self._left * tick_s
            self._update()
            if self._get("CR1") & OPM:
                self._put("CR1", self._get("CR1") & ~CEN)
            if not self._running:
                self._since = now
                return
            tick_s = self._tick_s  # of a new prescaler
        ticks = max(0, int((now - self._since + TIE_S) / tick_s))  # SWIM may look at a moment that is over
        self._count += ticks
        self._since += ticks * tick_s

    def _update(self, *, by_program: bool = False) -> None:
        self._count = 0
        control = self._get("CR1")
        if control & UDIS:
            return
        self._take_over()
        if not (by_program and control & URS):
            self._put("SR1", self._get("SR1") | UPDATE)

    def _take_over(self) -> None:
        self._shift = self._get("PSCR") & self._prescaler_mask
        self._reload = self._word("ARR")

    # -- registers --------------------------------------------------------------------------------------------

    def _get(self, name: str) -> int:
        return self._values[self._at[name]]

    def _put(self, name: str, value: int) -> None:
        self._values[self._at[name]] = value

    def _word(self, name: str) -> int:
        at = self._at[name]
        return int.from_bytes(self._values[at : at + 1 + self._wide], "big")

    def _set_word(self, name: str, value: int) -> None:
        at = self._at[name]
        self._values[at : at + 1 + self._wide] = value.to_bytes(1 + self._wide, "big")

    def read(self, address: int, now: float) -> int:
        """Return a register; EGR reads as 0."""
        register = address - self._registers.start
        self.settle(now)
        offset = register - self._at["CNTR"]
        self.volatile = 0 <= offset <= self._wide and self._running
        if offset == 0:
            self._low = self._count & 0xFF
            return self._count >> 8 if self._wide else self._count
        if offset == 1 and self._wide:
            return self._low
        return 0 if register == self._at["EGR"] else self._values[register]

    def write(self, address: int, value: int, now: float) -> None:
        """Write a register; flags are cleared by writing 0."""
        register = address - self._registers.start
        self.settle(now)
        if register == self._at["EGR"]:
            if value & UPDATE:
                self._since = now
                self._update(by_program=True)
        elif register == self._at["SR1"]:
            self._values[register] &= value
        elif 0 <= register - self._at["CNTR"] <= self._wide:
            high = self._wide and register == self._at["CNTR"]
            self._count = value << 8 | self._count & 0xFF if high else self._count & 0xFF00 | value
            self._since = now
        else:
            self._values[register] = value
            last = register == self._at["ARR"] + self._wide  # the low byte of ARR takes both over
            if last and not self._get("CR1") & ARPE:
                self._reload = self._word("ARR")

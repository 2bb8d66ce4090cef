"""The debug module over SWIM: stall the CPU, let it go, step it, reset it. Nothing here remembers breakpoints.

SWIM_CSR.RST stays 1 all the time, except during a reset that this module makes. So if this process dies, or the probe
is unplugged, any reset of the chip ends SWIM and lets the program run. While the CPU is stalled, SAFE_MASK keeps
watchdogs from resetting the chip. While it runs, they may, as they would without a probe.

Sources: UM0470; the order of FLUSH and STALL is that of ST's tool and vsprog (confidence high).
"""

from __future__ import annotations

from typing import NamedTuple

from ..chip import registers as reg
from ..chip.running import attach
from ..errors import LINK_ERRORS, Code, LinkFault, SwimError, TargetError
from ..probe.base import SwimLink
from ..support.interrupts import shield
from .comparators import BK1F, BK2F, ComparatorSetting
from .registers import WINDOW, Registers

BREAKPOINT_REGISTERS = 0x7F90  # DM_BK1RE; DM_CR1 is the last of seven bytes
DM_CSR1 = 0x7F98  # DM_CSR2 follows it
STE, STF = 0x40, 0x20
SWBKE, SWBKF = 0x20, 0x10
_REASONS = STF | BK2F | BK1F
_STALL, _FLUSH = reg.CSR2_STALL, reg.CSR2_FLUSH
IWDG_KR, REFRESH = 0x50E0, 0xAA  # the same address in every family (RM0016, RM0031, RM0013)
_RESET_S = 0.001  # as after the reset that lets a program run
_RESET_LIMIT_S = 0.1  # our choice: a slow NRST and the option bytes take a few milliseconds
_STALL_TRIES = 3
_PARTS = (slice(0, 1), slice(1, 4), slice(4, 10), slice(10, 11))  # A, PC, the words, CC
_AFTER_RESET = bytes([0xFF] * 6 + [0])  # of the comparators and DM_CR1


class CpuStatus(NamedTuple):
    """DM_CSR1 and DM_CSR2."""

    first: int
    second: int

    @property
    def stalled(self) -> bool:
        """True while the CPU stands still."""
        return bool(self.second & _STALL)


class RunControl:
    """The debug module of one chip.

    Args:
        link: The probe.

    Attributes:
        feeds_watchdog: IWDG counts while the CPU is halted, so it gets its full time before the CPU goes on.
    """

    def __init__(self, link: SwimLink) -> None:
        self.link = link
        self.feeds_watchdog = False

    def attach(self) -> None:
        """Reach a chip whose program runs; nothing is reset or stopped."""
        attach.attach(self.link)

    def status(self) -> CpuStatus:
        """Read whether the CPU stands still, and why.

        The chip sends one register after the other. A CPU that stops in between shows STALL without the reason.
        """
        found = CpuStatus(*self.link.rotf(DM_CSR1, 2))
        if found.stalled and not (found.first & _REASONS or found.second & SWBKF):
            found = CpuStatus(*self.link.rotf(DM_CSR1, 2))
        return found

    def sleeps(self) -> bool:
        """Tell whether SWIM answers although the bus of the chip does not: as it does in HALT."""
        try:
            self.link.rotf(reg.DM_CSR2, 1)
        except SwimError as exc:
            if exc.fault is not LinkFault.REFUSED:
                raise
            return bool(self.link.rotf(reg.SWIM_CSR, 1)[0] & reg.CSR_SWIM_DM)
        return False

    def stall(self) -> CpuStatus:
        """Stop the CPU; return the status, which may show a breakpoint that came first.

        Raises:
            TargetError: The CPU does not stop.
        """
        before = self.status()
        if before.stalled:
            return before
        for _ in range(_STALL_TRIES):
            self.link.wotf(reg.DM_CSR2, bytes([_STALL | SWBKE]))
            after = self.status()
            if after.stalled:
                return after
        raise TargetError("the CPU does not stop", code=Code.DEBUG, hint="reset the chip, and halt it again")

    def mask_resets(self, on: bool) -> None:
        """Keep watchdogs and illegal opcodes from resetting the chip, or let them."""
        self._write_csr(reg.CSR_RST | (reg.CSR_SAFE_MASK if on else 0))

    def _write_csr(self, bits: int) -> None:
        speed = reg.CSR_HS if self.link.high_speed else 0
        self.link.wotf(reg.SWIM_CSR, bytes([reg.CSR_SWIM_DM | speed | bits]))

    def registers(self) -> Registers:
        """Read the registers of the stalled CPU."""
        return Registers.from_window(self.link.rotf(WINDOW.start, len(WINDOW)))

    def set_registers(self, old: Registers, new: Registers) -> None:
        """Write the registers that differ. PC is not written needlessly: each write of it needs a flush."""
        before, after = old.window(), new.window()
        for part in _PARTS:
            if after[part] != before[part]:
                self.link.wotf(WINDOW.start + part.start, after[part])

    def watch_for(self, wanted: ComparatorSetting) -> None:
        """Set both comparators."""
        self.link.wotf(BREAKPOINT_REGISTERS, wanted.registers())

    def refresh_watchdog(self) -> None:
        """Give IWDG its full time if an option byte has started it."""
        if self.feeds_watchdog:
            self.link.wotf(IWDG_KR, bytes([REFRESH]))

    def go(self, *, flush: bool, step: bool = False) -> None:
        """Let the CPU go on.

        Args:
            flush: PC or code has changed: the pipeline begins anew.
            step: It stops after one instruction.
        """
        if flush:
            self.link.wotf(reg.DM_CSR2, bytes([_STALL | SWBKE | _FLUSH]))
        self.link.wotf(DM_CSR1, bytes([STE if step else 0, SWBKE | (_FLUSH if flush else 0)]), whole=True)

    def reset(self) -> None:
        """Reset the chip; its CPU is stalled before its first instruction.

        Raises:
            SwimError: The chip does not come back.
        """
        link = self.link
        with shield():  # without RST the chip stays stalled whatever resets it
            try:
                self._write_csr(reg.CSR_SAFE_MASK)
                link.system_reset()
                link.clock.sleep(_RESET_S)
                self._wait_for_start()
            finally:
                self._write_csr(reg.CSR_SAFE_MASK | reg.CSR_RST)
            self.stall()

    def _wait_for_start(self) -> None:
        clock = self.link.clock
        end = clock.now() + _RESET_LIMIT_S
        while True:
            try:
                self.status()
                return
            except LINK_ERRORS:
                if clock.now() > end:
                    raise
            clock.sleep(_RESET_S)

    def leave(self, *, flush: bool) -> None:
        """Let the program run without any breakpoint, close the debug module, and go back to low speed."""
        self.refresh_watchdog()
        self.link.wotf(BREAKPOINT_REGISTERS, _AFTER_RESET)
        if flush:
            self.link.wotf(reg.DM_CSR2, bytes([_STALL | _FLUSH]))
        self.link.wotf(DM_CSR1, bytes([0, _FLUSH if flush else 0]), whole=True)
        self.close()

    def close(self) -> None:
        """Close the debug module of a running CPU; an error is only logged."""
        attach.detach(self.link)

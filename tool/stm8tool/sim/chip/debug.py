"""The debug module and the CPU's register window: stall, resume, and as much of stepping as needs no CPU.

Of all instructions one is known here: the jump in the reset vector, INT (82) or JPF (AC). Behind it the CPU stays, as
if the program were an endless loop on its first instruction; so there it is found when it is stalled, and its other
registers hold what a reset left in them. Sent into RAM it stays there likewise. To step on, to be sent elsewhere, or to
wait for a breakpoint is a gap.

Source: UM0470, debug module registers; reset values of ST's header files; PM0044 for the two instructions. That STF
stands until the CPU goes on is our reading of "a step stopped it".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from ..gap import SimGapError

CPU_REGISTERS = 0x7F00
DM_REGISTERS = 0x7F90
PC = range(0x7F01, 0x7F04)
DM_CR1 = 0x7F96
DM_CSR1 = 0x7F98
DM_CSR2 = 0x7F99
RESET_VECTOR = 0x8000

STE, STF, RESET_FLAG = 0x40, 0x20, 0x10
STALL, FLUSH = 0x08, 0x01
BREAK_MODE, FETCH_EITHER = 0x3E, 0x28  # BC2..BIW; BC=101: stop at a fetch from BK1 or BK2

STATE = ("_cpu", "_dm", "_new_pc")

_DM_RESET = bytes([0xFF] * 6 + [0, 0, RESET_FLAG, 0, 0xFF])


class DebugModule:
    """Registers 0x7F00..0x7F0A and 0x7F90..0x7F9A.

    Args:
        stack_top: The stack pointer after a reset.
        entry: Returns where the reset vector leads, None if there is no program.
    """

    def __init__(self, stack_top: int, entry: Callable[[], Optional[int]]) -> None:
        self._stack_top = stack_top
        self._entry = entry
        self.reset(stalled=False)

    def reset(self, *, stalled: bool) -> None:
        """Do what a reset does; SWIM_DM brings the CPU up stalled."""
        self._cpu = bytearray(11)
        self._pc = RESET_VECTOR
        self._cpu[8:10] = self._stack_top.to_bytes(2, "big")
        self._cpu[10] = 0x28
        self._dm = bytearray(_DM_RESET)
        self._new_pc = False  # PC was written and not flushed into the pipeline
        self._dm[DM_CSR2 - DM_REGISTERS] = STALL * stalled

    @property
    def stalled(self) -> bool:
        """DM_CSR2.STALL."""
        return bool(self._dm[DM_CSR2 - DM_REGISTERS] & STALL)

    @property
    def _pc(self) -> int:
        return int.from_bytes(self._cpu[1:4], "big")

    @_pc.setter
    def _pc(self, address: int) -> None:
        self._cpu[1:4] = address.to_bytes(3, "big")

    @property
    def in_ram(self) -> bool:
        """True where the CPU was sent into RAM, by another one than the reset vector."""
        return self._pc <= self._stack_top and self._pc != self._entry()

    @property
    def _csr1(self) -> int:
        return self._dm[DM_CSR1 - DM_REGISTERS]

    @_csr1.setter
    def _csr1(self, value: int) -> None:
        self._dm[DM_CSR1 - DM_REGISTERS] = value

    @property
    def pc(self) -> int:
        """Where the CPU was seen last."""
        return self._pc

    def leave_at(self, pc: int, a: int, x: int, y: int, sp: int, cc: int) -> None:
        """Take over the registers of a CPU that has executed elsewhere."""
        self._cpu[0] = a
        self._pc = pc
        for at, word in ((4, x), (6, y), (8, sp)):
            self._cpu[at : at + 2] = word.to_bytes(2, "big")
        self._cpu[10] = cc

    def holds(self, address: int) -> bool:
        """True for an address of this module."""
        return 0 <= address - CPU_REGISTERS < 11 or 0 <= address - DM_REGISTERS < 11

    def read(self, address: int) -> int:
        """Return one register."""
        if address >= DM_REGISTERS:
            return self._dm[address - DM_REGISTERS]
        if not self.stalled:
            raise SimGapError("CPU registers read while the CPU runs")
        return self._cpu[address - CPU_REGISTERS]

    def write(self, address: int, value: int, *, may_run: bool) -> None:
        """Write one register; without `may_run` the CPU stays stalled whatever is asked (ROP, half a block)."""
        if address < DM_REGISTERS:
            self._cpu[address - CPU_REGISTERS] = value
            self._new_pc = self._new_pc or address in PC
        elif address == DM_CSR2:
            self._write_csr2(value, may_run=may_run)
        elif address == DM_CSR1:
            self._csr1 = value & ~STF | self._csr1 & STF
        else:
            self._dm[address - DM_REGISTERS] = value

    def _write_csr2(self, value: int, *, may_run: bool) -> None:
        if value & FLUSH:
            self._new_pc = False
        if self.stalled and not value & STALL:
            value |= self._go() if may_run else STALL
        elif value & STALL and not self.stalled:
            self._follow_vector()
        self._dm[DM_CSR2 - DM_REGISTERS] = value & ~FLUSH

    def _go(self) -> int:
        """Let the CPU go on; return STALL if it stops again at once, which is what a step does."""
        if self._new_pc:
            raise SimGapError("the CPU went on with a new PC that was not flushed into its pipeline")
        if not self.in_ram and self._pc not in (RESET_VECTOR, self._entry()):
            raise SimGapError(f"the CPU was sent to 0x{self._pc:06X}: no code is executed here")
        self._csr1 &= ~STF
        if self._csr1 & STE:
            if not self._follow_vector():
                raise SimGapError(f"a step at 0x{self._pc:06X}: only the jump in the reset vector is executed here")
            self._csr1 |= STF
            return STALL
        if self._waits_for_breakpoint():
            raise SimGapError("the CPU went on with a breakpoint set: no code is executed here")
        return 0

    def _follow_vector(self) -> bool:
        """Take the jump in the reset vector if the CPU is there; return whether it was."""
        entry = self._entry()
        if entry is None or self._pc != RESET_VECTOR:
            return False
        self._pc = entry
        return True

    def _waits_for_breakpoint(self) -> bool:
        mode = self._dm[DM_CR1 - DM_REGISTERS] & BREAK_MODE
        return mode not in (0, FETCH_EITHER) or (mode == FETCH_EITHER and bytes(self._dm[:6]) != _DM_RESET[:6])

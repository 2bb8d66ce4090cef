"""The debug module and the CPU's register window: stall, resume, and nothing that would need to execute code.

Source: UM0470, debug module registers; reset values of ST's header files.
"""

from __future__ import annotations

from .gap import SimGapError

CPU_REGISTERS = 0x7F00
DM_REGISTERS = 0x7F90
PC = range(0x7F01, 0x7F04)
DM_CR1 = 0x7F96
DM_CSR1 = 0x7F98
DM_CSR2 = 0x7F99

STE, RESET_FLAG = 0x40, 0x10
STALL, FLUSH = 0x08, 0x01
BREAK_MODE = 0x3E

STATE = ("_cpu", "_dm", "_new_pc", "_has_run")

_DM_RESET = bytes([0xFF] * 6 + [0, 0, RESET_FLAG, 0, 0xFF])


class DebugModule:
    """Registers 0x7F00..0x7F0A and 0x7F90..0x7F9A."""

    def __init__(self, stack_top: int) -> None:
        self._stack_top = stack_top
        self.reset(stalled=False)

    def reset(self, *, stalled: bool) -> None:
        """Do what a reset does; SWIM_DM brings the CPU up stalled."""
        self._cpu = bytearray(11)
        self._cpu[1:4] = (0x8000).to_bytes(3, "big")
        self._cpu[8:10] = self._stack_top.to_bytes(2, "big")
        self._cpu[10] = 0x28
        self._dm = bytearray(_DM_RESET)
        self._new_pc = False
        self._has_run = not stalled
        self.stalled = stalled

    @property
    def stalled(self) -> bool:
        """DM_CSR2.STALL."""
        return bool(self._dm[DM_CSR2 - DM_REGISTERS] & STALL)

    @stalled.setter
    def stalled(self, value: bool) -> None:
        csr2 = self._dm[DM_CSR2 - DM_REGISTERS]
        self._dm[DM_CSR2 - DM_REGISTERS] = csr2 | STALL if value else csr2 & ~STALL

    def holds(self, address: int) -> bool:
        """True for an address of this module."""
        return 0 <= address - CPU_REGISTERS < 11 or 0 <= address - DM_REGISTERS < 11

    def read(self, address: int) -> int:
        """Return one register."""
        if address >= DM_REGISTERS:
            return self._dm[address - DM_REGISTERS]
        if self._has_run:
            raise SimGapError("CPU registers read after the program ran: no code is executed here")
        return self._cpu[address - CPU_REGISTERS]

    def write(self, address: int, value: int, *, may_run: bool) -> None:
        """Write one register; without `may_run` the CPU stays stalled whatever is asked (ROP, half a block)."""
        if address < DM_REGISTERS:
            self._cpu[address - CPU_REGISTERS] = value
            self._new_pc = self._new_pc or address in PC
        elif address == DM_CSR2:
            self._write_csr2(value, may_run=may_run)
        else:
            self._dm[address - DM_REGISTERS] = value

    def _write_csr2(self, value: int, *, may_run: bool) -> None:
        resumes = self.stalled and not value & STALL
        if resumes and not may_run:
            value |= STALL
        elif resumes:
            if self._new_pc:
                raise SimGapError("the CPU was sent to another address: no code is executed here")
            if self._dm[DM_CSR1 - DM_REGISTERS] & STE or self._dm[DM_CR1 - DM_REGISTERS] & BREAK_MODE:
                raise SimGapError("resumed with a step or breakpoint armed: no code is executed here")
            self._has_run = True
        self._dm[DM_CSR2 - DM_REGISTERS] = value & ~FLUSH

"""The debug module and the CPU's register window: stall, go on, step, and the breakpoints.

While the CPU executes, its registers are in `sim/execution.py`, which asks this module when to stop it. At all other
times the registers are here: SWIM reads and writes them here, and a chip file keeps them.

Source: UM0470, debug module registers; reset values of ST's header files. Our readings are these. STF, BK1F, BK2F, BRW
and SWBKF stand until the CPU goes on: no source says that another event clears them. BRW is 1 for a read. A breakpoint
does not stop the first instruction after a stall. WDGOFF holds a watchdog while the CPU is stalled, unless an option
byte has started it (UM0470 4.3.4). DM_ENFCTR freezes peripherals of a stalled CPU, and DM_CR2 forces vectors. We know
no source for their bits, so any value except that of a reset is a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Optional

from ..gap import SimGapError
from ..rules import FLAG, TEXT, hex_bytes, one_of
from ..state import GIVEN, State
from .breakpoints import Access, Breakpoints

CPU_REGISTERS = 0x7F00
DM_REGISTERS = 0x7F90
PC = range(0x7F01, 0x7F04)
DM_CR1 = 0x7F96
DM_CR2 = 0x7F97
DM_CSR1 = 0x7F98
DM_CSR2 = 0x7F99
DM_ENFCTR = 0x7F9A
_CSR2 = DM_CSR2 - DM_REGISTERS
RESET_VECTOR = 0x8000

WDGOFF = 0x80
STE, STF, RESET_FLAG, BRW, BK2F, BK1F = 0x40, 0x20, 0x10, 0x08, 0x04, 0x02
STOP_FLAGS = STF | BRW | BK2F | BK1F
SWBKE, SWBKF, STALL, FLUSH = 0x20, 0x10, 0x08, 0x01

_DM_RESET = bytes([0xFF] * 6 + [0, 0, RESET_FLAG, 0, 0xFF])


class DebugModule:
    """Registers 0x7F00..0x7F0A and 0x7F90..0x7F9A.

    Args:
        stack_top: The stack pointer after a reset.
        entry: Returns the address to which the reset vector leads, None if there is no program.

    Attributes:
        sleep: WFI, WFE or HALT while the CPU waits in it, else "".
        stopped: Why the CPU cannot go on until a reset, or "".
        pair_step: The first of two breakpoints that have to come one after the other has come.
        breakpoints: The conditions that the registers set.
    """

    STATE = State(
        {
            "_cpu": hex_bytes(11),
            "_registers": hex_bytes(11),
            "_new_pc": FLAG,
            "_fresh": FLAG,
            "sleep": one_of("", "WFI", "WFE", "HALT"),
            "stopped": TEXT,
            "pair_step": FLAG,
        },
        left={
            **dict.fromkeys(("_stack_top", "_entry"), GIVEN),
            **dict.fromkeys(("_dm", "breakpoints"), "saved as `registers`"),
        },
    )

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
        self._fresh = False  # the CPU was released and has not executed an instruction yet
        self.sleep = self.stopped = ""
        self.pair_step = False
        self._csr2 = STALL * stalled
        self.breakpoints = Breakpoints(self._dm)

    @property
    def stalled(self) -> bool:
        """DM_CSR2.STALL."""
        return bool(self._dm[_CSR2] & STALL)

    @property
    def _pc(self) -> int:
        return int.from_bytes(self._cpu[1:4], "big")

    @_pc.setter
    def _pc(self, address: int) -> None:
        self._cpu[1:4] = address.to_bytes(3, "big")

    @property
    def in_ram(self) -> bool:
        """True if the CPU was sent into RAM, not by the reset vector."""
        return self._pc <= self._stack_top and self._pc != self._entry()

    @property
    def _csr1(self) -> int:
        return self._dm[DM_CSR1 - DM_REGISTERS]

    @_csr1.setter
    def _csr1(self, value: int) -> None:
        self._dm[DM_CSR1 - DM_REGISTERS] = value

    @property
    def _csr2(self) -> int:
        return self._dm[_CSR2]

    @_csr2.setter
    def _csr2(self, value: int) -> None:
        self._dm[_CSR2] = value

    @property
    def _registers(self) -> bytes:
        return bytes(self._dm)

    @_registers.setter
    def _registers(self, values: bytes) -> None:
        self._dm = bytearray(values)
        self.breakpoints = Breakpoints(self._dm)

    # -- for the CPU --------------------------------------------------------------------------------------------

    @property
    def pc(self) -> int:
        """The address at which the CPU was seen last."""
        return self._pc

    @property
    def registers(self) -> tuple[int, int, int, int, int, int]:
        """PC, A, X, Y, SP, CC."""
        cpu = self._cpu
        return self._pc, cpu[0], *(cpu[at] << 8 | cpu[at + 1] for at in (4, 6, 8)), cpu[10]  # type: ignore[return-value]

    def leave_at(self, pc: int, a: int, x: int, y: int, sp: int, cc: int) -> None:
        """Take over the registers of a CPU that has executed."""
        self._cpu[0] = a
        self._pc = pc
        for at, word in ((4, x), (6, y), (8, sp)):
            self._cpu[at : at + 2] = word.to_bytes(2, "big")
        self._cpu[10] = cc

    @property
    def stepping(self) -> bool:
        """True if the CPU stalls again after one instruction."""
        return bool(self._csr1 & STE)

    @property
    def looks_closely(self) -> bool:
        """True if each instruction has to be looked at: a step, a range, an access to data."""
        return self._fresh or self.stepping or self.breakpoints.looks_closely

    @property
    def watchdogs_off(self) -> bool:
        """True while the module keeps the watchdogs from counting: WDGOFF, and only while the CPU is stalled."""
        return self.stalled and bool(self._dm[DM_CR1 - DM_REGISTERS] & WDGOFF)

    def stops_before(self, pc: int) -> bool:
        """Stall before the instruction at an address if a breakpoint says so; return whether it does."""
        flags = self.breakpoints.fetched(pc, self)
        if self._fresh or not flags:
            return False
        self._stall(flags)
        return True

    def executed(self, accesses: Iterable[Access]) -> bool:
        """Take note of an instruction that was executed and of its accesses; return whether the CPU stalls."""
        self._fresh = False
        flags = 0
        for access in accesses:
            flags |= self.breakpoints.accessed(access)
        if self.stepping:
            flags |= STF
        if flags:
            self._stall(flags)
        return bool(flags)

    def takes_break(self) -> bool:
        """Stall at BREAK if SWBKE is set; return whether it is."""
        if not self._csr2 & SWBKE:
            return False
        self._csr2 |= STALL | SWBKF
        return True

    def _stall(self, flags: int) -> None:
        self._csr1 |= flags
        self._csr2 |= STALL

    # -- for SWIM -----------------------------------------------------------------------------------------------

    def holds(self, address: int) -> bool:
        """True for an address of this module."""
        return 0 <= address - CPU_REGISTERS < 11 or 0 <= address - DM_REGISTERS < 11

    def is_module(self, address: int, size: int) -> bool:
        """True if all addresses are those of its own registers, not of the CPU's."""
        return address >= DM_REGISTERS and address + size <= DM_REGISTERS + len(self._dm)

    def read(self, address: int) -> int:
        """Return one register."""
        if address >= DM_REGISTERS:
            return self._dm[address - DM_REGISTERS]
        if not self.stalled:
            raise SimGapError("CPU registers read while the CPU runs")
        return self._cpu[address - CPU_REGISTERS]

    def write(self, address: int, value: int, *, may_run: bool) -> None:
        """Write one register; without `may_run` the CPU stays stalled in any case (ROP, half a block)."""
        if address < DM_REGISTERS:
            if not self.stalled:
                raise SimGapError("CPU registers written while the CPU runs")
            self._cpu[address - CPU_REGISTERS] = value
            self._new_pc = self._new_pc or address in PC
        elif address == DM_CSR2:
            self._write_csr2(value, may_run=may_run)
        elif address == DM_CSR1:
            self._csr1 = value & ~STOP_FLAGS | self._csr1 & STOP_FLAGS
        elif address in (DM_CR2, DM_ENFCTR):
            if value != _DM_RESET[address - DM_REGISTERS]:
                raise SimGapError(f"0x{value:02X} in {'DM_CR2' if address == DM_CR2 else 'DM_ENFCTR'}")
        else:
            self._dm[address - DM_REGISTERS] = value
            self.pair_step = False
            self.breakpoints = Breakpoints(self._dm)

    def _write_csr2(self, value: int, *, may_run: bool) -> None:
        if value & FLUSH:
            self._new_pc = False
        if self.stalled and not value & STALL:
            value |= 0 if may_run else STALL
            if may_run:
                self._go()
        self._csr2 = value & ~(FLUSH | SWBKF) | self._csr2 & SWBKF

    def _go(self) -> None:
        """Let the CPU go on."""
        if self._new_pc:
            raise SimGapError("the CPU went on with a new PC that was not flushed into its pipeline")
        if self.stepping and self._entry() is None and self._pc == RESET_VECTOR:
            raise SimGapError("a step on a blank chip: its code is not modelled")
        self._csr1 &= ~STOP_FLAGS
        self._csr2 &= ~SWBKF
        self._fresh = True

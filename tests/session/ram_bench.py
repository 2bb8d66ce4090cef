"""A chip whose CPU executes what is in its RAM, behind a SWIM link that moves bytes and time, and nothing else.

For tests of the RAM loader alone: no probe, no USB, but their times. The keys are open.
"""

from __future__ import annotations

from typing import Optional

from stm8tool.errors import SwimError
from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.clock import VirtualClock
from stm8tool.sim.execution import Execution

TRANSFER_S = {"v2": 0.001, "v3": 0.0002}
DM_CSR2, STALL = 0x7F99, 0x08
CPU = range(0x7F00, 0x7F0B)


class RamBench:
    """A `SwimLink` as far as `Core.read` and `Core.write` use it."""

    def __init__(self, part: str, model: str = "v3") -> None:
        self.part = find_part(part)
        self.chip = Microcontroller(self.part)
        self.chip.controller.pul = self.chip.controller.dul = True
        self.clock = VirtualClock()
        self.high_speed = True
        self.most_written = 6144
        self.reads_repeated = 0
        self.transfers = 0
        self.fail_after: Optional[int] = None
        self._transfer_s = TRANSFER_S[model]
        self._execution: Optional[Execution] = None
        self._cpu = bytearray(11)

    def _pass(self, transfers: int, size: int) -> None:
        self.transfers += transfers
        if self.fail_after is not None and self.transfers > self.fail_after:
            raise SwimError("the chip does not answer", status=0x04)
        self.clock.sleep(transfers * self._transfer_s + (-(-size // 255) * 50 + size * 11) * 1.25e-6)
        if self._execution:
            self._execution.run(self.clock.now())

    def rotf(self, address: int, size: int) -> bytes:
        self._pass(5, size)
        if address + size <= self.part.ram.end:
            memory = self._execution.memory if self._execution else self.chip.ram.data
            return bytes(memory[address : address + size])
        data = b""
        while len(data) < size:
            data += self.chip.map.read(address + len(data), size - len(data), self.clock.now()) or b"\0"
        return data

    def wotf(self, address: int, data: bytes, *, whole: bool = False) -> None:
        self._pass(3 + (len(data) > 8), len(data))
        if address in CPU:
            self._cpu[address - CPU.start : address - CPU.start + len(data)] = data
        elif address == DM_CSR2:
            self._set_stall(bool(data[0] & STALL))
        elif self._execution:
            self._execution.memory[address : address + len(data)] = data
        else:
            self.chip.ram.write(address, data)

    def reset(self) -> None:
        """Reset the chip, as the end of a session does."""
        now = self.clock.now()
        if self._execution:
            self._execution.run(now)
            self._execution = None
        self.chip.reset_by_program(now)

    def _set_stall(self, stall: bool) -> None:
        if stall:
            self._execution = None
        elif self._execution is None:
            self._execution = Execution(self.chip, self.clock.now())
            core = self._execution.core
            core.pc = int.from_bytes(self._cpu[1:4], "big")
            core.sp = int.from_bytes(self._cpu[8:10], "big")

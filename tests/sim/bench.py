"""A simulated board driven by raw bytes, as the logs of real exchanges have them; no driver is involved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.clock import VirtualClock
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.switches import Switches

LIMIT_S = 1.0
CSR, DM_CSR2 = 0x7F80, 0x7F99
ENDLESS = bytes.fromhex("82008004 20FE")  # a program: the vector, and an endless loop
OK, BUSY, SILENT, REFUSED = 0x00, 0x01, 0x04, 0x05

REGISTERS = {
    "stm8s": {"CR1": 0x505A, "CR2": 0x505B, "IAPSR": 0x505F, "PUKR": 0x5062, "DUKR": 0x5064},
    "stm8l": {"CR1": 0x5050, "CR2": 0x5051, "IAPSR": 0x5054, "PUKR": 0x5052, "DUKR": 0x5053},
}


class Bench:
    """A chip, a probe, and the few steps that every test needs."""

    def __init__(
        self,
        part: str = "stm8s103f3",
        model: str = "v2",
        *,
        locked: bool = False,
        faults: Iterable[str] = (),
        switches: Optional[Switches] = None,
        program: bytes = b"",
    ) -> None:
        self.clock = VirtualClock()
        self.chip = Microcontroller(find_part(part), locked=locked, switches=switches)
        self.chip.flash.write(self.chip.part.flash.start, program)
        self.probe = SimStlink(self.chip, model, clock=self.clock, faults=faults)
        self.registers = REGISTERS[self.chip.part.flash_regs]
        self.block = self.chip.part.block

    @property
    def state(self) -> str:
        """What the CPU does now."""
        self.chip.settle(self.clock.now())
        return self.chip.state

    # -- the pipe -------------------------------------------------------------------------------------------

    def send(self, command: str, data: bytes = b"") -> None:
        """Send one command of 16 bytes, zero padded."""
        self.probe.write((bytes.fromhex(command) + data).ljust(16, b"\0"), LIMIT_S)

    def take(self, size: int) -> bytes:
        return self.probe.read(size, LIMIT_S)

    def ask(self, command: str, size: int) -> str:
        self.send(command)
        return self.take(size).hex(" ").upper()

    # -- SWIM -----------------------------------------------------------------------------------------------

    def poll(self) -> int:
        self.send("F4 09")
        return self.take(4)[0]

    def wait(self) -> int:
        """Poll until the operation is over; return the status."""
        for _ in range(500):
            status = self.poll()
            if status != BUSY:
                return status
        raise AssertionError("busy for 500 polls")

    def do(self, command: str) -> int:
        self.send(command)
        return self.wait()

    def write(self, address: int, *values: int) -> int:
        """WRITEMEM; return the status."""
        data = bytes(values)
        self.send("F4 0A", len(data).to_bytes(2, "big") + address.to_bytes(4, "big") + data[:8])
        if len(data) > 8:
            self.probe.write(data[8:], LIMIT_S)
        return self.wait()

    def start_read(self, address: int, size: int) -> None:
        self.send("F4 0B", size.to_bytes(2, "big") + address.to_bytes(4, "big"))

    def try_read(self, address: int, size: int = 1) -> int:
        """READMEM; return the status only."""
        self.start_read(address, size)
        return self.wait()

    def read(self, address: int, size: int = 1) -> bytes:
        assert self.try_read(address, size) == OK
        self.send("F4 0C")
        return self.take(size)

    def byte(self, address: int) -> int:
        return self.read(address)[0]

    # -- sessions -------------------------------------------------------------------------------------------

    def swim_mode(self) -> None:
        self.send("F3 07")
        self.send("F4 00")

    def connect(self, csr: int = 0xA0, *, fast: bool = False) -> Bench:
        """Enter under reset, in the order of ST's own tool up to the release of NRST."""
        self.swim_mode()
        for command in ("F4 07", "F4 08", "F4 07", "F4 04", "F4 03 00", "F4 05"):
            assert self.do(command) == OK
        assert self.write(CSR, csr) == OK
        assert self.do("F4 08") == OK
        self.clock.sleep(0.001)
        if fast:
            assert self.write(CSR, csr | 0x10) == OK
            self.send("F4 03 01")
        return self

    def attach(self) -> Bench:
        """Enter without reset: the program goes on."""
        self.swim_mode()
        assert self.do("F4 04") == OK
        assert self.write(CSR, 0xA0) == OK
        return self

    def leave(self) -> None:
        assert self.write(CSR, self.byte(CSR) | 0x04) == OK
        assert self.do("F4 05") == OK
        self.clock.sleep(0.001)

    # -- flash ----------------------------------------------------------------------------------------------

    def register(self, name: str, *values: int) -> int:
        for value in values:
            status = self.write(self.registers[name], value)
            if status != OK:
                return status
        return OK

    def iapsr(self) -> int:
        return self.byte(self.registers["IAPSR"])

    def unlock(self) -> None:
        assert self.register("PUKR", 0x56, 0xAE) == OK
        assert self.register("DUKR", 0xAE, 0x56) == OK

    def mode(self, value: int) -> int:
        """Write CR2, and NCR2 where there is one, in one transfer."""
        complement = [value ^ 0xFF] if self.chip.part.flash_regs == "stm8s" else []
        return self.write(self.registers["CR2"], value, *complement)

    def program(self, address: int, data: bytes, mode: int = 0x01) -> int:
        """Write a unit and let it finish; return IAPSR."""
        assert self.mode(mode) == OK
        assert self.write(address, *data) == OK
        self.clock.sleep(0.007)
        return self.iapsr()

    def option(self, address: int, value: int) -> int:
        """Write one option byte and let it finish; return IAPSR."""
        return self.program(address, bytes([value]), 0x80)

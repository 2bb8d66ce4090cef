"""The CPU's registers: in the window of the debug module, and in the layout that GDB and OpenOCD use.

Sources: UM0470, the registers from 0x7F00 on. The layout for GDB was seen in OpenOCD 0.12: pc with 32 bits, a, x, y,
sp, cc, most significant byte first.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW = range(0x7F00, 0x7F0B)  # A, PCE PCH PCL, XH XL, YH YL, SPH SPL, CC
MASKED = 0x28  # CC.I1 and CC.I0 both set: no interrupt comes


class Register(NamedTuple):
    """A register as GDB sees it.

    Attributes:
        name: Its name.
        size: Its bytes for GDB.
        most: Its greatest value in the chip.
        kind: GDB's type.
    """

    name: str
    size: int
    most: int
    kind: str


REGISTERS = (
    Register("pc", 4, 0xFFFFFF, "code_ptr"),
    Register("a", 1, 0xFF, "int8"),
    Register("x", 2, 0xFFFF, "int16"),
    Register("y", 2, 0xFFFF, "int16"),
    Register("sp", 2, 0xFFFF, "data_ptr"),
    Register("cc", 1, 0xFF, "int8"),
)
GDB_SIZE = sum(register.size for register in REGISTERS)


class Registers(NamedTuple):
    """The values of all registers of the CPU."""

    pc: int
    a: int
    x: int
    y: int
    sp: int
    cc: int

    @classmethod
    def from_window(cls, window: bytes) -> Registers:
        """Return the values in the 11 bytes of the debug module's window."""

        def word(at: int, size: int) -> int:
            return int.from_bytes(window[at : at + size], "big")

        return cls(word(1, 3), window[0], word(4, 2), word(6, 2), word(8, 2), window[10])

    def window(self) -> bytes:
        """Return the 11 bytes of the debug module's window."""
        words = b"".join(value.to_bytes(2, "big") for value in (self.x, self.y, self.sp))
        return bytes([self.a]) + self.pc.to_bytes(3, "big") + words + bytes([self.cc])

    @classmethod
    def from_gdb(cls, data: bytes) -> Registers:
        """Return the values in `GDB_SIZE` bytes of a packet; bits that the chip does not have are dropped."""
        values, at = [], 0
        for register in REGISTERS:
            values.append(int.from_bytes(data[at : at + register.size], "big") & register.most)
            at += register.size
        return cls(*values)

    def for_gdb(self) -> bytes:
        """Return the bytes for a packet."""
        return b"".join(value.to_bytes(register.size, "big") for register, value in zip(REGISTERS, self))

    def with_value(self, number: int, value: int) -> Registers:
        """Return these registers with another value in the one of that number."""
        register = REGISTERS[number]
        return self._replace(**{register.name: value & register.most})

"""Text for machine code, from the same table that is executed."""

from __future__ import annotations

from stm8tool.sim.cpu.core import decode
from stm8tool.sim.cpu.generate import relative
from stm8tool.sim.cpu.opcodes import MODES
from stm8tool.sim.cpu.writer import Instruction


def text(instruction: Instruction) -> str:
    """Return an instruction as PM0044 writes it."""
    row, numbers = instruction.row, list(instruction.operands)
    if row.mode.endswith("rel"):
        target = relative(instruction.next, numbers[-1])
        numbers[-1] = target if isinstance(target, int) else 0
    operand = MODES[row.mode][1].format(*numbers, bit=row.reg)
    return f"{row.mnemonic} {row.operands.format(m=operand)}".rstrip()


def disassemble(code: bytes, address: int = 0, origin: int = 0) -> str:
    """Return the text for the instruction at an address of `code`, whose first byte is at `origin`."""
    offset = address - origin
    found = decode(bytearray(code) + bytes(8), offset)
    return text(found._replace(address=address)) if found else f"illegal 0x{code[offset]:02X}"

"""The memory of a chip for a debugger: read it, write it, and breakpoints in RAM.

RAM and registers are written directly. Flash and EEPROM are programmed block by block, only while the CPU is halted.
Option bytes are not written here: one wrong byte can lock or ruin a chip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Optional

from ..chip import registers as reg
from ..chip.flash.controller import Flash
from ..chip.flash.swim_work import SwimWork
from ..chip.options import protection
from ..errors import Code, TargetError
from ..image import Segment
from ..parts.table import Part
from ..words import Hint
from .registers import WINDOW, Registers

if TYPE_CHECKING:
    from ..chip.link.core import Core

BREAK = 0x8B
SPACE = 1 << 24
_LINE = 64  # bytes of flash that are read at once for the next instructions
_OWN = range(reg.SWIM_CSR, 0x7FA0)  # SWIM_CSR and the debug module


def _no_progress(_stage: str, _done: int, _total: int) -> None:
    """Report nothing."""


class DebuggedMemory:
    """All addresses of one chip.

    Args:
        core: The chip's bus.
        part: The chip.
    """

    def __init__(self, core: Core, part: Part) -> None:
        self._core = core
        self._part = part
        self._breaks: dict[int, int] = {}  # the byte that BREAK stands for, by address
        self._lines: dict[int, bytes] = {}  # of flash, until the CPU runs

    def runs(self) -> None:
        """Forget what a running program may change."""
        self._lines.clear()

    # -- bytes ------------------------------------------------------------------------------------------------

    def read(self, address: int, size: int, registers: Optional[Registers] = None) -> bytes:
        """Return bytes; in place of a breakpoint the program's own byte, and those of the CPU's `registers`.

        Raises:
            TargetError: There is no such address, or the CPU runs (None) and the piece holds registers of it.
        """
        self.require_address(address, size)
        window = _shared(range(address, address + size), WINDOW)
        if window:
            if registers is None:
                raise _runs_error("its registers cannot be read")
            held = registers.window()[window.start - WINDOW.start : window.stop - WINDOW.start]
            rest = self.read(window.stop, address + size - window.stop)
            return self.read(address, window.start - address) + held + rest
        data = bytearray(self._core.read(address, size) if size else b"")
        for at, byte in self._breaks.items():
            if address <= at < address + size:
                data[at - address] = byte
        return bytes(data)

    def code(self, address: int, size: int) -> bytes:
        """Return bytes of an instruction of the halted CPU; flash is read only once."""
        flash = self._part.flash
        if not flash.start <= address <= flash.end - size:
            return self.read(address, size)
        start = address - address % _LINE
        found = b""
        for line in (start, start + _LINE):
            if len(found) < address - start + size:
                if line not in self._lines:
                    self._lines[line] = self.read(line, _LINE)
                found += self._lines[line]
        return found[address - start : address - start + size]

    def write(self, address: int, data: bytes, registers: Optional[Registers] = None) -> Optional[Registers]:
        """Write bytes anywhere, except to option bytes and to the debugger's own registers.

        Args:
            address: The address of data[0].
            data: The bytes.
            registers: Those of the halted CPU; None while it runs.

        Returns:
            The registers, which may be among the bytes.

        Raises:
            TargetError: There is no such address, it must not be written, or not while the CPU runs.
            WriteProtectedError, ProgramError, VerifyError: Flash or EEPROM does not take the bytes.
        """
        self._require_writable(address, len(data))
        part, end = self._part, address + len(data)
        arrays = list(_pieces(address, data, [(memory.start, memory.end) for memory in part.programmable]))
        window = _shared(range(address, end), WINDOW)
        if registers is None and (arrays or window):
            raise _runs_error("flash, EEPROM and its registers cannot be written")
        self._lines.clear()
        inside = {at for piece in arrays for at in range(piece.address, piece.end)} | set(window)
        for piece in _pieces(address, data, _outside(address, end, inside)):
            self._write_directly(piece.address, piece.data)
        if arrays:
            self._program(arrays)
        if registers is None or not window:
            return registers
        held = bytearray(registers.window())
        held[window.start - WINDOW.start : window.stop - WINDOW.start] = data[
            window.start - address : window.stop - address
        ]
        return Registers.from_window(bytes(held))

    def _require_writable(self, address: int, size: int) -> None:
        self.require_address(address, size)
        wanted, options = range(address, address + size), self._part.options
        if _shared(wanted, range(options.start, options.end)):
            raise TargetError(
                "a debugger does not write option bytes: a wrong one can lock or ruin the chip",
                code=Code.DANGEROUS_WRITE,
                hint=Hint("{options_set} checks them, and sets the complements"),
            )
        if address + size > self._part.flash.end:
            first = max(address, self._part.flash.end)
            raise TargetError(
                f"0x{first:06X} is after the end of the flash, and the {self._part.name} has no memory there",
                code=Code.DEBUG,
                hint="give an address of the chip",
            )
        if _shared(wanted, _OWN):
            raise TargetError(
                "the debugger itself uses the registers from 0x7F80 to 0x7F9F",
                code=Code.DANGEROUS_WRITE,
                hint="use breakpoints, reset and halt of the debugger",
            )

    def _write_directly(self, address: int, data: bytes) -> None:
        kept = bytearray(data)
        for at in self._breaks:
            if address <= at < address + len(data):
                self._breaks[at] = data[at - address]
                kept[at - address] = BREAK
        self._core.write(address, bytes(kept))

    def _program(self, segments: list[Segment]) -> None:
        """Program what differs; the memory stays open until the next reset, as no command locks it (UM0560)."""
        flash = Flash(self._core, self._part)
        work = SwimWork(flash, _no_progress)
        blocks = work.differing(segments, verify=True)
        if not blocks:
            return
        addresses = [block.address for block in blocks]
        protection.require_unprotected(flash, addresses)
        locks = flash.locks_of(addresses)
        flash.unlock(program=locks.program, data=locks.data)
        work.program(blocks, lambda block: None, lambda block: None)
        work.check(blocks)

    def require_address(self, address: int, size: int) -> None:
        """Raise TargetError unless all of these bytes have addresses of 24 bits."""
        if not 0 <= address <= address + size <= SPACE:
            raise TargetError(
                f"0x{address:06X} and {size} bytes: the chip's addresses end at 0xFFFFFF",
                code=Code.USAGE,
                hint="give an address of the chip",
            )

    # -- breakpoints in RAM -----------------------------------------------------------------------------------

    @property
    def has_breaks(self) -> bool:
        """True if there is any."""
        return bool(self._breaks)

    def has_break(self, address: int) -> bool:
        """Tell whether there is one at an address."""
        return address in self._breaks

    def is_ram(self, address: int) -> bool:
        """Tell whether an address is in RAM."""
        return self._part.ram.start <= address < self._part.ram.end

    def require_code(self, address: int) -> None:
        """Raise TargetError if the CPU cannot execute at an address, so that a breakpoint there would never stop it."""
        part = self._part
        if any(memory.start <= address < memory.end for memory in (part.flash, part.ram)):
            return
        rom = part.boot_rom
        if rom is not None and rom.start <= address < rom.end:
            return
        where = next((memory.name for memory in part.memories if memory.start <= address < memory.end), "no memory")
        raise TargetError(
            f"no breakpoint at 0x{address:06X}: {'this is ' + where if where == 'no memory' else 'this is in ' + where}"
            f", and the CPU of the {part.name} executes only flash and RAM",
            code=Code.DEBUG,
            hint="a watchpoint there stops the program when it reads or writes the byte",
        )

    def set_break(self, address: int) -> None:
        """Put BREAK into RAM."""
        if address not in self._breaks:
            held = self._core.read(address, 1)[0]
            self._core.write(address, bytes([BREAK]))
            self._breaks[address] = held

    def clear_break(self, address: int) -> bool:
        """Put the program's byte back; False if there is no breakpoint."""
        if address not in self._breaks:
            return False
        if self._core.read(address, 1)[0] == BREAK:  # the program may have written new code there
            self._core.write(address, bytes([self._breaks[address]]))
        del self._breaks[address]
        return True

    def clear_breaks(self) -> bool:
        """Remove all; False if there was none."""
        found = list(self._breaks)
        for address in found:
            self.clear_break(address)
        return bool(found)

    def look_for_breaks(self) -> bool:
        """Forget those that RAM does not hold any more; False if there is such a one."""
        lost = [address for address in self._breaks if self._core.read(address, 1)[0] != BREAK]
        for address in lost:
            del self._breaks[address]
        return not lost

    def forget_breaks(self) -> None:
        """Forget all: the RAM has other contents now."""
        self._breaks.clear()


def _shared(one: range, other: range) -> range:
    """Return the addresses that are in both."""
    start = max(one.start, other.start)
    return range(start, max(start, min(one.stop, other.stop)))


def _runs_error(consequence: str) -> TargetError:
    return TargetError(f"the CPU runs, so {consequence}", code=Code.DEBUG, hint="halt it first")


def _pieces(address: int, data: bytes, ranges: Iterable[tuple[int, int]]) -> Iterator[Segment]:
    """Yield the parts of `data` that lie in the ranges, by address."""
    for start, end in sorted(ranges):
        low, high = max(start, address), min(end, address + len(data))
        if low < high:
            yield Segment(low, data[low - address : high - address])


def _outside(start: int, end: int, inside: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the ranges from `start` to `end` that are not `inside`."""
    begun = start
    for at in range(start, end + 1):
        if at == end or at in inside:
            if begun < at:
                yield begun, at
            begun = at + 1

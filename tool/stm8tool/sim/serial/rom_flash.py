"""The flash controller in the hands of a boot ROM: keys, and the operations that an STM8L does by itself.

Source: RM0013 and RM0031, "Flash program memory"; UM0560: which option bytes a program of the chip may write.
"""

from __future__ import annotations

from ..chip.flash_keys import DUL, PUL
from ..chip.memory import Memory
from ..chip.powered import PoweredChip

_KEYS = {"stm8s": (0x5062, 0x5064), "stm8l": (0x5052, 0x5053)}
_BLOCK, _ERASE, _OPTION = 0x01, 0x20, 0x80  # of CR2
_BLOCK_ERASED = bytes(4)


class RomFlash:
    """The flash controller of one chip, in the hands of its boot ROM."""

    def __init__(self, chip: PoweredChip) -> None:
        self._chip = chip

    def unlock(self, memory: Memory, now: float) -> None:
        """Give the keys of a memory, unless it is open."""
        chip, controller = self._chip, self._chip.controller
        program, data = _KEYS[chip.part.flash_regs]
        in_flash = memory is chip.flash
        status = PUL * controller.pul | DUL * controller.dul
        if not status & (PUL if in_flash else DUL):
            for key in (0x56, 0xAE) if in_flash else (0xAE, 0x56):
                chip.map.write(program if in_flash else data, bytes([key]), now, 0.0, False)

    def may_change(self, address: int, data: bytes) -> bool:
        """Tell whether a program of the chip may write these option bytes: all except ROP, on STM8L also except UBC."""
        rop = self._chip.part.options.start
        closed = {rop} if self._chip.part.flash_regs == "stm8s" else {rop, 0x4802, 0x4807}
        return not closed & set(range(address, address + len(data)))

    def store(self, memory: Memory, address: int, data: bytes, now: float, *, whole: bool) -> tuple[bool, float]:
        """Write a whole block, or bytes one by one; return whether that succeeded, and when it ended."""
        if whole:
            return self._operate(_BLOCK, memory, address, data, now)
        mode = _OPTION * (memory is self._chip.options.memory)
        fine = True
        for at, byte in enumerate(data, address):
            done, now = self._operate(mode, memory, at, bytes([byte]), now)
            fine = done and fine
        return fine, now

    def erase(self, memory: Memory, address: int, now: float) -> tuple[bool, float]:
        """Erase a block; return whether that succeeded, and when it ended."""
        return self._operate(_ERASE, memory, address, _BLOCK_ERASED, now)

    def _operate(self, mode: int, memory: Memory, address: int, data: bytes, now: float) -> tuple[bool, float]:
        chip, controller = self._chip, self._chip.controller
        controller.by_program = True
        try:
            controller.write_register("CR2", mode, False)
            for at, byte in enumerate(data, address):
                if not controller.loads_on(at, byte):
                    controller.write_array(memory, at, bytes([byte]), now, 0.0, False)
            refused = not controller.busy
            now = max(now, controller.busy_until)
            controller.settle(now)
            status = controller.read_register("IAPSR", now) or 0
            controller.write_register("CR2", 0, False)
        finally:
            controller.by_program = False
        chip.settle(now)
        return not refused and bool(status & 0x04) and not status & 0x01, now

"""The flash controller, through SWIM: keys, block programming, block erase, option byte writes.

One procedure serves both register maps. The CPU must be stalled: ST asks for that in every block operation
over SWIM (PM0054 5.2). If an operation fails, this module reports it and never repeats it.

Sources: RM0016 4.5-4.8, RM0013, PM0054 4.4, 5.2-5.6, PM0047, times from the datasheets; confidence high.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import NamedTuple, Optional

from ...errors import LINK_ERRORS, Code, ProgramError
from ...parts.table import Part
from ...support.interrupts import shield
from ...words import Hint
from .. import registers as reg
from ..link.core import Core
from ..options import datasize

PROGRAM_S = 0.006  # typical, erase and write; 6.6 ms at most on STM8S
PROGRAM_BLANK_S = 0.003
FINISH_LIMIT_S = 0.05  # after the typical time; the manuals give no maximum for STM8L
_POLL_STEP_S = 0.0005
# One trace of an STM8S shows 3 ms; another tool waits for up to 2 s (confidence medium).
_GLOBAL_ERASE_LIMIT_S = 2.0
_KEY_TRIES = 3  # an STM8L151 was seen to need the right keys twice (confidence medium)

_KEYS_HINT = "power the board off and on, then retry"

_log = logging.getLogger(__name__)


class RefusedError(ProgramError):
    """The controller set WR_PG_DIS: the page is protected, by ROP or by UBC."""


class Locks(NamedTuple):
    """Which of the two locks must open: that of the program memory, and that of data EEPROM and option bytes."""

    program: bool
    data: bool


class Flash:
    """The flash controller of a connected chip; programs flash, EEPROM and option bytes.

    Attributes:
        core: The chip's bus.
        part: The chip.
    """

    def __init__(self, core: Core, part: Part) -> None:
        self.core = core
        self.part = part
        self._regs = reg.BY_MAP[part.flash_regs]

    def status(self) -> int:
        """Read IAPSR; this clears EOP and WR_PG_DIS."""
        return self.core.read(self._regs.iapsr, 1)[0]

    def locks_of(self, addresses: Collection[int]) -> Locks:
        """Return the locks of the blocks at `addresses`.

        The keys of the data EEPROM also open the part of the flash that DATASIZE turns into data EEPROM (RM0013).
        DATASIZE is not read here: the pages that it can reach need both locks.
        """
        flash, shared = self.part.flash, datasize.largest(self.part)
        inside = [flash.start <= address < flash.end for address in addresses]
        reached = shared is not None and any(shared.start <= address < shared.end for address in addresses)
        return Locks(any(inside), reached or not all(inside))

    def unlock(self, *, program: bool, data: bool = True, looks: bool = True, iapsr: Optional[int] = None) -> None:
        """Open program memory, data EEPROM and option bytes, with both key pairs as ST's tool does.

        A memory that is open already gets no key: a second key would lock an STM8L101 until its next reset.

        Args:
            program: Program memory must open. It cannot on a locked STM8L whose boot ROM has run (UM0560), but
                option bytes do not need it.
            data: Data EEPROM and option bytes must open. Without it they get no key.
            looks: Look whether they opened, and give the keys again if not.
            iapsr: IAPSR, if it was read since the last reset and no key was given since then.

        Raises:
            ProgramError: A flag does not appear; then only a reset helps.
        """
        pairs = (
            (self._regs.pukr, reg.PROGRAM_KEYS, reg.IAPSR_PUL),
            (self._regs.dukr, reg.DATA_KEYS, reg.IAPSR_DUL),
        )
        for _ in range(_KEY_TRIES):
            status = self.status() if iapsr is None else iapsr
            closed = [(register, keys) for register, keys, flag in pairs[: 1 + data] if not status & flag]
            if not closed:
                return
            for register, keys in closed:
                for key in keys:
                    self.core.write(register, bytes([key]))
            iapsr = None
            if not looks:
                return
        status = self.status()
        if program and not status & reg.IAPSR_PUL:
            raise ProgramError("the keys do not open the program memory", code=Code.KEYS, hint=_KEYS_HINT)
        if data and not status & reg.IAPSR_DUL:
            raise ProgramError("the keys do not open the data memory", code=Code.KEYS, hint=_KEYS_HINT)

    def write_block(self, address: int, data: bytes, *, blank: bool, plain: bool = False) -> None:
        """Program one block, or erase it if all its new bytes are 0x00.

        Args:
            address: Block-aligned.
            data: Exactly one block.
            blank: The block is known to hold only 0x00. Then it is not erased, which takes half the time.
            plain: Use the standard mode, whatever the block holds and is to hold. Every tool uses it.

        Raises:
            RefusedError: The block is protected.
            ProgramError: The operation did not end.
        """
        block = self.part.block
        if len(data) != block or address % block:
            raise ValueError(f"{len(data)} bytes at 0x{address:06X} are not one block of {block}")
        if plain or any(data):
            fast = blank and not plain
            mode, typical_s = (reg.MODE_FAST_BLOCK, PROGRAM_BLANK_S) if fast else (reg.MODE_BLOCK, PROGRAM_S)
            what = f"block 0x{address:06X}"
        else:  # zeros in the first word of a block erase all of it
            data, mode, typical_s = bytes(4), reg.MODE_ERASE, PROGRAM_BLANK_S
            what = f"erase of block 0x{address:06X}"
        with shield():  # half a block is useless
            self._set_mode(mode)
            self.core.write(address, data, whole=True)
            self._finish(what, address, typical_s)

    def begin_options(self) -> None:
        """Make option bytes writable."""
        self.core.options_seen = b""
        self._set_mode(reg.MODE_OPTION)

    def end_options(self) -> None:
        """Leave option mode: the OPT bit does not clear itself."""
        self._set_mode(reg.MODE_BYTE)

    def write_option(self, address: int, value: int) -> None:
        """Write one byte of the option area and wait for its end; between `begin_options` and `end_options`.

        If a reply is lost, EOP is lost, too, because a read of IAPSR clears it: then the value of the byte decides.
        Under ROP that may mean nothing; the caller always looks again after the next reset. If the chip is locked, a
        write of the ROP byte starts the erase of everything: this also waits for the end of that.
        """
        self.core.options_seen = b""
        if address == reg.ROP_ADDRESS:
            self._write_rop_byte(value)
            return
        try:
            self.core.write(address, bytes([value]))
            self._finish(f"option byte 0x{address:06X}", address, PROGRAM_S)
        except RefusedError:
            raise
        except (*LINK_ERRORS, ProgramError) as exc:
            if not self._holds(address, value):
                raise
            _log.debug("%s; but 0x%06X holds the written value", exc, address)

    def _holds(self, address: int, value: int) -> bool:
        """Tell whether a byte whose programming has begun holds `value`; False if it cannot be read."""
        self.core.clock.sleep(PROGRAM_S)
        try:
            return self.core.read_surely(address, 1)[0] == value
        except LINK_ERRORS as exc:
            _log.debug("while 0x%06X is looked at: %s", address, exc)
            return False

    def write_rop(self, value: int) -> None:
        """Write the open value to the ROP byte of a locked chip, which erases everything, and wait for the end."""
        self._write_rop_byte(value)

    def _write_rop_byte(self, value: int) -> None:
        """Write the ROP byte and wait for EOP, for two seconds at most.

        While the erase runs, WR_PG_DIS shows once and the chip may not answer (trace of ST's tool, confidence
        medium). Neither tells whether the erase worked, and a reset at this time could ruin it. The caller resets
        the chip when this returns, so one flipped bit must not look like EOP. HVOFF is 0 while the flash is
        written (RM0016 4.8.8). If the chip showed HVOFF before, this waits until it is 1 again, too.
        """
        self.core.options_seen = b""
        clock = self.core.clock
        ended = reg.IAPSR_EOP | self.status() & reg.IAPSR_HVOFF
        deadline = clock.now() + _GLOBAL_ERASE_LIMIT_S
        try:
            self.core.write(reg.ROP_ADDRESS, bytes([value]))
        except LINK_ERRORS as exc:
            _log.debug("while the ROP byte is written: %s", exc)
        while clock.now() < deadline:
            clock.sleep(PROGRAM_S)
            try:
                if self.status() & ended == ended:
                    return
            except LINK_ERRORS as exc:
                _log.debug("while the chip may erase itself: %s", exc)
        _log.debug("no EOP after writing the ROP byte")

    def _set_mode(self, mode: int) -> None:
        # CR2 and NCR2 must be written directly one after the other, or both fall back to byte mode (PM0047 2.3.3). So
        # one write has both, as in a trace of ST's tool. On the STM8L map the next address is PUKR: one byte only.
        data = bytes([mode]) if self._regs.ncr2 is None else bytes([mode, mode ^ 0xFF])
        self.core.write(self._regs.cr2, data, whole=True)

    def _finish(self, what: str, address: int, typical_s: float) -> None:
        clock = self.core.clock
        deadline = clock.now() + typical_s + FINISH_LIMIT_S
        clock.sleep(typical_s)
        while True:
            status = self.status()  # read only once: a read clears both bits
            if status & reg.IAPSR_WR_PG_DIS:
                raise RefusedError(
                    f"{what}: the chip refuses the write as protected (WR_PG_DIS)", address=address, iapsr=status
                )
            if status & reg.IAPSR_EOP:
                return
            if clock.now() > deadline:
                raise ProgramError(
                    f"{what}: the write did not finish (no EOP, IAPSR 0x{status:02X})",
                    hint=Hint("check the supply and the capacitor at VCAP, and check that {part} names your chip"),
                    address=address,
                    iapsr=status,
                )
            clock.sleep(_POLL_STEP_S)

"""Measure how long the flash of a chip takes for a block while the loader in RAM programs it.

The test uses one blank block of the flash and leaves it blank. It costs that block nine writes or erases. No other
byte of flash or EEPROM changes.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from ....errors import ToolError
from ....support.interrupts import shield
from ..blocks import BlockWrite, require_equal
from ..controller import Flash
from . import variants
from .host import RamLoader
from .records import LoaderError

_CHUNK = 1024
_PATTERNS = (0x55, 0xA5)


class BlockTimes(NamedTuple):
    """The least and the most seconds that a block can have taken.

    Attributes:
        address: The block that was used.
        blank: From the go to the end of an operation of the short kind: a write to a blank block, or an erase.
        rewrite: The same for an erase and write.
    """

    address: int
    blank: tuple[float, float]
    rewrite: tuple[float, float]


class NotMeasuredError(Exception):
    """There are no times; the text says why. The memories are as before."""


def measure(flash: Flash) -> BlockTimes:
    """Measure an open, connected chip. Its CPU is stalled before and after.

    Raises:
        NotMeasuredError: The chip has no blank block, or the loader does not work on it.
        ToolError: The link failed, or the block is not blank again.
    """
    core, part = flash.core, flash.part
    why = variants.obstacle(part)
    if why is not None:
        raise NotMeasuredError(why)
    core.check_reaches(part.flash.end)
    address = _blank_block(flash)
    if address is None:
        raise NotMeasuredError("no block of the flash is blank")
    first, second = (BlockWrite(address, bytes([value]) * part.block, blank=False) for value in _PATTERNS)
    erase = BlockWrite(address, bytes(part.block), blank=False)
    loader = RamLoader(core, part)
    with shield():  # it takes a tenth of a second, and the block is to be blank again
        try:
            loader.start()
            flash.unlock(program=True)
            blank = loader.measure([first._replace(blank=True), erase] * 2)
            rewrite = loader.measure([first, second] * 2)
            loader.measure([erase])
            loader.stop()
        except LoaderError as exc:
            core.connect()
            _restore(flash, erase)
            raise NotMeasuredError(str(exc)) from exc
        except ToolError:
            core.connect()
            _restore(flash, erase)
            raise
        require_equal(address, erase.data, core.read_surely(address, part.block))
    return BlockTimes(address, blank, rewrite)


def _restore(flash: Flash, erase: BlockWrite) -> None:
    if flash.core.read_surely(erase.address, len(erase.data)) != erase.data:
        flash.unlock(program=True)
        flash.write_block(erase.address, erase.data, blank=False)
        require_equal(erase.address, erase.data, flash.core.read_surely(erase.address, len(erase.data)))


def _blank_block(flash: Flash) -> Optional[int]:
    """Return the highest block that is blank, but not the first block, where the program starts."""
    memory, size = flash.part.flash, flash.part.block
    for start in range(memory.end - _CHUNK, memory.start - 1, -_CHUNK):
        held = flash.core.read_surely(start, _CHUNK)
        for offset in range(_CHUNK - size, -1, -size):
            if start + offset > memory.start and not any(held[offset : offset + size]):
                return start + offset
    return None

"""The host's side of the RAM loader: start it, give it blocks, ask it for checksums, stop it.

A caller that meets LoaderError programs directly instead.

    loader = RamLoader(core, part)
    loader.start()
    loader.sums.of(Range(start, blocks))       CRC-32 of each block, as zlib has it
    loader.program(blocks, begun, done)        the keys come first: `Flash.unlock`
    loader.stop()

Whatever ends `program` early, no block is under way when it returns, unless the link is lost for longer than a buffer
takes. `unfinished` then has the blocks of which nothing is known.

Source: `loader.s` of this folder; UM0470 (debug module).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Optional

from ....errors import LINK_ERRORS, ToolError
from ....parts.option_fields import fields_of
from ....parts.table import Part, option_table
from ....support.interrupts import shield
from ... import registers as reg
from ...link.core import Core
from ..blocks import BlockWrite
from ..controller import FINISH_LIMIT_S
from . import records, variants
from .batches import Batches, Done, nothing
from .records import LoaderError
from .sums import Range, Sums
from .variants import ENTRY, RECORD, START, TAIL

_SETTINGS = 0x16  # `stop` of `loader.s` and what follows it
_START_LIMIT_S = 0.05
_FIRST_BLOCKS = 1

_log = logging.getLogger(__name__)


class RamLoader:
    """The loader in one chip. The CPU is stalled before `start` and after `stop`.

    Attributes:
        running: It has been started.
        sums: Asks it for checksums.
    """

    def __init__(self, core: Core, part: Part) -> None:
        self.running = False
        self._core = core
        self._part = part
        self._layout = variants.layout(part)
        self._batches = Batches(core, self._layout)
        self.sums = Sums(core, part, self._layout, self._batches)

    @property
    def unfinished(self) -> Sequence[BlockWrite]:
        """Blocks that the chip has been given and that are not known to be as before, or to be programmed."""
        return self._batches.unfinished

    # -- start and stop -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Put the loader into RAM and let it run. The first checksums then show that all of it is there.

        Raises:
            LoaderError: It does not start.
            SwimError, TransportError: The link failed.
        """
        core, layout = self._core, self._layout
        code = bytearray(variants.code(layout.variant))
        lowest = self._part.flash if self._part.eeprom is None else self._part.eeprom
        settings = bytes([0, self._watchdogs()])
        for word in (layout.buffers[0].tail, layout.buffers[1].tail, layout.stack, lowest.start):
            settings += word.to_bytes(2, "big")
        settings += bytes([self._part.block])
        code[_SETTINGS - START : _SETTINGS - START + len(settings)] = settings
        if layout.tables is not None:
            code = code.ljust(layout.tables - START, b"\0") + variants.tables()
        core.write(START, bytes(code))
        self._batches.begin()
        self.sums.begin(bytes(code))
        core.write(reg.PROGRAM_COUNTER, ENTRY.to_bytes(3, "big"))
        core.write(reg.CONDITION_CODE, bytes([reg.CC_AT_START]))  # the loader sets its stack itself
        with shield():
            core.write(reg.DM_CSR2, bytes([reg.CSR2_STALL | reg.CSR2_FLUSH]))
            core.write(reg.DM_CSR2, bytes([reg.CSR2_FLUSH]))
            self.running = True
        self._batches.started(_START_LIMIT_S)
        _log.debug("loader %s runs: %d blocks a batch", layout.variant, layout.blocks)

    def _watchdogs(self) -> int:
        """Return which watchdogs an option byte has started: 1 is IWDG, 2 is WWDG."""
        found = 0
        for option in option_table(self._part):
            bits = {"IWDG_HW": 1, "WWDG_HW": 2}
            named = [known for known in fields_of(self._part, option) if known.name in bits]
            if named:
                seen = self._core.options_seen[option.address - self._part.options.start :][:1]
                value = (seen or self._core.read(option.address, 1))[0]
                found |= sum(bits[known.name] for known in named if known.of(value))
        return found

    def stop(self) -> None:
        """Wait for the end of the block that is under way, and stall the CPU."""
        if not self.running:
            return
        with shield():
            self._batches.halt()
            self._core.write(reg.DM_CSR2, bytes([reg.CSR2_STALL]))
            self.running = False

    def abandon(self) -> None:
        """Forget the loader after a failure. Wait for as long as its blocks take, so that no reset cuts one of them."""
        self.running = False
        self._batches.abandon()

    # -- work -----------------------------------------------------------------------------------------------

    def program(
        self,
        blocks: Sequence[BlockWrite],
        begun: Callable[[BlockWrite], None],
        done: Done,
        ahead: Optional[tuple[Range, Sequence[int]]] = None,
    ) -> None:
        """Program blocks, in this order.

        Args:
            blocks: One that is `blank` is not erased first; one that is to hold zeros only is erased.
            begun: Called with a block before the chip gets it.
            done: Called with a block once the chip has told that it ended well.
            ahead: The range that `sums` is asked for next, and what it most likely returns.

        Raises:
            LoaderError: A block was refused, or nothing went on; all before it was told to `done`.
            SwimError, TransportError: The link failed; nothing is known of the blocks in `unfinished`.
        """
        batches = self._batches
        self.sums.prove_code()
        self.sums.tables_may_be_lost()
        # Where the probe takes less than a block at once, a batch is one block in two writes.
        in_one_write = (self._core.link.most_written - TAIL) // (RECORD + self._part.block)
        most = max(1, min(self._layout.blocks, in_one_write))
        first, size = 0, _FIRST_BLOCKS  # the first batch is small, so that the chip is at work soon
        try:
            while first < len(blocks):
                size = min(size, most)
                batch = blocks[first : first + size]
                first, size = first + size, 2 * size
                while batches.full:
                    batches.wait(done)
                for block in batch:
                    begun(block)
                content, seconds = records.of_blocks(batch)
                batches.send(content, len(batch), len(batch), seconds, batch)
            while batches.full:
                batches.wait(done)
            if ahead:
                self.sums.ask_ahead(*ahead)
            while batches.programs:
                batches.wait(done)
        except LINK_ERRORS:
            self.abandon()
            raise
        except (LoaderError, KeyboardInterrupt):
            self._halt_after_failure(done)
            raise
        except BaseException:  # of `begun` or `done`, which would raise again
            self._halt_after_failure(nothing)
            raise

    def _halt_after_failure(self, done: Done) -> None:
        with shield():
            try:
                self._batches.halt(done)
            except (ToolError, LoaderError) as exc:
                _log.debug("while the loader is stopped: %s", exc)
                self.abandon()

    def measure(self, blocks: Sequence[BlockWrite]) -> tuple[float, float]:
        """Program a few blocks; return the least and the most seconds that one of them can have taken on average.

        The data go first and the last byte alone, so that little time passes between the two clocks around the go.

        Raises:
            LoaderError, SwimError, TransportError: As `program`.
        """
        self.sums.prove_code()
        clock = self._core.clock
        content, seconds = records.of_blocks(blocks)
        start = self._batches.room(len(content))
        go = start + len(content) + TAIL - 1
        self._core.write(start, content + start.to_bytes(2, "big") + bytes([len(blocks)]))
        self._batches.hold(start, len(blocks), seconds, ())
        before = clock.now()
        self._core.write(go, b"\x01")
        seen = sent = clock.now()
        limit = sent + 3 * seconds + FINISH_LIMIT_S
        while True:
            asked = clock.now()
            if self._batches.look() is not None:
                if not self._batches.sent:
                    return (seen - sent) / len(blocks), (clock.now() - before) / len(blocks)
                seen = asked
            if asked > limit:
                raise LoaderError("it does not end the blocks of the test")

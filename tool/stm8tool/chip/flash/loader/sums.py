"""The checksums of a loader that runs: of ranges of flash and EEPROM, and first of its own code.

Source: `loader.s` of this folder.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Optional

from ....errors import LINK_ERRORS
from ....parts.table import Part
from ...link.core import Core
from . import records, variants
from .batches import Batch, Batches
from .records import FIRST, SUM, SUMS_RECORD, SUMS_RECORDS, TABLE_S, LoaderError
from .variants import ENTRY, RECORD, START, Layout

_MOST_SUMS = 192  # in one batch: while their results are read, the next ones are computed
_MOST_EXPECTED = 8  # results that are read without the status before them


class Range(NamedTuple):
    """Blocks that lie one after the other, and how many of them share a checksum."""

    start: int
    blocks: int
    group: int = 1


class _Asked(NamedTuple):
    """Checksums that the loader works on.

    Attributes:
        batch: Their batch.
        result: Where they will be in RAM.
        sums: How many they are.
        blocks: How many blocks they cover.
        own: How many of them are of the loader's own code; these come first.
        unlike: What is in RAM in their place until then; b"" if that is not known.
    """

    batch: Batch
    result: int
    sums: int
    blocks: int
    own: int
    unlike: bytes


class Sums:
    """The checksums of one loader.

    Attributes:
        has_tables: The tables are in RAM.
    """

    def __init__(self, core: Core, part: Part, layout: Layout, batches: Batches) -> None:
        self.has_tables = False
        self._core = core
        self._part = part
        self._layout = layout
        self._batches = batches
        self._code = b""  # what RAM must hold before a key is given; empty once that is seen
        self._code_asked = False
        self._ahead: Optional[tuple[Range, _Asked]] = None

    def begin(self, code: bytes) -> None:
        """Begin anew: the loader has just started, and its RAM is to hold `code`."""
        self.has_tables = self._layout.tables is not None
        self._code = code
        self._code_asked = False
        self._ahead = None

    @property
    def tells_first_bytes(self) -> bool:
        """True if `first_bytes` works with this variant."""
        return self._layout.variant.endswith("medium")

    def prove_code(self) -> None:
        """Raise LoaderError unless RAM holds the code, if that was not seen yet."""
        if self._code:
            self.of(Range(self._part.flash.start, 1))

    def tables_may_be_lost(self) -> None:
        """Take note that blocks go into the buffers, where the tables may lie."""
        self.has_tables = self.has_tables and self._layout.variant.endswith("large")

    def of(
        self,
        wanted: Range,
        progress: Callable[[int], None] = lambda done: None,
        expected: Sequence[int] = (),
    ) -> list[int]:
        """Return the CRC-32, as zlib has it, of each group of blocks of a range.

        Args:
            wanted: The range.
            progress: Called with the blocks done.
            expected: What they most likely are. If they are, the loader is not asked whether it is done.

        Raises:
            LoaderError, SwimError, TransportError: As `RamLoader.program`.
        """
        found: list[int] = []
        asked: deque[_Asked] = deque()
        first = 0
        try:
            if self._ahead and self._ahead[0] == wanted:
                asked.append(self._ahead[1])
                first = self._ahead[1].blocks
            self._ahead = None
            while first < wanted.blocks or asked:
                if first < wanted.blocks and len(asked) < len(self._layout.results):
                    while self._batches.full:
                        self._batches.wait()
                    asked.append(self._ask(wanted, first, expected))
                    first += asked[-1].blocks
                    continue
                found += self._collect(asked.popleft(), expected[len(found) :])
                progress(min(wanted.blocks, len(found) * wanted.group))
        except (*LINK_ERRORS, LoaderError, KeyboardInterrupt):
            self._batches.sent.clear()  # it only reads
            raise
        return found

    def first_bytes(self, start: int, blocks: int) -> list[bytes]:
        """Return the first bytes of each block from an address on; the tables are lost."""
        found: list[bytes] = []
        self.has_tables = False
        while len(found) < blocks:
            while self._batches.full:
                self._batches.wait()
            buffer = self._layout.buffers[self._batches.next]
            count = min(blocks - len(found), (buffer.tail - SUMS_RECORD - buffer.start) // FIRST)
            record, seconds = records.of_first_bytes(start + len(found) * self._part.block, count, buffer.start)
            batch = self._batches.send(record, 1, count, seconds)
            while batch.ticks:
                self._batches.wait()
            data = self._core.read(buffer.start, count * FIRST)
            found += [data[n : n + FIRST] for n in range(0, len(data), FIRST)]
        return found

    def ask_ahead(self, wanted: Range, expected: Sequence[int]) -> None:
        """Order the first checksums of a range that `of` is asked for next. A buffer must be free."""
        tables = self._layout.tables
        if tables is not None and not self.has_tables:
            end = tables + len(variants.tables())
            if any(batch.start < end for batch in self._batches.sent):
                return  # the tables would overwrite blocks that the loader still needs
        self._ahead = wanted, self._ask(wanted, 0, expected)

    def _ask(self, wanted: Range, first: int, expected: Sequence[int]) -> _Asked:
        """Order checksums from block `first` of a range on.

        The tables come first where the loader makes them: a medium one has them in its buffers.
        """
        size, group = self._part.block, wanted.group
        parts, seconds = [], 0.0
        if not self.has_tables:
            if self._layout.tables is None:
                parts.append(records.TABLE_RECORD)
                seconds += TABLE_S
            else:
                self._core.write(self._layout.tables, variants.tables())
            self.has_tables = True
        made = len(parts)
        piece = self._layout.results[self._batches.next]
        own = 0 if self._code_asked else len(self._known()[1])
        self._code_asked = True
        room = ((piece.tail - SUMS_RECORDS - piece.start) // SUM - own) * group
        blocks = min(wanted.blocks - first, room, _MOST_SUMS // group * group)
        count = own - (-blocks // group)
        result, unlike = piece.start, b""
        if expected and not own and count <= _MOST_EXPECTED:
            likely = expected[first // group :][:count]
            unlike = b"".join(value.to_bytes(SUM, "big") for value in likely)  # the results are not inverted
            result = self._batches.room(made * RECORD + SUMS_RECORD) - len(unlike)
        if own:
            parts.append(records.of_sums(self._known()[0], own, 1, result))
        parts.append(records.of_sums(wanted.start + first * size, blocks, group, result + own * SUM))
        seconds += (own + blocks) * records.sum_s(self._layout.variant, size)
        batch = self._batches.send(b"".join(parts), len(parts), made + own + blocks, seconds, before=unlike)
        return _Asked(batch, result, count, blocks, own, unlike)

    def _collect(self, asked: _Asked, expected: Sequence[int]) -> list[int]:
        """Return the checksums that were asked for, without those of the loader's own code."""
        if asked.unlike:
            clock = self._core.clock
            clock.sleep(asked.batch.ends - clock.now())
            sums = self._read(asked)
            if sums == list(expected[: len(sums)]):
                return sums
        while asked.batch.ticks:
            self._batches.wait()
        sums = self._read(asked)
        if asked.own:
            known = self._known()[1]
            if sums[: asked.own] != known and self._read(asked)[: asked.own] != known:
                raise LoaderError("the RAM does not hold what was written")
            self._code = b""
        return sums[asked.own :]

    def _read(self, asked: _Asked) -> list[int]:
        data = self._core.read(asked.result, asked.sums * SUM)
        return [int.from_bytes(data[n : n + SUM], "big") ^ 0xFFFFFFFF for n in range(0, len(data), SUM)]

    def _known(self) -> tuple[int, list[int]]:
        """Return where the code begins that is not proven yet, and the checksums of its blocks.

        Whole blocks end at the end of the code. So the first bytes may be left out: the loader has executed them.
        """
        size, end = self._part.block, START + len(self._code)
        first = end - (end - ENTRY) // size * size
        return first, [zlib.crc32(self._code[n - START : n - START + size]) for n in range(first, end, size)]

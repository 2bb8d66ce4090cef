"""The host's side of the RAM loader: start it, give it batches of blocks, ask it for checksums, stop it.

While one batch is programmed, the next one goes into the other buffer. The status is read when a batch has ended by
computation, so that it takes one read a batch. A caller that meets LoaderError programs directly instead.

    loader = RamLoader(core, part)
    loader.start()
    loader.checksums(start, blocks)      CRC-32 of each block, as zlib has it
    loader.program(blocks, begun, done)  the keys come first: `Flash.unlock`
    loader.stop()

Whatever ends `program` early, no block is under way when it returns, unless the link is lost for longer than a buffer
takes. `unfinished` then has the blocks of which nothing is known.

Source: `loader.s` of this folder; UM0470 (debug module).
"""

from __future__ import annotations

import logging
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

from ....errors import LINK_ERRORS, ToolError
from ....parts.option_fields import fields_of
from ....parts.table import Part, option_table
from ....support.interrupts import shield
from ... import registers as reg
from ...link.core import Core
from ..blocks import BlockWrite
from ..controller import FINISH_LIMIT_S, PROGRAM_BLANK_S, PROGRAM_S
from . import variants
from .variants import ENTRY, RECORD, START, TAIL

_STOP = 0x16
_STATUS_SIZE = 6
_CHECK = 0x5A
_REFUSED, _BAD, _STOPPED = 0x01, 0x02, 0x80
_MODE_SUMS, _MODE_TABLE = 0x02, 0x04
_SUMS_RECORDS = RECORD + 2 * (RECORD + 5)  # the most of them that a batch has
_SUM = 4  # bytes of a CRC

_CPU_HZ = 16_000_000
_CYCLES_A_BYTE = {"small": 36, "medium": 16.5, "large": 15.25}  # of the CRC
_CYCLES_A_BLOCK = 120
_COPY_CYCLES_A_BYTE = 7
_TABLE_S = 0.003
_START_LIMIT_S = 0.05
_STEP_S = 0.0003
_LATE_PART = 8  # of the time of one block: how long to wait where only that one is left
_MOST_SUMS = 192  # in one batch: while their results are read, the next ones are computed
_FIRST_BLOCKS = 2
_STATUS_READS = 4
_POLL_TRAVEL = 0.2  # part of a read that has passed when the chip is read; a command of five transfers

_log = logging.getLogger(__name__)


class LoaderError(Exception):
    """The loader cannot go on; it is not known to be the chip's fault, so direct programming comes next."""


class Status(NamedTuple):
    """The status of the loader; `phase` is 1 while it loads a block, 2 while it waits for its end."""

    done: int
    error: int
    iapsr: int
    phase: int


@dataclass
class _Batch:
    """A batch that the chip has not finished. `ticks` is the loader's count after it; `ends` is a computed time."""

    ticks: int
    tick_s: float
    ends: float
    blocks: deque[BlockWrite] = field(default_factory=deque)


class RamLoader:
    """The loader in one chip. The CPU is stalled before `start` and after `stop`.

    Attributes:
        unfinished: Blocks that the chip has been given and that are not known to be as before, or to be programmed.
        running: It has been started.
    """

    def __init__(self, core: Core, part: Part) -> None:
        self.unfinished: list[BlockWrite] = []
        self.running = False
        self._core = core
        self._part = part
        self._layout = variants.layout(part)
        self._cycles_a_byte = _CYCLES_A_BYTE[self._layout.variant.partition("-")[2]]
        self._sent: deque[_Batch] = deque()
        self._next = 0  # the buffer that is filled next
        self._done = 0  # what the loader has counted, as far as it was seen
        self._free_at = 0.0  # when all that was sent is done, by computation
        self._has_tables = False
        self._read_s = 0.0
        self._code = b""  # what RAM must hold before a key is given; empty once that is seen

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
        fields = bytes([0, self._watchdogs()])
        for word in (layout.buffers[0].tail, layout.buffers[1].tail, layout.stack, lowest.start):
            fields += word.to_bytes(2, "big")
        fields += bytes([self._part.block])
        code[_STOP - START : _STOP - START + len(fields)] = fields
        if layout.tables is not None:
            code = code.ljust(layout.tables - START, b"\0") + variants.tables()
        core.write(START, bytes(code))
        self._sent.clear()
        self._next = self._done = 0
        self._free_at = 0.0
        self._has_tables = layout.tables is not None
        core.write(reg.PROGRAM_COUNTER, ENTRY.to_bytes(3, "big"))
        core.write(reg.CONDITION_CODE, bytes([reg.CC_AT_START]))  # the loader sets its stack itself
        with shield():
            core.write(reg.DM_CSR2, bytes([reg.CSR2_STALL | reg.CSR2_FLUSH]))
            core.write(reg.DM_CSR2, bytes([reg.CSR2_FLUSH]))
            self.running = True
        limit = core.clock.now() + _START_LIMIT_S
        while self._status() != Status(0, 0, 0, 0):
            if core.clock.now() > limit:
                raise LoaderError("it does not start")
            core.clock.sleep(_STEP_S)
        self._code = bytes(code)
        _log.debug("loader %s runs: %d blocks a batch", layout.variant, layout.blocks)

    def _known(self) -> tuple[int, list[int]]:
        """Return where the code begins that is not proven yet, and the checksums of its blocks.

        Whole blocks end at the end of the code. So the first bytes may be left out: the loader has executed them.
        """
        size, end = self._part.block, START + len(self._code)
        first = end - (end - ENTRY) // size * size
        return first, [zlib.crc32(self._code[n - START : n - START + size]) for n in range(first, end, size)]

    def _watchdogs(self) -> int:
        """Return which watchdogs an option byte has started: 1 is IWDG, 2 is WWDG."""
        found = 0
        for option in option_table(self._part):
            bits = {"IWDG_HW": 1, "WWDG_HW": 2}
            named = [known for known in fields_of(self._part, option) if known.name in bits]
            if named:
                value = self._core.read(option.address, 1)[0]
                found |= sum(bits[known.name] for known in named if known.of(value))
        return found

    def stop(self) -> None:
        """Wait for the end of the block that is under way, and stall the CPU."""
        if not self.running:
            return
        with shield():
            self._halt(_nothing)
            self._core.write(reg.DM_CSR2, bytes([reg.CSR2_STALL]))
            self.running = False

    def _halt(self, done: Callable[[BlockWrite], None]) -> None:
        """Let no block begin any more, and wait for the one that is under way; the link must work."""
        if any(batch.blocks for batch in self._sent):
            self._core.write(_STOP, b"\x01")
            batch = self._sent[0]
            limit = self._core.clock.now() + batch.tick_s + FINISH_LIMIT_S
            while self._core.clock.now() < limit:
                status = self._status()
                if status is not None:
                    self._count(status, done)
                    if status.error or not self._sent:
                        self.unfinished.clear()  # what had not begun will not
                        break
                self._core.clock.sleep(_STEP_S)
        self._sent.clear()

    def abandon(self) -> None:
        """Forget the loader after a failure. Wait for as long as its blocks take, so that no reset cuts one of them."""
        blocks = any(batch.blocks for batch in self._sent)
        self._sent.clear()
        self.running = False
        if blocks:
            self._core.clock.sleep(max(0.0, self._free_at - self._core.clock.now()) * 1.1 + _STEP_S)

    # -- work -----------------------------------------------------------------------------------------------

    def program(
        self,
        blocks: Sequence[BlockWrite],
        begun: Callable[[BlockWrite], None],
        done: Callable[[BlockWrite], None],
    ) -> None:
        """Program blocks, in this order.

        Args:
            blocks: One that is `blank` is not erased first; one that is to hold zeros only is erased.
            begun: Called with a block before the chip gets it.
            done: Called with a block once the chip has told that it ended well.

        Raises:
            LoaderError: A block was refused, or nothing went on; all before it was told to `done`.
            SwimError, TransportError: The link failed; nothing is known of the blocks in `unfinished`.
        """
        if self._code:  # no checksum was asked for yet
            self.checksums(self._part.flash.start, 1)
        self._has_tables = self._has_tables and self._layout.variant.endswith("large")
        # Where the probe takes less than a block at once, a batch is one block in two writes.
        in_one_write = (self._core.link.most_written - TAIL) // (RECORD + self._part.block)
        most = max(1, min(self._layout.blocks, in_one_write))
        first, size = 0, _FIRST_BLOCKS  # the first batch is small, so that the chip is at work soon
        try:
            while first < len(blocks):
                size = min(size, most)
                batch = blocks[first : first + size]
                first, size = first + size, 2 * size
                while len(self._sent) == len(self._layout.buffers):
                    self._await_batch(done)
                for block in batch:
                    begun(block)
                self._send_blocks(batch)
            while self._sent:
                self._await_batch(done)
        except LINK_ERRORS:
            self.abandon()
            raise
        except (LoaderError, KeyboardInterrupt):
            self._halt_after_failure(done)
            raise
        except BaseException:  # of `begun` or `done`, which would raise again
            self._halt_after_failure(_nothing)
            raise

    def _halt_after_failure(self, done: Callable[[BlockWrite], None]) -> None:
        with shield():
            try:
                self._halt(done)
            except (ToolError, LoaderError) as exc:
                _log.debug("while the loader is stopped: %s", exc)
                self.abandon()

    def _send_blocks(self, blocks: Sequence[BlockWrite]) -> None:
        records, seconds = b"", 0.0
        for block in blocks:
            mode = reg.MODE_FAST_BLOCK if block.blank else reg.MODE_BLOCK
            data = block.data
            if not any(data):
                mode, data = reg.MODE_ERASE, bytes(4)
            records += _head(mode, block.address) + data
            seconds += PROGRAM_S if mode == reg.MODE_BLOCK else PROGRAM_BLANK_S
            seconds += (_COPY_CYCLES_A_BYTE * len(data) + _CYCLES_A_BLOCK) / _CPU_HZ
        with shield():
            self.unfinished += blocks
            self._send(records, len(blocks), len(blocks), seconds, deque(blocks))

    def _send(self, records: bytes, count: int, ticks: int, seconds: float, blocks: deque[BlockWrite]) -> _Batch:
        """Fill the next buffer in one write, the last byte of which lets the loader begin."""
        tail = self._layout.buffers[self._next].tail
        start = tail - len(records)
        batch = _Batch(ticks, seconds / ticks, 0.0, blocks)
        self._sent.append(batch)
        free_at = self._free_at
        self._free_at = max(self._core.clock.now(), free_at) + seconds  # also if the reply to the write is lost
        self._core.write(start, records + start.to_bytes(2, "big") + bytes([count, 1]))
        self._free_at = batch.ends = max(self._core.clock.now(), free_at) + seconds
        self._next ^= 1
        return batch

    def checksums(
        self, start: int, blocks: int, progress: Callable[[int], None] = lambda done: None, *, group: int = 1
    ) -> list[int]:
        """Return the CRC-32, as zlib has it, of each of `blocks` blocks from an address on, or of each `group` of them.

        Raises:
            LoaderError, SwimError, TransportError: As `program`.
        """
        found: list[int] = []
        asked: deque[tuple[_Batch, int, int]] = deque()  # with where the results are, and how many

        def collect() -> None:
            batch, address, count = asked.popleft()
            while batch.ticks:
                self._await_batch(_nothing)
            sums = self._read_sums(address, count)
            if self._code:
                known = self._known()[1]
                if sums[: len(known)] != known and self._read_sums(address, len(known)) != known:
                    raise LoaderError("the RAM does not hold what was written")
                self._code = b""
                sums = sums[len(known) :]
            found.extend(sums)
            progress(min(blocks, len(found) * group))

        try:
            first = 0
            while first < blocks:
                if len(asked) == len(self._layout.results):
                    collect()
                piece = self._layout.results[self._next]
                before = len(self._known()[1]) if self._code and not asked else 0
                room = ((piece.tail - _SUMS_RECORDS - piece.start) // _SUM - before) * group
                count = min(blocks - first, room, _MOST_SUMS // group * group)
                batch = self._ask(start + first * self._part.block, count, group, piece.start, before)
                asked.append((batch, piece.start, before + -(-count // group)))
                first += count
            while asked:
                collect()
        except (*LINK_ERRORS, LoaderError, KeyboardInterrupt):
            self._sent.clear()  # it only reads
            raise
        return found

    def _read_sums(self, address: int, count: int) -> list[int]:
        data = self._core.read(address, count * _SUM)
        return [int.from_bytes(data[n : n + _SUM], "big") ^ 0xFFFFFFFF for n in range(0, len(data), _SUM)]

    def _ask(self, address: int, count: int, group: int, result: int, code: int) -> _Batch:
        """Order the checksums of `count` blocks in groups, and before them those of `code` blocks of the loader itself.

        The tables come first where the loader makes them: a medium one has them in its buffers.
        """
        records, seconds = [], 0.0
        if not self._has_tables:
            if self._layout.tables is None:
                records.append(_head(_MODE_TABLE, 0))
                seconds += _TABLE_S
            else:
                self._core.write(self._layout.tables, variants.tables())
            self._has_tables = True
        made = len(records)
        if code:
            records.append(_sums_record(self._known()[0], code, 1, result))
        records.append(_sums_record(address, count, group, result + code * _SUM))
        seconds += (code + count) * (self._cycles_a_byte * self._part.block + _CYCLES_A_BLOCK) / _CPU_HZ
        with shield():
            return self._send(b"".join(records), len(records), made + code + count, seconds, deque())

    # -- what the loader shows ------------------------------------------------------------------------------

    def _await_batch(self, done: Callable[[BlockWrite], None]) -> None:
        """Wait for the end of the oldest batch: until its computed end, then for as long as the loader advances."""
        clock, batch = self._core.clock, self._sent[0]
        clock.sleep(batch.ends - clock.now() - self._read_s * _POLL_TRAVEL)
        seen_at, before = clock.now(), self._done
        misread = 0
        while True:
            with shield():
                status = self._status()
                if status is None:
                    misread += 1
                else:
                    self._count(status, done)
                    if status.error:
                        raise LoaderError(_why(status))
            if not self._sent or self._sent[0] is not batch:
                return
            if self._done != before:
                seen_at, before = clock.now(), self._done
            elif clock.now() - seen_at > 3 * batch.tick_s + FINISH_LIMIT_S or misread > _STATUS_READS:
                phase = f"phase {status.phase}" if status else "its status cannot be read"
                raise LoaderError(f"it does not advance: {self._done} blocks are done, {phase}")
            clock.sleep(max(_STEP_S, (batch.ticks - 1) * batch.tick_s, batch.tick_s / _LATE_PART * (batch.ticks == 1)))

    def _status(self) -> Optional[Status]:
        """Read the status; None if its bytes do not fit, as when the loader was just changing them."""
        before = self._core.clock.now()
        data = self._core.read(START, _STATUS_SIZE)
        self._read_s = self._core.clock.now() - before
        if data[0] ^ data[1] ^ data[2] ^ data[3] ^ _CHECK != data[4]:
            return None
        return Status(int.from_bytes(data[:2], "big"), data[2], data[3], data[5])

    def _count(self, status: Status, done: Callable[[BlockWrite], None]) -> None:
        """Take over how far the loader has come."""
        new = status.done - self._done & 0xFFFF
        if new > sum(batch.ticks for batch in self._sent):
            raise LoaderError(f"it counts {status.done} blocks, and was not given so many")
        self._done = status.done
        while new:
            batch = self._sent[0]
            ended = min(new, batch.ticks)
            new -= ended
            batch.ticks -= ended
            if not batch.ticks:
                self._sent.popleft()
            for block in [batch.blocks.popleft() for _ in range(min(ended, len(batch.blocks)))]:
                self.unfinished.remove(block)
                done(block)


def _nothing(_block: BlockWrite) -> None:
    """Take no note of a block."""


def _head(mode: int, address: int) -> bytes:
    return bytes([mode]) + address.to_bytes(3, "big")


def _sums_record(address: int, blocks: int, group: int, result: int) -> bytes:
    return _head(_MODE_SUMS, address) + blocks.to_bytes(2, "big") + result.to_bytes(2, "big") + bytes([group])


def _why(status: Status) -> str:
    if status.error == _REFUSED:
        return f"the chip refused a block (IAPSR 0x{status.iapsr:02X})"
    if status.error == _BAD:
        return "it was given a record that it does not know"
    return "it has stopped" if status.error == _STOPPED else f"it shows error 0x{status.error:02X}"

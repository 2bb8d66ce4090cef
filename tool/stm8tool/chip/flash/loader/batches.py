"""The batches of a loader that runs: it works on one while the next one goes into the other buffer.

The status is read when a batch has ended by computation, so that it takes one read a batch.

Source: `loader.s` of this folder.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Optional

from ....support.interrupts import shield
from ...link.core import Core
from ..blocks import BlockWrite
from ..controller import FINISH_LIMIT_S
from .records import STATUS_SIZE, LoaderError, Status, status_of, why
from .variants import START, Layout

Done = Callable[[BlockWrite], None]

_STOP = 0x16
_STEP_S = 0.0003
_LATE_PART = 8  # of the time of one block: how long to wait where only that one is left
_MOST_MISREAD = 8  # reads of the status in a row
_POLL_TRAVEL = 0.2  # part of a read that has passed when the chip is read


def nothing(_block: BlockWrite) -> None:
    """Take no note of a block."""


@dataclass
class Batch:
    """A batch that the chip has not finished.

    Attributes:
        start: Where its records begin in RAM.
        ticks: How many counts of the loader are left of it.
        tick_s: How long one takes.
        ends: When it ends, by computation.
        blocks: Its blocks that are not seen to be done.
    """

    start: int
    ticks: int
    tick_s: float
    ends: float
    blocks: deque[BlockWrite]


class Batches:
    """The batches of one loader.

    Attributes:
        next: The buffer that is filled next.
        unfinished: Blocks that the chip has been given and that are not known to be as before, or to be programmed.
        sent: The batches that are not known to be done, the oldest first.
    """

    def __init__(self, core: Core, layout: Layout) -> None:
        self.next = 0
        self.unfinished: list[BlockWrite] = []
        self.sent: deque[Batch] = deque()
        self._core = core
        self._layout = layout
        self._done = 0  # what the loader has counted, as far as it was seen
        self._free_at = 0.0  # when all that was sent is done, by computation
        self._read_s = 0.0

    @property
    def full(self) -> bool:
        """True while no buffer is free."""
        return len(self.sent) == len(self._layout.buffers)

    @property
    def programs(self) -> bool:
        """True while a block may be under way."""
        return any(batch.blocks for batch in self.sent)

    def begin(self) -> None:
        """Begin anew: the loader has just started."""
        self.sent.clear()
        self.next = self._done = 0
        self._free_at = 0.0

    def started(self, limit_s: float) -> None:
        """Wait until the loader shows the status that it begins with; LoaderError if it does not."""
        limit = self._core.clock.now() + limit_s
        while self._status() != Status(0, 0, 0, 0):
            if self._core.clock.now() > limit:
                raise LoaderError("it does not start")
            self._core.clock.sleep(_STEP_S)

    def room(self, size: int) -> int:
        """Return where records of `size` bytes begin in the next buffer."""
        return self._layout.buffers[self.next].tail - size

    def hold(self, start: int, ticks: int, seconds: float, blocks: Iterable[BlockWrite]) -> Batch:
        """Take note of a batch in the next buffer, which begins to be worked on now at the earliest."""
        batch = Batch(start, ticks, seconds / ticks, 0.0, deque(blocks))
        self.sent.append(batch)
        self.unfinished += batch.blocks
        self.next ^= 1
        return batch

    def send(
        self,
        records: bytes,
        count: int,
        ticks: int,
        seconds: float,
        blocks: Iterable[BlockWrite] = (),
        before: bytes = b"",
    ) -> Batch:
        """Fill the next buffer in one write, the last byte of which lets the loader begin.

        Args:
            records: The records, in the order in which they are worked on.
            count: How many there are.
            ticks: What the loader counts for them.
            seconds: How long they take.
            blocks: The blocks among them, each of which is counted once.
            before: Bytes for the RAM directly before the records.
        """
        with shield():
            start = self.room(len(records))
            batch = self.hold(start, ticks, seconds, blocks)
            free_at = self._free_at
            self._free_at = max(self._core.clock.now(), free_at) + seconds  # also if the reply to the write is lost
            self._core.write(start - len(before), before + records + start.to_bytes(2, "big") + bytes([count, 1]))
            self._free_at = batch.ends = max(self._core.clock.now(), free_at) + seconds
        return batch

    # -- what the loader shows -----------------------------------------------------------------------------------

    def wait(self, done: Done = nothing) -> None:
        """Wait for the end of the oldest batch: until its computed end, then for as long as the loader advances."""
        clock, batch = self._core.clock, self.sent[0]
        clock.sleep(batch.ends - clock.now() - self._read_s * _POLL_TRAVEL)
        seen_at, before = clock.now(), self._done
        misread = 0
        while True:
            status = self.look(done)
            if not self.sent or self.sent[0] is not batch:
                return
            if status is None:  # the loader was just changing it
                misread += 1
            elif self._done != before:
                seen_at, before = clock.now(), self._done
            if clock.now() - seen_at > 3 * batch.tick_s + FINISH_LIMIT_S or misread > _MOST_MISREAD:
                phase = f"phase {status.phase}" if status else "its status cannot be read"
                raise LoaderError(f"it does not advance: {self._done} blocks are done, {phase}")
            if status is not None:
                misread = 0
                clock.sleep(
                    max(_STEP_S, (batch.ticks - 1) * batch.tick_s, batch.tick_s / _LATE_PART * (batch.ticks == 1))
                )

    def look(self, done: Done = nothing) -> Optional[Status]:
        """Read the status once and take over how far the loader has come; None if its bytes do not fit.

        Raises:
            LoaderError: The loader has ended.
        """
        with shield():
            status = self._status()
            if status is not None:
                self._count(status, done)
                if status.error:
                    raise LoaderError(why(status))
        return status

    def _status(self) -> Optional[Status]:
        before = self._core.clock.now()
        data = self._core.read(START, STATUS_SIZE)
        self._read_s = self._core.clock.now() - before
        return status_of(data)

    def _count(self, status: Status, done: Done) -> None:
        new = status.done - self._done & 0xFFFF
        if new > sum(batch.ticks for batch in self.sent):
            raise LoaderError(f"it counts {status.done} blocks, and was not given so many")
        self._done = status.done
        while new:
            batch = self.sent[0]
            ended = min(new, batch.ticks)
            new -= ended
            batch.ticks -= ended
            if not batch.ticks:
                self.sent.popleft()
            for block in [batch.blocks.popleft() for _ in range(min(ended, len(batch.blocks)))]:
                self.unfinished.remove(block)
                done(block)

    # -- the end -------------------------------------------------------------------------------------------------

    def halt(self, done: Done = nothing) -> None:
        """Let no block begin any more, and wait for the one that is under way; the link must work."""
        if self.programs:
            self._core.write(_STOP, b"\x01")
            batch = self.sent[0]
            limit = self._core.clock.now() + batch.tick_s + FINISH_LIMIT_S
            while self._core.clock.now() < limit:
                status = self._status()
                if status is not None:
                    self._count(status, done)
                    if status.error or not self.sent:
                        self.unfinished.clear()  # what had not begun will not
                        break
                self._core.clock.sleep(_STEP_S)
        self.sent.clear()

    def abandon(self) -> None:
        """Forget all after a lost link. Wait for as long as the blocks take, so that no reset cuts one of them."""
        blocks = self.programs
        self.sent.clear()
        if blocks:
            self._core.clock.sleep(max(0.0, self._free_at - self._core.clock.now()) * 1.1 + _STEP_S)

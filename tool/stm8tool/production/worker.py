"""One socket: chip after chip, in a thread of its own. What a chip did is in the log before it counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import Code, ToolError
from .chip_run import ChipRecord, ChipRun, SameBoardError, WarningCollector
from .starts import SAME_BOARD, Start
from .summary import Gap, RunTally

if TYPE_CHECKING:
    from ..api import Chip
    from ..chip.programmer import Progress
    from .counter import NumberSource
    from .job import JobSocket, ProductionJob
    from .log import ProductionLog

_LOOK_S = 0.1  # how soon a socket sees that the run ends; our choice

Begin = Callable[["JobSocket", "Progress"], "Chip"]


class SocketState(NamedTuple):
    """What the terminal shows of a socket.

    Attributes:
        text: What it does or waits for.
        share: How much of that is done, 0 to 1; None if nothing can be told.
    """

    text: str
    share: Optional[float] = None


class Shared:
    """What the sockets of a run share. Every method may be called from any thread.

    Args:
        job: The job.
        log: Its open log.
        numbers: Its serial numbers; None if it has none.
        begin: Returns the chip in a socket, for a `with` statement.
        count: How many chips may be begun; None: any number.

    Attributes:
        closing: Set when no chip is to begin any more.
        ended: The records of the chips, in the order of their ends.
        states: What each socket does.
        collector: Collects the warnings of all threads.
        stopped: Why the run ends early; None if it does not.
        fatal: An error that ends the run, such as a full disk.
        is_hurried: The chips that have begun end at their next step.
    """

    def __init__(
        self,
        job: ProductionJob,
        log: ProductionLog,
        numbers: Optional[NumberSource],
        begin: Begin,
        count: Optional[int] = None,
    ) -> None:
        self.job = job
        self.numbers = numbers
        self.begin = begin
        self.closing = threading.Event()
        self.ended: SimpleQueue[ChipRecord] = SimpleQueue()
        self.states: dict[str, SocketState] = {}
        self.collector = WarningCollector()
        self.stopped: Optional[str] = None
        self.fatal: Optional[ToolError] = None
        self.is_hurried = False
        self.tally = RunTally([socket.name for socket in job.sockets])
        self._log = log
        self._count = count
        self._lock = threading.Lock()
        self._begun = 0
        self._booked = 0

    def stop(self, why: str) -> None:
        """Let no chip begin any more."""
        self.stopped = self.stopped or why
        self.closing.set()

    def admits(self) -> bool:
        """Wait until the next chip may begin; False: none may."""
        while not self.closing.is_set():
            with self._lock:
                if self._count is None or self._begun < self._count:
                    self._begun += 1
                    return True
            self.closing.wait(_LOOK_S)
        return False

    def give_back(self) -> None:
        """Take back an admission: there was no new chip."""
        with self._lock:
            self._begun -= 1

    def book(self, record: ChipRecord) -> None:
        """Write what a chip did to the log, and count it. It passes only if the disk has its line."""
        gap = None
        if record.serial is not None and not record.passed:
            gap = Gap(record.serial, f"socket {record.socket}: {record.message}")
        try:
            gaps = [("gap", {**gap._asdict(), "code": record.code})] if gap else []
            self._log.write_all(("chip", record.fields()), *gaps)
        except ToolError as exc:
            message = f"its line is not in the log: {exc}"
            record.fail(exc, message)
            gap = None if record.serial is None else Gap(record.serial, message)
            self.fatal = self.fatal or exc
            self.stop("the log cannot be written")
        with self._lock:
            self.tally.add(record)
            if gap:
                self.tally.add_gap(gap)
            self._booked += 1
            if self._count is not None and self._booked >= self._count:
                self.closing.set()
            limit = self.job.stop_after
            if limit is not None and self.tally.failures_in_a_row(record.socket) >= limit:
                self.stop(f"{limit} failures in a row")
        self.ended.put(record)


def work(socket: JobSocket, start: Start, shared: Shared) -> None:
    """Do chip after chip in a socket, until the run ends."""
    last_uid: Optional[str] = None

    def tell(text: str, share: Optional[float] = None) -> None:
        shared.states[socket.name] = SocketState(text, share)

    try:
        while start.wait(tell) and shared.admits():
            run = ChipRun(shared.job, shared.numbers, socket.name, tell, lambda: shared.is_hurried, last_uid)
            shared.collector.begin(run.record.warnings)
            try:
                record = run.run(partial(shared.begin, socket))
            except SameBoardError:
                shared.give_back()
                tell(SAME_BOARD)
                continue
            shared.book(record)
            tell("passed" if record.passed else f"failed: {record.code or Code.CHIPS_FAILED.value}")
            if shared.job.by_contact and record.passed:
                last_uid = record.uid
    except BaseException:
        shared.closing.set()
        raise

"""All sockets of a job: it looks for the probes, opens the log, starts a thread for each socket, and counts.

Only the thread that calls `run` talks to the user. So a signal reaches it at once, and no two threads print.
"""

from __future__ import annotations

import os
import socket as network
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from queue import Empty
from typing import TYPE_CHECKING, NamedTuple, Optional, Protocol

from .. import __version__
from ..api import Chip
from ..errors import Code, ToolError, TransportError, UsageError
from ..selector import open_link
from ..session import Session
from .counter import NumberSource
from .log import SCHEMA, ProductionLog
from .starts import AtOnce, OnContact, OnKey, Start, answers
from .summary import Gap, RunSummary
from .worker import Begin, Shared, work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..chip.programmer import Progress
    from .chip_run import ChipRecord
    from .job import JobSocket, ProductionJob
    from .worker import SocketState

_TURN_S = 0.1  # between two looks at the keys, the signals and the terminal; our choice
LOST = "the run before was cut off: this number may be on a board that it did not log"


class Watcher(Protocol):
    """Shows a run to the user. All calls come from one thread."""

    def note(self, text: str) -> None:
        """Show a line."""

    def chip(self, record: ChipRecord, passed: int, failed: int) -> None:
        """Show what a chip did, and the counts of the run so far."""

    def draw(self, states: Mapping[str, SocketState]) -> None:
        """Show what the sockets do now."""


class UserKeys(Protocol):
    """What the user types and presses."""

    def interrupts(self) -> int:
        """Return how often the user has pressed Ctrl-C."""

    def next_line(self) -> Optional[str]:
        """Return the next line that the user has typed; None if there is none now."""

    def has_ended(self) -> bool:
        """Tell whether no line comes any more."""


class Finished(NamedTuple):
    """How a run ended: its counts, whether the user interrupted it, and the error that ended it, if there was one."""

    summary: RunSummary
    interrupted: bool
    error: Optional[ToolError]


Starts = Callable[["JobSocket", Shared], Start]


def by_job(job: ProductionJob) -> Starts:
    """Return how the sockets of a job start."""
    if job.by_contact:
        return lambda socket, shared: OnContact(lambda: answers(socket.probe), shared.closing)
    return lambda socket, shared: OnKey(shared.closing)


def once(socket: JobSocket, shared: Shared) -> Start:
    """Let a socket do the one board that is in it."""
    return AtOnce(shared.closing)


def opener(job: ProductionJob) -> Begin:
    """Return the function that returns the chip in a socket."""

    def begin(socket: JobSocket, progress: Progress) -> Chip:
        return Chip(lambda: Session(open_link(socket.probe), job.part), job.part, progress, loader=job.loader)

    return begin


def require_probes(job: ProductionJob) -> dict[str, str]:
    """Return the place of each socket's probe by the socket's name.

    Raises:
        TransportError: Some are not there.
        UsageError: Two sockets mean one probe.
    """
    places: dict[str, str] = {}
    missing: list[tuple[JobSocket, ToolError]] = []
    for socket in job.sockets:
        try:
            place = open_link(socket.probe).place
        except ToolError as exc:
            missing.append((socket, exc))
            continue
        other = next((name for name, taken in places.items() if taken == place), None)
        if other is not None:
            raise UsageError(
                f"sockets {other} and {socket.name} mean one probe, {place}",
                code=Code.JOB,
                hint="correct `probe` of one of them in the job file",
            )
        places[socket.name] = place
    if missing:
        socket, error = missing[0]
        raise TransportError(
            f"socket {socket.name}: {error}",
            code=error.code,
            hint=error.advice,
            details=[f"socket {one.name}: {exc}" for one, exc in missing[1:]],
        ) from error
    return places


def produce(
    job: ProductionJob,
    watcher: Watcher,
    keys: UserKeys,
    *,
    starts: Starts,
    begin: Begin,
    places: Mapping[str, str],
    count: Optional[int] = None,
    listen: Callable[[Shared], None] = lambda shared: None,
) -> Finished:
    """Run a job until it ends.

    Args:
        job: A checked job.
        watcher: Shows it.
        keys: What the user types.
        starts: Returns when each socket begins its chips.
        begin: Returns the chip in a socket.
        places: The places of the probes, for the log.
        count: How many chips there are; None: any number.
        listen: Called before the first chip with what the sockets share.

    Raises:
        ToolError: The log or the counter cannot be used; no chip was touched.
    """
    began = time.monotonic()
    run = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"
    log = ProductionLog(job.log, run)
    lost = log.open()
    try:
        gaps = _log_gaps(job, log, lost)
        _log_begin(job, log, places)
        numbers = None
        if job.serial is not None:
            counter = str(job.serial.file.absolute())
            numbers = NumberSource(
                job.serial, lambda value, name: log.write("serial", serial=value, socket=name, counter=counter)
            )
        shared = Shared(job, log, numbers, begin, count)
        for gap in gaps:
            watcher.note(f"not used: serial number {gap.serial}: {gap.reason}")
            shared.tally.add_gap(gap)
        listen(shared)
        own = {socket.name: starts(socket, shared) for socket in job.sockets}
        interrupted = _run(job, shared, own, watcher, keys)
        summary = shared.tally.summary(time.monotonic() - began, shared.stopped, str(job.log))
        if shared.fatal is None:
            try:
                log.write("end", **summary.fields())
            except ToolError as exc:  # every chip has its line; only the counts are missing
                shared.fatal = exc
        return Finished(summary, interrupted, shared.fatal)
    finally:
        log.close()


def _log_gaps(job: ProductionJob, log: ProductionLog, lost: Sequence[int]) -> list[Gap]:
    """Log the numbers of an earlier run whose result is not known. A number that is still free was not taken."""
    free = None if job.serial is None else job.serial.peek()
    gaps = [Gap(number, LOST) for number in lost if free is None or number < free]
    if gaps:
        log.write_all(*(("gap", {**gap._asdict(), "code": None}) for gap in gaps))
    return gaps


def _log_begin(job: ProductionJob, log: ProductionLog, places: Mapping[str, str]) -> None:
    log.write(
        "run",
        schema=SCHEMA,
        tool=__version__,
        host=network.gethostname(),
        job=job.name,
        job_file=str(job.file),
        job_sha256=job.sha256,
        part=job.part.name,
        image=[file._asdict() for file in job.files],
        sockets=[{**socket._asdict(), "place": places.get(socket.name)} for socket in job.sockets],
    )


def _run(job: ProductionJob, shared: Shared, starts: Mapping[str, Start], watcher: Watcher, keys: UserKeys) -> bool:
    """Let all sockets work until they are done; tell whether the user interrupted them."""
    seen = 0
    pending: Optional[str] = None
    with ThreadPoolExecutor(len(job.sockets), "socket") as pool:
        futures: list[Future[None]] = [pool.submit(work, socket, starts[socket.name], shared) for socket in job.sockets]
        try:
            while not all(future.done() for future in futures):
                seen = _heed(keys.interrupts(), seen, shared, watcher)
                pending = _type(pending, shared, starts, watcher, keys)
                watcher.draw(shared.states)
                _show(shared, watcher, _TURN_S)
            _show(shared, watcher, 0)
        except BaseException:
            shared.closing.set()
            raise
    for future in futures:
        future.result()
    return max(seen, keys.interrupts()) > 0


def _show(shared: Shared, watcher: Watcher, wait_s: float) -> None:
    """Show the chips that have ended; wait for the first of them."""
    try:
        record = shared.ended.get(timeout=wait_s) if wait_s else shared.ended.get_nowait()
        while True:
            watcher.chip(record, shared.tally.passed, shared.tally.failed)
            record = shared.ended.get_nowait()
    except Empty:
        return


def _heed(now: int, seen: int, shared: Shared, watcher: Watcher) -> int:
    """Act on Ctrl-C: the first one lets no chip begin, the second one ends the chips that have begun."""
    if now > seen:
        shared.stop("interrupted by the user")
        if seen == 0:
            watcher.note("interrupted: no chip begins any more; the ones that have begun are finished")
        elif not shared.is_hurried:
            watcher.note("interrupted again: the chips that have begun end at their next step")
        shared.is_hurried = now > 1
    return now


def _type(
    pending: Optional[str], shared: Shared, starts: Mapping[str, Start], watcher: Watcher, keys: UserKeys
) -> Optional[str]:
    """Start the sockets that the user asks for, when they have all ended their chip; return a line that still waits."""
    on_key = {name: start for name, start in starts.items() if isinstance(start, OnKey)}
    if not on_key or shared.closing.is_set():
        return None
    line = keys.next_line() if pending is None else pending
    if line is None:
        if keys.has_ended() and all(start.is_waiting for start in on_key.values()):
            shared.closing.set()
        return None
    wanted = [line.strip()] if line.strip() in on_key else line.split() or list(on_key)
    unknown = [name for name in wanted if name not in on_key]
    if unknown:
        watcher.note(f"no socket is called {unknown[0]!r}; there are {', '.join(on_key)}")
        return None
    if not all(on_key[name].is_waiting for name in wanted) or keys.interrupts():
        return line
    for name in wanted:
        on_key[name].ask()
    return None

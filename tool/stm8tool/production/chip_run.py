"""One chip: connect, take a number, write, verify, option bytes, self-test, lock. It ends as a record for the log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from ..errors import Code, ReadoutProtectedError, TargetError, ToolError
from ..image import Image
from ..words import JOB

if TYPE_CHECKING:
    from ..api import Chip
    from ..chip.programmer import Progress
    from .counter import CountedNumber, NumberSource
    from .job import ProductionJob

_CUT_SHORT = "stopped by the user before this chip was done"
_MOST_WARNINGS = 20  # of one chip, in the log


class CutShortError(Exception):
    """The user ended the work on this chip between two steps."""


class SameBoardError(Exception):
    """The board that passed last in this socket is still there."""


@dataclass
class ChipRecord:
    """What is known about one chip; the log has all of it.

    Attributes:
        socket: The name of the socket.
        result: "pass" or "fail".
        code: The code of the failure, such as "E-VERIFY"; None if it passed, or if the user stopped it.
        message: Why it failed.
        hint: What to do about that.
        probe, firmware, probe_serial: The probe.
        uid: The unique ID of the chip, in hex; None if the part has none, or if it was not read.
        image_sha256: The hashes of the image files.
        serial: The number that was taken for the chip; None if none was taken.
        serial_hex: Its bytes.
        blocks: How many blocks were compared and written.
        block_ms: The time of a block that was written: the mean, and the most.
        retries: What had to be repeated, by kind; empty over a good link.
        self_test: The line that the program printed.
        warnings: Warnings of the tool.
        steps: Seconds of each step.
        seconds: All of it.
    """

    socket: str
    result: str = "fail"
    code: Optional[str] = None
    message: Optional[str] = None
    hint: Optional[str] = None
    probe: Optional[str] = None
    firmware: Optional[str] = None
    probe_serial: Optional[str] = None
    uid: Optional[str] = None
    image_sha256: tuple[str, ...] = ()
    serial: Optional[int] = None
    serial_hex: Optional[str] = None
    blocks: Optional[dict[str, int]] = None
    block_ms: Optional[dict[str, float]] = None
    retries: dict[str, int] = field(default_factory=dict)
    self_test: Optional[str] = None
    warnings: list[str] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """True if the chip holds what the job wants."""
        return self.result == "pass"

    def fail(self, error: ToolError, message: str) -> None:
        """Take an error as the reason why the chip failed."""
        self.result, self.code = "fail", error.code.value
        self.message, self.hint = message, error.hint_in(JOB)

    def fields(self) -> dict[str, Any]:
        """Return it as the log has it."""
        return dict(vars(self))


class BlockTimer:
    """Measures blocks by the progress of a write, and passes the progress on."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self._at = time.perf_counter()
        self._done = self._bytes = 0
        self._seconds = self._most_s = 0.0
        self.is_over = False  # what is written from now on does not belong to the image

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take progress."""
        at = time.perf_counter()
        if stage == "writing" and not self.is_over:
            step = done - self._done if done > self._done else done  # a write that begins again counts from 0
            self._seconds += at - self._at
            self._bytes += step
            self._most_s = max(self._most_s, (at - self._at) / max(step, 1))
            self._done = done
        self._at = at
        self._tell(stage, done, total)

    def times_ms(self, block: int) -> Optional[dict[str, float]]:
        """Return the mean and the most of a block of this size; None if nothing was written."""
        if not self._bytes:
            return None
        mean, most = self._seconds / self._bytes, self._most_s
        return {"mean": round(1000 * mean * block, 3), "most": round(1000 * most * block, 3)}


class WarningCollector(logging.Handler):
    """Collects the warnings of each thread, for the record of its chip."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._of_thread: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of the log."""
        into = self._of_thread.get(threading.get_ident())
        if into is not None and len(into) < _MOST_WARNINGS:
            into.append(record.getMessage())

    def begin(self, into: list[str]) -> None:
        """Collect the warnings of this thread in a list from now on."""
        self._of_thread[threading.get_ident()] = into


class ChipRun:
    """The work on one chip.

    Args:
        job: What it gets.
        numbers: The serial numbers; None if the job has none.
        socket: The name of the socket.
        tell: Called with the step and with the done share of it.
        is_hurried: Tells whether the user wants the work to end at the next step.
        last_uid: The unique ID of the chip that passed before in this socket.
    """

    def __init__(
        self,
        job: ProductionJob,
        numbers: Optional[NumberSource],
        socket: str,
        tell: Callable[[str, float], None],
        is_hurried: Callable[[], bool] = lambda: False,
        last_uid: Optional[str] = None,
    ) -> None:
        self.record = ChipRecord(socket, image_sha256=tuple(file.sha256 for file in job.files))
        self._job = job
        self._numbers = numbers
        self._tell = tell
        self._is_hurried = is_hurried
        self._last_uid = last_uid
        self._step = ""
        self._timer = BlockTimer(self._progress)

    def run(self, begin: Callable[[Progress], Chip]) -> ChipRecord:
        """Do all steps, and return how they ended. No failure of the board or the probe is an error.

        Args:
            begin: Returns the chip for a `with` statement.

        Raises:
            SameBoardError: The board that passed last is still there; nothing was written, and no number was taken.
        """
        record = self.record
        began = time.perf_counter()
        timer = self._timer
        chip: Optional[Chip] = None
        try:
            chip = begin(timer)
            with chip:
                self._do(chip)
            record.result = "pass"
        except ToolError as exc:
            record.fail(exc, str(exc))
        except CutShortError:
            record.message = _CUT_SHORT
        if chip is not None:
            with suppress(ToolError):  # there is none if the probe could not be opened
                repeated = chip.quality._asdict()
                record.retries = {name: int(count) for name, count in repeated.items() if count}
        record.block_ms = timer.times_ms(self._job.part.block)
        record.seconds = round(time.perf_counter() - began, 3)
        return record

    def _do(self, chip: Chip) -> None:
        job = self._job
        self._timed("connect", lambda: self._connect(chip))
        self._timed("write", lambda: self._write(chip))
        if job.options.settings:
            self._timed("options", lambda: chip.set_options(*job.options.settings, allow=job.options.allowed))
        test = job.self_test
        if test is not None:
            self._timed("self-test", lambda: self._test(chip))
        if job.lock:
            self._timed("lock", lambda: self._lock(chip))

    def _timed(self, step: str, do: Callable[[], object]) -> None:
        self._go_on()
        self._step = step
        self._tell(step, 0.0)
        began = time.perf_counter()
        try:
            do()
        finally:
            self.record.steps[step] = round(time.perf_counter() - began, 3)

    def _go_on(self) -> None:
        if self._is_hurried():
            raise CutShortError

    def _progress(self, stage: str, done: int, total: int) -> None:
        self._tell(stage, done / total if total else 1.0)

    def _connect(self, chip: Chip) -> None:
        record, probe = self.record, chip.probe
        record.probe, record.firmware, record.probe_serial = probe.model, probe.firmware, probe.serial
        chip.connect()
        if self._last_uid is not None:
            with suppress(ReadoutProtectedError):  # a locked chip does not show it
                if _hex(chip.unique_id()) == self._last_uid:
                    raise SameBoardError

    def _write(self, chip: Chip) -> None:
        job, record, image = self._job, self.record, self._job.image
        options, allow, unlock = bool(job.options.held.size), job.options.allowed, job.unlock
        if self._numbers is not None:
            # Take the number only after this look: no number is lost to a chip that cannot be written at all.
            expected = image.overlaid(Image([self._numbers.next()]))
            chip.check_write(expected, options=options, allow=allow, unlock=unlock)
            taken: CountedNumber = self._numbers.take(record.socket)
            record.serial, record.serial_hex = taken.value, taken.segment.data.hex().upper()
            image = image.overlaid(Image([taken.segment]))
        result = chip.write(image, options=options, allow=allow, unlock=unlock, verify=job.verify)
        record.blocks = {"compared": result.written.compared, "written": result.written.programmed}
        record.uid = _hex(chip.unique_id())

    def _test(self, chip: Chip) -> None:
        test = self._job.self_test
        if test is None:
            return
        self._timer.is_over = True
        printed = test.run(chip, self._go_on)
        # A user may have put the next board in meanwhile: the console waits for a chip that is silent.
        if _hex(chip.unique_id()) != self.record.uid:
            raise TargetError(
                "another board came into the socket during the self-test",
                code=Code.SELF_TEST,
                hint="leave a board in its socket until it has passed or failed",
            )
        self.record.self_test = printed

    def _lock(self, chip: Chip) -> None:
        chip.lock()


def _hex(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else data.hex().upper()

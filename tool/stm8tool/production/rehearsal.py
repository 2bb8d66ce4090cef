"""A job on simulated boards: everything is done as in a run, but no board, no number and no log of the job is used."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Code, UsageError
from ..support import files
from ..support.locks import FileLock
from .log import check, unusable
from .starts import AtOnce

if TYPE_CHECKING:
    from .job import JobSocket, ProductionJob
    from .line import Starts
    from .starts import Start
    from .worker import Shared

_MODEL = "v3"
SUFFIX = ".dry-run"


class Rehearsal(NamedTuple):
    """A job whose sockets are simulated, and how they start.

    Attributes:
        job: Its log is beside that of the real job, and its counter is a copy.
        starts: A socket begins at once; each chip is a new board.
    """

    job: ProductionJob
    starts: Starts


def _folder() -> Path:
    """Return a new folder for the boards; UsageError if the system has no place for it."""
    try:
        return Path(tempfile.mkdtemp(prefix="stm8tool-"))
    except OSError as exc:
        raise UsageError(
            f"no folder for the simulated boards can be made: {exc.strerror}",
            code=Code.FILE,
            hint="make room in the system's folder for temporary files; TMPDIR, on Windows TMP, names another one",
        ) from exc


@contextmanager
def rehearsal(job: ProductionJob, chips: int) -> Iterator[Rehearsal]:
    """Give the rehearsal of a job, with `chips` boards for each socket; the boards are removed afterwards."""
    from ..sim import store

    folder = _folder()
    try:
        sockets = [
            socket._replace(probe=f"sim:{folder / f'{number}.chip'}") for number, socket in enumerate(job.sockets, 1)
        ]
        for socket in sockets:
            store.create(socket.probe[4:], job.part, _MODEL)
        serial = job.serial
        if serial is not None:
            counter = folder / "next.txt"
            files.write_whole(counter, b"%d\n" % serial.peek())
            serial = replace(serial, file=counter)
        log = job.log.with_name(f"{job.log.name}{SUFFIX}")
        check(log)  # a file with something else is not removed
        with FileLock(log, "production log", patient=False):  # nor the log of a rehearsal that runs
            try:
                log.unlink(missing_ok=True)
            except OSError as exc:
                raise unusable(log, exc) from exc

        def starts(socket: JobSocket, shared: Shared) -> Start:
            def put_in() -> None:
                store.create(socket.probe[4:], job.part, _MODEL, overwrite=True)

            return AtOnce(shared.closing, chips, put_in)

        yield Rehearsal(job.with_(sockets=tuple(sockets), serial=serial, log=log), starts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

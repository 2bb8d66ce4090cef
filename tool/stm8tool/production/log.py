"""The log of a production line: one JSON object in each line, which is on the disk before it counts.

A line is appended by one write, and the disk has it before `write` returns. So a killed process or a power cut loses no
line that was written, and at most the last line is torn. `recovery.py` mends that at the next start. One run at a time
uses a log.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from ..errors import Code, ImageError
from ..support import files
from ..support.locks import FileLock
from .recovery import is_log, mend, opened

SCHEMA = 1  # of the lines; docs/production.md describes them

Event = Mapping[str, Any]


class ProductionLog:
    """A log that is open for one run.

    Args:
        path: Its file, which is made if it does not exist.
        run: The name of the run, which is in each of its lines.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.path = path
        self.run = run
        self._lock = threading.Lock()
        self._of_process = FileLock(path, "production log", patient=False)
        self._descriptor: Optional[int] = None

    def open(self) -> list[int]:
        """Open the log, and mend its end. Return the numbers that an earlier run announced without a result.

        Raises:
            ImageError: It cannot be opened or written, or is another kind of file.
            AccessError: Another run uses it.
        """
        check(self.path)
        self._of_process.acquire()
        try:
            self._descriptor, is_new = opened(self.path)
            _require_one_name(self.path, os.fstat(self._descriptor))
            if is_new:
                files.sync_folder(self.path.parent)
            mended = mend(self._descriptor, self.path)
        except OSError as exc:
            self.close()
            raise unusable(self.path, exc) from exc
        except BaseException:
            self.close()
            raise
        if mended.torn:
            self.write("repaired", bytes=mended.torn, kept_in=str(mended.aside))
        return mended.numbers

    def write(self, event: str, **fields: object) -> None:
        """Append one event; errors: see `write_all`."""
        self.write_all((event, fields))

    def write_all(self, *events: tuple[str, Event]) -> None:
        """Append events by one write, and wait until the disk has them.

        Raises:
            ImageError: They could not be written. What was written of them is removed, as far as that is possible.
        """
        data = b"".join(_line(event, self.run, fields) for event, fields in events)
        with self._lock:
            if self._descriptor is None:
                raise ImageError(f"{self.path}: the log is closed", hint="start the run again")
            size = os.fstat(self._descriptor).st_size
            try:
                if os.write(self._descriptor, data) != len(data):
                    raise OSError(0, "the disk is full")
                os.fsync(self._descriptor)
            except OSError as exc:
                self._undo(size)
                raise unusable(self.path, exc) from exc

    def _undo(self, size: int) -> None:
        """Remove what a failed write has left. If that fails, too, the next start mends it; this run writes no more."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        except OSError:
            os.close(descriptor)
        else:
            self._descriptor = descriptor

    def close(self) -> None:
        """Close the log. It does no harm if that is done."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        self._of_process.release()


def check(path: Path) -> None:
    """Raise the error that `open` would raise, as far as it can be seen without a change of the file.

    Raises:
        ImageError: The log cannot be written, or is another kind of file.
    """
    try:
        files.check_whole(path)
        if path.exists():
            about = path.stat()
            if not stat.S_ISREG(about.st_mode):
                raise OSError(0, "it is not a regular file")
            _require_one_name(path, about)
            with path.open("rb") as file:
                if not is_log(file.readline(1 << 16)):
                    raise not_a_log(path)
    except OSError as exc:
        raise unusable(path, exc) from exc


def _require_one_name(path: Path, about: os.stat_result) -> None:
    """Raise ImageError if a log has several names: its lock belongs to a name, so two runs could write one file."""
    if about.st_nlink > 1:
        raise ImageError(
            f"{path}: the log has {about.st_nlink} names (hard links), so two runs could write it at the same time",
            hint="copy the file, and rename the copy to this name; make the other names symbolic links",
        )


def not_a_log(path: Path) -> ImageError:
    """Return the error for a file that holds something else."""
    return ImageError(
        f"{path}: this file is not a production log", code=Code.FILE, hint="choose another name: nothing was written"
    )


def unusable(path: Path, exc: OSError) -> ImageError:
    """Return the error for a log that cannot be used."""
    return ImageError(f"{path}: the log cannot be written: {exc.strerror}", hint=files.hint_for(exc, path))


def now() -> str:
    """Return the time as the log has it: UTC, in the form of ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(event: str, run: str, fields: Event) -> bytes:
    """Return a line. Its first key is the event: `recovery.py` looks for that."""
    text = json.dumps({"event": event, "time": now(), "run": run, **fields}, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"

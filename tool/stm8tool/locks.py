"""One process at a time for a file that is replaced as a whole."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Optional

from .errors import AccessError, Code, UsageError

WAIT_S = 2.0
STEP_S = 0.05

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """An exclusive lock beside `path` (`.NAME.lock`); the system drops it when the process ends, however it ends.

    Args:
        path: What is to be had by one process at a time.
        what: What that is, for the message that somebody else has it.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what
        meant = Path(os.path.realpath(path))  # by whatever link it is called, it is one
        self._lock_path = meant.with_name(f".{meant.name}.lock")
        self._descriptor: Optional[int] = None

    def acquire(self) -> None:
        """Take the lock; AccessError if somebody keeps it for more than WAIT_S."""
        try:
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as exc:
            raise UsageError(f"cannot use {self._path}: {exc.strerror}", hint="check the path and its rights") from exc
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                _try_lock(descriptor)
            except OSError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    raise AccessError(
                        f"{self._path} is busy: another program is using this {self._what}",
                        code=Code.BUSY,
                        hint="wait until it has ended",
                    ) from None
                time.sleep(STEP_S)
            else:
                self._descriptor = descriptor
                return

    def release(self) -> None:
        """Let go; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.release()

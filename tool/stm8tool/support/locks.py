"""A lock that lets only one process at a time use a file that is replaced as a whole."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Optional

from ..errors import AccessError, Code, UsageError
from .files import check_name

WAIT_S = 2.0
STEP_S = 0.05
_LONG_NAME = 200  # bytes; a file system takes 255 or fewer
_CHECK = "check the path and its permissions"

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """An exclusive lock in a file beside `path` (`.NAME.lock`). The system removes the lock when the process ends.

    If the name has more than 200 bytes, the name of the lock file has a hash in its place.

    Args:
        path: The file that only one process at a time may use.
        what: A word for this file, for the message that another program uses it.
        patient: Wait for up to WAIT_S while another program has the lock.
    """

    def __init__(self, path: Path, what: str, *, patient: bool = True) -> None:
        self._patient = patient
        self._path = path
        self._what = what
        try:
            check_name(path)
        except OSError as exc:
            raise UsageError(f"cannot use {path!r}: {exc.strerror}", hint=_CHECK) from exc
        self._meant = Path(os.path.realpath(path))  # all links to a file share its lock
        name = self._meant.name
        if len(os.fsencode(name)) > _LONG_NAME:
            name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
        self._lock_path = self._meant.with_name(f".{name}.lock")
        self._descriptor: Optional[int] = None

    def acquire(self) -> None:
        """Take the lock; AccessError if another program keeps it."""
        deadline = time.monotonic() + WAIT_S * self._patient
        while True:
            try:
                if self.attempt():
                    return
            except OSError as exc:
                raise self._unusable(exc) from exc
            if time.monotonic() >= deadline:
                raise AccessError(
                    f"{self._path} is busy: another program is using this {self._what}",
                    code=Code.BUSY,
                    hint="end that program, or wait until it has ended",
                )
            time.sleep(STEP_S)

    def attempt(self) -> bool:
        """Take the lock if it is free, and tell whether it was; OSError if the lock file cannot be used."""
        descriptor = self._open()
        try:
            _try_lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def exists(self) -> bool:
        """Tell whether the lock file exists: a program has used this lock at some time."""
        return self._lock_path.exists()

    def _unusable(self, exc: OSError) -> UsageError:
        """Return the error for a lock file that cannot be opened or made."""
        about, reason = "", exc.strerror
        if os.path.lexists(self._lock_path):
            about = f"its lock file {self._lock_path}: "
            if exc.errno == errno.ELOOP:  # because of O_NOFOLLOW
                reason = "it is a link, which is not followed"
        elif isinstance(exc, PermissionError):
            about = f"its lock file {self._lock_path} cannot be made: "
        return UsageError(f"cannot use {self._path}: {about}{reason}", hint=_CHECK)

    def _open(self) -> int:
        """Return the open lock file. Every user who may use the file itself may lock it.

        On Linux and macOS a lock does not need the right to write the file. So another user's lock file works, too.
        """
        flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        while True:
            try:
                descriptor = os.open(self._lock_path, os.O_RDWR | flags)
            except PermissionError:
                descriptor = os.open(self._lock_path, os.O_RDONLY | flags)
            except FileNotFoundError:
                try:
                    descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_EXCL | flags, 0o666)
                except FileExistsError:
                    continue  # another run has just made it
                self._share(descriptor)
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return descriptor
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is not a regular file")

    def _share(self, descriptor: int) -> None:
        """Give the lock file the group and the mode of the file that it protects."""
        if sys.platform == "win32":
            return
        with suppress(OSError):  # the lock also works without that
            about = self._meant.stat()
            os.fchown(descriptor, -1, about.st_gid)
            os.fchmod(descriptor, about.st_mode & 0o666 | 0o600)

    def release(self) -> None:
        """Release the lock; this does no harm if it is not held."""
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

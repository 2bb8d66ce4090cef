"""Putting a finished file or folder in its place: the whole of it or nothing."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from pathlib import Path
from typing import Optional

WAIT_S = 2.0
STEP_S = 0.05
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def replace(source: Path, target: Path) -> None:
    """Rename `source` to `target`, in whose place it then is; a folder only where there is none.

    Windows refuses that while somebody has one of them open, be it only to read, as virus scanners do with all that
    is new: there it is tried again for WAIT_S.

    Raises:
        OSError: It cannot be done.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            source.replace(target)
            return
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() >= deadline:
                raise
        time.sleep(STEP_S)


def partial(target: Path) -> Path:
    """Return what `target` is called while it is being written."""
    return target.with_name(f".{target.name}.{os.getpid()}.partial")


def read_regular(source: Path, limit: int) -> bytes:
    """Return what a regular file holds, but no more than `limit` bytes; links are followed.

    Raises:
        OSError: It cannot be read, or is something else, which might never end or never begin: a pipe, a device.
    """
    _check_name(source)
    if not stat.S_ISREG(source.stat().st_mode):
        raise _not_regular(source)
    with source.open("rb") as file:
        return file.read(limit)


def check_whole(target: Path) -> None:
    """Raise OSError unless `write_whole` could write `target`."""
    target = _followed(target)
    _mode(target)
    half = partial(target)
    half.touch()
    half.unlink()


def write_whole(target: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file that holds all of `content` once it can be seen, or leave what was there; links are followed.

    It keeps the mode of the file that it replaces, for those who share it.

    Args:
        target: A regular file, or nothing yet.
        content: All of it.
        durable: Also after a power cut.

    Raises:
        OSError: It cannot be done, or `target` is read-only, or something else: a device, a pipe, a folder.
    """
    target = _followed(target)
    mode = _mode(target)
    half = partial(target)
    try:
        with half.open("wb") as file:
            if mode is not None:
                half.chmod(mode)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        replace(half, target)
    finally:
        half.unlink(missing_ok=True)


def _followed(target: Path) -> Path:
    """Return the regular file that `target` means, or may become."""
    _check_name(target)
    place = Path(os.path.realpath(target))
    if os.path.lexists(place) and not place.is_file():
        raise _not_regular(target)
    return place


def _mode(target: Path) -> Optional[int]:
    """Return the mode of the regular file `target`, None if there is none yet; PermissionError if it is read-only.

    Replacing a file asks the rights of its folder only; here a file that nobody may write stays, whoever asks.
    """
    try:
        mode = stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return None
    if not (mode & _WRITABLE and os.access(target, os.W_OK)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return mode


def _check_name(path: Path) -> None:
    """Raise OSError, where Python has ValueError, for a name that no file can have."""
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise OSError(errno.EINVAL, "that is no name of a file", str(path))


def _not_regular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "something is there that is no regular file", str(path))

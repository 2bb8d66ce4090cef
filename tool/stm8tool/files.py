"""Putting a finished file or folder in its place: the whole of it or nothing."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

WAIT_S = 2.0
STEP_S = 0.05


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


def check_whole(target: Path) -> None:
    """Raise OSError unless `write_whole` could write `target`."""
    half = partial(_followed(target))
    half.touch()
    half.unlink()


def write_whole(target: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file that holds all of `content` once it can be seen, or leave what was there; links are followed.

    Args:
        target: A regular file, or nothing yet.
        content: All of it.
        durable: Also after a power cut.

    Raises:
        OSError: It cannot be done, or `target` is something else: a device, a pipe, a folder.
    """
    target = _followed(target)
    half = partial(target)
    try:
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        replace(half, target)
    finally:
        half.unlink(missing_ok=True)


def _followed(target: Path) -> Path:
    """Return the regular file that `target` means, or may become."""
    place = Path(os.path.realpath(target))
    if os.path.lexists(place) and not place.is_file():
        raise OSError(errno.EINVAL, "something is there that is no regular file", str(target))
    return place

"""Putting a finished file or folder in its place: the whole of it or nothing."""

from __future__ import annotations

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


def write_whole(target: Path, content: bytes) -> None:
    """Write a file that holds all of `content` once it can be seen, also after a power cut; or leave what was there.

    Raises:
        OSError: It cannot be done.
    """
    half = partial(target)
    try:
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(half, target)
    finally:
        half.unlink(missing_ok=True)

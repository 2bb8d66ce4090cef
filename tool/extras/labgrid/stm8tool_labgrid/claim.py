"""One process at a time uses a probe.

A place of labgrid belongs to the name of a user, not to a process: two runs of one user get the same place. So the
driver locks a file for its probe. The system removes the lock when the process ends, even if that was killed. The file
says which process has it. It stays where it is: a file that is removed could be locked twice.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Optional

from stm8tool import Code
from stm8tool.support import places

from .problem import Stm8ToolError

_MOST = 4096  # bytes of a note
_LONG = 120  # characters of a command line in a message


class Claim:
    """The lock of a probe.

    Args:
        key: The same text for everyone who means this probe.
        name: The probe, for messages.
        place: The place, for the message that another process gets.
    """

    def __init__(self, key: str, name: str, place: str) -> None:
        self.path = folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.lock"
        self._name = name
        self._place = place
        self._descriptor: Optional[int] = None

    def take(self) -> None:
        """Take the lock; Stm8ToolError if another process has it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as exc:
            raise Stm8ToolError(
                f"the lock file {self.path} cannot be used: {exc.strerror}",
                code=Code.PERMISSION,
                hint="check the permissions of that folder, or set XDG_CACHE_HOME to one that you may write",
            ) from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = _holder(os.pread(descriptor, _MOST, 0))
            os.close(descriptor)
            raise Stm8ToolError(
                f"the probe {self._name} is in use by {holder}",
                code=Code.BUSY,
                hint="wait until that process has ended, or end it: a probe serves one process at a time",
            ) from exc
        self._descriptor = descriptor
        note = {"pid": os.getpid(), "command": _command(), "place": self._place, "since": f"{datetime.now():%H:%M:%S}"}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)

    def give_back(self) -> None:
        """Release the lock; this does no harm if it is not held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def folder() -> Path:
    """Return the folder of the lock files, which is the same for every run of one user on one machine."""
    cache = places.user_cache()
    return Path(tempfile.gettempdir(), f"stm8tool-{os.getuid()}") if cache is None else cache / "stm8tool" / "labgrid"


def _command() -> str:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:  # its own command line says nothing
        return f"pytest-xdist {worker}"
    script = Path(sys.argv[0])
    name = script.parent.name if script.name == "__main__.py" else script.name  # of python -m NAME
    text = shlex.join([name, *sys.argv[1:]])
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _holder(note: bytes) -> str:
    """Return the holder of a lock in words. The note is empty for a moment after it has taken the lock."""
    try:
        held = json.loads(note)
        process = "this process" if held["pid"] == os.getpid() else f"process {held['pid']}"
        return f"{process} ({held['command']}), place {held['place']}, since {held['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"

"""A probe that one program keeps for long: a run of tests, a server of a farm. It may be closed between two jobs.

The operating system lets one program at a time use a probe, but only while that program has it open. A program of a
farm opens it for each job. So it takes this lock first and keeps it between the jobs. Commands of the tool that a user
types do not look at it.

The system removes the lock of a process that has ended, even of one that was killed. The lock file stands where those
of `handover` stand. For a real probe that is the user's cache folder, so the programs must run as the same user.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Optional

from ..errors import AccessError, Code
from .handover import base_of, lock_beside
from .locks import STEP_S

_log = logging.getLogger(__name__)


class Reservation:
    """The right to use a probe, for one holder at a time.

    Args:
        place: The value of `--probe` that means the probe, see `selector.place_of`.
        limit_s: How long a `with` statement waits for another holder.
    """

    def __init__(self, place: str, limit_s: float = 0.0) -> None:
        self.place = place
        self._limit_s = limit_s
        self._base = base_of(place)
        self._lock = None if self._base is None else lock_beside(self._base, "reserved")

    def attempt(self) -> bool:
        """Take it if it is free, and tell whether it was."""
        if self._base is None or self._lock is None:
            return True
        with suppress(OSError):  # then the lock cannot be taken, which is told below
            self._base.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._lock.attempt()
        except OSError as exc:
            _log.warning("the probe %s cannot be reserved, so another program may use it, too: %s", self.place, exc)
            return True

    def acquire(self) -> None:
        """Take it; AccessError if another holder keeps it for `limit_s`."""
        take_one([self], self._limit_s)

    def release(self) -> None:
        """Let it go; this does no harm if it is not held."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Reservation:
        self.acquire()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.release()


def take_one(choice: Sequence[Reservation], limit_s: float) -> Reservation:
    """Take the first reservation of `choice` that is free, and return it. Wait for up to `limit_s` while none is.

    Raises:
        AccessError: None is free.
    """
    end = time.monotonic() + limit_s
    while True:
        for reservation in choice:
            if reservation.attempt():
                return reservation
        if time.monotonic() >= end:
            break
        time.sleep(STEP_S)
    places = ", ".join(reservation.place for reservation in choice)
    several = f"all {len(choice)} probes are" if len(choice) > 1 else "the probe is"
    raise AccessError(
        f"{several} reserved by other programs: {places}",
        code=Code.BUSY,
        hint="wait until one of them has ended: a run of tests, or a server of a farm",
    )

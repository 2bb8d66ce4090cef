"""How a command that listens to a chip for long lets other commands use its probe.

Two locks stand for a probe. The listener (`monitor`, `watch`) holds the first one, its offer, until it ends. A command
that needs the probe finds this lock taken. Then it holds the second one, its wish, as long as it uses the probe. The
listener looks at the wish again and again. It releases the probe while the wish is held, and takes it back afterwards.

The system removes the locks of a process that has ended, even of one that was killed. So no process waits for a dead
one. A listener that hangs keeps the probe: the other command waits LIMIT_S for it, and reports the probe as busy.

The lock files of a simulated probe stand beside its chip file. Those of a real probe are in the user's cache folder, so
the two commands must run as the same user.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Optional

from ..errors import AccessError, Code, UsageError
from . import places
from .locks import STEP_S, FileLock

LIMIT_S = 5.0  # how long a command waits for a listener
LOOK_S = 0.1  # between two looks of a listener at the wish
_REFUSAL_S = 0.5  # another command takes the lock of the offer for a moment, to see whether it is taken

_log = logging.getLogger(__name__)


class Offer:
    """The listener's side.

    Args:
        place: The value of `--probe` that means the probe, see `ProbeInfo.place`.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._base = base = base_of(place)
        self._own = None if base is None else lock_beside(base, "offer")
        self._wish = None if base is None else lock_beside(base, "wish")
        self._is_made = False
        self._looked = 0.0
        self._wanted = False

    def make(self) -> None:
        """Let other commands know that this one listens; AccessError if another one listens at this probe."""
        if self._base is None or self._own is None or self._is_made:
            return
        with suppress(OSError):  # then the lock cannot be taken, which is logged
            self._base.parent.mkdir(parents=True, exist_ok=True)
        end = time.monotonic() + _REFUSAL_S
        try:
            while not self._own.attempt():
                if time.monotonic() > end:
                    raise AccessError(
                        f"another monitor listens at the probe {self._place}",
                        code=Code.BUSY,
                        hint="end that monitor first: a probe has one listener at a time",
                    )
                time.sleep(STEP_S)
        except OSError as exc:
            _log.debug("no other command can ask for the probe: %s", exc)
            self._own = None
            return
        self._is_made = True

    def is_wanted(self) -> bool:
        """Tell whether another command needs the probe. The answer is up to LOOK_S old."""
        if self._is_made and self._wish is not None and time.monotonic() - self._looked > LOOK_S:
            with suppress(OSError):
                self._wanted = not self._wish.attempt()
                self._wish.release()
            self._looked = time.monotonic()
        return self._wanted

    def wait(self) -> None:
        """Let some time pass while another command has the probe."""
        time.sleep(STEP_S)

    def withdraw(self) -> None:
        """Listen no more; this does no harm if no offer was made."""
        if self._own is not None:
            self._own.release()
        self._is_made = False


class Wish:
    """The side of a command that needs the probe; `place` as for `Offer`."""

    def __init__(self, place: str) -> None:
        base = base_of(place)
        self._offer = None if base is None else lock_beside(base, "offer")
        self._own = None if base is None else lock_beside(base, "wish")
        self._is_made = False

    def make(self) -> None:
        """Ask the listener of this probe, if there is one, to release it."""
        if self._own is None or self._offer is None or not self._offer.exists():
            return
        end = time.monotonic() + LIMIT_S
        try:
            if self._offer.attempt():
                self._offer.release()
                return
            while not self._own.attempt():  # another command has the probe from the listener
                if time.monotonic() > end:
                    return
                time.sleep(STEP_S)
        except OSError as exc:
            _log.debug("a listener cannot be asked for the probe: %s", exc)
            return
        self._is_made = True

    def through(self, take: Callable[[], None]) -> None:
        """Do `take`, which opens the probe, until the listener has released it, for LIMIT_S at most.

        Raises:
            AccessError: The probe is still busy.
        """
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                take()
                return
            except AccessError as exc:
                if exc.code is not Code.BUSY or not self._is_made:
                    raise
                if time.monotonic() > end:
                    raise exc.with_(
                        hint="a monitor has the probe and does not answer: end it, then repeat",
                        details=(*exc.evidence, f"it did not release the probe within {LIMIT_S:.0f} s"),
                    ) from exc
            time.sleep(STEP_S)

    def withdraw(self) -> None:
        """Give the probe back to the listener; this does no harm if there is none."""
        if self._own is not None:
            self._own.release()
        self._is_made = False


def lock_beside(base: Path, suffix: str) -> Optional[FileLock]:
    """Return a lock for the probe whose lock files stand beside `base`; None if no file can have such a name."""
    try:
        return FileLock(base.with_name(f"{base.name}.{suffix}"), "probe")
    except UsageError:  # a name that cannot be one; opening the probe says so
        return None


def base_of(place: str) -> Optional[Path]:
    """Return the path beside which the lock files stand; None if no other process can reach the probe."""
    kind, _, rest = place.partition(":")
    if kind == "sim":
        folder, mark, which = rest.rpartition("#")
        if Path(rest).is_file():
            return Path(os.path.realpath(rest))  # all links to a board share its locks
        return Path(folder, which.replace(":", "-")) if mark and Path(folder).is_dir() else None
    folder_of_user = _folder()
    if folder_of_user is None:
        return None
    # A home directory may be on a network drive, and other machines have probes in sockets of the same name.
    return folder_of_user / hashlib.sha256(os.fsencode(f"{socket.gethostname()} {place}")).hexdigest()[:32]


def _folder() -> Optional[Path]:
    cache = places.user_cache()
    return None if cache is None else cache / "stm8tool" / "probes"

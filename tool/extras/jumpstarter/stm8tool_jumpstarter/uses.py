"""The uses of one probe: one after the other in this process, and one process at a time.

jumpstarter calls the methods of a driver in threads, several at once, and nothing keeps two clients from one driver.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Optional, TypeVar

import stm8tool
from stm8tool import AccessError, Code
from stm8tool.selector import place_of
from stm8tool.support.reserving import Reservation

Result = TypeVar("Result")

_AGAIN_S = 0.1  # between two tries to open a probe that another program has; our choice
_CLOSE_S = 60.0  # longer than a job of the tool takes


class WithdrawnError(Exception):
    """The client has gone before its turn came: nothing was done."""


class Uses:
    """The probe of one driver.

    Args:
        probe: As `stm8tool.open` takes it.
        part: The chip.
        wait_s: How long a use waits for another one, and for another program.
    """

    def __init__(self, probe: str, part: str, wait_s: float) -> None:
        self._probe = probe
        self._part = part
        self._wait_s = wait_s
        self._turn = threading.Lock()
        self._users = 0
        self._reservation: Optional[Reservation] = None
        self._counting = threading.Lock()
        self._is_closed = False

    def job(self, work: Callable[[stm8tool.Chip], Result], gone: threading.Event) -> Result:
        """Do `work` with the chip when its turn has come. Whatever happens, it then runs to its end.

        Raises:
            WithdrawnError: `gone` was set before.
            AccessError: Another use, or another program, keeps the probe.
        """
        end = time.monotonic() + self._wait_s
        if not self._turn.acquire(timeout=self._wait_s):
            raise AccessError(
                f"another client has used the probe for {self._wait_s:g} s",
                code=Code.BUSY,
                hint="wait until it has ended; `wait_s` in the exporter's configuration is the time to wait",
            )
        try:
            if gone.is_set():
                raise WithdrawnError
            if self._is_closed:
                raise AccessError(
                    "the exporter is ending, so nothing was done", code=Code.BUSY, hint="repeat it when it runs again"
                )
            with self.reserved(), self.opened(end) as chip:
                return work(chip)
        finally:
            self._turn.release()

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep other programs of the farm from the probe; several uses of this driver may do that at once."""
        with self._counting:
            if not self._users:
                self._reservation = Reservation(place_of(self._probe), self._wait_s)
                self._reservation.acquire()
            self._users += 1
        try:
            yield
        finally:
            with self._counting:
                self._users -= 1
                if not self._users and self._reservation is not None:
                    self._reservation.release()

    @contextmanager
    def opened(self, end: Optional[float] = None) -> Iterator[stm8tool.Chip]:
        """Open the probe; wait for a program that has it, such as a command that a user types, until `end`."""
        until = time.monotonic() + self._wait_s if end is None else end
        chip = stm8tool.open(self._probe, self._part)
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(chip)
                    break
                except AccessError as exc:
                    if exc.code is not Code.BUSY or time.monotonic() >= until:
                        raise
                time.sleep(_AGAIN_S)
            yield chip

    def close(self) -> bool:
        """Let the job that runs end, and begin no other one; tell whether it has ended."""
        self._is_closed = True
        ended = self._turn.acquire(timeout=_CLOSE_S)
        if ended:
            self._turn.release()
        return ended

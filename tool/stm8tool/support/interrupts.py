"""Delay Ctrl-C to a moment at which it does no harm.

A block or an option byte may be lost if its write is cut short. A probe that is not released stays stuck. Inside
`shield()` an interrupt is remembered. It is raised when the outermost shield ends.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Optional

_depth = 0
_pending = False


def _signals(*names: str) -> list[signal.Signals]:
    """Return those of the named signals that this system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _remember(_signum: int, _frame: Optional[FrameType]) -> None:
    global _pending
    _pending = True


def terminate_like_ctrl_c() -> None:
    """Make SIGTERM, SIGHUP and Windows' Ctrl-Break raise KeyboardInterrupt. Then they release the probe, too."""
    for number in _signals("SIGTERM", "SIGHUP", "SIGBREAK"):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, signal.default_int_handler)


def interrupted() -> bool:
    """Return whether an interrupt waits for the end of the outermost shield."""
    return _depth > 0 and _pending


@contextlib.contextmanager
def shield() -> Iterator[None]:
    """Delay interrupts until the block ends. The block must end within a limited time.

    Python delivers signals to the main thread only. In other threads this does nothing.
    """
    global _depth, _pending
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if _depth:
        _depth += 1
        try:
            yield
        finally:
            _depth -= 1
        return
    _pending = False
    _depth = 1
    before = [
        (number, signal.signal(number, _remember))
        for number in _signals("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    ]
    try:
        yield
    finally:
        _depth = 0
        for number, handler in before:
            signal.signal(number, handler)
        if _pending:
            _pending = False
            raise KeyboardInterrupt


class Presses:
    """Counts the signals to end.

    Attributes:
        count: How many have come.
    """

    def __init__(self) -> None:
        self.count = 0

    def take(self, _signum: int, _frame: Optional[FrameType]) -> None:
        """Count one."""
        self.count += 1


@contextlib.contextmanager
def counted() -> Iterator[Presses]:
    """Only count the signals to end until the block ends: its code looks at the number, and ends by itself.

    Python delivers signals to the main thread only. In other threads the number stays 0.
    """
    presses = Presses()
    if threading.current_thread() is not threading.main_thread():
        yield presses
        return
    before = [
        (number, signal.signal(number, presses.take))
        for number in _signals("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    ]
    try:
        yield presses
    finally:
        for number, handler in before:
            signal.signal(number, handler)

"""Ctrl-C at a moment that harms nothing.

A block or an option byte that is cut off half-way may be lost, and a probe that is not released stays
stuck. Inside `shield()` an interrupt is remembered, and raised when the outermost shield ends.
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


def _remember(_signum: int, _frame: Optional[FrameType]) -> None:
    global _pending
    _pending = True


def terminate_like_ctrl_c() -> None:
    """Make SIGTERM, SIGHUP and Windows' Ctrl-Break raise KeyboardInterrupt, so that they release the probe too."""
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def shield() -> Iterator[None]:
    """Hold back interrupts until the block ends; the block must be bounded in time.

    Python delivers signals to the main thread only; elsewhere this does nothing.
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
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    _pending = False
    _depth = 1
    before = [(number, signal.signal(number, _remember)) for number in numbers]
    try:
        yield
    finally:
        _depth = 0
        for number, handler in before:
            signal.signal(number, handler)
        if _pending:
            _pending = False
            raise KeyboardInterrupt

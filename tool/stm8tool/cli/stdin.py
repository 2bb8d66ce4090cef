"""Stdin for a command that also does other things: nothing waits for it."""

from __future__ import annotations

import io
import queue
import sys
import threading
from contextlib import suppress

_PIECE = 4096
_PIECES = 16  # of stdin that may wait; then the writer of stdin waits


class Stdin:
    """Stdin without waiting. A thread reads it, as no system can be asked whether all kinds of it wait.

    The thread takes no buffered stream: Python aborts if it ends while a thread waits inside one.
    """

    def __init__(self) -> None:
        self.has_ended = False
        self._waiting: queue.Queue[bytes] = queue.Queue(_PIECES)

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):  # a stdin that cannot be read is one at its end
            while sys.stdin is not None:
                buffer = sys.stdin.buffer
                data = (buffer.raw if isinstance(buffer, io.BufferedReader) else buffer).read(_PIECE)
                if not data:
                    break
                self._waiting.put(data)
        self.has_ended = True

    def get(self) -> bytes:
        """Return what has come in."""
        return b"".join(self._waiting.get() for _ in range(self._waiting.qsize()))

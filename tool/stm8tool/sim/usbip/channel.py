"""One TCP connection that never holds up another: the bytes that came, and the bytes that are still to be sent."""

from __future__ import annotations

import socket
from typing import Optional

_PIECE = 1 << 16


class Channel:
    """A connection that is read and written without waiting.

    Attributes:
        received: Bytes that came and were not taken yet.
        unsent: Bytes that the peer has not taken yet.
    """

    def __init__(self, connection: socket.socket, now: float) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.received = bytearray()
        self.unsent = bytearray()
        self._begun: Optional[float] = now  # since when the rest of a message is due
        self._stuck: Optional[float] = None  # since when the peer takes nothing

    def fill(self, now: float) -> None:
        """Take in the bytes that have come. EOFError: the peer has closed the connection."""
        try:
            piece = self.connection.recv(_PIECE)
        except BlockingIOError:
            return
        if not piece:
            raise EOFError
        self.received += piece
        if self._begun is None:
            self._begun = now

    def take(self, size: int, now: float) -> bytes:
        """Return the message of `size` bytes that has come; the time for the next one begins with its first byte."""
        message = bytes(self.received[:size])
        del self.received[:size]
        self._begun = now if self.received else None
        return message

    def send(self, data: bytes, now: float) -> None:
        """Send as much as the peer takes now, and keep the rest."""
        self.unsent += data
        self.flush(now)

    def flush(self, now: float) -> None:
        """Send on."""
        moved = True
        while self.unsent and moved:
            try:
                count = self.connection.send(self.unsent)
            except BlockingIOError:
                moved = False
            else:
                del self.unsent[:count]
                self._stuck = None
        if not self.unsent:
            self._stuck = None
        elif self._stuck is None:
            self._stuck = now

    def is_late(self, now: float, limit_s: float) -> bool:
        """Tell whether the peer is too slow: with the rest of a message, or with taking one."""
        return any(since is not None and now - since > limit_s for since in (self._begun, self._stuck))

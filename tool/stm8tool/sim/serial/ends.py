"""The ends at which another program reaches a simulated UART: a TCP connection, or a pseudo terminal.

A raw TCP connection carries bytes only, and a pseudo terminal of Linux also the speed, but no parity. Both take the
parity for right. RFC 2217 carries all of it, and the control lines.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from contextlib import suppress
from functools import cache
from typing import Optional, Protocol

from stm8tool.errors import UsageError

from .telnet import Telnet
from .wire import Wire

_MOST = 4096
_STUCK_S = 1.0  # a client that takes nothing for so long is let go; our choice


class ClientEnd(Protocol):
    """One client.

    Attributes:
        resets: The chip is reset when the client comes, as by a board whose DTR line does that.
    """

    resets: bool

    def attach(self, wire: Wire) -> None:
        """Take the wire that control lines act on."""

    @property
    def baud(self) -> int:
        """The speed that the client has set; 0 if that is not known."""

    @property
    def even(self) -> Optional[bool]:
        """The client uses even parity; None if that is not known."""

    def receive(self, wait_s: float) -> Optional[bytes]:
        """Return the bytes that came within a time; None if the client is gone."""

    def send(self, data: bytes) -> None:
        """Send bytes; those for a client that is gone are lost."""

    def close(self) -> None:
        """Let the client go."""


class SocketEnd:
    """A client by TCP.

    Args:
        connection: The connection.
        telnet: It uses RFC 2217.
    """

    def __init__(self, connection: socket.socket, *, telnet: bool) -> None:
        self._connection = connection
        self._telnet = Telnet(self._control) if telnet else None
        self._wire: Optional[Wire] = None
        self._lines = {"dtr": False, "rts": False}
        self._is_stuck = False
        self.resets = not telnet
        connection.settimeout(_STUCK_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def attach(self, wire: Wire) -> None:
        """Take the wire."""
        self._wire = wire

    def _control(self, name: str, asserted: bool) -> None:
        before = any(self._lines.values())
        self._lines[name] = asserted
        if self._wire is None:
            return
        self._wire.dtr = self._lines["dtr"]
        if any(self._lines.values()) != before:
            self._wire.set_reset(not before, self._wire.now)

    @property
    def baud(self) -> int:
        """The speed, by RFC 2217."""
        return self._telnet.baud if self._telnet else 0

    @property
    def even(self) -> Optional[bool]:
        """The parity, by RFC 2217."""
        return self._telnet.even if self._telnet else None

    def receive(self, wait_s: float) -> Optional[bytes]:
        """Return the bytes that came within a time."""
        if self._is_stuck:
            return None
        if not select.select([self._connection], [], [], wait_s)[0]:
            return b""
        try:
            data = self._connection.recv(_MOST)
        except OSError:
            return None
        if not data:
            return None
        if self._telnet:
            data = self._telnet.take(data)
            answers, self._telnet.answers = bytes(self._telnet.answers), bytearray()
            self._put(answers)
        return data

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._put(Telnet.wrapped(data) if self._telnet else data)

    def _put(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except socket.timeout:  # it does not read; TimeoutError only from Python 3.10 on
            self._is_stuck = True
        except OSError:  # `receive` sees that the client is gone
            pass

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class PseudoTerminal:
    """A pseudo terminal, for programs that want the name of a serial port. Not on Windows.

    Raises:
        UsageError: This system has none.
    """

    def __init__(self) -> None:
        try:
            import tty

            self._master, slave = os.openpty()
        except (ImportError, AttributeError, OSError) as exc:
            raise UsageError("this system has no pseudo terminals", hint="use a TCP port") from exc
        self.name = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)  # from now on the other end is closed until a client opens it
        os.set_blocking(self._master, False)
        self.resets = True
        self._first = b""

    def wait(self, wait_s: float) -> bool:
        """Wait for a client for a time; return whether there is one."""
        data = self._read()
        if data is None:
            select.select([], [], [], wait_s)
            return False
        self._first = data
        return True

    def _read(self) -> Optional[bytes]:
        """Return the bytes that have come; None if no program has opened the other end."""
        try:
            return os.read(self._master, _MOST)
        except BlockingIOError:
            return b""
        except OSError as exc:
            if exc.errno == errno.EIO:
                return None
            raise

    def attach(self, wire: Wire) -> None:
        """Take nothing: a pseudo terminal has no control lines."""

    @property
    def baud(self) -> int:
        """The speed that the client has set."""
        import termios

        return _speeds().get(termios.tcgetattr(self._master)[5], 0)

    @property
    def even(self) -> Optional[bool]:
        """None."""
        return None

    def receive(self, wait_s: float) -> Optional[bytes]:
        """Return the bytes that came within a time."""
        first, self._first = self._first, b""
        if first:
            return first
        select.select([self._master], [], [], wait_s)
        return self._read()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        with suppress(OSError):
            os.write(self._master, data)

    def close(self) -> None:
        """Wait for the next client."""

    def destroy(self) -> None:
        """Give the terminal back."""
        os.close(self._master)


@cache
def _speeds() -> dict[int, int]:
    """Return the speeds of a terminal by their numbers of this system."""
    import termios

    return {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[:1] == "B" and name[1:].isdigit()}

"""The GDB server: one client at a time on a port of loopback.

While the client waits for a stop, the server looks at the chip a hundred times a second. While the chip is halted, it
waits for the client. A client that goes away, in any way, leaves the program running, and the next one may come.
"""

from __future__ import annotations

import select
import socket
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Optional

from ..errors import ToolError, UsageError
from ..words import Hint
from . import rsp
from .rsp import NotRspError, Reader, Sign
from .stub import Stub

HOST = "127.0.0.1"
_POLL_S = 0.01  # between two looks at a running chip, as for the console
_WAIT_S = 0.1  # how long one look for a client or its bytes takes; then the server looks whether it is to end
_STUCK_S = 1.0  # a client that takes nothing for so long is dropped; our choice
_PIECE = 1 << 16
_BUSY = "another debugger uses this server: one chip has one debugger at a time"
_ANSWERED = 64  # packets of one piece from the client between two looks at the chip
_MOST_REFUSED = 8  # clients that were refused, and may still read why


class GdbServer:
    """Serves one chip.

    Args:
        stub: Answers the packets.
        port: The port; 0 takes a free one.
        notice: Called with one line for the user.
        ended: Tells whether the server is to end.
        slept: Lets time pass for a running chip; a simulated one has a clock of its own.
        client: Called with True when a client has come, and with False when it has gone.
    """

    def __init__(
        self,
        stub: Stub,
        port: int,
        notice: Callable[[str], None],
        ended: Callable[[], bool],
        slept: Callable[[float], None],
        client: Callable[[bool], None] = lambda is_there: None,
    ) -> None:
        self._stub = stub
        self._port = port
        self._notice = notice
        self._ended = ended
        self._slept = slept
        self._tell_client = client
        self._client: Optional[_Client] = None
        self._refused: deque[socket.socket] = deque()

    def serve(self, ready: Callable[[int], None]) -> None:
        """Serve until `ended`; `ready` is called with the port once clients may come.

        Raises:
            UsageError: The port cannot be used.
            TransportError, ProbeError, AccessError: The probe failed.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
            self._open(door)
            ready(door.getsockname()[1])
            while not self._ended():
                if _is_readable(door, _WAIT_S):
                    with suppress(OSError):  # it has gone already
                        connection, _ = door.accept()
                        self._serve_client(door, _Client(connection))

    def _open(self, door: socket.socket) -> None:
        if sys.platform != "win32":  # there the option would let two programs share the port
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, self._port))
            door.listen(4)
        except OSError as exc:
            raise UsageError(
                f"port {self._port} cannot be used: {exc.strerror}",
                hint=Hint("another program has it, perhaps an earlier server: end that one, or choose another: {port}"),
            ) from exc

    # -- one client -----------------------------------------------------------------------------------------------

    def notify(self, text: str) -> None:
        """Tell the user, and the debugger if it waits for a stop: at other times it expects an answer only."""
        self._notice(text)
        if self._client is not None and self._stub.is_running:
            with suppress(OSError):
                self._client.send(rsp.console(f"{text}\n"))

    def _serve_client(self, door: socket.socket, client: _Client) -> None:
        self._client = client
        self._notice("a debugger has come")
        self._tell_client(True)
        self._stub.is_interrupted = lambda: client.has_news() or self._ended()
        with client:
            try:
                self._stub.begin()
                while not (self._ended() or self._stub.has_ended):
                    self._turn(client)
                    self._refuse_others(door, client)
            except NotRspError as exc:
                self._notice(f"{exc}: it is dropped")
            except (OSError, EOFError):
                pass  # it has gone
            except ToolError as exc:
                with suppress(OSError):
                    client.send(rsp.failure(str(exc)))
                raise
            finally:
                self._client = None
                self._close_refused(0)
                self._stub.end()
        self._notice("the debugger has gone; the program runs")
        self._tell_client(False)

    def _turn(self, client: _Client) -> None:
        """Look at the client, and at the chip if its program runs."""
        running = self._stub.is_running
        for event in client.events(0.0 if running else _WAIT_S):
            self._take(client, event)
            if self._stub.has_ended:
                return
        if self._stub.is_running:
            self._reply(client, self._stub.poll())
            if running:
                self._slept(_POLL_S)

    def _take(self, client: _Client, event: rsp.Event) -> None:
        if isinstance(event, bytes):
            client.acknowledge(self._stub.wants_acks)
            self._reply(client, self._stub.answer(event))
            client.checks(self._stub.wants_acks)
        elif event is Sign.INTERRUPT:
            self._reply(client, self._stub.interrupt())
        elif event is Sign.NACK:
            client.send_again()
        elif event is Sign.BAD and self._stub.wants_acks:
            client.refuse()

    def _reply(self, client: _Client, body: Optional[bytes]) -> None:
        for line in self._stub.said:
            client.send(rsp.console(f"{line}\n"))
        self._stub.said.clear()
        if body is not None:
            client.send(body)

    def _refuse_others(self, door: socket.socket, client: _Client) -> None:
        """Tell each further client that there is one, unless that one may have gone."""
        if self._stub.has_ended or not _is_readable(door, 0.0) or client.has_news():
            return
        with suppress(OSError):
            other, _ = door.accept()
            # GDB speaks first. A close would answer with a reset, and that takes the reason away.
            self._refused.append(other)
            other.settimeout(_STUCK_S)
            other.sendall(rsp.framed(rsp.failure(_BUSY)))
            other.shutdown(socket.SHUT_WR)
            self._notice(f"a second client was refused: {_BUSY}")
        self._close_refused(_MOST_REFUSED)

    def _close_refused(self, kept: int) -> None:
        """Close the connections of the clients that were refused first."""
        while len(self._refused) > kept:
            self._refused.popleft().close()


class _Client:
    """A connection, and what was read from it; a context manager that closes it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(_STUCK_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._reader = Reader()
        self._sent = b""
        self._left: list[rsp.Event] = []

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def has_news(self) -> bool:
        """Tell whether it has sent something, or gone."""
        return bool(self._left) or _is_readable(self._connection, 0.0)

    def events(self, wait_s: float) -> list[rsp.Event]:
        """Return what it has sent; wait for that up to `wait_s`. EOFError if it has gone."""
        if not self._left and _is_readable(self._connection, wait_s):
            data = self._connection.recv(_PIECE)
            if not data:
                raise EOFError
            self._left = self._reader.feed(data)
        found, self._left = self._left[:_ANSWERED], self._left[_ANSWERED:]
        return found

    def send(self, body: bytes) -> None:
        """Send a packet; OSError if it does not take it."""
        self._sent = rsp.framed(body)
        self._connection.sendall(self._sent)

    def send_again(self) -> None:
        """Repeat the last packet, because it did not arrive whole."""
        self._connection.sendall(self._sent)

    def checks(self, wanted: bool) -> None:
        """Look at the checksums of its packets, or do not."""
        self._reader.checks = wanted

    def acknowledge(self, wanted: bool) -> None:
        """Tell that a packet has arrived."""
        if wanted:
            self._connection.sendall(b"+")

    def refuse(self) -> None:
        """Ask for a packet again."""
        self._connection.sendall(b"-")


def _is_readable(connection: socket.socket, wait_s: float) -> bool:
    return bool(select.select([connection], [], [], wait_s)[0])

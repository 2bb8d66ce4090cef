"""Where the console's text goes to and comes from: this process's streams, or a socket on loopback."""

from __future__ import annotations

import re
import socket
import sys
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Optional

from ..errors import UsageError
from .heard import Heard
from .stdin import Stdin

if TYPE_CHECKING:
    from .console import Console

_PORT = re.compile(r"socket://(127\.0\.0\.1|localhost):(\d{1,5})", re.ASCII)
_HOST = "127.0.0.1"
_PIECE = 4096
_KNOCK_S = 0.05  # how long one look for a client takes; our choice
_STUCK_S = 1.0  # a client that takes nothing for so long is dropped; our choice
_SUCH_AS = "such as socket://127.0.0.1:4000"


class UserEnd(ABC):
    """The user's end of the console, a context manager."""

    name: str
    has_ended = False  # the user wants no more
    input_has_ended = False  # what comes in now is the last; then the user wants no more

    def __enter__(self) -> UserEnd:
        """Open it."""
        return self

    @abstractmethod
    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Close it."""

    @property
    def text(self) -> str:
        """The end of what the program wrote; empty if it goes elsewhere as bytes."""
        return ""

    def is_there(self) -> bool:
        """Tell whether the user listens; wait for that a little."""
        return True

    @abstractmethod
    def put(self, data: bytes) -> None:
        """Show bytes of the program."""

    @abstractmethod
    def get(self) -> bytes:
        """Return what came in since the last call, without waiting."""


def end_for(url: Optional[str], console: Console, *, raw: bool) -> UserEnd:
    """Return this process's streams, or the socket that `url` names; UsageError if it names none on loopback."""
    if url is None:
        return _RawStreams(console) if raw else _Streams(console)
    found = _PORT.fullmatch(url)
    if not found:
        raise UsageError(f"--port {url} is not a port on this machine's loopback", hint=_SUCH_AS)
    number = int(found[2])
    if not 0 < number < 1 << 16:
        raise UsageError(f"--port {url}: a port is a number from 1 to 65535", hint=_SUCH_AS)
    return _Socket(number, console)


class _Streams(UserEnd):
    """Stdout, and the lines of stdin."""

    name = "text of the program goes to stdout, lines of stdin go to the program"

    def __init__(self, console: Console) -> None:
        self._console = console
        self._heard = Heard(console)
        self._stdin = Stdin()

    def __enter__(self) -> _Streams:
        self._stdin.start()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._heard.end()

    @property
    def text(self) -> str:
        return self._heard.text

    def put(self, data: bytes) -> None:
        self._heard.put(data)
        self.has_ended = self._console.is_cut_off

    def get(self) -> bytes:
        return self._stdin.get()


class _RawStreams(UserEnd):
    """Stdout and stdin as bytes, for another program. The end of stdin ends the console."""

    name = "bytes of the program go to stdout, bytes of stdin go to the program"

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stdin = Stdin()

    def __enter__(self) -> _RawStreams:
        self._stdin.start()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        pass

    def put(self, data: bytes) -> None:
        self.has_ended = not self._console.pass_on(data)

    def get(self) -> bytes:
        self.input_has_ended = self._stdin.has_ended  # before the queue is read: it may grow until then
        return self._stdin.get()


class _Socket(UserEnd):
    """A TCP port on loopback for one client at a time. Without a client the text stays in the chip."""

    def __init__(self, number: int, console: Console) -> None:
        self.name = f"serving socket://{_HOST}:{number}"
        self._number = number
        self._console = console
        self._door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._client: Optional[socket.socket] = None

    def __enter__(self) -> _Socket:
        if sys.platform != "win32":  # there the option would let two programs share the port
            self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._door.bind((_HOST, self._number))
            self._door.listen(1)
        except OSError as exc:
            self._door.close()
            raise UsageError(
                f"port {self._number} cannot be used: {exc.strerror}", hint="another program has it; choose another one"
            ) from exc
        self._door.settimeout(_KNOCK_S)
        self._console.event("listening", host=_HOST, port=self._number)
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._door.close()
        if self._client is not None:
            self._client.close()

    def is_there(self) -> bool:
        if self._client is None:
            try:
                self._client, _ = self._door.accept()
            except socket.timeout:  # TimeoutError only from Python 3.10 on
                return False
            self._client.settimeout(_STUCK_S)
            self._console.note("monitor: a client has come")
            self._console.event("client", is_there=True)
        return True

    def put(self, data: bytes) -> None:
        if self._client is not None:
            try:
                self._client.sendall(data)
            except OSError:
                self._lose()

    def get(self) -> bytes:
        if self._client is None:
            return b""
        try:
            self._client.setblocking(False)
            data = self._client.recv(_PIECE)
            self._client.settimeout(_STUCK_S)
        except BlockingIOError:
            self._client.settimeout(_STUCK_S)
            return b""
        except OSError:
            data = b""
        if not data:
            self._lose()
        return data

    def _lose(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self._console.note("monitor: the client has gone")
        self._console.event("client", is_there=False)

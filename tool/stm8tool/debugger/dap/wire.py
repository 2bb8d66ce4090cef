"""The streams of the Debug Adapter Protocol: a thread reads requests, and answers get their numbers."""

from __future__ import annotations

import io
import queue
import threading
from typing import BinaryIO, NamedTuple, Optional, Union

from ...errors import ToolError
from ...words import COMMAND_LINE
from .messages import Body, ClientRequest, Garbage, MessageReader, NotDapError, encoded

_PIECE = 1 << 14
_MOST_WAITING = 64  # messages that are read ahead; our choice
_TOOL = "stm8tool"  # a hint may be a command of the tool
_LOOK_S = 0.1  # so often a wait for the client lets Ctrl-C in, on Windows


class ClientGone(NamedTuple):
    """The client sends no more; `problem` if it does not speak the protocol."""

    problem: Optional[NotDapError] = None


Incoming = Union[ClientRequest, Garbage, ClientGone]


class DapWire:
    """Messages to and from the client.

    Args:
        source: Where its requests come from.
        sink: Where answers go.
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        # No buffered stream: Python aborts if it ends while a thread waits inside one.
        self._source = source.raw if isinstance(source, io.BufferedReader) else source
        self._sink = sink
        self._waiting: queue.Queue[Incoming] = queue.Queue(_MOST_WAITING)
        self._last = 0
        self._is_cut = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        reader, problem = MessageReader(), None
        try:
            while True:
                data = self._source.read(_PIECE)
                if not data:
                    break
                for message in reader.feed(data):
                    self._waiting.put(message)
        except NotDapError as exc:
            problem = exc
        except (OSError, ValueError):
            pass  # a stdin that cannot be read is one at its end
        self._waiting.put(ClientGone(problem))

    def next(self) -> Incoming:
        """Wait for the next message."""
        while not self._is_cut:
            try:
                return self._waiting.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
        return ClientGone()

    def next_if_any(self) -> Optional[Incoming]:
        """Return the next message; None if none waits."""
        if self._is_cut:
            return ClientGone()
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            return None

    # -- answers ----------------------------------------------------------------------------------------------

    def answer(self, request: ClientRequest, body: Optional[Body] = None) -> None:
        """Say that a request was done."""
        done = {"type": "response", "request_seq": request.number, "command": request.command, "success": True}
        self._send({**done, "body": body} if body is not None else done)

    def refuse(self, number: int, command: str, error: ToolError) -> None:
        """Say that a request failed, and why."""
        text = told(error)
        shown = {"id": error.exit_code, "format": "{text}", "variables": {"text": text}, "showUser": True}
        head = {"type": "response", "request_seq": number, "command": command, "success": False}
        self._send({**head, "message": str(error), "body": {"error": shown}})

    def event(self, name: str, body: Optional[Body] = None) -> None:
        """Tell the client something."""
        self._send({"type": "event", "event": name, **({"body": body} if body is not None else {})})

    def tell(self, text: str, category: str = "console") -> None:
        """Show a line to the user."""
        self.event("output", {"category": category, "output": f"{text}\n"})

    def _send(self, message: Body) -> None:
        self._last += 1
        try:
            self._sink.write(encoded({"seq": self._last, **message}))
            self._sink.flush()
        except (OSError, ValueError):  # the client has gone: the session ends as with the end of stdin
            self._is_cut = True


def told(error: ToolError) -> str:
    """Return an error in one line: its sentence, its code, its hint."""
    hint = error.hint_in(COMMAND_LINE)
    if not hint:
        return f"{error} {error.code}"
    is_command = hint.startswith(f"{_TOOL} ")
    return f"{error} {error.code}. {hint if is_command else hint[0].upper() + hint[1:]}"

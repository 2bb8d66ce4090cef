"""A client of the Debug Adapter Protocol for tests, as an editor is one. It knows nothing of the tool.

Most tests have this one, because they run from Python 3.9 on. The client dap-python, which pip installs, needs
Python 3.12: tests/editor has a session of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from patience import LIMIT_S

_TOOL = Path(__file__).parents[1] / "tool"


class RefusedError(Exception):
    """The adapter refuses a request. The text is what an editor shows."""


class DapClient:
    """A debug adapter as a process.

    Args:
        folder: Its current folder.
        words: The options of the tool before `dap`.

    Attributes:
        events: The events that came and that no test has asked for.
    """

    def __init__(self, folder: Path, words: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_TOOL), *words, "dap"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._limit = threading.Timer(LIMIT_S, self._process.kill)  # a wait for a message then ends
        self._limit.daemon = True
        self._limit.start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._last = self._heard = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> DapClient:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._limit.cancel()
        self._process.kill()
        self._process.communicate()

    # -- messages -----------------------------------------------------------------------------------------------

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._to.write(data)
        self._to.flush()

    def send_message(self, message: object) -> None:
        """Send a message."""
        body = json.dumps(message).encode("utf-8")
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def send(self, command: str, **arguments: object) -> int:
        """Send a request; return its number."""
        self._last += 1
        self.send_message({"seq": self._last, "type": "request", "command": command, "arguments": arguments})
        return self._last

    def receive(self) -> dict[str, Any]:
        """Return the next message, whatever it is."""
        head = self._from.readline()
        assert head.startswith(b"Content-Length: "), (head, self._ended())
        assert self._from.readline() == b"\r\n"
        message: dict[str, Any] = json.loads(self._from.read(int(head[16:])))
        self._heard += 1
        assert message["seq"] == self._heard
        return message

    def _ended(self) -> str:
        _, err = self._process.communicate(timeout=LIMIT_S)
        return err.decode("utf-8")

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer to a request; return its body, or raise RefusedError."""
        while number not in self._answers:
            message = self.receive()
            if message["type"] == "response":
                self._answers[message["request_seq"]] = message
            else:
                self.events.append(message)
        found = self._answers.pop(number)
        if found["success"]:
            body: dict[str, Any] = found.get("body", {})
            return body
        error = found["body"]["error"]
        raise RefusedError(error["format"].format(**error["variables"]))

    def ask(self, command: str, **arguments: object) -> dict[str, Any]:
        """Send a request; return the body of its answer, or raise RefusedError."""
        return self.answer(self.send(command, **arguments))

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event of that name; return its body. Events before it are dropped."""
        while True:
            message = self.events.pop(0) if self.events else self.receive()
            if message["type"] == "event" and message["event"] == name:
                body: dict[str, Any] = message.get("body", {})
                return body
            assert message["type"] == "event", message

    def end(self) -> tuple[int, bytes, str]:
        """Close its stdin; return its exit code, the rest of its stdout, and its stderr."""
        out, err = self._process.communicate(timeout=LIMIT_S)
        return self._process.returncode, out, err.decode("utf-8").replace("\r\n", "\n")

    def signal(self, number: int) -> None:
        """Send a signal to the process that the editor has started, and wait until its stdout has ended."""
        self._process.send_signal(number)
        self._from.read()

    # -- a session ----------------------------------------------------------------------------------------------

    def begin(self, how: str = "launch", **arguments: object) -> None:
        """Initialize, and launch or attach; then the adapter waits for breakpoints."""
        self.ask("initialize", adapterID="stm8tool", linesStartAt1=True, pathFormat="path")
        self.ask(how, **arguments)
        self.event("initialized")

    def go(self, command: str, **arguments: object) -> dict[str, Any]:
        """Let the program run; return the stop."""
        self.ask(command, threadId=1, **arguments)
        return self.event("stopped")

    def top(self) -> tuple[str, int]:
        """Return the function and the line where the program stands."""
        frame = self.ask("stackTrace", threadId=1)["stackFrames"][0]
        return frame["name"], frame["line"]

    def frame(self, index: int = 0) -> int:
        """Return the number of a frame."""
        return int(self.ask("stackTrace", threadId=1)["stackFrames"][index]["id"])

    def scope(self, name: str, index: int = 0) -> int:
        """Return the number of a scope of a frame."""
        scopes = self.ask("scopes", frameId=self.frame(index))["scopes"]
        return next(int(scope["variablesReference"]) for scope in scopes if scope["name"] == name)

    def variables(self, number: int, **arguments: object) -> dict[str, dict[str, Any]]:
        """Return variables by name."""
        return {row["name"]: row for row in self.ask("variables", variablesReference=number, **arguments)["variables"]}

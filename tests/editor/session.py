"""A session of dap-python with an adapter: to a breakpoint, its locals, and a step. Runs on the client's own Python.

    session.py LAUNCH-ARGUMENTS LINE COMMAND…

It prints what the client has seen, as JSON. Nothing of the flasher is imported here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dap import DAPClient

_PIECE = 1 << 16


class Talk:
    """The client and the adapter, connected by pipes."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._client = DAPClient(clientID="test", adapterID="stm8tool", linesStartAt1=True)
        self._seen: list[Any] = []

    def event(self, name: str) -> dict[str, Any]:
        """Send what waits; return the next event of this name."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(bytes(self._client.send()))
        self._process.stdin.flush()
        while True:
            while self._seen:
                message = self._seen.pop(0)
                assert getattr(message, "success", True), message
                if getattr(message, "event", "") == name:
                    return message.body or {}
            data = os.read(self._process.stdout.fileno(), _PIECE)
            assert data, "the adapter has ended"
            self._seen += self._client.recv(data)

    def ask(self, request: str, *given: Any, **named: Any) -> dict[str, Any]:
        """Make a request of the client by its method; return the body of the answer."""
        number = getattr(self._client, request)(*given, **named)
        while True:
            answer = self.event("response")
            if answer["request_seq"] == number:
                return answer["body"] or {}

    def end(self) -> int:
        """Disconnect; return the exit code of the adapter."""
        self._client.disconnect()
        self.event("terminated")
        self._process.communicate()
        return self._process.returncode


def main() -> None:
    """Debug, and print what was seen."""
    launch, line, *command = sys.argv[1:]
    given = json.loads(launch)
    talk = Talk(command)
    talk.event("initialized")  # the client makes it of the answer
    talk.ask("launch", **given)
    source = {"path": str(Path(given["program"]).with_suffix(".c").resolve())}
    points = talk.ask("set_breakpoints", source, [{"line": int(line)}])["breakpoints"]
    talk.ask("configuration_done")
    stopped = talk.event("stopped")
    frames = talk.ask("stack_trace", 1)["stackFrames"]
    scopes = talk.ask("scopes", frames[0]["id"])["scopes"]
    rows = talk.ask("variables", scopes[0]["variablesReference"])["variables"]
    talk.ask("step_out", 1)
    after = talk.event("stopped")
    value = talk.ask("evaluate", "total + 1")["result"]
    seen = {
        "verified": [point["verified"] for point in points],
        "stopped": stopped["reason"],
        "frames": [[frame["name"], frame["line"]] for frame in frames],
        "variables": {row["name"]: row["value"] for row in rows},
        "after": after["description"],
        "value": value,
        "code": talk.end(),
    }
    print(json.dumps(seen))


main()

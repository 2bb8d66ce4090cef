"""A server in a process of its own, which outlives the process that was started: `gdbserver --end-with-stdin`.

PlatformIO ends its debug server with SIGKILL. A killed process cannot let the chip go, which would then stay halted. So
the process that PlatformIO starts only waits. The server is its child, and sees by the end of its own stdin that the
parent has gone, in whatever way.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .process import end_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .gdbserver import GdbserverArguments
    from .request import Request

_PIECE = 4096
_START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from stm8tool.cli.scripts import stm8tool
stm8tool()
"""


def run(request: Request[GdbserverArguments], form: Sequence[str]) -> NoReturn:
    """Start the server, wait for its end or for that of stdin, and end with its exit code.

    Args:
        request: That of the server.
        form: The options for the form of its output. With them the output is all the server's.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for GDB, which runs on the same terminal
    folder = Path(__file__).resolve().parents[2]
    isolated = ["-I"] if sys.flags.isolated else []
    words = [sys.executable, *isolated, "-c", _START, str(folder), *_words(request, form)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, **_apart()) as process:

        def watch() -> None:
            until_stdin_ends()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()

        threading.Thread(target=watch, daemon=True).start()
        try:
            code = process.wait()
        finally:
            if process.stdin is not None:
                process.stdin.close()
    end_as(code)


def until_stdin_ends() -> None:
    """Wait for the end of stdin; what comes before it has no meaning."""
    with suppress(OSError, ValueError):  # a stdin that cannot be read is one at its end
        while sys.stdin is not None:
            buffer = sys.stdin.buffer
            # No buffered stream: Python aborts if it ends while a thread waits inside one.
            if not (buffer.raw if isinstance(buffer, io.BufferedReader) else buffer).read(_PIECE):
                return


def _apart() -> dict[str, Any]:
    """Return how the server is started so that no Ctrl-C of the terminal reaches it."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return {"start_new_session": True}


def _words(request: Request[GdbserverArguments], form: Sequence[str]) -> list[str]:
    """Return the command line of the server."""
    given = request.arguments
    return [
        *form,
        *("--probe", request.probe, "--part", request.part_name or ""),
        *(["--no-loader"] * (not request.loader)),
        *(["--power-cycle", str(request.power_cycle_s)] if request.power_cycle_s else []),
        *("gdbserver", "--guarded", "--port", given.port),
        *(["--reset"] * given.reset),
        *([given.program] if given.program else []),
    ]

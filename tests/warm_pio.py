"""Run `pio` in processes that have imported it already: more than half of the time of a `pio run` goes into imports.

Two processes wait (tests/warm_server.py): one has imported PlatformIO, one SCons. They fork for each command.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import warm_server

WORKS_HERE = sys.platform == "linux"  # it needs os.pidfd_open; and on macOS a fork is not safe


class Waiting:
    """A process that has imported a program, and forks for each request."""

    def __init__(self, environment: Mapping[str, str], program: str, scons: Path) -> None:
        self.requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, warm_server.__file__, program, str(scons), str(theirs.fileno())],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def close(self) -> None:
        """End the process: it waits for requests until they are closed."""
        self.requests.close()
        self._process.wait()


class WarmPio:
    """Both processes, for one core directory."""

    def __init__(self, environment: Mapping[str, str], scons: Path) -> None:
        self._waiting = [Waiting(environment, program, scons) for program in (warm_server.PIO, "scons")]

    def run(self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], answer: str) -> tuple[int, str]:
        """Run `pio` with these words; return its exit code and its output: stdout, then stderr."""
        pio, scons = (waiting.requests for waiting in self._waiting)
        with ExitStack() as opened:
            streams = range(warm_server.STREAMS)
            files = [opened.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in streams]
            files[0].write(answer)
            files[0].seek(0)
            descriptors = [*(file.fileno() for file in files), scons.fileno()]
            command = [sys.executable, "-m", warm_server.PIO, *words]
            code = warm_server.ask(pio, command, str(cwd), environment, descriptors)
            for file in files[1:]:
                file.seek(0)
            return code, "".join(file.read() for file in files[1:])

    def close(self) -> None:
        """End both processes."""
        for waiting in self._waiting:
            waiting.close()

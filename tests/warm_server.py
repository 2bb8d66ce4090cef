"""Import PlatformIO, or SCons, and fork for each command that tests/warm_pio.py asks for.

A fork gets what a new process would have: arguments, variables, folder, streams and sys.path. It runs the program as
`python -m platformio` or `python scons.py` does, and ends like them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from patience import LIMIT_S

PIO = "platformio"
MESSAGE_SIZE = 1 << 17
STREAMS = 3

# The imports of a command. A name that another version of PlatformIO does not have costs time, and nothing else.
PIO_IMPORTS = ["platformio.maintenance", "platformio.run.cli", "platformio.test.cli", "platformio.platform.factory"]
SCONS_IMPORTS = ["SCons.Script.Main", "SCons.Script", "SCons.Platform.posix", "SCons.Tool.FortranCommon"]
SCONS_IMPORTS += [f"SCons.Tool.{tool}" for tool in ("ar", "asm", "cc", "cxx", "link")]
SCONS_IMPORTS += ["platformio.platform.base", "platformio.test.runners.factory", "platformio.public", "click"]
SCONS_IMPORTS += ["platformio.package.manager.library", "platformio.package.manager.core", "difflib"]
SCONS_IMPORTS += ["platformio.builder.tools.piobuild", "elftools.elf.elffile"]


@dataclass(frozen=True)
class Request:
    """A command; and descriptors: its streams, a pipe that learns its number and its end, and the way to SCons."""

    words: list[str]
    cwd: str
    environment: dict[str, str]
    descriptors: list[int]


def ask(
    requests: socket.socket, words: Sequence[str], cwd: str, environment: Mapping[str, str], descriptors: Sequence[int]
) -> int:
    """Have a command run in a fork; return its exit code."""
    message = json.dumps({"words": list(words), "cwd": cwd, "environment": dict(environment)}).encode()
    told, tell = os.pipe()
    with os.fdopen(told, encoding="ascii") as reader:
        try:
            socket.send_fds(requests, [message], [*descriptors[:STREAMS], tell, *descriptors[STREAMS:]])
        finally:
            os.close(tell)
        pid = int(reader.readline())
        if not select.select([reader], [], [], LIMIT_S)[0]:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(words), LIMIT_S)
        return int(reader.readline())


def serve(requests: socket.socket) -> Request:
    """Fork for each request, and tell the end of each fork. Only a fork returns: with its request."""
    running: dict[int, tuple[int, int]] = {}  # the descriptor of a process -> its number, and the pipe
    selector = selectors.DefaultSelector()
    selector.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fd in running:
                selector.unregister(key.fd)
                os.close(key.fd)
                pid, tell = running.pop(key.fd)
                _tell(tell, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                os.close(tell)
                continue
            message, descriptors, _, _ = socket.recv_fds(requests, MESSAGE_SIZE, STREAMS + 2)
            if not message:
                sys.exit()
            pid = os.fork()
            if not pid:
                selector.close()
                return Request(**json.loads(message), descriptors=descriptors)
            tell = descriptors.pop(STREAMS)
            for descriptor in descriptors:
                os.close(descriptor)
            _tell(tell, pid)
            process = os.pidfd_open(pid)
            running[process] = (pid, tell)
            selector.register(process, selectors.EVENT_READ)


def _tell(tell: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the test that asked has ended
        os.write(tell, f"{number}\n".encode("ascii"))


def become(request: Request) -> Optional[socket.socket]:
    """Give this process what the request names; return the way to SCons."""
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.cwd)
    streams, (tell, *more) = request.descriptors[:STREAMS], request.descriptors[STREAMS:]
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    for descriptor in (*streams, tell):
        os.close(descriptor)
    return socket.socket(fileno=more[0]) if more else None


class Forked:
    """The parts of subprocess.Popen that PlatformIO uses for SCons."""

    def __init__(self, requests: socket.socket, words: Sequence[str], **options: Any) -> None:
        self.returncode: Optional[int] = None
        self._requests, self._words = requests, words
        self._streams = [0, options["stdout"].fileno(), options["stderr"].fileno()]

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def communicate(self) -> tuple[None, None]:
        """Run it to its end."""
        self.returncode = ask(self._requests, self._words, str(Path.cwd()), os.environ, self._streams)
        return None, None


def start_scons_through(requests: socket.socket, scons: str) -> None:
    """Have PlatformIO start SCons in the other process; everything else it starts as ever."""
    import platformio.proc

    class Subprocess:
        def __getattr__(self, name: str) -> Any:
            return getattr(subprocess, name)

        def Popen(self, words: Any, **options: Any) -> Any:  # noqa: N802 - as in subprocess
            if list(words[:2]) == [sys.executable, scons]:
                return Forked(requests, words, **options)
            return subprocess.Popen(words, **options)

    platformio.proc.subprocess = Subprocess()


def main(program: str, scons: str, requests: socket.socket) -> None:
    """Import a program, serve, and run the program in each fork."""
    path = sys.path[1:]  # the first one is the folder of this file
    sys.path[:] = path
    if program == PIO:
        names = PIO_IMPORTS
    else:
        names = SCONS_IMPORTS
        sys.path.insert(0, str(Path(scons).with_name("scons-local")))
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.path[:] = path
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and that closes the requests
    request = serve(requests)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    requests.close()
    way_to_scons = become(request)
    if way_to_scons:
        start_scons_through(way_to_scons, scons)
        sys.argv = request.words[2:]
        sys.path.insert(0, request.cwd)
        runpy.run_module("platformio", run_name="__main__", alter_sys=True)
    else:
        sys.argv = request.words[1:]
        sys.path.insert(0, str(Path(scons).resolve().parent))
        runpy.run_path(scons, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], socket.socket(fileno=int(sys.argv[3])))

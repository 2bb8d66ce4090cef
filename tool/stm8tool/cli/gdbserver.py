"""`gdbserver`: debug the program of a chip with stm8-gdb, or any program that speaks GDB's protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import ReadoutProtectedError, UsageError
from ..support.values import shortened
from .command import PartUse, command
from .process import HarmlessInterrupt

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..debugger.target import Target
    from .console import Console
    from .request import Request

DEFAULT_PORT = 3333  # that of OpenOCD
_DEFAULT = str(DEFAULT_PORT)


class GdbserverArguments(NamedTuple):
    """The arguments of `gdbserver`."""

    program: Optional[str]
    port: str
    reset: bool
    end_with_stdin: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("program", metavar="PROGRAM", nargs="?", help="the ELF or .hex that the chip should hold; it is compared")
        add("--port", metavar="N", default=_DEFAULT, help=f"the port on loopback ({_DEFAULT}); 0: a free one")
        add("--reset", action="store_true", help="reset the chip for each client, also one that sleeps in HALT")
        add(
            "--end-with-stdin",
            action="store_true",
            help="end when stdin ends, or this process is killed; the program runs on",
        )


def gdbserver(request: Request[GdbserverArguments], console: Console) -> None:
    given = request.arguments
    port = _port(given.port)
    if given.end_with_stdin:
        from . import guard

        guard.serve_in_child()
    from ..chip.running import program as programs
    from ..debugger.server import GdbServer
    from ..debugger.stub import Settings, Stub
    from ..debugger.target import Target

    program = None if given.program is None else programs.load(given.program, request.require_part())
    voice = _Voice(console)
    with request.chip(console) as chip, Target(chip, voice) as target:
        _look(target, voice, reset=given.reset)
        stub = Stub(target, Settings(given.reset, program), voice)
        server = GdbServer(stub, port, voice.note, _ended(given), lambda seconds: target.clock.sleep(seconds))
        voice.say = server.notify
        ends = "" if given.end_with_stdin else "; Ctrl-C ends it"
        try:
            server.serve(lambda number: console.say(f"gdbserver: listening on 127.0.0.1:{number}{ends}"))
        except KeyboardInterrupt as exc:
            if target.is_writing:
                raise
            raise HarmlessInterrupt from exc


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 1 << 16):
        raise UsageError(f"--port {shortened(text)} is not a port", hint="write a number up to 65535, such as 3333")
    return int(text)


class _Voice:
    """Says lines to the user, and to the debugger once there is a server."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.say: Callable[[str], None] = self.note

    def note(self, text: str) -> None:
        """Say a line on stderr."""
        self._console.note(f"gdbserver: {text}")

    def __call__(self, text: str) -> None:
        self.say(text)


def _ended(given: GdbserverArguments) -> Callable[[], bool]:
    """Return the function that tells whether the server is to end: with its stdin, or never."""
    if not given.end_with_stdin:
        return lambda: False
    ended = threading.Event()

    def wait() -> None:
        from .guard import until_stdin_ends

        until_stdin_ends()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended.is_set


def _look(target: Target, voice: _Voice, *, reset: bool) -> None:
    """See before the first client comes whether the chip can be debugged; a locked one may be unlocked."""
    from ..debugger.stub import told

    try:
        if reset:
            target.attach(reset=True)
            target.detach()
        else:
            target.look()
    except ReadoutProtectedError as exc:
        voice(told(exc))


COMMANDS = (
    command(
        "gdbserver",
        "debug the program of the chip with stm8-gdb, over a port of this machine",
        gdbserver,
        GdbserverArguments,
        part=PartUse.REQUIRED,
        writes=True,
        auto=False,
        description="Serve GDB's protocol on a port of loopback, for one debugger after the other; docs/debugging.md.",
    ),
)

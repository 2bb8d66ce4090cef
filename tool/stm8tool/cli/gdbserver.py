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
    from .results.running import GdbserverResult

DEFAULT_PORT = 3333  # that of OpenOCD
_DEFAULT = str(DEFAULT_PORT)


class GdbserverArguments(NamedTuple):
    """The arguments of `gdbserver`."""

    program: Optional[str]
    port: str
    reset: bool
    end_with_stdin: bool
    guarded: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        from argparse import SUPPRESS

        add = parser.add_argument
        add("program", metavar="PROGRAM", nargs="?", help="the ELF or .hex that the chip should hold; it is compared")
        add("--port", metavar="N", default=_DEFAULT, help=f"the port on loopback ({_DEFAULT}); 0: a free one")
        add("--reset", action="store_true", help="reset the chip for each client, also one that sleeps in HALT")
        add(
            "--end-with-stdin",
            action="store_true",
            help="end when stdin ends, or this process is killed; the program runs on",
        )
        add("--guarded", action="store_true", help=SUPPRESS)


def gdbserver(request: Request[GdbserverArguments], console: Console) -> Optional[GdbserverResult]:
    given = request.arguments
    port = _port(given.port)
    if given.end_with_stdin and not given.guarded:
        from . import guard

        guard.run(request, console.form)
    from ..chip.running import program as programs
    from ..debugger.server import GdbServer
    from ..debugger.stub import Settings, Stub
    from ..debugger.target import Target

    program = None if given.program is None else programs.load(given.program, request.require_part())
    voice = _Voice(console)
    log = _Clients(console, port, "" if given.guarded else "; Ctrl-C ends it")
    with request.chip(console) as chip, Target(chip, voice) as target:
        _look(target, voice, reset=given.reset)
        stub = Stub(target, Settings(given.reset, program), voice)
        server = GdbServer(
            stub, port, voice.note, _ended(given), lambda seconds: target.clock.sleep(seconds), log.client
        )
        voice.say = server.notify
        try:
            server.serve(log.listening)
        except KeyboardInterrupt as exc:
            if target.is_writing:
                raise
            raise HarmlessInterrupt from exc
        finally:
            log.report()
    return log.result


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 1 << 16):
        raise UsageError(f"--port {shortened(text)} is not a port", hint="write a number up to 65535, such as 3333")
    return int(text)


class _Clients:
    """Tells where the server listens and who comes, and keeps the result."""

    def __init__(self, console: Console, port: int, ends: str) -> None:
        from ..debugger.server import HOST
        from .results.running import GdbserverResult

        self.result = GdbserverResult(HOST, port, 0)
        self._console = console
        self._ends = ends
        self._listens = False

    def listening(self, port: int) -> None:
        """Tell the port, once clients may come."""
        self._listens = True
        self.result = self.result._replace(port=port)
        host = self.result.host
        self._console.tell("listening", f"gdbserver: listening on {host}:{port}{self._ends}", host=host, port=port)

    def client(self, is_there: bool) -> None:
        """Tell that a client has come or gone."""
        if is_there:
            self.result = self.result._replace(clients=self.result.clients + 1)
        self._console.event("client", is_there=is_there)

    def report(self) -> None:
        """Keep the result, whatever follows, unless the server never listened."""
        if self._listens:
            self._console.report(self.result)


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
    """Return the function that tells whether the server is to end: with the guard that started it, else never."""
    if not given.guarded:
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

"""`debug`: the debugger for the source of a program, on a terminal or from a script. It needs no GDB."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import TargetError, UsageError
from .command import PartUse, command
from .simulation import duration_s

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..debugger.source_run import SourceDebugger
    from ..debugger.terminal import Terminal
    from .console import Console
    from .request import Request
    from .results.running import DebugResult

_PROMPT = "(debug) "


class DebugArguments(NamedTuple):
    """The arguments of `debug`."""

    program: str
    attach: bool
    source: Optional[str]
    do: Optional[list[str]]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("program", metavar="PROGRAM", help="the ELF of the program in the chip, built with debug information")
        add("--attach", action="store_true", help="halt the program where it is; without it: reset, and run to main")
        add("--source", metavar="FOLDER", help="the folder from which the program was built")
        add("--do", metavar="COMMAND", action="append", help="do this and end; several are done in order")


def debug(request: Request[DebugArguments], console: Console) -> DebugResult:
    from . import guard

    guard.debug_in_child()
    from ..debugger.begin import begun, loaded

    given = request.arguments
    if given.source is not None and not Path(given.source).is_dir():
        raise UsageError(f"--source {given.source} is not a folder", hint="give the folder that the build started in")
    program = loaded(given.program, request.require_part(), given.source)
    keys = _Keys()
    with request.chip(console) as chip:

        def notice(text: str) -> None:
            console.note(f"debug: {text}")

        with begun(chip, program, notice, keys.has_asked, attach=given.attach) as debugger:
            return _talk(debugger, console, keys, given.do)


def _talk(debugger: SourceDebugger, console: Console, keys: _Keys, lines: Optional[list[str]]) -> DebugResult:
    from ..debugger.terminal import Terminal

    terminal = Terminal(debugger, lambda text: duration_s(text, "continue"))
    done = _Done(terminal, console)
    if lines is not None or not console.is_interactive:
        return done.all_of(_of_stdin() if lines is None else lines)
    console.say("`help` lists the commands; Ctrl-C halts the program")
    with keys.held():
        while not terminal.has_ended:
            console.output(_PROMPT)
            line = _read_line()
            if not line:
                console.interrupt()
                break
            keys.forget()
            try:
                done.do(line)
            except (UsageError, TargetError) as exc:
                console.error(exc)
    return done.result


class _Done:
    """Does commands, shows the answers, and keeps them for the result."""

    def __init__(self, terminal: Terminal, console: Console) -> None:
        from .results.running import DebugResult

        self._terminal = terminal
        self._console = console
        place = terminal.where()
        console.tell("place", place, place=place)
        self.result = DebugResult(place, ())

    def all_of(self, lines: Iterable[str]) -> DebugResult:
        """Do the commands of a script. The first one that fails ends it."""
        try:
            for line in lines:
                if self._terminal.has_ended:
                    break
                self.do(line)
        finally:
            self._console.report(self.result)
        return self.result

    def do(self, line: str) -> None:
        """Do one command."""
        from .results.running import DoneCommand

        command = DoneCommand(line.strip(), self._terminal.do(line))
        self.result = self.result._replace(commands=(*self.result.commands, command))
        if command.answer:
            self._console.tell("command", command.answer, **command._asdict())
        else:
            self._console.event("command", **command._asdict())


def _of_stdin() -> Iterator[str]:
    while True:
        line = _read_line()
        if not line:
            return
        yield line


def _read_line() -> str:
    """Return a line of stdin, or the beginning of one that is too long; "" at its end."""
    from ..debugger.terminal import LONGEST

    if sys.stdin is None:
        return ""
    return sys.stdin.buffer.readline(LONGEST + 2).decode("utf-8", "replace")


class _Keys:
    """Ctrl-C while the program runs: it halts the program, and does not end the debugger."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def has_asked(self) -> bool:
        """Tell whether Ctrl-C was pressed since the last `forget`."""
        return self._asked.is_set()

    def forget(self) -> None:
        """Begin anew."""
        self._asked.clear()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Take Ctrl-C until the block ends."""
        before = signal.signal(signal.SIGINT, lambda _number, _frame: self._asked.set())
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


COMMANDS = (
    command(
        "debug",
        "debug the program of the chip by its source: breakpoints, steps, variables",
        debug,
        DebugArguments,
        part=PartUse.REQUIRED,
        writes=False,
        auto=False,
        description="Debug the program of the chip by its source, without GDB. Commands come from the terminal, from a "
        "pipe or from --do; docs/debugging.md.",
    ),
)

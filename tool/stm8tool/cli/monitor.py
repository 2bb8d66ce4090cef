"""`monitor`: the console of the program that runs in the chip, on this terminal or on a port of this machine."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import Code, ToolError, UsageError
from .command import PartUse, command
from .simulation import duration_s

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..chip.running.swim_console import SwimConsole
    from .console import Console
    from .monitor_ends import UserEnd
    from .request import Request
    from .results.running import MonitorResult

_TYPED_LIMIT = 4096  # bytes that wait for the program; more stay where they come from
_LEAVE_S = 1.0  # how long the last bytes of stdin wait for a program that reads nothing; our choice
_IDLE_S = 0.01  # our choice: a person sees no delay, and idle polling takes little of the CPU's bus
_QUIET_S, _QUIET_AFTER_S = 0.02, 1.0  # our choice: half as often for a program that has said nothing for a second


class MonitorArguments(NamedTuple):
    """The arguments of `monitor`."""

    program: Optional[str]
    duration: Optional[str]
    until: Optional[str]
    port: Optional[str]
    raw: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("program", metavar="PROGRAM", nargs="?", help="the ELF of the program in the chip, or its .hex")
        add("--for", dest="duration", metavar="TIME", help="end after this time, such as 10s")
        add("--until", metavar="TEXT", help="end when the program has written this")
        add("--raw", action="store_true", help="pass bytes as they are, and end when stdin ends")
        add("--port", metavar="URL", help="serve one client on loopback, such as socket://127.0.0.1:4000")


def monitor(request: Request[MonitorArguments], console: Console) -> MonitorResult:
    from ..chip.running import program as programs
    from . import monitor_ends

    given = request.arguments
    if given.until == "":
        raise UsageError("--until needs a text", hint="such as --until ready")
    if given.raw and "--json" in console.form:
        raise UsageError(
            "--raw and --json both need stdout", hint="leave --raw out, or use --events, which writes to stderr"
        )
    seconds = None if given.duration is None else duration_s(given.duration)
    reload = None if given.program is None else partial(programs.load, given.program, request.require_part())
    program = None if reload is None else reload()

    def notice(text: str) -> None:
        console.note(f"monitor: {text}")

    end = monitor_ends.end_for(given.port, console, raw=given.raw)
    pump: Optional[_Pump] = None
    try:
        with end, request.chip(console, listens=True) as chip, chip.console(program, notice, reload) as running:
            notice(f"{end.name}; Ctrl-C ends it")
            if not running.takes_input:
                notice("the program takes no input")
            if running.doubtful:
                notice(
                    f"the first {running.doubtful} bytes waited in RAM and may be of an earlier program; "
                    "give the program's ELF to be sure"
                )
            pump = _Pump(running, end, console)
            pump.run(seconds, given.until)
        return pump.result()
    except BaseException as exc:
        if pump is not None:
            console.report(pump.result("interrupt" if isinstance(exc, KeyboardInterrupt) else "error"))
        raise


class _Pump:
    """Passes bytes in both directions, and counts them."""

    def __init__(self, running: SwimConsole, end: UserEnd, console: Console) -> None:
        self._running = running
        self._console = console
        self._end = end
        self._began = self._moved = running.clock.now()  # `moved`: when the program took input for the last time
        self._typed = b""  # and not taken yet
        self._seconds = 0.0
        self._received = self._sent = self._lost = 0
        self._ended_by = ""

    def run(self, seconds: Optional[float], until: Optional[str]) -> None:
        """Do it until the time is over, the text has come, or the user wants no more.

        Raises:
            ToolError: The time is over, and the text has not come.
        """
        try:
            self._ended_by = self._pass_on(seconds, until)
        finally:
            self._seconds = self._running.clock.now() - self._began

    def result(self, ended_by: str = "") -> MonitorResult:
        """Return the result; `ended_by` is what ended it if `run` does not know it."""
        from .results.running import MonitorResult

        return MonitorResult(
            self._ended_by or ended_by, self._seconds, self._received, self._sent, self._running.lost, self._end.text
        )

    def _pass_on(self, seconds: Optional[float], until: Optional[str]) -> str:
        """Do it and return what ended it, as in `MonitorResult`."""
        end, clock = self._end, self._running.clock
        busy = clock.now()  # when bytes went in either direction for the last time
        wanted = os.fsencode(until or "")  # a word of the command line may hold bytes that are not UTF-8
        last = b""
        while True:
            found = self._take()
            last += found
            if wanted and wanted in last:
                return "text"
            last = last[-len(wanted) :] if wanted else b""
            taken = self._give()
            if end.has_ended:
                return "output"
            if end.input_has_ended and (not self._typed or clock.now() - self._moved > _LEAVE_S):
                return "input"
            if seconds is not None and clock.now() - self._began >= seconds:
                if wanted:
                    self._ended_by = "time"
                    raise ToolError(
                        f"the program did not write {until!r} in that time",
                        code=Code.RUN_TIME,
                        hint="give it more: --for",
                    )
                return "time"
            if found or taken:
                busy = clock.now()
            else:
                clock.sleep(_IDLE_S if clock.now() - busy < _QUIET_AFTER_S else _QUIET_S)

    def _take(self) -> bytes:
        """Pass on what the program has written, if the user listens."""
        if not self._end.is_there():
            self._running.give_way()
            return b""
        found = self._running.read()
        if found:
            self._received += len(found)
            self._end.put(found)
        lost, self._lost = self._running.lost - self._lost, self._running.lost
        if lost:
            self._console.event("lost", size=lost)
        return found

    def _give(self) -> int:
        """Pass on what was typed; return how much of it has gone. A program without input loses all of it."""
        if len(self._typed) < _TYPED_LIMIT:
            self._typed += self._end.get()
        taken = len(self._typed)
        if self._running.takes_input:
            taken = self._running.write(self._typed)
            self._sent += taken
        self._typed = self._typed[taken:]
        if taken or not self._end.input_has_ended:
            self._moved = self._running.clock.now()
        return taken


COMMANDS = (
    command(
        "monitor",
        "show the text of a running program that uses swim_console.h, and send it text",
        monitor,
        MonitorArguments,
        part=PartUse.REQUIRED,
        writes=False,
        auto=False,
    ),
)

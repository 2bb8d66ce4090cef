"""`monitor`: the console of the program that runs in the chip, on this terminal or on a port of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ..errors import Code, ToolError, UsageError
from .command import PartUse, command
from .simulation import duration_s

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..chip.running.program import Program
    from ..chip.running.swim_console import SwimConsole
    from .console import Console
    from .monitor_ends import UserEnd
    from .request import Request

_ELF_LIMIT = 1 << 26
_TYPED_LIMIT = 4096  # bytes that wait for the program; more stay where they come from
_LEAVE_S = 1.0  # how long the last bytes of stdin wait for a program that reads nothing; our choice
_IDLE_S = 0.01  # our choice: a person sees no delay, and idle polling takes little of the CPU's bus


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


def monitor(request: Request[MonitorArguments], console: Console) -> None:
    from . import monitor_ends

    given = request.arguments
    if given.until == "":
        raise UsageError("--until needs a text", hint="such as --until ready")
    seconds = None if given.duration is None else duration_s(given.duration)
    program = None if given.program is None else program_of(given.program, request)

    def notice(text: str) -> None:
        console.note(f"monitor: {text}")

    end = monitor_ends.end_for(given.port, console, raw=given.raw)
    with end, request.chip(console) as chip, chip.console(program, notice) as running:
        notice(f"{end.name}; Ctrl-C ends it")
        if not running.takes_input:
            notice("the program takes no input")
        _pump(running, end, seconds, given.until)


def program_of(path: str, request: Request[Any]) -> Program:
    """Return the program in a file, for a comparison with the chip."""
    from pathlib import Path

    from .. import image
    from ..chip.running.program import Program
    from ..image import elf
    from ..support import files

    loaded = image.load([path], None, ram_size=request.require_part().ram.size)
    content = files.read_regular(Path(path), _ELF_LIMIT)
    symbols = elf.symbols(content) if content.startswith(elf.MAGIC) else None
    return Program(path, symbols, loaded.segments)


def _pump(running: SwimConsole, end: UserEnd, seconds: Optional[float], until: Optional[str]) -> None:
    """Pass bytes in both directions until the time is over or the text has come."""
    clock = running.clock
    began = clock.now()
    wanted = None if until is None else until.encode()
    last, typed = b"", b""
    moved = began  # when the program took input for the last time
    while True:
        found = running.read() if end.is_there() else b""
        if found:
            end.put(found)
            if wanted is not None:
                last += found
                if wanted in last:
                    return
                last = last[-len(wanted) :]
        if len(typed) < _TYPED_LIMIT:
            typed += end.get()
        taken = running.write(typed) if running.takes_input else len(typed)
        typed = typed[taken:]
        if taken or not end.input_has_ended:
            moved = clock.now()
        if end.has_ended or (end.input_has_ended and (not typed or clock.now() - moved > _LEAVE_S)):
            return
        if seconds is not None and clock.now() - began >= seconds:
            if wanted is not None:
                raise ToolError(
                    f"the program did not write {until!r} in that time", code=Code.RUN_TIME, hint="give it more: --for"
                )
            return
        if not found and not taken:
            clock.sleep(_IDLE_S)


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

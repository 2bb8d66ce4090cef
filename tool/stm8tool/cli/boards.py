"""The commands for simulated boards: sim create, serve, serve-serial and show. `simulation` has sim run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import UsageError
from . import simulation
from .command import Group, PartUse, command
from .request import DEFAULT_PROBE

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from .console import Console
    from .request import Request
    from .results.boards import SimCreateResult, SimServeResult, SimShowResult


class CreateArguments(NamedTuple):
    """The arguments of `sim create`."""

    chipfile: str
    locked: bool
    option: Sequence[str]
    fault: Sequence[str]
    program: Optional[str]
    force: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("chipfile", metavar="CHIPFILE", help="use it as --probe sim:CHIPFILE")
        add("--locked", action="store_true", help="the chip is read-protected and holds a program")
        add(
            "--option",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="an option byte with its complement, or ADDRESS=VALUE for one byte alone",
        )
        add("--fault", action="append", default=[], metavar="NAME[=ARG]", help="a fault of the board or the probe")
        add("--program", metavar="FILE", help="a program that its flash and EEPROM hold already, such as firmware.elf")
        add("--force", action="store_true", help="replace an existing file")


def create(request: Request[CreateArguments], _console: Console) -> SimCreateResult:
    from .. import image
    from ..sim import store
    from .results.boards import SimCreateResult

    part, given = request.require_part(), request.arguments
    program = None if given.program is None else image.load([given.program], None, ram_size=part.ram.size)
    model = "v2" if request.probe == DEFAULT_PROBE else request.probe
    store.create(
        given.chipfile,
        part,
        model,
        locked=given.locked,
        options=given.option,
        faults=given.fault,
        program=[(segment.address, segment.data) for segment in program.segments] if program else (),
        overwrite=given.force,
    )
    return SimCreateResult(given.chipfile, part, model, given.locked, given.program, f"sim:{given.chipfile}")


class ServeArguments(NamedTuple):
    """The arguments of `sim serve`."""

    chipfile: str
    port: int
    host: str

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("chipfile", metavar="CHIPFILE")
        add("--port", type=int, default=3240, metavar="N", help="TCP port (3240; 0: any that is free)")
        add("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (this machine only)")


def serve(request: Request[ServeArguments], console: Console) -> SimServeResult:
    from ..sim.usbip import export
    from .results.boards import SimServeResult

    given = request.arguments
    reached = _Reached(console)
    with suppress(KeyboardInterrupt):  # it is the usual end
        export.serve(given.chipfile, given.host, given.port, console.say, reached)
    return SimServeResult(given.chipfile, reached.selector)


class _Reached:
    """Takes the selector by which a board is reached, and tells it to programs; `text` tells it to people."""

    def __init__(self, console: Console, text: str = "") -> None:
        self.selector: Optional[str] = None
        self._console = console
        self._text = text

    def __call__(self, selector: str) -> None:
        self.selector = selector
        if self._text:
            self._console.tell("listening", self._text.format(selector), probe=selector)
        else:
            self._console.event("listening", probe=selector)


class ServeSerialArguments(NamedTuple):
    """The arguments of `sim serve-serial`."""

    chipfile: str
    device: str
    port: int
    end: str
    loader_version: Optional[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("chipfile", metavar="CHIPFILE")
        add(
            "--as",
            dest="device",
            choices=("bootloader", "espstlink"),
            default="bootloader",
            help="what answers: the loader in the chip's boot ROM, or an espstlink that is wired to the chip",
        )
        add("--port", type=int, default=0, metavar="N", help="TCP port on this machine (0: any that is free)")
        add("--rfc2217", dest="end", action="store_const", const="rfc2217", help="with parity, speed and control lines")
        add("--pty", dest="end", action="store_const", const="pty", help="a pseudo terminal in place of a TCP port")
        add("--loader-version", metavar="X.Y", help="the version of the loader (the newest)")
        parser.set_defaults(end="socket")


def serve_serial(request: Request[ServeSerialArguments], console: Console) -> SimServeResult:
    from ..sim.serial import server
    from ..uart.settings import DEFAULT_BAUD
    from .results.boards import SimServeResult

    given = request.arguments
    baud = request.serial.baud if request.serial else DEFAULT_BAUD
    reached = _Reached(console, "use it with --probe {}; Ctrl-C ends this")
    version = _version(given.loader_version)
    with suppress(KeyboardInterrupt):  # it is the usual end
        server.serve(given.chipfile, given.end, given.port, baud, version, console.say, reached, given.device)
    return SimServeResult(given.chipfile, reached.selector)


def _version(text: Optional[str]) -> Optional[int]:
    """Return the byte of a version such as 2.1; None for none."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9])\.([0-9])", text)
    if found is None:
        raise UsageError(f"--loader-version {text} is not a version", hint="such as --loader-version 2.1")
    return int(found[1]) << 4 | int(found[2])


class ShowArguments(NamedTuple):
    """The arguments of `sim show`."""

    chipfile: str
    elf: Optional[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("chipfile", metavar="CHIPFILE")
        parser.add_argument("--elf", metavar="FILE", help="the ELF of its program, to name the place of the CPU")


def show(request: Request[ShowArguments], _console: Console) -> SimShowResult:
    from ..sim import store
    from .results.boards import SimShowResult
    from .symbols import Symbols

    given = request.arguments
    symbols = Symbols(given.elf)
    report = store.describe(given.chipfile)
    return SimShowResult(given.chipfile, report, None if report.pc is None else symbols.place(report.pc))


COMMANDS = (
    Group(
        "sim",
        "make and look at simulated boards",
        (
            command(
                "create",
                "make a simulated board",
                create,
                CreateArguments,
                part=PartUse.REQUIRED,
                auto=False,
                writes=False,
                description="Make a simulated board: --part is its chip, --probe its ST-LINK (v1, v2, v21 or v3).",
                probe_help="the simulated ST-LINK: v1, v2, v21 or v3",
            ),
            command(
                "serve",
                "put the simulated probe on real USB",
                serve,
                ServeArguments,
                part=PartUse.NONE,
                writes=False,
                description="",
            ),
            command(
                "serve-serial",
                "give the serial port of a simulated board to other programs",
                serve_serial,
                ServeSerialArguments,
                part=PartUse.NONE,
                writes=False,
                description="",
            ),
            command(
                "show",
                "show what a simulated board holds",
                show,
                ShowArguments,
                part=PartUse.NONE,
                writes=False,
                description="",
            ),
            *simulation.COMMANDS,
        ),
    ),
)

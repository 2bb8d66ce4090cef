"""The command line: it parses the arguments, runs one command, and returns its exit code.

Exit codes: 0 done, 1 failed, 2 usage or file, 3 probe, 4 no answer, 5 protected, 6 verify, 7 driver, 130 interrupted
(see errors.py). The last line on stderr is the reason.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Optional, TextIO, cast

from .. import __version__
from ..errors import ToolError, UsageError
from ..support import streams
from ..support.values import shortened
from ..words import Hint, spoken
from . import (
    boards,
    chips,
    dap,
    debug,
    gdbserver,
    images,
    memories,
    monitor,
    option_bytes,
    parts,
    probes,
    process,
    produce,
    schema,
    spelling,
    udev,
    watch,
)
from .command import PROBE_HELP, Command, Group, PartUse
from .request import AUTO, DEFAULT_POWER_CYCLE_S, NAME_IT, Request, make, not_given

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from .command import Entry
    from .console import Console

JSON, EVENTS = "--json", "--events"
_LACKING = re.compile(r"argument (\S+): expected one argument")  # argparse's words

# In the order of the help.
COMMANDS: tuple[Entry, ...] = (
    *probes.COMMANDS,
    *images.COMMANDS,
    *produce.COMMANDS,
    *memories.COMMANDS,
    *chips.COMMANDS,
    *option_bytes.COMMANDS,
    *monitor.COMMANDS,
    *gdbserver.COMMANDS,
    *debug.COMMANDS,
    *dap.COMMANDS,
    *watch.COMMANDS,
    *udev.COMMANDS,
    *parts.COMMANDS,
    *schema.COMMANDS,
    *boards.COMMANDS,
)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command; return its exit code."""
    words = _spelt_out(sys.argv[1:] if argv is None else argv)
    asked = _asked_forms(words)
    if asked:
        return _main_for_programs(words, asked)
    try:
        namespace = _parser().parse(words)
    except WrongWordsError as exc:
        streams.put(sys.stderr, f"{exc.usage}hint: {exc.hint_in(spoken())}\nerror: {exc} {exc.code}\n")
        return exc.exit_code
    from .console import Console

    console = Console(namespace.progress)
    with process.Ending(console, namespace.verbose, writes=namespace.command.writes) as ending:
        _run(namespace.command, lambda command: make(namespace, command.arguments), console)
    return ending.code


def _asked_forms(words: Sequence[str]) -> set[str]:
    """Return which of the two options for programs are there: a wrong command line is told in their form, too."""
    options = words[: words.index("--")] if "--" in words else words
    return {JSON, EVENTS}.intersection(options)


def _main_for_programs(words: Sequence[str], asked: set[str]) -> int:
    """Do `main` for a program that reads JSON."""
    from .machine_console import MachineConsole

    console = MachineConsole(json_result=JSON in asked, events=EVENTS in asked)
    with console.held_stderr(), process.Ending(console) as ending:
        try:
            namespace, printed = process.ended_or(lambda: _parser().parse(words))
        except WrongWordsError as exc:
            console.begin(exc.command)
            raise UsageError(str(exc), hint=exc.advice, details=[" ".join(exc.usage.split())]) from exc
        if isinstance(namespace, process.TextShown):  # --help, --version
            from .results.usage import UsageResult

            console.begin(namespace.command)
            console.conclude(UsageResult(printed))
        else:
            ending.expect(namespace.verbose, writes=namespace.command.writes)
            console.begin(namespace.command_name, namespace.progress)
            _run(namespace.command, lambda command: make(namespace, command.arguments), console)
    return ending.code


def _run(command: Command, requested: Callable[[Command], Request[Any]], console: Console) -> None:
    console.conclude(command.run(_with_part(requested(command), command, console), console))


def _with_part(request: Request[Any], command: Command, console: Console) -> Request[Any]:
    """Return `request` with the part that `--part` means, if `command` uses one.

    Raises:
        UsageError: The command needs a part, but the user named none, or the chip does not show it.
        UnknownPartError: There is no such part.
    """
    if command.part is PartUse.NONE:
        return request
    if request.part_name == AUTO and command.auto:
        return _with_part_of_chip(request, command, console)
    if request.part_name is not None:
        from ..parts.table import find_part

        request = replace(request, part=find_part(request.part_name))
    if command.part is PartUse.REQUIRED:
        request.require_part()
    return request


def _with_part_of_chip(request: Request[Any], command: Command, console: Console) -> Request[Any]:
    """Do `--part auto`: say which parts the chip may be, and use a part with the facts that all of them share."""
    from ..chip.link import family

    found = request.possible_parts(console)
    if command.part is PartUse.OPTIONAL:
        return request
    shared = family.group(found) if found else None
    if shared is None:
        raise UsageError(
            "the chip does not tell which part it is, and the possible parts are programmed differently", hint=NAME_IT
        )
    return replace(request, part=shared.part, shared=shared)


class WrongWordsError(UsageError):
    """The command line cannot be parsed.

    Attributes:
        usage: The right forms, as argparse tells them.
        command: The command that was named; None if there is none.
    """

    usage: str
    command: Optional[str]

    def __init__(self, message: str, *, hint: Hint, usage: str, command: Optional[str]) -> None:
        ToolError.__init__(self, message, hint=hint, usage=usage, command=command)


class _Parser(argparse.ArgumentParser):
    """A parser that reports errors like all others: `error: …`, as the last line on stderr."""

    _words: Sequence[str] = ()  # of the whole command line

    def _print_message(self, message: str, file: Optional[SupportsWrite[str]] = None) -> None:
        """Print help, usage or version. Before Python 3.10 argparse itself fails if the stream has no reader."""
        streams.put(cast("TextIO", file or sys.stderr), message)

    def parse(self, words: Sequence[str]) -> Any:
        """Do `parse_args`, but know the command even if there are words that it does not take."""
        self._words = words
        try:
            found, rest = self.parse_known_args(words, not_given())
        except WrongWordsError as exc:
            raise _about_value(exc, words) from exc
        if rest:
            found.parser.refuse(f"unrecognized arguments: {' '.join(rest)}", found.command_name, rest)
        return found

    def error(self, message: str) -> NoReturn:
        """Raise WrongWordsError, which has the usage, too."""
        self.refuse(message, self._command, self._words)

    def exit(self, status: int = 0, message: Optional[str] = None) -> NoReturn:
        """Raise TextShown: the help or the version is printed."""
        if message:
            self._print_message(message, sys.stderr)
        raise process.TextShown(status, self._command)

    @property
    def _command(self) -> Optional[str]:
        """The command, or the group of commands, of this parser; None for the first parser."""
        return self.prog.partition(" ")[2] or None

    def refuse(self, message: str, command: Optional[str], words: Sequence[str]) -> NoReturn:
        """Raise WrongWordsError. Its hint names the option or the command that one of `words` resembles."""
        meant = spelling.meant(message, words, self._option_string_actions)
        question = f"did you mean {meant}? " if meant else ""
        start = Hint("{question}{tool}{rest} --help says more", question=question, rest=self.prog[len("stm8tool") :])
        raise WrongWordsError(message, hint=start, usage=self.format_usage(), command=command)


class _CommandParser(_Parser):
    """The parser of a command or group. It is made when argparse first uses it: a run needs only one or two parsers.

    Args:
        fill: Adds its arguments.
        settings: The arguments of `ArgumentParser`.
    """

    def __init__(self, fill: Callable[[_Parser], None], **settings: Any) -> None:
        self._unmade = (fill, settings)

    def __getattr__(self, name: str) -> Any:
        """Make the parser, which has all its attributes from then on."""
        if "_unmade" not in self.__dict__:
            raise AttributeError(name)
        fill, settings = self.__dict__.pop("_unmade")
        super().__init__(**settings)
        fill(self)
        return getattr(self, name)


def _about_value(error: WrongWordsError, words: Sequence[str]) -> WrongWordsError:
    """Return `error`; if an option lacks its value because that begins like an option, in words that say so."""
    lacking = _LACKING.fullmatch(str(error))
    names = lacking[1].split("/") if lacking else []
    for option, value in zip(words, words[1:]):
        if option in names and value.startswith("-"):
            return WrongWordsError(
                f"{option} has no value: {shortened(value)} is read as an option, because it begins with -",
                hint=Hint("if it is the value, write {option}={value}", option=option, value=shortened(value)),
                usage=error.usage,
                command=error.command,
            )
    return error


def _spelt_out(words: Sequence[str]) -> list[str]:
    """Give a bare `--power-cycle` its value: argparse would take the next word, which is the command."""
    end = words.index("--") if "--" in words else len(words)
    bare, spelt = "--power-cycle", f"--power-cycle={DEFAULT_POWER_CYCLE_S}"
    return [*(spelt if word == bare else word for word in words[:end]), *words[end:]]


# -- arguments ---------------------------------------------------------------------------------------


def _parser() -> _Parser:
    parser = _Parser(
        prog="stm8tool",
        description="Flash STM8 microcontrollers over SWIM with an ST-LINK, or at their UART.",
        epilog="exit codes: 1 failed, 2 usage or file, 3 probe, 4 no answer, 5 protected, 6 verify, "
        "7 driver, permission or library, 130 interrupted",
        allow_abbrev=False,
    )
    _add_common_options(parser, PROBE_HELP)
    parser.add_argument("--version", action="version", version=f"stm8tool {__version__}")
    _add_entries(parser, COMMANDS)
    return parser


def _add_common_options(parser: _Parser, probe_help: str) -> None:
    """Add the options that may stand before or after the command; PlatformIO puts them before."""

    def add(*names: str, **settings: Any) -> None:
        # No default: the default of the command's own parser would replace an option before the command.
        parser.add_argument(*names, default=argparse.SUPPRESS, **settings)

    add("--probe", metavar="P", help=probe_help)
    add("--part", metavar="NAME", help="the chip, such as stm8s103f3 or STM8S103F3P6; auto: find it out from the chip")
    add("--region", metavar="R", help="flash, eeprom, options, ram, or ADDRESS:SIZE such as 0x8000:0x100")
    add("--base", metavar="ADDRESS", help="the address at which a raw binary begins")
    add("--unlock", choices=("auto", "never"), help="how write handles a read-protected chip (auto: erase it)")
    add("--verify", choices=("yes", "no", "read"), help="whether write compares its blocks; read: byte by byte")
    add("--no-loader", action="store_true", help="put no code into the chip's RAM; it is slower")
    add("--progress", choices=("auto", "bar", "lines"), help="how progress is shown")
    add(
        "--power-cycle",
        metavar="SECONDS",
        help="catch the chip while you switch the board's power off and on; =SECONDS may be left out "
        f"({DEFAULT_POWER_CYCLE_S})",
    )
    add("--baud", metavar="N", help="speed of a serial port, 4800 to 1000000 (115200)")
    add(
        "--uart-reset",
        choices=("auto", "dtr", "rts", "manual", "none"),
        help="how a chip at a serial port is reset (auto: by DTR and RTS, then by you)",
    )
    add("--reset-command", metavar="COMMAND", help="a command that resets the chip at a serial port")
    add(
        "--uart-mode",
        choices=("auto", "duplex", "one-wire", "reply"),
        help="how the loader at a serial port works (auto: find it out)",
    )
    add(
        "--allow-remote",
        action="store_true",
        help="let usbip://… reach another machine: USB/IP has no password and no encryption",
    )
    add("-v", "--verbose", action="count", help="say more; -vv shows every command to the probe")
    add(JSON, action="store_true", help="for programs: one object with the result or the error on stdout")
    add(EVENTS, action="store_true", help="for programs: progress and findings as JSON lines on stderr")


def _add_entries(parser: _Parser, entries: Sequence[Entry], before: str = "") -> None:
    """Add the parsers of commands and groups; `before` is the words in front of them."""
    known = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_CommandParser)
    for entry in entries:
        if isinstance(entry, Group):
            description, fill = None, partial(_add_entries, entries=entry.commands, before=f"{entry.name} ")
        else:
            description, fill = entry.description, partial(_add_command, command=entry, name=f"{before}{entry.name}")
        known.add_parser(entry.name, help=entry.help, description=description, allow_abbrev=False, fill=fill)


def _add_command(parser: _Parser, command: Command, name: str) -> None:
    """Add the arguments of a command, and store the command for `main`."""
    _add_common_options(parser, command.probe_help)
    command.arguments.add(parser)
    parser.set_defaults(command=command, command_name=name, parser=parser)

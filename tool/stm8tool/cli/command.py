"""A command as a row: its name, its help, its arguments, its function, and its needs before it runs."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import Protocol, Union

    from .console import Console
    from .request import Args, Arguments, Request

    Entry = Union["Command", "Group"]

    class CommandResult(Protocol):
        """The result of a command: a NamedTuple with the names of the library. `results/` has one for each command."""

        def show(self, console: Console) -> None:
            """Print it as text."""


PROBE_HELP = (
    "stlink (any), a serial number or its beginning, usb:BUS-PORT, sim:CHIPFILE, sim:FOLDER#WHICH, "
    "usbip://HOST/BUSID, serial:PORT"
)


class PartUse(Enum):
    """How a command uses the part that `--part` names."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class NoArguments(NamedTuple):
    """No arguments: the command has only the options that all commands have."""

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add nothing."""


class Command(NamedTuple):
    """One command of the command line; `command` makes it.

    Attributes:
        name: The word that the user types.
        help: Its text in the list of all commands.
        run: The function that does the job and returns the result. `part` decides whether its request has a part.
        arguments: Its own arguments: a field for each, and `add`, which adds them to its parser.
        part: Whether it uses the part.
        writes: It may change flash, EEPROM or option bytes: after an interrupt the chip may be half-written.
        auto: With `--part auto` the tool looks at the chip for this command.
        description: The text of its own `--help`.
        probe_help: The meaning of `--probe` for this command.
    """

    name: str
    help: str
    run: Callable[[Request[Any], Console], Optional[CommandResult]]
    arguments: type[Arguments]
    part: PartUse
    writes: bool
    auto: bool
    description: str
    probe_help: str


def command(
    name: str,
    help_text: str,
    run: Callable[[Request[Args], Console], Optional[CommandResult]],
    arguments: type[Args],
    *,
    part: PartUse,
    writes: bool,
    auto: bool = True,
    description: Optional[str] = None,
    probe_help: str = PROBE_HELP,
) -> Command:
    """Return the row of a command. Its function takes the arguments that its parser has.

    Without a `description` its own `--help` shows the same text as the list of all commands.
    """
    told = help_text if description is None else description
    return Command(name, help_text, run, arguments, part, writes, auto, told, probe_help)


class Group(NamedTuple):
    """A word in front of commands, such as `options`."""

    name: str
    help: str
    commands: tuple[Command, ...]

"""A command as a row: its name and help, its arguments and its function, and what it needs before it runs."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import Union

    from .console import Console
    from .request import Args, Arguments, Request

    Entry = Union["Command", "Group"]

PROBE_HELP = "stlink (any), a serial number or its beginning, usb:BUS-PORT, sim:CHIPFILE, sim:FOLDER#WHICH"


class PartUse(Enum):
    """What a command does with the part that `--part` names."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class NoArguments(NamedTuple):
    """A command has only the options that all commands have."""

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add nothing."""


class Command(NamedTuple):
    """One command of the command line; `command` makes it.

    Attributes:
        name: The word that the user types.
        help: What it does, in the list of all commands.
        run: Does it. It gets the part in the request as `part` has it.
        arguments: Its own arguments: a field for each, and `add`, which adds them to its parser.
        part: Whether it uses the part.
        writes: It may change flash, EEPROM or option bytes: after an interrupt the chip may hold half of something.
        auto: `--part auto` looks at the chip for it.
        description: What its own `--help` says.
        probe_help: What `--probe` means to it.
    """

    name: str
    help: str
    run: Callable[[Request[Any], Console], None]
    arguments: type[Arguments]
    part: PartUse
    writes: bool
    auto: bool
    description: str
    probe_help: str


def command(
    name: str,
    help_text: str,
    run: Callable[[Request[Args], Console], None],
    arguments: type[Args],
    *,
    part: PartUse,
    writes: bool,
    auto: bool = True,
    description: Optional[str] = None,
    probe_help: str = PROBE_HELP,
) -> Command:
    """Return the row of a command, whose function takes the arguments that its parser has.

    Without a `description` its own `--help` says what the list of all commands says.
    """
    told = help_text if description is None else description
    return Command(name, help_text, run, arguments, part, writes, auto, told, probe_help)


class Group(NamedTuple):
    """A word in front of commands, such as `options`."""

    name: str
    help: str
    commands: tuple[Command, ...]

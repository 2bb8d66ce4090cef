"""The results of the commands for a program that runs: monitor, watch, set. Also of gdbserver and debug."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...dwarf.types import Value
    from ..console import Console


class MonitorResult(NamedTuple):
    """The result of `monitor`.

    Attributes:
        end: The reason of the end: "text" (`--until`), "time" (`--for`), "input" (stdin ended), "output" (stdout has no
            reader), "interrupt" (Ctrl-C) or "error".
        seconds: How long it took.
        received: How many bytes the program wrote.
        sent: How many bytes the program took.
        lost: How many bytes the program dropped, because its ring was full. There may be multiples of 256 more.
        output: The last characters that the program wrote; empty with `--port`, whose client has them.
    """

    end: str
    seconds: float
    received: int
    sent: int
    lost: int
    output: str

    def show(self, console: Console) -> None:
        """Print nothing: the text of the program was printed when it came."""


class SampleValues(NamedTuple):
    """The values of one moment.

    Attributes:
        time_s: Seconds since the first sample.
        values: By name: a number, an array, or an object with the members of a structure. None if there is no value.
        torn: The names of values that may be torn.
        problems: Why there is no value, by name.
    """

    time_s: float
    values: Mapping[str, Value]
    torn: Sequence[str]
    problems: Mapping[str, str]


class ListedVariable(NamedTuple):
    """A variable of a program.

    Attributes:
        name: Its name, as `watch` takes it.
        address: Its address.
        type: Its type, in the words of C.
    """

    name: str
    address: int
    type: str


class WatchResult(NamedTuple):
    """The result of `watch`.

    Attributes:
        end: The reason of the end: "count" (`--count`), "time" (`--for`), "output" (stdout has no reader), "interrupt"
            (Ctrl-C), "error", or "list" (`--list`).
        samples: How many samples there were.
        last: The last one.
        variables: The variables of the program, for `--list`.
    """

    end: str
    samples: int
    last: Optional[SampleValues]
    variables: Optional[Sequence[ListedVariable]] = None

    def show(self, console: Console) -> None:
        """Print the list of `--list`. Each sample was shown when it came."""
        variables = self.variables or ()
        width = max((len(variable.name) for variable in variables), default=0)
        for variable in variables:
            console.say(f"{variable.name:{width}}  0x{variable.address:06X}  {variable.type}")


class SetVariable(NamedTuple):
    """A variable that was set.

    Attributes:
        name: Its name, as the user wrote it.
        before: Its value before.
        after: Its value as it was read back.
        wanted: The value that the user wrote, as text in the form of a reading.
        is_kept: False if the program has changed it again.
        disturbed: The program changed the neighbours of a bit-field in that moment. One of its changes may be lost.
    """

    name: str
    before: Value
    after: Value
    wanted: str
    is_kept: bool
    disturbed: bool


class SetResult(NamedTuple):
    """The result of `set`: the variables that were set, in order."""

    variables: Sequence[SetVariable]

    def show(self, console: Console) -> None:
        """Print nothing: each one was told when it was set."""


class GdbserverResult(NamedTuple):
    """The result of `gdbserver`.

    Attributes:
        host: The address at which it listened.
        port: The port.
        clients: How many debuggers came.
    """

    host: str
    port: int
    clients: int

    def show(self, console: Console) -> None:
        """Print nothing: the clients were told when they came."""


class DoneCommand(NamedTuple):
    """A command of the debugger that was done.

    Attributes:
        command: The command as it was written.
        answer: What the debugger said; empty if it said nothing.
    """

    command: str
    answer: str


class DebugResult(NamedTuple):
    """The result of `debug`.

    Attributes:
        place: Where the program stood at the beginning.
        commands: The commands that were done.
    """

    place: str
    commands: Sequence[DoneCommand]

    def show(self, console: Console) -> None:
        """Print nothing: each command's text was printed when it was done."""

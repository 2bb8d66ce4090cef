"""What `produce` shows: a line for each chip; on a terminal with rich also a line with a bar for each socket.

rich is not a dependency of the tool. Without it, and in a pipe, there are only lines.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..production.starts import NO_PROBE, PUT_IN, SAME_BOARD, TAKE_OUT
from ..production.summary import counted

if TYPE_CHECKING:
    from rich.table import Table

    from ..production.chip_run import ChipRecord
    from ..production.job import ProductionJob
    from ..production.worker import SocketState
    from .console import Console

_BAR_WIDTH = 30
_PROMPTS = (TAKE_OUT, PUT_IN, SAME_BOARD, NO_PROBE)


class PlainDisplay:
    """Lines; see `production.line.Watcher`.

    Args:
        console: Where they go.
        prompts: What the user is to do with a board is a line, too.
    """

    def __init__(self, console: Console, *, prompts: bool = False) -> None:
        self._console = console
        self._prompts = prompts
        self._said: dict[str, str] = {}

    def note(self, text: str) -> None:
        """Print a line."""
        self._console.say(text)

    def chip(self, record: ChipRecord, passed: int, failed: int) -> None:
        """Print what a chip did."""
        self._console.tell("chip", line_of(record, passed, failed), **record.fields())
        for warning in record.warnings:
            self._console.note(f"warning: socket {record.socket}: {warning}")

    def draw(self, states: Mapping[str, SocketState]) -> None:
        """Print what the user is to do with a board, if that is new."""
        for name, state in dict(states).items():
            if self._said.get(name) != state.text:
                self._said[name] = state.text
                if self._prompts and state.text.startswith(_PROMPTS):
                    self._console.say(f"socket {name}: {state.text}")


class RichDisplay(PlainDisplay):
    """A line with a bar for each socket, below the lines of the chips."""

    def __init__(self, console: Console, sockets: Sequence[str]) -> None:
        from rich.console import Console as RichConsole
        from rich.live import Live

        super().__init__(console)
        self._names = sockets
        self._shown = RichConsole(highlight=False, markup=False, force_terminal=True)
        self.live = Live(console=self._shown, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._put(text)

    def chip(self, record: ChipRecord, passed: int, failed: int) -> None:
        """Print what a chip did above the bars."""
        style = "green" if record.passed else "bold red"
        self._put(line_of(record, passed, failed), style)
        for warning in record.warnings:
            self.note(f"warning: socket {record.socket}: {warning}")

    def draw(self, states: Mapping[str, SocketState]) -> None:
        """Draw the bars."""
        with suppress(OSError):  # the terminal is gone: the run goes on, and the log has it all
            self.live.update(self._table(dict(states)), refresh=True)

    def _put(self, text: str, style: str = "") -> None:
        from rich.text import Text

        with suppress(OSError):
            self._shown.print(Text(text, style), soft_wrap=True)  # a style of `print` would color the bars, too

    def _table(self, states: Mapping[str, SocketState]) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        for name in self._names:
            state = states.get(name)
            share = None if state is None else state.share
            bar = ProgressBar(total=1.0, completed=share or 0.0, width=_BAR_WIDTH)
            table.add_row(f"socket {name}", bar, "" if state is None else state.text)
        return table


@contextmanager
def display_for(console: Console, job: ProductionJob) -> Iterator[PlainDisplay]:
    """Give the display for this terminal or pipe, and say what the run is about."""
    files = ", ".join(file.name for file in job.files)
    console.say(f"{job.name}: {job.part.name}, {files}, {counted(len(job.sockets), 'socket')}; log {job.log}")
    if not console.can_redraw() or importlib.util.find_spec("rich") is None:
        yield PlainDisplay(console, prompts=True)
        return
    display = RichDisplay(console, [socket.name for socket in job.sockets])
    with display.live:
        yield display


def line_of(record: ChipRecord, passed: int, failed: int) -> str:
    """Return the line about a chip."""
    serial = "" if record.serial is None else f" serial number {record.serial},"
    repeated = sum(count for name, count in record.retries.items() if name not in ("slow", "no_nrst"))
    weak = f", {counted(repeated, 'repeat')}" if repeated else ""
    counts = f"({passed} passed, {failed} failed)"
    if record.passed:
        return f"{record.socket}: PASS{serial} {record.seconds:.1f} s{weak} {counts}"
    code = f" [{record.code}]" if record.code else ""
    return f"{record.socket}: FAIL{serial} {record.message}{code}{weak} {counts}"

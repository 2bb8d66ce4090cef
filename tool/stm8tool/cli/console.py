"""Output for the user: progress and results on stdout, notes and errors on stderr.

Progress only appends, because PlatformIO turns a carriage return into a new line. On a terminal PlatformIO passes three
equal characters in a row on at once, so bars consist of "#". In a pipe there are only lines.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, BinaryIO, Optional, TextIO

from ..errors import Code, ToolError, UsageError
from ..support import streams
from ..words import COMMAND_LINE

if TYPE_CHECKING:
    from .command import CommandResult

_BAR_WIDTH = 40
_COUNT_STEP_S, _LAST_SECONDS = 5, 5


class Console:
    """Text for people. Progress has one of two modes: "bar" (append-only bars) or "lines" (half and whole).

    `machine_console.py` has the form for programs, which `--json` and `--events` ask for.

    Attributes:
        form: The options that ask for this form.
        tells_defects: Whether `defect` tells a defect of the program. Otherwise Python prints its traceback.
    """

    form: tuple[str, ...] = ()
    tells_defects = False

    def __init__(self, mode: str) -> None:
        self._bars = self._has_bars(mode)
        self._is_reported = False
        self._stage = ""
        self._drawn = 0
        self._left_s = 0
        self._in_line = False
        self._table = 0  # how many lines `redraw` has drawn
        self._unshown: Optional[OSError] = None

    @staticmethod
    def _has_bars(mode: str, stream: Optional[TextIO] = None) -> bool:
        """Tell whether progress on a stream, which is stdout if none is given, is shown as bars."""
        return mode == "bar" or (mode == "auto" and (stream or sys.stdout).isatty())

    @staticmethod
    def shows(text: str) -> bool:
        """Tell whether stdout can show all characters of `text`."""
        try:
            text.encode(sys.stdout.encoding or "ascii")
        except UnicodeEncodeError:
            return False
        return True

    def say(self, text: str) -> None:
        """Print one line."""
        self._print(f"{text}\n")

    def tell(self, event: str, text: str, **fields: object) -> None:
        """Print a finding that comes during the work. Programs get an event with the fields in place of the text."""
        self.say(text)

    def event(self, event: str, **fields: object) -> None:
        """Give programs an event for which people need no line of their own."""

    def report(self, result: CommandResult) -> None:
        """Show the result now. Then an error at the end of the command does not hide it."""
        result.show(self)
        self._is_reported = True

    def conclude(self, result: Optional[CommandResult]) -> None:
        """Take the result of the command that has ended, and show it unless `report` did so."""
        if result is not None and not self._is_reported:
            result.show(self)

    def finish(self, code: int) -> None:
        """End the output. `code` is the exit code of the command."""

    def output(self, text: str) -> None:
        """Print the output of a program as it comes; `interrupt` ends its last line."""
        if text:
            self._print(text)
            self._in_line = not text.endswith("\n")

    @staticmethod
    def can_redraw() -> bool:
        """Tell whether stdout is a terminal that `redraw` can use."""
        return sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and streams.take_escapes(sys.stdout)

    def redraw(self, lines: Sequence[str]) -> None:
        """Draw lines in place of those of the last call, cut to the terminal. Other text ends the old ones."""
        columns, rows = shutil.get_terminal_size()
        shown = [line[: columns - 1] for line in lines[: rows - 1]]
        up = f"\x1b[{self._table}F" if self._table else ""
        self._print(up + "".join(f"{line}\x1b[K\n" for line in shown))
        self._table = len(shown)

    @property
    def is_cut_off(self) -> bool:
        """Tell whether stdout takes no more text."""
        return self._unshown is not None

    @staticmethod
    def pass_on(data: bytes) -> bool:
        """Write bytes to stdout as they are; False if its reader has gone."""
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except OSError:
            return False
        return True

    @contextmanager
    def lent_stdout(self) -> Iterator[BinaryIO]:
        """Yield stdout for the messages of a protocol. Until the block ends, all text goes to stderr."""
        stdout = sys.stdout.buffer
        with redirect_stdout(sys.stderr):
            yield stdout

    def note(self, text: str) -> None:
        """Print one line to stderr."""
        self.interrupt()
        streams.put(sys.stderr, f"{text}\n")

    @property
    def is_interactive(self) -> bool:
        """Tell whether the tool can ask the user."""
        return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()

    def ask(self, question: str) -> str:
        """Print a question and return the line that the user types; empty at the end of input."""
        self._print(question)
        return sys.stdin.readline().strip()

    def _print(self, text: str) -> None:
        self._unshown = streams.put(sys.stdout, text) or self._unshown

    def check_shown(self) -> None:
        """Raise UsageError if some output could not be written. It is not an error if the reader closed the pipe."""
        if self._unshown and not isinstance(self._unshown, BrokenPipeError):
            raise UsageError(
                f"the output cannot be written: {self._unshown.strerror}",
                code=Code.FILE,
                hint="the command did the rest of its work; check where its output goes",
            )

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` bytes of `stage` are done. A stage ends when both are equal."""
        if stage != self._stage:
            self.interrupt()
            self._stage = stage
            if self._bars:
                self._print(f"{stage:>9} |")
        if self._bars:
            reached = _BAR_WIDTH * done // total
            self._print("#" * (reached - self._drawn))
            self._drawn = reached
            if done == total:
                self._print(f"| {total} bytes\n")
        else:
            reached = 2 * done // total
            if reached > self._drawn:
                self._print(f"{stage}: {done} of {total} bytes\n")
            self._drawn = reached
        if done == total:
            self._stage, self._drawn = "", 0

    def power_cycle(self, left_s: int) -> None:
        """Ask the user to switch the board's power, and count down: every five seconds, at the end every second."""
        self._count_down("switch the board's power off and on now", left_s)

    def reset_by_hand(self, left_s: int) -> None:
        """Ask the user to reset the board, and count down in the same way."""
        self._count_down("reset the board now", left_s)

    def _count_down(self, request: str, left_s: int) -> None:
        self.interrupt()
        again = left_s >= self._left_s
        self._left_s = left_s
        if again:
            self.say(f"{request} ({left_s} s)")
        elif left_s % _COUNT_STEP_S == 0 or left_s < _LAST_SECONDS:
            self.say(f"{left_s} s left")

    def interrupt(self) -> None:
        """End an unfinished bar or program line. Then other text begins on a new line."""
        if (self._stage and self._bars) or self._in_line:
            self._print("\n")
        self._stage, self._drawn, self._in_line, self._table = "", 0, False, 0

    def error(self, exc: ToolError) -> None:
        """Print evidence, hint and reason to stderr in one write; the reason is the last line."""
        lines = [f"  {line}" for line in exc.details_in(COMMAND_LINE)]
        hint = exc.hint_in(COMMAND_LINE)
        if hint:
            lines.append(f"hint: {hint}")
        lines.append(f"error: {exc} {exc.code}")
        self.note("\n".join(lines))

    def interrupted(self, text: str) -> None:
        """Print to stderr that the user interrupted the command."""
        self.note(text)

    def defect(self, error: Exception) -> None:
        """Tell a defect of the program, if `tells_defects`."""

    def log(self, record: logging.LogRecord) -> None:
        """Print a record of the log to stderr, with "warning: " before those that are shown without -v."""
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        self.note(f"{prefix}{record.getMessage()}")


class LogHandler(logging.Handler):
    """Passes log records on to the console."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        self._console.log(record)

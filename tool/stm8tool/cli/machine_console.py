"""The console for programs: `--json` puts one object on stdout, `--events` puts JSON lines on stderr.

With `--json` the text for people goes to stderr, except the result. With `--events` each line on stderr is an object.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from typing import TYPE_CHECKING, Any, BinaryIO, Optional, TextIO

from .. import __version__
from ..errors import Code, ToolError
from ..support import streams
from .as_json import DEFECT, FORMAT, INTERRUPTED, of_error, of_other, plain
from .console import Console
from .process import CHILD, EXIT_DEFECT, EXIT_INTERRUPTED

if TYPE_CHECKING:
    from .command import CommandResult

_LEVELS = {logging.INFO: "info", logging.DEBUG: "debug"}


class MachineConsole(Console):
    """Output for a program.

    Args:
        json_result: Whether stdout gets one object, and nothing else.
        events: Whether stderr gets events, and nothing else.

    Attributes:
        has_told: Whether a command of this process has ended its output.
    """

    tells_defects = True
    has_told = False

    def __init__(self, *, json_result: bool, events: bool) -> None:
        super().__init__("lines")
        self.form = ("--json",) * json_result + ("--events",) * events
        self._has_result, self._has_events = json_result, events
        self._stderr = sys.stderr
        self._command: Optional[str] = None
        self._has_begun = False
        self._result: Any = None
        self._error: Optional[dict[str, Any]] = None
        self._warnings: list[dict[str, Any]] = []
        self._is_showing = False
        self._is_finished = False
        self._has_place_for_text = True
        self._is_stream_cut = False

    @contextmanager
    def held_stderr(self) -> Iterator[None]:
        """Until the block ends, text that comes past the console to stderr becomes an event, too."""
        if not self._has_events:
            yield
            return
        with redirect_stderr(_Notes(self)):
            yield

    def begin(self, command: Optional[str], mode: str = "auto") -> None:
        """Take the name of the command, such as "options set", and the mode of `--progress`."""
        self._command, self._has_begun = command, True
        self._bars = self._has_bars(mode, sys.stderr if self._has_result else None)
        if CHILD not in os.environ:  # the parent has told it
            self._emit("begin", format=FORMAT, version=__version__, command=command)

    # -- the result ----------------------------------------------------------------------------------

    def report(self, result: CommandResult) -> None:
        """Keep the result for the object. If an error follows, the object has both."""
        if self._has_result:
            self._result = plain(result)
            return
        with self._showing():
            super().report(result)

    def conclude(self, result: Optional[CommandResult]) -> None:
        """Take the result of the command that has ended."""
        if result is not None and (self._has_result or not self._is_reported):
            self.report(result)

    def finish(self, code: int) -> None:
        """Print the object, once. If stdout did not take it, a second `end` has the exit code for that."""
        self.interrupt()
        self._emit("end", ok=code == 0, exit_code=code)
        if self._is_finished:
            return
        self._is_finished = MachineConsole.has_told = True
        if self._has_result:
            told = {
                "format": FORMAT,
                "version": __version__,
                "command": self._command,
                "ok": self._error is None,
                "result": self._result,
                "error": self._error,
                "warnings": self._warnings,
            }
            super()._print(f"{_line(told)}\n")

    # -- text and events -----------------------------------------------------------------------------

    @contextmanager
    def lent_stdout(self) -> Iterator[BinaryIO]:
        """Do what `Console.lent_stdout` does. With events, text for people is dropped until the block ends."""
        with super().lent_stdout() as stdout:
            self._has_place_for_text = not self._has_events
            yield stdout
        self._has_place_for_text = True

    def _print(self, text: str) -> None:
        if not self._has_place_for_text:
            return
        if not self._has_result:
            super()._print(text)
        elif not self._has_events:
            self._put_on_stderr(sys.stderr, text)

    def _put_on_stderr(self, stream: TextIO, text: str) -> None:
        self._is_stream_cut = streams.put(stream, text) is not None or self._is_stream_cut

    @property
    def is_cut_off(self) -> bool:
        """Tell whether the stream of a command, which is on stderr here, takes no more text."""
        return self._is_stream_cut or super().is_cut_off

    @contextmanager
    def _showing(self) -> Iterator[None]:
        """Until the block ends, text for people is not a note for programs: they get the same in another form."""
        was, self._is_showing = self._is_showing, True
        try:
            yield
        finally:
            self._is_showing = was

    def _emit(self, event: str, **fields: object) -> None:
        """Put an event on stderr if events are asked for. The first one is `begin`."""
        if not self._has_begun:
            self.begin(None)
        if self._has_events:
            self._put_on_stderr(self._stderr, f"{_line({'event': event, **plain(fields)})}\n")

    def say(self, text: str) -> None:
        super().say(text)
        if not self._is_showing:
            self._emit("note", message=text)

    def tell(self, event: str, text: str, **fields: object) -> None:
        super().say(text)
        self._emit(event, **fields)

    def event(self, event: str, **fields: object) -> None:
        self._emit(event, **fields)

    def note(self, text: str) -> None:
        if self._has_events:
            self.interrupt()
            self._emit("note", message=text)
        else:
            super().note(text)

    def output(self, text: str) -> None:
        super().output(text)
        if text:
            self._emit("output", text=text)

    def progress(self, stage: str, done: int, total: int) -> None:
        super().progress(stage, done, total)
        self._emit("progress", stage=stage, done=done, total=total)

    def power_cycle(self, left_s: int) -> None:
        self._count_down_as("power-cycle", left_s, super().power_cycle)

    def reset_by_hand(self, left_s: int) -> None:
        self._count_down_as("reset-by-hand", left_s, super().reset_by_hand)

    def _count_down_as(self, event: str, left_s: int, count: Callable[[int], None]) -> None:
        with self._showing():
            count(left_s)
        self._emit(event, left_s=left_s)

    @staticmethod
    def can_redraw() -> bool:
        """False: a program reads lines."""
        return False

    @property
    def is_interactive(self) -> bool:
        """False: a program is never asked."""
        return False

    def error(self, exc: ToolError) -> None:
        if not self._is_finished:
            self._error = of_error(exc)
        if self._has_events:
            self.interrupt()
            self._emit("error", **of_error(exc))
        else:
            super().error(exc)

    def interrupted(self, text: str) -> None:
        self._end_with(of_other(INTERRUPTED, EXIT_INTERRUPTED, text, "run the command again", []), text)

    def defect(self, error: Exception) -> None:
        import traceback

        told = "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
        message = f"stm8tool has a defect: {type(error).__name__}: {error}"
        hint = "please report it, with all details"
        self._end_with(of_other(DEFECT, EXIT_DEFECT, message, hint, told.splitlines()), told)

    def _end_with(self, error: dict[str, Any], text: str) -> None:
        self._error = error
        if self._has_events:
            self.interrupt()
            self._emit("error", **error)
        else:
            super().note(text)

    def log(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno < logging.WARNING:
            if self._has_events:
                self._emit("log", level=_LEVELS.get(record.levelno, "debug"), logger=record.name, message=text)
            else:
                super().log(record)
            return
        args = record.args if isinstance(record.args, tuple) else ()
        code = next((arg for arg in args if isinstance(arg, Code)), None)
        warning = {
            "code": code.value if code else None,
            "message": text.removesuffix(str(code)).rstrip() if code else text,
        }
        warning = plain(warning)
        self._warnings.append(warning)
        if self._has_events:
            self.interrupt()
            self._emit("warning", **warning)
        else:
            super().log(record)


class _Notes(io.StringIO):
    """A stream that makes a note of each line, such as those of `support/deps.py` and of Python's warnings."""

    def __init__(self, console: MachineConsole) -> None:
        super().__init__()
        self._console = console
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._console.note(line)
        return len(text)


def _line(told: dict[str, Any]) -> str:
    """Return an object in one line of ASCII, which every encoding of a stream can show."""
    return json.dumps(told, allow_nan=False)

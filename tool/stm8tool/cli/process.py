"""The frame around each command of this package: log, interrupts, the reason on stderr, exit codes."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Optional, TypeVar, Union

from ..errors import ToolError
from ..support import interrupts, streams

if TYPE_CHECKING:
    from .console import Console

_Value = TypeVar("_Value")
EXIT_INTERRUPTED = 130
EXIT_DEFECT = 1  # that of Python after a traceback
CHILD = "STM8TOOL_CHILD"  # in the environment of a child of `guard.py`: the pipe that ends with its parent
_is_script = False


def is_script() -> bool:
    """Tell whether this process runs a console script, and nothing else."""
    return _is_script


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a console script and end the process with its exit code."""
    global _is_script
    _is_script = True
    streams.set_up()
    try:
        code = main()
    except KeyboardInterrupt:  # before `Ending`, during an import, or after it
        streams.put(sys.stderr, "interrupted\n")
        code = EXIT_INTERRUPTED
    finally:  # argparse raises SystemExit
        _is_script = False
        streams.put(sys.stdout, "")
    sys.exit(code)


def end_as(code: int) -> NoReturn:
    """End this process with the exit code of another one, which has said why."""
    raise SystemExit(code)


class TextShown(SystemExit):
    """The command line asked only for a text, such as the help of a command, and it was printed.

    Attributes:
        command: The command that the text is about; None if it is about no command.
    """

    def __init__(self, code: int, command: Optional[str]) -> None:
        super().__init__(code)
        self.command = command


def ended_or(job: Callable[[], _Value]) -> tuple[Union[_Value, TextShown], str]:
    """Return the value of a job, or the reason why it wanted to end the process; and the text that it printed."""
    text = io.StringIO()
    with redirect_stdout(text):
        try:
            return job(), text.getvalue()
        except TextShown as exc:
            return exc, text.getvalue()


class HarmlessInterrupt(KeyboardInterrupt):
    """An interrupt at a moment when the command wrote nothing to the chip."""


class HarmfulInterrupt(KeyboardInterrupt):
    """An interrupt in the middle of a write to the chip, by a command that mostly writes nothing."""


class Ending:
    """A context manager around a command, which reports how the command ends.

    Inside it the log is shown, and other signals to end act like Ctrl-C. At its end the reason of a failure is printed
    as the last line on stderr.

    Args:
        console: Where it prints.
        verbosity: 0 to 2, how much of the log is shown. 2 also shows the traceback of an error.

    Attributes:
        writes: The command may write to the chip: after an interrupt the chip may be half-written.
        code: The exit code.
    """

    def __init__(self, console: Console, verbosity: int = 0, *, writes: bool = False) -> None:
        self.writes = writes
        self.code = 0
        self._console = console
        self._verbosity = verbosity

    def __enter__(self) -> Ending:
        _set_up_logging(self._console, self._verbosity)
        interrupts.terminate_like_ctrl_c()
        return self

    def expect(self, verbosity: int, *, writes: bool) -> None:
        """Take what only the parsed command line tells."""
        self.writes, self._verbosity = writes, verbosity
        _set_up_logging(self._console, verbosity)

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> bool:
        """Report a failure, and choose the exit code. A defect of the program ends with its traceback."""
        if error is None:
            try:
                self._console.check_shown()
                self._finish()
                self._console.check_shown()  # the object of --json is the last output
            except ToolError as exc:
                self._fail(exc)
            else:
                return True
        elif isinstance(error, ToolError):
            self._fail(error)
        elif isinstance(error, KeyboardInterrupt):
            is_half = (self.writes and not isinstance(error, HarmlessInterrupt)) or isinstance(error, HarmfulInterrupt)
            half = "; the chip may be half-written: run the command again" if is_half else ""
            self._console.interrupted(f"interrupted: the probe is released{half}")
            self.code = EXIT_INTERRUPTED
        elif isinstance(error, Exception) and self._console.tells_defects:
            self._console.defect(error)
            self.code = EXIT_DEFECT
        else:
            return False
        self._finish()
        return True

    def _finish(self) -> None:
        self._console.finish(self.code)

    def _fail(self, error: ToolError) -> None:
        if self._verbosity > 1:
            import traceback

            lines = traceback.format_exception(type(error), error, error.__traceback__)
            self._console.note("".join(lines).rstrip())
        self._console.error(error)
        self.code = error.exit_code


def _set_up_logging(console: Console, verbosity: int) -> None:
    import logging

    from .console import LogHandler

    logger = logging.getLogger("stm8tool")
    logger.handlers = [LogHandler(console)]
    logger.propagate = False
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)])

"""What every command line of this package does around its job: log, interrupts, the reason on stderr, exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from . import interrupts
from .errors import ToolError

if TYPE_CHECKING:
    from .console import Console

EXIT_INTERRUPTED = 130


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a console script and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name must not end the program
    code = 1
    try:
        try:
            code = main()
        finally:  # argparse leaves by SystemExit
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output is gone; without this Python complains once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(job: Callable[[], None], console: Console, verbosity: int = 0, *, writes: Callable[[], bool]) -> int:
    """Do `job`; return the exit code, the reason for it being the last line on stderr.

    Args:
        job: What the command line asks for.
        console: Where it is told.
        verbosity: 0 to 2, how much of the log is shown; 2 shows the traceback of an error as well.
        writes: Asked after an interrupt: may the chip hold half of something?
    """
    _set_up_logging(console, verbosity)
    interrupts.terminate_like_ctrl_c()
    try:
        job()
    except ToolError as exc:
        if verbosity > 1:
            import traceback

            traceback.print_exc()
        console.error(exc)
        return exc.exit_code
    except KeyboardInterrupt:
        console.interrupt()
        half = "; the chip may be half-written: run the command again" if writes() else ""
        sys.stderr.write(f"interrupted: the probe is released{half}\n")
        return EXIT_INTERRUPTED
    return 0


def _set_up_logging(console: Console, verbosity: int) -> None:
    import logging

    from .console import LogHandler

    logger = logging.getLogger("stm8tool")
    logger.handlers = [LogHandler(console)]
    logger.propagate = False
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)])

"""What every command line of this package does around its job: log, interrupts, the reason on stderr, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from ..errors import ToolError
from ..support import interrupts, streams

if TYPE_CHECKING:
    from .console import Console

EXIT_INTERRUPTED = 130


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a console script and end the process with its exit code."""
    streams.set_up()
    try:
        code = main()
    except KeyboardInterrupt:  # before `run`, while modules are imported, or after it
        streams.put(sys.stderr, "interrupted\n")
        code = EXIT_INTERRUPTED
    finally:  # argparse leaves by SystemExit
        streams.put(sys.stdout, "")
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
        console.check_shown()
    except ToolError as exc:
        if verbosity > 1:
            import traceback

            console.note(traceback.format_exc().rstrip())
        console.error(exc)
        return exc.exit_code
    except KeyboardInterrupt:
        half = "; the chip may be half-written: run the command again" if writes() else ""
        console.note(f"interrupted: the probe is released{half}")
        return EXIT_INTERRUPTED
    return 0


def _set_up_logging(console: Console, verbosity: int) -> None:
    import logging

    from .console import LogHandler

    logger = logging.getLogger("stm8tool")
    logger.handlers = [LogHandler(console)]
    logger.propagate = False
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)])

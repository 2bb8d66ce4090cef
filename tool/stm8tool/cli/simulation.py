"""`sim run`: execute the program of a simulated board, and print the output of its UARTs and its console."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import Code, ToolError, UsageError
from .command import PartUse, command

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..sim.running import Outcome
    from .console import Console
    from .coverage import Measured
    from .heard import Heard
    from .request import Request
    from .results.boards import SimRunResult
    from .symbols import Symbols


DEFAULT_LIMIT_S = 10.0
LONGEST_S = 86_400.0
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_DURATION = r"(\d+(?:\.\d+)?)(us|ms|s)"


def duration_s(text: str, option: str = "--for") -> float:
    """Return seconds from a text such as 10ms, the value of an option."""
    found = re.fullmatch(_DURATION, text, re.ASCII)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(f"{option} {text} is not a time", hint="write 200us, 10ms or 2s; the longest is a day")
    return seconds


def _wording(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms" if seconds < 1 else f"{seconds:.3f} s"


class SimRunArguments(NamedTuple):
    """The arguments of `sim run`."""

    chipfile: str
    coverage: Optional[str]
    hot_spots: bool
    until_uart: Optional[str]
    until_pc: Optional[str]
    duration: Optional[str]
    elf: Optional[str]
    until: Optional[str]
    silence: Optional[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("chipfile", metavar="CHIPFILE")
        add("--until", metavar="TEXT", help="end when a UART or the console has sent this")
        add("--until-uart", metavar="TEXT", help="end when a UART has sent this")
        add("--until-pc", metavar="ADDRESS", help="end at this address, or at a symbol of --elf")
        add("--coverage", metavar="FILE", help="write which lines were executed, for lcov; needs --elf")
        add("--hot-spots", action="store_true", help="print where the cycles went; needs --elf")
        add("--for", dest="duration", metavar="TIME", help="end after this simulated time, such as 10ms (10s)")
        add("--silence", metavar="TIME", help="end when the program has sent nothing for this simulated time")
        add("--elf", metavar="FILE", help="the ELF of its program, for symbols and for the console")


def _measured(given: SimRunArguments) -> Optional[Measured]:
    from .coverage import measure

    return measure(given.elf, given.coverage, hot_spots=given.hot_spots)


def run(request: Request[SimRunArguments], console: Console) -> SimRunResult:
    import logging

    from ..sim.running import End, Goal
    from ..sim.running import run as run_board
    from .heard import Heard
    from .simulated_console import listener
    from .symbols import Symbols

    given = request.arguments
    text, pc, said = given.until_uart, given.until_pc, given.until
    for option, value in (("--until-uart", text), ("--until", said)):
        if value == "":
            raise UsageError(f"{option} needs a text", hint=f"such as {option} ready")
    symbols = Symbols(given.elf)
    measured = _measured(given)
    seconds = DEFAULT_LIMIT_S if given.duration is None else duration_s(given.duration)
    goal = Goal(
        seconds,
        text=None if text is None else os.fsencode(text),
        pc=None if pc is None else symbols.address(pc),
        said=None if said is None else os.fsencode(said),
        silence=None if given.silence is None else duration_s(given.silence, "--silence"),
    )
    heard = Heard(console)
    outcome = run_board(
        given.chipfile,
        goal,
        heard.put,
        lambda warning: logging.getLogger(__name__).warning("%s", warning),
        console=listener(symbols.find),
        coverage=None if measured is None else measured.coverage,
    )
    heard.end()
    where = f"at {symbols.place(outcome.pc)}, after {_wording(outcome.seconds)} of simulated time"
    error: Optional[ToolError] = None
    message = None
    if outcome.end in (End.TEXT, End.SAID):
        message = f"the program sent {text if outcome.end is End.TEXT else said!r}: {where}"
    elif outcome.end is End.ADDRESS:
        message = f"the program reached {pc}: {where}"
    elif outcome.end is End.STOPPED:
        error = _stopped(outcome, where, has_names=given.elf is not None)
    elif outcome.end is End.SILENCE:
        error = ToolError(
            f"the program sent nothing for {given.silence}: the CPU is {where}",
            code=Code.RUN_TIME,
            hint=_unmodelled(outcome) + "give the program more time with --silence",
        )
    elif given.duration is None or text is not None or pc is not None or said is not None:
        error = _too_late(outcome, where, [text, said], pc)
    else:
        message = f"the time is over: the CPU is {where}"
    result = _result(outcome, symbols, heard)
    if measured:
        result = _with_measurements(result, measured, symbols, console)
    result = result._replace(message=message)
    if error is not None:
        console.report(result)  # the measurements hold all the same
        raise error
    return result


def _result(outcome: Outcome, symbols: Symbols, heard: Heard) -> SimRunResult:
    from .results.boards import SimRunResult

    return SimRunResult(
        outcome.end.value,
        outcome.why,
        outcome.pc,
        symbols.place(outcome.pc),
        outcome.seconds,
        heard.text,
        heard.size,
        outcome.unmodelled,
    )


def _with_measurements(result: SimRunResult, measured: Measured, symbols: Symbols, console: Console) -> SimRunResult:
    """Add what was measured; the hot spots are shown even if the file cannot be written."""
    result = result._replace(hot_spots=measured.spots(symbols))
    try:
        return result._replace(coverage=measured.save())
    except ToolError:
        console.report(result)
        raise


def _stopped(outcome: Outcome, where: str, *, has_names: bool) -> ToolError:
    names = "" if has_names else "; --elf names the place"
    hint = f"these bytes are not code: look at pointers to functions, the stack and the vectors{names}"
    if outcome.why == "BREAK":
        hint = f"the program stopped itself with this instruction{names}"
    elif outcome.why.startswith(("HALT", "WF")):
        hint = "pins, AWU, RTC and UART receivers are not modelled, so they cannot wake the CPU"
    return ToolError(f"the CPU stopped: {outcome.why}, {where}", code=Code.RUN_STOPPED, hint=hint)


def _too_late(outcome: Outcome, where: str, texts: Sequence[Optional[str]], pc: Optional[str]) -> ToolError:
    missing = [f"the program did not send {text!r}" for text in texts if text is not None]
    missing += [f"the program did not reach {pc}"] if pc is not None else []
    if not missing:
        hint = "say how long the program has to run, or what to wait for: --for, --until-uart or --until-pc"
        return ToolError(f"the program still runs, {where}: that is the limit", code=Code.RUN_TIME, hint=hint)
    hint = _unmodelled(outcome) + "give the program more time with --for"
    return ToolError(f"{' and '.join(missing)}: the CPU is {where}", code=Code.RUN_TIME, hint=hint)


def _unmodelled(outcome: Outcome) -> str:
    if not outcome.unmodelled:
        return ""
    return f"it uses {', '.join(outcome.unmodelled)}, which is not modelled: a wait for it never ends; otherwise "


COMMANDS = (
    command(
        "run",
        "run the board's program and print what its UARTs and its console send",
        run,
        SimRunArguments,
        part=PartUse.NONE,
        writes=False,
        description="",
    ),
)

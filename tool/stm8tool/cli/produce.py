"""`produce`: program board after board by a job file, in all sockets at once; see docs/production.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import Code, ToolError, UsageError
from ..support import interrupts
from .command import PartUse, command
from .process import HarmlessInterrupt
from .request import DEFAULT_PROBE

if TYPE_CHECKING:
    import logging
    from argparse import ArgumentParser

    from ..production.job import ProductionJob
    from ..production.line import Finished
    from ..production.worker import Shared
    from .console import Console
    from .request import Request
    from .results.produce import ProduceResult
    from .stdin import Stdin

_MOST_CHIPS = 1_000_000


class ProduceArguments(NamedTuple):
    """The arguments of `produce`."""

    job: str
    check: bool
    dry_run: bool
    once: bool
    chips: Optional[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("job", metavar="JOB", help="the job file, such as job.toml")
        add("--check", action="store_true", help="only check the job file and the files that it names")
        add("--dry-run", action="store_true", help="do the whole job on simulated boards: it uses no serial number")
        add("--once", action="store_true", help="do the boards that are in the sockets now, and end")
        add("--count", dest="chips", metavar="N", help="end after N chips")


class TypedKeys:
    """What the user types and presses; see `production.line.Keys`.

    Args:
        presses: Counts Ctrl-C.
        stdin: Stdin; None if the user types nothing.
    """

    def __init__(self, presses: interrupts.Presses, stdin: Optional[Stdin]) -> None:
        self._presses = presses
        self._stdin = stdin
        self._rest = b""
        self._lines: list[str] = []
        self._is_over = stdin is None

    def interrupts(self) -> int:
        """Return how often Ctrl-C was pressed."""
        return self._presses.count

    def next_line(self) -> Optional[str]:
        """Return the next line; None if there is none now."""
        if self._stdin is not None and not self._lines:
            is_last = self._stdin.has_ended  # before the queue is read: it may grow until then
            *lines, self._rest = (self._rest + self._stdin.get()).split(b"\n")
            if is_last and self._rest:
                lines.append(self._rest)
                self._rest = b""
            self._lines = [line.decode("utf-8", "replace") for line in lines]
            self._is_over = is_last and not self._lines
        return self._lines.pop(0) if self._lines else None

    def has_ended(self) -> bool:
        """Tell whether the last call of `next_line` has shown that no line comes any more."""
        return self._is_over


def produce(request: Request[ProduceArguments], console: Console) -> ProduceResult:
    from ..production import job as jobs
    from .results.produce import ProduceResult

    given = request.arguments
    count = _count(given.chips)
    if given.check and (given.dry_run or given.once):
        raise UsageError("--check does no chip, so --dry-run and --once have no effect", hint="give one of them")
    _refuse_options(request)
    job = jobs.load(given.job)
    if given.check:
        return ProduceResult(job.name, checked=True)
    with ExitStack() as stack:
        finished = _run(stack, job, given, count, console)
    result = ProduceResult(job.name, rehearsed=given.dry_run, summary=finished.summary)
    console.report(result)
    if finished.interrupted:
        raise HarmlessInterrupt
    if finished.error is not None:
        raise finished.error
    if finished.summary.failed:
        why = f"stopped after {finished.summary.stopped}: " if finished.summary.stopped else ""
        raise ToolError(
            f"{why}{finished.summary.failed} of {finished.summary.chips} chips failed",
            code=Code.CHIPS_FAILED,
            hint=f"the log says why: {finished.summary.log}",
        )
    return result


def _run(
    stack: ExitStack, job: ProductionJob, given: ProduceArguments, count: Optional[int], console: Console
) -> Finished:
    """Run the job, with what the command line asks for."""
    from ..production import line, rehearsal
    from .produce_display import display_for
    from .stdin import Stdin

    places: dict[str, str] = {}
    if given.dry_run:
        job, starts = stack.enter_context(rehearsal.rehearsal(job, count or 1))
        places = {socket.name: socket.probe for socket in job.sockets}
    else:
        places = line.require_probes(job)
        starts = line.once if given.once else line.by_job(job)
    typing = not (job.by_contact or given.dry_run or given.once)
    stdin = Stdin() if typing else None
    if stdin is not None:
        stdin.start()
        console.say("Enter starts all sockets, the name of a socket starts that one; the end of the input ends the run")
    display = stack.enter_context(display_for(console, job))
    presses = stack.enter_context(interrupts.counted())

    def listen(shared: Shared) -> None:
        stack.enter_context(_warnings_to(shared.collector))

    return line.produce(
        job,
        display,
        TypedKeys(presses, stdin),
        starts=starts,
        begin=line.opener(job),
        places=places,
        count=count,
        listen=listen,
    )


def _refuse_options(request: Request[ProduceArguments]) -> None:
    """Refuse the options of other commands that a job has keys for: a user would think that they count."""
    unused = {
        "--probe": request.probe != DEFAULT_PROBE,
        "--part": request.part_name is not None,
        "--region": request.region is not None,
        "--base": request.base is not None,
        "--unlock": not request.unlock,
        "--verify": request.verify is not True,
        "--no-loader": not request.loader,
    }
    found = [name for name, is_given in unused.items() if is_given]
    if found:
        raise UsageError(
            f"{found[0]} has no effect on produce: the job file says what each board gets",
            hint="write it into the job file; docs/production.md has the keys",
        )


def _count(text: Optional[str]) -> Optional[int]:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and 1 <= int(text) <= _MOST_CHIPS):
        raise UsageError(f"--count {text[:20]} is not a number of chips", hint="such as --count 100")
    return int(text)


@contextmanager
def _warnings_to(handler: logging.Handler) -> Iterator[None]:
    """Let the warnings of the tool go to the chip that they are about, and not to the terminal; -v shows them, too."""
    import logging

    logger = logging.getLogger("stm8tool")
    before = logger.handlers
    logger.handlers = [*(before if logger.level < logging.WARNING else []), handler]
    try:
        yield
    finally:
        logger.handlers = before


COMMANDS = (
    command(
        "produce",
        "program board after board by a job file, in all sockets at once",
        produce,
        ProduceArguments,
        part=PartUse.NONE,
        writes=False,  # inside a run Ctrl-C is only counted, so it leaves no chip half-written
        auto=False,
    ),
)

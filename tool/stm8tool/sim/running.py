"""Runs the program of a simulated board from power-on, until it reaches a goal or nothing more can happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Optional

from stm8tool.errors import Code, ToolError
from stm8tool.words import Advice, Hint

from .chip.microcontroller import Microcontroller
from .clock import TIE_S, VirtualClock
from .gap import SimGapError
from .store import PathLike, board

if TYPE_CHECKING:
    from .coverage import Coverage

SLICE_S = 0.01  # of simulated time; between two of them, the sent bytes are passed on
OFF_S = 0.1
_MOST_WRITES = 100  # a program that never stops writing is cut


class End(Enum):
    """The event that ended a run."""

    TEXT = "text"
    SAID = "said"
    ADDRESS = "address"
    SILENCE = "silence"
    TIME = "time"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Goal:
    """When a run ends: the first of these.

    Attributes:
        seconds: After this simulated time.
        text: When a UART has sent this.
        pc: Before the instruction at this address.
        said: When a UART or the console has sent this.
        silence: After this simulated time without a byte from a UART or the console.
    """

    seconds: float
    text: Optional[bytes] = None
    pc: Optional[int] = None
    said: Optional[bytes] = None
    silence: Optional[float] = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        why: Why the CPU stopped, if it did.
        seconds: Simulated time since the chip's start.
        unmodelled: The peripherals that the program used and that are not modelled.
    """

    end: End
    why: str
    pc: int
    seconds: float
    unmodelled: tuple[str, ...]


Listener = Callable[[bytearray], bytes]  # takes the text of a program out of its RAM, where SWIM would read it


def run(
    path: PathLike,
    goal: Goal,
    put: Callable[[bytes], None],
    warn: Callable[[str], None],
    console: Optional[Listener] = None,
    coverage: Optional[Coverage] = None,
) -> Outcome:
    """Switch a board off and on, and run its program; the board is saved at the end.

    Args:
        path: The chip file.
        goal: When to end.
        put: Takes what the UARTs and the console send.
        warn: Takes each difference from a real chip.
        console: Called again and again while the program runs, with its RAM.
        coverage: Counts what the CPU executes.

    Raises:
        TargetError: The program of `coverage` is not that of the board.
        ToolError: Nothing can run: no supply, held in reset, no program, a ruined chip. Or the program does a thing
            that no source describes.
    """
    with board(path) as (chip, clock):
        if coverage:
            coverage.begin(chip)
        _switch_on(chip, clock, coverage)
        return _Run(chip, clock, goal, put, warn, console).run()


def _switch_on(chip: Microcontroller, clock: VirtualClock, coverage: Optional[Coverage]) -> None:
    chip.nrst_low = False
    _let_writes_end(chip, clock)
    chip.power(False, clock.now())
    clock.sleep(OFF_S)
    if coverage:
        coverage.counts.clear()  # of what the program did before
    chip.power(True, clock.now())
    clock.sleep(chip.switches.start_s)
    chip.settle(clock.now())
    if chip.bricked:
        raise _nothing_runs(f"the chip is ruined: {chip.bricked}", Hint("make a new board with: {tool} sim create"))
    if not chip.running:
        raise _nothing_runs(f"the chip is {chip.state}", Hint("make a board without this fault: {tool} sim create"))
    if not chip.has_program:
        raise _nothing_runs("its flash does not begin with a program", Hint("write one first: {sim_write}"))


def _let_writes_end(chip: Microcontroller, clock: VirtualClock) -> None:
    """Wait while the flash controller is busy: a hand at a switch is slower than a write at the program's start."""
    chip.settle(clock.now())
    for _ in range(_MOST_WRITES):
        if not chip.controller.busy:
            return
        clock.sleep(max(0.0, chip.controller.busy_until - clock.now()))
        chip.settle(clock.now())


def _nothing_runs(reason: str, hint: Advice) -> ToolError:
    return ToolError(f"nothing runs on this board: {reason}", code=Code.RUN_STOPPED, hint=hint)


class _Run:
    def __init__(
        self,
        chip: Microcontroller,
        clock: VirtualClock,
        goal: Goal,
        put: Callable[[bytes], None],
        warn: Callable[[str], None],
        console: Optional[Listener],
    ) -> None:
        self._chip, self._clock, self._goal, self._put, self._warn = chip, clock, goal, put, warn
        self._console = console
        self._said: dict[str, bytes] = {}  # the last bytes of each source, for `Goal.said`
        self._heard = clock.now()  # when the last byte came
        self._told: set[str] = set()
        self._shown: dict[str, int] = {}
        self._processor = chip.processor
        self._board, self._execution = self._processor.board, self._processor.execution
        for uart in self._board.uarts.values():
            uart.sent.clear()  # the bytes that the program sent before it was switched off
        self._board.other.forget_used()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Let the chip's CPU tell its events, and end when the goal is met."""
        processor, execution = self._processor, self._execution
        processor.strict, processor.warn, processor.on_reset = True, self._warn_once, self._on_reset
        execution.enough, execution.core.breakpoint = self._has_sent_text, self._goal.pc
        execution.core.forget()  # blocks that were translated before may contain that address
        try:
            yield
        finally:
            processor.strict = False

    def run(self) -> Outcome:
        chip, clock, goal = self._chip, self._clock, self._goal
        began = clock.now()
        until, end = began + goal.seconds, End.TIME
        try:
            with self._watching():
                while clock.now() < until - TIE_S:  # not the time of the CPU: that stands still in a reset
                    clock.sleep(min(until - clock.now(), SLICE_S))
                    chip.settle(clock.now())
                    self._pass_on()
                    if self._has_sent_text():
                        end = End.TEXT
                    elif goal.said is not None and any(goal.said in said for said in self._said.values()):
                        end = End.SAID
                    elif chip.debug.pc == goal.pc:
                        end = End.ADDRESS
                    elif chip.debug.stopped:
                        end = End.STOPPED
                    elif goal.silence is not None and clock.now() - self._heard > goal.silence:
                        end = End.SILENCE
                    else:
                        continue
                    break
        except SimGapError as exc:
            self._pass_on()
            raise ToolError(
                f"the simulator does not know what a chip does here, at 0x{self._execution.core.pc:06X}: {exc}",
                code=Code.RUN_STOPPED,
                hint="no manual describes it: change what the program does there",
            ) from exc
        at = max(chip.executed_to, until) if end is End.TIME else chip.executed_to
        return Outcome(end, chip.debug.stopped, chip.debug.pc, at - began, tuple(self._board.other.used))

    def _has_sent_text(self) -> bool:
        text = self._goal.text
        return text is not None and any(text in uart.sent for uart in self._board.uarts.values())

    def _pass_on(self) -> None:
        for name, uart in self._board.uarts.items():
            new = bytes(uart.sent[self._shown.get(name, 0) :])
            if new:
                self._shown[name] = len(uart.sent)
                self._hear(name, new)
        if self._console is not None:
            new = self._console(self._chip.ram.data)
            if new:
                self._processor.was_disturbed()  # the program may wait for room in the ring
                self._hear("console", new)

    def _hear(self, name: str, new: bytes) -> None:
        self._heard = self._clock.now()
        self._put(new)
        if self._goal.said is not None and self._goal.said not in self._said.get(name, b""):
            said = self._said.get(name, b"") + new
            self._said[name] = said if self._goal.said in said else said[-len(self._goal.said) :]

    def _on_reset(self, cause: str) -> None:
        self._warn_once(f"{cause}: the chip starts again from its reset")

    def _warn_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._pass_on()
            self._warn(text)

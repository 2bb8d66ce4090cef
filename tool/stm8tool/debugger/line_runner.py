"""Execute the lines of a program: single instructions, calls as a whole, lines that take long, runs to an address.

A step executes single instructions and masks interrupts, as most debuggers do. A line that does not end soon, such as a
wait for an interrupt, then runs by itself. A comparator stops the CPU outside of the line. Calls are never stepped
through: the CPU runs to the return address, which the call has put on the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, Optional

from ..dwarf.functions import SourceFunction
from ..dwarf.lines import CodeLine
from ..dwarf.locations import body_of
from ..errors import Code, TargetError, ToolError
from .comparators import AccessKind, Condition, Mode, breakpoint_at
from .program import Place, SourceProgram
from .stops import Reason, Stop
from .target import Target

POLL_S = 0.005  # how often a running CPU is looked at; our choice, a person sees no delay
_ASLEEP_S = 2.0  # a chip that is to halt may wake for so long before the user hears that it sleeps; our choice
_SOON = 48  # instructions of one line that are stepped before the line runs by itself; our choice
_BETWEEN = 8  # instructions that are stepped between such runs: with interrupts that always wait, a run executes none
MOST_STEPS = 100_000  # instructions that are stepped in place of a run to an address; our choice: minutes on a probe
_PREFIXES = b"\x72\x90\x91\x92"
_NEAR_CALLS, _FAR_CALL = b"\xad\xcd\xdd\xed\xfd", b"\x8d"
_SAVED_BY_INTERRUPT = 9
_VECTORS = 0x80  # bytes of the table of vectors, at the start of the flash
_VECTOR = b"\x82"  # the opcode of each of them


class Breakpoint(NamedTuple):
    """A breakpoint of the user."""

    number: int
    text: str
    place: Place


class LineRunner:
    """Lets one program run, and finds out why it stops.

    Args:
        target: The chip, attached and halted.
        program: The program that it holds.
        interrupted: Asked while the program runs; True halts it.
        changed: Called before the program runs: what was read of the chip is then old.

    Attributes:
        breakpoints: Those of the user, by number.
        interrupted: See above.
        was_reset: The chip was reset while the program ran. It ends a step: the place where that ends may never come.
    """

    def __init__(
        self, target: Target, program: SourceProgram, interrupted: Callable[[], bool], changed: Callable[[], None]
    ) -> None:
        self.breakpoints: dict[int, Breakpoint] = {}
        self.interrupted = interrupted
        self.was_reset = False
        self._target = target
        self._program = program
        self._changed = changed

    def line_at(self, pc: int) -> CodeLine:
        line = self._program.lines.at(pc)
        if line is None:
            raise TargetError(
                f"no debug information here ({self._program.describe(pc)}), so there are no lines to step",
                code=Code.DEBUG,
                hint="use stepi for one instruction, or a breakpoint and continue",
            )
        return line

    def is_in(self, line: CodeLine, function: Optional[SourceFunction]) -> bool:
        """Tell whether the CPU is still in a line, and not in that of another call of its function."""
        pc = self._target.registers.pc
        now = self._program.lines.at(pc)
        return (now is not None and (now.file, now.line) == (line.file, line.line)) and (
            function is None or function.start <= pc < function.end
        )

    def _is_entry(self, pc: int) -> bool:
        """Tell whether a function begins at an address."""
        return "+" not in self._program.symbol_at(pc)

    def _call_at(self, pc: int) -> int:
        """Return how many bytes the instruction at an address pushes as its return address; 0 if it is not a call."""
        first, second = (
            (self._program.code(pc, 2) + b"\0\0")[:2] if self._program.code(pc, 1) else self._target.read(pc, 2)
        )
        opcode = second if first in _PREFIXES else first
        if opcode in _FAR_CALL:
            return 3
        return 2 if opcode in _NEAR_CALLS else 0

    def advance(self, line: CodeLine, steps: int, *, into: bool) -> tuple[Stop, bool]:
        """Execute one instruction, a call as a whole, or a part of a line that takes long.

        Returns:
            The stop, and whether the step over the line may go on.
        """
        before = self._target.registers
        pushed = self._call_at(before.pc)
        runs = steps >= _SOON and steps % _BETWEEN == 0
        if not pushed and runs and self._may_run_alone(line, before.pc):
            return self._run_in(self._run_around(before.pc, line))
        stop = self.step()
        if stop.reason is not Reason.STEP:
            return stop, False
        if pushed and self._target.registers.sp == before.sp - pushed:
            return self._in_callee(stop, pushed, into=into)
        if not pushed and self._program.lines.at(stop.pc) is None and self._is_entry(stop.pc):
            size = self._program.return_size  # a call at the end of a function may be a jump
            return self._return_from_here(size) if size else (stop, False)
        return stop, True

    def _in_callee(self, stop: Stop, pushed: int, *, into: bool) -> tuple[Stop, bool]:
        """Go on after a call: to the first line of the function, or to its return."""
        if not into or self._program.lines.at(stop.pc) is None:
            return self._return_from_here(pushed)
        entered = self._program.functions.at(stop.pc)
        body = body_of(entered.start, entered.end, self._program.lines) if entered else None
        if body is not None and body != stop.pc:
            reached, done = self.run_until(body, 0)
            return (stop if done else reached), False
        return stop, False

    def _return_from_here(self, pushed: int) -> tuple[Stop, bool]:
        """Run until the function returns at whose entry the CPU is."""
        sp = self._target.registers.sp
        address = int.from_bytes(self._target.read(sp + 1, pushed), "big")
        if not self._program.is_code(address):
            return Stop(Reason.STEP, self._target.registers.pc), True
        return self.run_until(address, sp + pushed)

    def step(self) -> Stop:
        """Execute one instruction; if the CPU sleeps in it, until it wakes."""
        self._changed()
        return self._target.step() or self.wait(None)

    def wait(self, limit_s: Optional[float], *, through_resets: bool = False) -> Stop:
        """Wait for the CPU to stop; halt it if the user wants that, or after a reset of the chip.

        Raises:
            TargetError: It is to halt, and sleeps in HALT.
        """
        self._changed()
        self.was_reset = False
        clock = self._target.clock
        began = clock.now()
        asked: Optional[float] = None
        while True:
            stop = self._target.poll()
            if stop is not None:
                return stop
            is_late = limit_s is not None and clock.now() - began >= limit_s
            if is_late or self.interrupted() or (self.was_reset and not through_resets):
                asked = clock.now() if asked is None else asked
                is_asleep = self._target.is_asleep and clock.now() - asked >= _ASLEEP_S
                stop = self._target.halt() if is_asleep else self._target.halt_soon()
                if stop is not None:
                    return stop
            clock.sleep(POLL_S)

    def run_until(self, address: int, sp_least: int) -> tuple[Stop, bool]:
        """Run to an address, at which the stack pointer is at least so high; a recursion passes there before.

        Returns:
            The stop, and whether this is it: another stop may come first.
        """
        with self._temporary(address) as is_set:
            for _ in range(MOST_STEPS):
                if is_set:
                    self._target.resume()
                    stop = self.wait(None)
                else:
                    stop = self.step()
                held = self._target.registers
                if held.pc == address and held.sp >= sp_least:
                    return stop, True
                if self.at(held.pc):
                    return Stop(Reason.HARDWARE, held.pc), False
                if is_set and held.pc == address and stop.reason in (Reason.HARDWARE, Reason.SOFTWARE):
                    continue
                if is_set or stop.reason is not Reason.STEP or self.interrupted():
                    break
        return stop, False

    def at(self, address: int) -> Optional[Breakpoint]:
        """Return the user's breakpoint at an address."""
        return next((point for point in self.breakpoints.values() if point.place.address == address), None)

    @contextmanager
    def _temporary(self, address: int) -> Iterator[bool]:
        """Set a breakpoint of our own; False if no comparator is free for it."""
        if self.at(address):
            yield True
            return
        try:
            self._target.set_breakpoint(address)
        except TargetError as exc:
            if exc.code is not Code.DEBUG or not self._program.is_code(address):
                raise
            yield False
            return
        try:
            yield True
        finally:
            with suppress(ToolError):
                self._target.clear_breakpoint(address)

    def _run_around(self, pc: int, line: CodeLine) -> CodeLine:
        return self._program.lines.at(pc) or line

    def _may_run_alone(self, line: CodeLine, pc: int) -> bool:
        """Tell whether a line can run by itself: it needs both comparators, and no breakpoint in the line."""
        around = self._run_around(pc, line)
        return not any(around.start <= point.place.address < around.end for point in self.breakpoints.values())

    def _run_in(self, line: CodeLine) -> tuple[Stop, bool]:
        """Let a line run until the CPU leaves its code, and over what it calls and what interrupts it."""
        held = self._target.conditions
        outside = Condition(AccessKind.FETCH, line.start, line.end - 1, Mode.OUTSIDE)
        for condition in held:
            self._target.remove(condition)
        try:
            self._target.add(outside)
            self._target.resume()
            stop = self.wait(None)
        finally:
            self._target.remove(outside)
            for condition in held:
                self._target.add(condition)
        if stop.condition != outside:
            return stop, False
        if breakpoint_at(stop.pc) in held:
            return Stop(Reason.HARDWARE, stop.pc, breakpoint_at(stop.pc)), False
        return self._back_into(line, stop)

    def _back_into(self, line: CodeLine, stop: Stop) -> tuple[Stop, bool]:
        """If the CPU has left a line by a call or an interrupt, run until it comes back."""
        sp, read = self._target.registers.sp, self._target.read
        function = self._program.functions.at(stop.pc)
        start = self._target.part.flash.start
        # The CPU executes the vector, which is an instruction. A program without interrupts has other code there.
        is_vector = start <= stop.pc < start + _VECTORS and self._program.code(stop.pc, 1) == _VECTOR
        if is_vector or (function is not None and function.is_handler and function.start == stop.pc):
            saved = int.from_bytes(read(sp + _SAVED_BY_INTERRUPT - 2, 3), "big")
            return self.run_until(saved, sp + _SAVED_BY_INTERRUPT)
        size = self._program.return_size
        if size and self._is_entry(stop.pc):
            back = int.from_bytes(read(sp + 1, size), "big")
            if line.start < back <= line.end:
                return self.run_until(back, sp + size)
        return stop, True

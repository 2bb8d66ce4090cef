"""Run a program by its source: breakpoints at lines, steps over lines, out of functions.

A step executes single instructions and masks interrupts, as most debuggers do. A line that does not end soon, such as a
wait for an interrupt, then runs by itself. A comparator stops the CPU outside of the line. Calls are never stepped
through: the CPU runs to the return address, which the call has put on the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, Optional

from ..dwarf.frames import Backtrace, CpuState, Frame
from ..dwarf.functions import SourceFunction
from ..dwarf.lines import CodeLine
from ..dwarf.locations import body_of
from ..errors import Code, TargetError, ToolError, UsageError
from .comparators import AccessKind, Condition, Mode, breakpoint_at
from .expressions import Evaluator, bytes_to_set, number_of_operand, text_of_operand
from .program import Place, SourceProgram
from .registers import REGISTERS
from .scopes import Operand, Scopes
from .stops import Reason, Stop
from .target import Target

POLL_S = 0.005  # how often a running CPU is looked at; our choice, a person sees no delay
_SOON = 48  # instructions of one line that are stepped before the line runs by itself; our choice
_BETWEEN = 8  # instructions that are stepped between such runs: with interrupts that always wait, a run executes none
_MOST_STEPS = 100_000  # instructions that are stepped in place of a run to an address; our choice: minutes on a probe
_PREFIXES = b"\x72\x90\x91\x92"
_NEAR_CALLS, _FAR_CALL = b"\xad\xcd\xdd\xed\xfd", b"\x8d"
_SAVED_BY_INTERRUPT = 9
_VECTORS = 0x80  # bytes of the table of vectors, at the start of the flash
_VECTOR = b"\x82"  # the opcode of each of them

NOT_STEPPED = "the line has not ended: interrupts wait while it is stepped. Delete a breakpoint, or use continue"


class Breakpoint(NamedTuple):
    """A breakpoint of the user."""

    number: int
    text: str
    place: Place


class Halted(NamedTuple):
    """Why the program stands still, for a user.

    Attributes:
        reason: Such as "breakpoint 1", "after a step", "halted".
        breakpoint: The breakpoint that stopped it, or None.
        result: The result of a function that was finished, or "".
    """

    reason: str
    breakpoint: Optional[Breakpoint] = None
    result: str = ""


class SourceDebugger:
    """One program in one chip.

    Args:
        target: The chip, attached and halted.
        program: The program that it holds.
        interrupted: Asked while the program runs; True halts it.

    Attributes:
        breakpoints: Those of the user, by number.
        scopes: Its variables.
        selected: The number of the frame that `print` and `locals` look at; 0 after each stop.
        was_reset: The chip was reset while the program ran. It ends a step: the place where that ends may never come.
    """

    def __init__(self, target: Target, program: SourceProgram, interrupted: Callable[[], bool]) -> None:
        self.target = target
        self.program = program
        self._interrupted = interrupted
        self.breakpoints: dict[int, Breakpoint] = {}
        self.scopes = Scopes(program, target.read)
        self.selected = 0
        self.was_reset = False
        self._last_number = 0
        self._trace: Optional[Backtrace] = None

    # -- what is shown ----------------------------------------------------------------------------------------

    @property
    def backtrace(self) -> Backtrace:
        """The active calls of the halted program."""
        if self._trace is None:
            held = self.target.registers
            state = CpuState(held.pc, held.sp, held.a, held.x, held.y, held.cc)
            self._trace = self.program.unwinder.backtrace(state, self.target.read, self.target.part.ram.end)
        return self._trace

    @property
    def frame(self) -> Frame:
        """The selected frame."""
        return self.backtrace.frames[self.selected]

    @property
    def line(self) -> Optional[CodeLine]:
        """The line of the selected frame."""
        return self.program.lines.at(self.frame.place)

    def changed(self) -> None:
        """Forget what was read: registers or memory have changed."""
        self._trace = None
        self.selected = 0

    # -- breakpoints ------------------------------------------------------------------------------------------

    def add_breakpoint(self, text: str, place: Place) -> Breakpoint:
        """Set a breakpoint.

        Raises:
            TargetError: No comparator is free, or the CPU cannot execute there.
        """
        known = self._at(place.address)
        if known:
            return known
        try:
            self.target.set_breakpoint(place.address)
        except TargetError as exc:
            held = " and ".join(f"{point.number} ({point.text})" for point in self.breakpoints.values())
            raise (exc.with_(hint=f"delete one of the breakpoints first: {held}") if held else exc) from exc
        self._last_number += 1
        point = Breakpoint(self._last_number, text, place)
        self.breakpoints[point.number] = point
        return point

    def delete_breakpoint(self, number: int) -> None:
        """Remove a breakpoint of this number."""
        point = self.breakpoints.pop(number)
        self.target.clear_breakpoint(point.place.address)

    # -- run --------------------------------------------------------------------------------------------------

    def run_on(self, limit_s: Optional[float] = None) -> Halted:
        """Let the program run until something stops it.

        Args:
            limit_s: Halt it after that time.
        """
        self.target.resume()
        return self._told(self._wait(limit_s, through_resets=True))

    def run_to(self, address: int) -> Halted:
        """Let the program run to an address; TargetError if the CPU cannot execute there."""
        stop, reached = self._run_until(address, 0)
        return Halted("reached") if reached else self._told(stop)

    def step_instruction(self) -> Halted:
        """Execute one instruction."""
        return self._told(self._step())

    def step_line(self, *, into: bool) -> Halted:
        """Execute until another line begins.

        Args:
            into: A call of a function with debug information ends the step in it.

        Raises:
            TargetError: There is no debug information at this place.
        """
        start = self._line_at(self.target.registers.pc)
        function = self.program.functions.at(start.start)
        steps = 0
        while True:
            stop, goes_on = self._advance(start, steps, into=into)
            if not goes_on:
                return self._told(stop)
            steps += 1
            if self._interrupted():
                return Halted("halted")
            if self._is_in(start, function):
                if steps >= _MOST_STEPS:
                    return Halted(NOT_STEPPED)
                continue
            point = self._at(self.target.registers.pc)
            return Halted(f"breakpoint {point.number}", point) if point else Halted("after a step")

    def finish(self) -> Halted:
        """Run until the function of the selected frame returns.

        Raises:
            TargetError: Its caller is not known.
        """
        trace = self.backtrace
        if self.selected + 1 >= len(trace.frames):
            raise TargetError(
                f"the caller is not known: {trace.end}", code=Code.DEBUG, hint="use next, or a breakpoint"
            )
        inner, caller = trace.frames[self.selected], trace.frames[self.selected + 1]
        stop, done = self._run_until(caller.state.pc, caller.state.sp)
        if not done:
            return self._told(stop)
        return Halted("returned", result=self._result_of(inner))

    def _result_of(self, frame: Frame) -> str:
        """Return the result of a function that has just returned: in A, in X, or in Y and X."""
        function = frame.function
        kind = self.scopes.type_of(function.die) if function and not function.is_handler else None
        held = self.target.registers
        places = {
            1: bytes([held.a]),
            2: held.x.to_bytes(2, "big"),
            4: held.y.to_bytes(2, "big") + held.x.to_bytes(2, "big"),
        }
        if kind is None or kind.size not in places:
            return ""
        return text_of_operand(Operand(kind, places[kind.size], None))

    def reset(self) -> Halted:
        """Reset the chip; it is halted before its first instruction."""
        self.changed()
        return self._told(self.target.reset())

    def assign(self, name: str, value: str, evaluator: Evaluator) -> None:
        """Set a variable, or a register of the innermost frame; both are texts of a user.

        Raises:
            UsageError: It cannot be set, or the value does not fit.
            TargetError: The chip does not take it.
        """
        wanted = evaluator.evaluate(value)
        number = [at for at, register in enumerate(REGISTERS) if name == f"${register.name}"]
        if number:
            self._set_register(number[0], number_of_operand(wanted))
        else:
            variable = evaluator.evaluate(name)
            data = bytes_to_set(variable, wanted)
            if variable.address is not None:
                self._require_writable(name, variable.address)
                self.target.write(variable.address, data)
        selected = self.selected
        self.changed()
        self.selected = selected

    def _require_writable(self, name: str, address: int) -> None:
        for memory in (*self.target.part.programmable, self.target.part.options):
            if memory.start <= address < memory.end:
                raise UsageError(
                    f"{name} is in {memory.name}, which the debugger does not program",
                    hint="change the source, and upload",
                )

    def _set_register(self, number: int, value: object) -> None:
        register = REGISTERS[number]
        if self.selected:
            raise UsageError("only frame 0 has registers that can be set", hint="frame 0 selects it")
        if not isinstance(value, int) or not 0 <= value <= register.most:
            raise UsageError(
                f"${register.name} holds 0 to 0x{register.most:X}", hint="give a whole number in this range"
            )
        self.target.registers = self.target.registers.with_value(number, value)

    # -- inside -----------------------------------------------------------------------------------------------

    def _line_at(self, pc: int) -> CodeLine:
        line = self.program.lines.at(pc)
        if line is None:
            raise TargetError(
                f"no debug information here ({self.program.describe(pc)}), so there are no lines to step",
                code=Code.DEBUG,
                hint="use stepi for one instruction, or a breakpoint and continue",
            )
        return line

    def _is_in(self, line: CodeLine, function: Optional[SourceFunction]) -> bool:
        """Tell whether the CPU is still in a line, and not in that of another call of its function."""
        pc = self.target.registers.pc
        now = self.program.lines.at(pc)
        return (now is not None and (now.file, now.line) == (line.file, line.line)) and (
            function is None or function.start <= pc < function.end
        )

    def _is_entry(self, pc: int) -> bool:
        """Tell whether a function begins at an address."""
        return "+" not in self.program.symbol_at(pc)

    def _call_at(self, pc: int) -> int:
        """Return how many bytes the instruction at an address pushes as its return address; 0 if it is not a call."""
        first, second = (
            (self.program.code(pc, 2) + b"\0\0")[:2] if self.program.code(pc, 1) else self.target.read(pc, 2)
        )
        opcode = second if first in _PREFIXES else first
        if opcode in _FAR_CALL:
            return 3
        return 2 if opcode in _NEAR_CALLS else 0

    def _advance(self, line: CodeLine, steps: int, *, into: bool) -> tuple[Stop, bool]:
        """Execute one instruction, a call as a whole, or a part of a line that takes long.

        Returns:
            The stop, and whether the step over the line may go on.
        """
        before = self.target.registers
        pushed = self._call_at(before.pc)
        runs = steps >= _SOON and steps % _BETWEEN == 0
        if not pushed and runs and self._may_run_alone(line, before.pc):
            return self._run_in(self._run_around(before.pc, line))
        stop = self._step()
        if stop.reason is not Reason.STEP:
            return stop, False
        if pushed and self.target.registers.sp == before.sp - pushed:
            return self._in_callee(stop, pushed, into=into)
        if not pushed and self.program.lines.at(stop.pc) is None and self._is_entry(stop.pc):
            size = self.program.return_size  # a call at the end of a function may be a jump
            return self._return_from_here(size) if size else (stop, False)
        return stop, True

    def _in_callee(self, stop: Stop, pushed: int, *, into: bool) -> tuple[Stop, bool]:
        """Go on after a call: to the first line of the function, or to its return."""
        if not into or self.program.lines.at(stop.pc) is None:
            return self._return_from_here(pushed)
        entered = self.program.functions.at(stop.pc)
        body = body_of(entered.start, entered.end, self.program.lines) if entered else None
        if body is not None and body != stop.pc:
            reached, done = self._run_until(body, 0)
            return (stop if done else reached), False
        return stop, False

    def _return_from_here(self, pushed: int) -> tuple[Stop, bool]:
        """Run until the function returns at whose entry the CPU is."""
        sp = self.target.registers.sp
        address = int.from_bytes(self.target.read(sp + 1, pushed), "big")
        if not self.program.is_code(address):
            return Stop(Reason.STEP, self.target.registers.pc), True
        return self._run_until(address, sp + pushed)

    def _step(self) -> Stop:
        """Execute one instruction; if the CPU sleeps in it, until it wakes."""
        self.changed()
        return self.target.step() or self._wait(None)

    def _wait(self, limit_s: Optional[float], *, through_resets: bool = False) -> Stop:
        """Wait for the CPU to stop; halt it if the user wants that, or after a reset of the chip."""
        self.changed()
        self.was_reset = False
        clock = self.target.clock
        began = clock.now()
        while True:
            stop = self.target.poll()
            if stop is not None:
                return stop
            is_late = limit_s is not None and clock.now() - began >= limit_s
            if is_late or self._interrupted() or (self.was_reset and not through_resets):
                stop = self.target.halt_soon()
                if stop is not None:
                    return stop
            clock.sleep(POLL_S)

    def _run_until(self, address: int, sp_least: int) -> tuple[Stop, bool]:
        """Run to an address, at which the stack pointer is at least so high; a recursion passes there before.

        Returns:
            The stop, and whether this is it: another stop may come first.
        """
        with self._temporary(address) as is_set:
            for _ in range(_MOST_STEPS):
                if is_set:
                    self.target.resume()
                    stop = self._wait(None)
                else:
                    stop = self._step()
                held = self.target.registers
                if held.pc == address and held.sp >= sp_least:
                    return stop, True
                if self._at(held.pc):
                    return Stop(Reason.HARDWARE, held.pc), False
                if is_set and held.pc == address and stop.reason in (Reason.HARDWARE, Reason.SOFTWARE):
                    continue
                if is_set or stop.reason is not Reason.STEP or self._interrupted():
                    break
        return stop, False

    def _at(self, address: int) -> Optional[Breakpoint]:
        """Return the user's breakpoint at an address."""
        return next((point for point in self.breakpoints.values() if point.place.address == address), None)

    @contextmanager
    def _temporary(self, address: int) -> Iterator[bool]:
        """Set a breakpoint of our own; False if no comparator is free for it."""
        if self._at(address):
            yield True
            return
        try:
            self.target.set_breakpoint(address)
        except TargetError as exc:
            if exc.code is not Code.DEBUG or not self.program.is_code(address):
                raise
            yield False
            return
        try:
            yield True
        finally:
            with suppress(ToolError):
                self.target.clear_breakpoint(address)

    def _run_around(self, pc: int, line: CodeLine) -> CodeLine:
        return self.program.lines.at(pc) or line

    def _may_run_alone(self, line: CodeLine, pc: int) -> bool:
        """Tell whether a line can run by itself: it needs both comparators, and no breakpoint in the line."""
        around = self._run_around(pc, line)
        return not any(around.start <= point.place.address < around.end for point in self.breakpoints.values())

    def _run_in(self, line: CodeLine) -> tuple[Stop, bool]:
        """Let a line run until the CPU leaves its code, and over what it calls and what interrupts it."""
        held = self.target.conditions
        outside = Condition(AccessKind.FETCH, line.start, line.end - 1, Mode.OUTSIDE)
        for condition in held:
            self.target.remove(condition)
        try:
            self.target.add(outside)
            self.target.resume()
            stop = self._wait(None)
        finally:
            self.target.remove(outside)
            for condition in held:
                self.target.add(condition)
        if stop.condition != outside:
            return stop, False
        if breakpoint_at(stop.pc) in held:
            return Stop(Reason.HARDWARE, stop.pc, breakpoint_at(stop.pc)), False
        return self._back_into(line, stop)

    def _back_into(self, line: CodeLine, stop: Stop) -> tuple[Stop, bool]:
        """If the CPU has left a line by a call or an interrupt, run until it comes back."""
        sp, read = self.target.registers.sp, self.target.read
        function = self.program.functions.at(stop.pc)
        start = self.target.part.flash.start
        # The CPU executes the vector, which is an instruction. A program without interrupts has other code there.
        is_vector = start <= stop.pc < start + _VECTORS and self.program.code(stop.pc, 1) == _VECTOR
        if is_vector or (function is not None and function.is_handler and function.start == stop.pc):
            saved = int.from_bytes(read(sp + _SAVED_BY_INTERRUPT - 2, 3), "big")
            return self._run_until(saved, sp + _SAVED_BY_INTERRUPT)
        size = self.program.return_size
        if size and self._is_entry(stop.pc):
            back = int.from_bytes(read(sp + 1, size), "big")
            if line.start < back <= line.end:
                return self._run_until(back, sp + size)
        return stop, True

    def _told(self, stop: Stop) -> Halted:
        """Return a stop in the words of the user's breakpoints."""
        point = self._at(self.target.registers.pc)
        if point and stop.reason in (Reason.HARDWARE, Reason.SOFTWARE):
            return Halted(f"breakpoint {point.number}", point)
        if self.was_reset and stop.reason is Reason.REQUEST:
            return Halted("halted, because the chip was reset: the step did not end")
        words = {
            Reason.REQUEST: "halted",
            Reason.STEP: "after a step",
            Reason.BREAK: "at a BREAK instruction of the program",
        }
        return Halted(words.get(stop.reason, stop.reason.value))

"""Run a program by its source: breakpoints at lines, steps over lines, out of functions. `line_runner.py` executes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Optional

from ..dwarf.frames import Backtrace, CpuState, Frame
from ..dwarf.lines import CodeLine
from ..errors import Code, TargetError, UsageError
from .comparators import NoComparatorError
from .expressions import Evaluator, bytes_to_set, number_of_operand, text_of_operand
from .line_runner import MOST_STEPS, Breakpoint, LineRunner
from .program import Place, SourceProgram
from .registers import REGISTERS
from .scopes import Operand, Scopes
from .stops import Reason, Stop
from .target import Target

NO_VALUE = "not known: a function called later may have changed it"
NOT_STEPPED = "the line has not ended: interrupts wait while it is stepped. Delete a breakpoint, or use continue"


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
        runner: Lets the program run.
        breakpoints: Those of the user, by number.
        scopes: Its variables.
        selected: The number of the frame that `print` and `locals` look at; 0 after each stop.
    """

    def __init__(self, target: Target, program: SourceProgram, interrupted: Callable[[], bool]) -> None:
        self.target = target
        self.program = program
        self.runner = LineRunner(target, program, interrupted, self.changed)
        self.breakpoints = self.runner.breakpoints
        self.scopes = Scopes(program, target.read)
        self.selected = 0
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
        known = self.runner.at(place.address)
        if known:
            return known
        try:
            self.target.set_breakpoint(place.address)
        except NoComparatorError as exc:
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
        if self.target.is_halted:  # else it sleeps in HALT, and could not be halted
            self.target.resume()
        return self._told(self.runner.wait(limit_s, through_resets=True))

    def run_to(self, address: int) -> Halted:
        """Let the program run to an address; TargetError if the CPU cannot execute there."""
        stop, reached = self.runner.run_until(address, 0)
        return Halted("reached") if reached else self._told(stop)

    def step_instruction(self) -> Halted:
        """Execute one instruction."""
        return self._told(self.runner.step())

    def step_line(self, *, into: bool) -> Halted:
        """Execute until another line begins.

        Args:
            into: A call of a function with debug information ends the step in it.

        Raises:
            TargetError: There is no debug information at this place.
        """
        start = self.runner.line_at(self.target.registers.pc)
        function = self.program.functions.at(start.start)
        steps = 0
        while True:
            stop, goes_on = self.runner.advance(start, steps, into=into)
            if not goes_on:
                return self._told(stop)
            steps += 1
            if self.runner.interrupted():
                return Halted("halted")
            if self.runner.is_in(start, function):
                if steps >= MOST_STEPS:
                    return Halted(NOT_STEPPED)
                continue
            point = self.runner.at(self.target.registers.pc)
            return Halted(f"breakpoint {point.number}", point) if point else Halted("after a step")

    def finish(self) -> Halted:
        """Run until the function of the selected frame returns.

        Raises:
            TargetError: Its caller is not known.
        """
        caller = self.caller()
        inner = self.frame
        stop, done = self.runner.run_until(caller.state.pc, caller.state.sp)
        if not done:
            return self._told(stop)
        return Halted("returned", result=self._result_of(inner))

    def caller(self) -> Frame:
        """Return the frame that called the selected one; TargetError if it is not known."""
        trace = self.backtrace
        if self.selected + 1 >= len(trace.frames):
            raise TargetError(
                f"the caller is not known: {trace.end}", code=Code.DEBUG, hint="use next, or a breakpoint"
            )
        return trace.frames[self.selected + 1]

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

    def evaluator(self) -> Evaluator:
        """Return what evaluates expressions in the selected frame."""
        return Evaluator(lambda name: self.scopes.find(name, self.frame), self.scopes, self._register)

    def _register(self, name: str) -> int:
        if name not in {register.name for register in REGISTERS}:
            raise UsageError(f"the CPU has no register ${name}", hint="it has $pc, $a, $x, $y, $sp, $cc")
        value = getattr(self.frame.state, name)
        if value is None:
            raise UsageError(f"${name} is {NO_VALUE}", hint="frame 0 has the registers of the CPU")
        return int(value)

    def assign(self, name: str, value: str) -> None:
        """Set a variable, or a register of the innermost frame; both are texts of a user.

        Raises:
            UsageError: It cannot be set, or the value does not fit.
            TargetError: The chip does not take it.
        """
        number = [at for at, register in enumerate(REGISTERS) if name == f"${register.name}"]
        if number:
            self._set_register(number[0], number_of_operand(self.evaluator().evaluate(value)))
            self._changed_by_user()
        else:
            self.assign_to(name, self.evaluator().evaluate(name), value)

    def assign_to(self, name: str, variable: Operand, value: str) -> None:
        """Set a variable that was found before; raises as `assign`."""
        data = bytes_to_set(variable, self.evaluator().evaluate(value))
        if variable.address is not None:
            self._require_writable(name, variable.address)
            self.target.write(variable.address, data)
        self._changed_by_user()

    def _changed_by_user(self) -> None:
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

    def _told(self, stop: Stop) -> Halted:
        """Return a stop in the words of the user's breakpoints."""
        point = self.runner.at(self.target.registers.pc)
        if point and stop.reason in (Reason.HARDWARE, Reason.SOFTWARE):
            return Halted(f"breakpoint {point.number}", point)
        if self.runner.was_reset and stop.reason is Reason.REQUEST:
            return Halted("halted, because the chip was reset: the step did not end")
        words = {
            Reason.REQUEST: "halted",
            Reason.STEP: "after a step",
            Reason.BREAK: "at a BREAK instruction of the program",
        }
        return Halted(words.get(stop.reason, stop.reason.value))

"""The commands of the source debugger, as lines of text. Nothing here reads a keyboard or prints."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Optional

from ..errors import Code, TargetError, UsageError
from ..words import Hint
from .expressions import number_of_operand, text_of_operand
from .registers import REGISTERS
from .source_run import NO_VALUE, Halted, SourceDebugger

LONGEST = 1000  # characters of a command; our choice
_AROUND = 5  # lines that `list` shows above and below; our choice
_MOST_BYTES = 256
_HOW = "`help` lists the commands"


class Verb(NamedTuple):
    """A command of the debugger.

    Attributes:
        names: Its name, and shorter ones.
        usage: How it is written, for `help`.
        help: What it does, for `help`.
        run: Does it with the words after its name; returns the text to show.
    """

    names: tuple[str, ...]
    usage: str
    help: str
    run: Callable[[str], str]


class Terminal:
    """Does commands.

    Args:
        debugger: The program in the chip.
        duration: Returns seconds from a text such as 10ms; UsageError otherwise.

    Attributes:
        has_ended: The user wants no more.
    """

    def __init__(self, debugger: SourceDebugger, duration: Callable[[str], float]) -> None:
        self._debugger = debugger
        self._duration = duration
        self._listed: Optional[tuple[str, int]] = None  # the file, and the line that `list` shows next
        self.has_ended = False
        self.commands: Sequence[Verb] = (
            Verb(("break", "b"), "break PLACE", "stop there: FILE:LINE, LINE, a function, or *ADDRESS", self._break),
            Verb(("tbreak",), "tbreak PLACE", "run on, and stop there once", self._tbreak),
            Verb(("breakpoints", "info"), "breakpoints", "list them", self._breakpoints),
            Verb(("delete", "d"), "delete [NUMBER]", "remove a breakpoint, or all", self._delete),
            Verb(("continue", "c"), "continue [TIME]", "run on; halt after a time such as 2s", self._continue),
            Verb(("step", "s"), "step", "run to the next line, also into a function", self._step),
            Verb(("next", "n"), "next", "run to the next line of this function", self._next),
            Verb(("stepi", "si"), "stepi", "execute one instruction", self._stepi),
            Verb(("finish", "fin"), "finish", "run until this function returns", self._finish),
            Verb(("reset",), "reset", "reset the chip; it is halted before its first instruction", self._reset),
            Verb(("backtrace", "bt", "where"), "backtrace", "the calls that led here", self._backtrace),
            Verb(("frame", "f"), "frame [NUMBER]", "look at another call of the backtrace", self._frame),
            Verb(("print", "p"), "print[/x] EXPRESSION", "a value; /x, /d, /t, /c choose its form", self._print),
            Verb(("locals",), "locals", "the arguments and variables of this function", self._locals),
            Verb(("list", "l"), "list [PLACE]", "lines of the source", self._list),
            Verb(("registers", "r"), "registers", "the CPU's registers", self._registers),
            Verb(("set",), "set VARIABLE = EXPRESSION", "change a variable, or a register such as $a", self._set),
            Verb(("x",), "x ADDRESS [COUNT]", "bytes of the memory", self._examine),
            Verb(("help", "h"), "help", "this list", self._help),
            Verb(("quit", "q"), "quit", "let the program run on, and end", self._quit),
        )
        self._by_name = {name: command for command in self.commands for name in command.names}

    def do(self, line: str) -> str:
        """Do one command; return the text to show.

        Raises:
            UsageError: The command makes no sense.
            ToolError: It failed; the debugger goes on unless the chip is lost.
        """
        if len(line) > LONGEST:
            raise UsageError(f"the command has more than {LONGEST} characters", hint=_HOW)
        text = line.strip()
        if not text or text.startswith("#"):
            return ""
        name, rest = re.fullmatch(r"([A-Za-z]*)(.*)", text, re.ASCII | re.DOTALL).groups()  # type: ignore[union-attr]
        command = self._by_name.get(name)
        if command is None:
            raise UsageError(f"{text.split()[0]!r} is not a command", hint=_HOW)
        return command.run(rest.strip())

    # -- run --------------------------------------------------------------------------------------------------

    def where(self) -> str:
        """Return where the program stands: the place, and its line of source."""
        debugger = self._debugger
        frame, line = debugger.frame, debugger.line
        place = debugger.program.describe(frame.place, frame.function)
        if line is None:
            self._listed = None
            return f"0x{frame.state.pc:06X} in {place}: no debug information here"
        self._listed = line.file, max(1, line.line - _AROUND)
        source = debugger.program.source_line(line.file, line.line)
        shown = f"\n{line.line:5}  {source}" if source is not None else ""
        return f"0x{frame.state.pc:06X} in {place}{shown}"

    def _stopped(self, halted: Halted) -> str:
        result = f"result: {halted.result}\n" if halted.result else ""
        return f"{halted.reason}\n{result}{self.where()}"

    def _continue(self, words: str) -> str:
        return self._stopped(self._debugger.run_on(self._duration(words) if words else None))

    def _step(self, words: str) -> str:
        _require_none(words)
        return self._stopped(self._debugger.step_line(into=True))

    def _next(self, words: str) -> str:
        _require_none(words)
        return self._stopped(self._debugger.step_line(into=False))

    def _stepi(self, words: str) -> str:
        _require_none(words)
        return self._stopped(self._debugger.step_instruction())

    def _finish(self, words: str) -> str:
        _require_none(words)
        return self._stopped(self._debugger.finish())

    def _reset(self, words: str) -> str:
        _require_none(words)
        return self._stopped(self._debugger.reset())

    # -- breakpoints ------------------------------------------------------------------------------------------

    def _break(self, words: str) -> str:
        place = self._debugger.program.find(_require(words, "which place?"), self._debugger.line)
        point = self._debugger.add_breakpoint(words, place)
        where = self._debugger.program.describe(point.place.address)
        note = f"\nnote: {point.place.note}" if point.place.note else ""
        return f"breakpoint {point.number}: 0x{point.place.address:06X} in {where}{note}"

    def _tbreak(self, words: str) -> str:
        place = self._debugger.program.find(_require(words, "which place?"), self._debugger.line)
        return self._stopped(self._debugger.run_to(place.address))

    def _breakpoints(self, words: str) -> str:
        if words not in ("", "breakpoints", "break", "b"):
            raise UsageError(f"breakpoints takes no {words!r}", hint=_HOW)
        describe = self._debugger.program.describe
        return (
            "\n".join(
                f"{point.number}: 0x{point.place.address:06X} in {describe(point.place.address)} ({point.text})"
                for point in self._debugger.breakpoints.values()
            )
            or "no breakpoint is set"
        )

    def _delete(self, words: str) -> str:
        known = self._debugger.breakpoints
        if words and (not words.isdecimal() or int(words) not in known):
            numbers = ", ".join(map(str, known)) or "none"
            raise UsageError(f"there is no breakpoint {words}", hint=f"breakpoints that are set: {numbers}")
        for number in [int(words)] if words else list(known):
            self._debugger.delete_breakpoint(number)
        return ""

    # -- look -------------------------------------------------------------------------------------------------

    def _backtrace(self, words: str) -> str:
        _require_none(words)
        trace = self._debugger.backtrace
        lines = []
        for number, frame in enumerate(trace.frames):
            mark = "*" if number == self._debugger.selected else " "
            place = self._debugger.program.describe(frame.place, frame.function)
            lines.append(f"{mark}{number}  0x{frame.state.pc:06X} in {place}")
            if frame.is_interrupted:
                lines[-1] += " (interrupted here)"
        return "\n".join([*lines, f"    {trace.end}"])

    def _frame(self, words: str) -> str:
        count = len(self._debugger.backtrace.frames)
        if words and (not words.isdecimal() or int(words) >= count):
            raise UsageError(f"there is no frame {words}", hint=f"`backtrace` shows frames 0 to {count - 1}")
        if words:
            self._debugger.selected = int(words)
        return self.where()

    def _print(self, words: str) -> str:
        form, expression = "", words
        if words.startswith("/"):
            form, _, expression = words[1:].partition(" ")
            if form not in ("x", "d", "t", "c"):
                raise UsageError(
                    f"/{form} is not a form of a value", hint="/x hexadecimal, /d decimal, /t binary, /c character"
                )
        return f"{expression.strip()} = {text_of_operand(self._debugger.evaluator().evaluate(expression), form)}"

    def _locals(self, words: str) -> str:
        _require_none(words)
        debugger = self._debugger
        frame = debugger.frame
        if frame.function is None:
            raise TargetError(
                f"no debug information here ({debugger.program.describe(frame.place)})",
                code=Code.DEBUG,
                hint="`backtrace` shows the calls; `registers` shows the CPU",
            )
        found = debugger.scopes.locals_of(frame)
        return (
            "\n".join(f"{name} = {text_of_operand(debugger.scopes.operand(die, frame))}" for name, die in found.items())
            or f"{frame.function.name}() has no arguments and variables"
        )

    def _list(self, words: str) -> str:
        program = self._debugger.program
        if words:
            line = program.find(words, self._debugger.line).line
            if line is None:
                raise UsageError(f"{words} has no debug information, so no source is known", hint=_HOW)
            self._listed = line.file, max(1, line.line - _AROUND)
        if self._listed is None:
            raise UsageError(
                "no debug information here, so no source is known", hint="list FILE:LINE shows another place"
            )
        file, first = self._listed
        lines = program.source(file)
        if lines is None:
            raise UsageError(
                f"the source {file} is not found",
                hint=Hint("start in the folder where it was built, or give {source}"),
            )
        if first > len(lines):
            raise UsageError(f"{file} ends with line {len(lines)}", hint="list LINE shows another place")
        now = self._debugger.line
        shown = range(first, min(len(lines), first + 2 * _AROUND) + 1)
        self._listed = file, shown.stop
        return "\n".join(
            f"{'>' if now and (now.file, now.line) == (file, number) else ' '}{number:5}  {lines[number - 1]}"
            for number in shown
        )

    def _registers(self, words: str) -> str:
        _require_none(words)
        state = self._debugger.frame.state
        sizes = {register.name: (register.most.bit_length() + 3) // 4 for register in REGISTERS}
        return "\n".join(
            f"{name:2} = " + (f"<{NO_VALUE}>" if value is None else f"0x{value:0{digits}X}")
            for name, digits in sizes.items()
            for value in [getattr(state, name)]
        )

    def _examine(self, words: str) -> str:
        given = words.split()
        if not 1 <= len(given) <= 2:
            raise UsageError("x needs an address, and may have a count", hint="such as x 0x100 16, or x $sp+1 8")
        start = number_of_operand(self._debugger.evaluator().evaluate(given[0]))
        count = number_of_operand(self._debugger.evaluator().evaluate(given[1])) if given[1:] else 16
        if not isinstance(start, int) or not isinstance(count, int) or not 1 <= count <= _MOST_BYTES:
            raise UsageError(f"x shows 1 to {_MOST_BYTES} bytes", hint="such as x 0x100 16")
        data = self._debugger.target.read(start, count)
        rows = [data[at : at + 16] for at in range(0, len(data), 16)]
        return "\n".join(f"0x{start + 16 * row:06X}: {part.hex(' ')}" for row, part in enumerate(rows))

    # -- change -----------------------------------------------------------------------------------------------

    def _set(self, words: str) -> str:
        left, sign, right = words.partition("=")
        if not sign or not left.strip() or not right.strip():
            raise UsageError("set needs a variable and a value", hint="such as set count = 3, or set $a = 1")
        self._debugger.assign(left.strip(), right.strip())
        return ""

    def _help(self, words: str) -> str:
        chosen = [command for command in self.commands if not words or words in command.names]
        if not chosen:
            raise UsageError(f"{words!r} is not a command", hint=_HOW)
        width = max(len(command.usage) for command in chosen)
        return "\n".join(
            f"{command.usage:{width}}  {command.help}"
            + (f" ({', '.join(command.names[1:])})" if command.names[1:] else "")
            for command in chosen
        )

    def _quit(self, words: str) -> str:
        _require_none(words)
        self.has_ended = True
        return ""


def _require(words: str, question: str) -> str:
    if not words:
        raise UsageError(question, hint="write FILE:LINE, LINE, the name of a function, or *ADDRESS")
    return words


def _require_none(words: str) -> None:
    if words:
        raise UsageError(f"this command takes no {words!r}", hint=_HOW)

"""The self-test of a board: its program runs and prints a line to the console over SWIM; see docs/console.md."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..chip.running.program import Program
from ..chip.running.rings import OUT_MAGIC
from ..errors import Code, TargetError
from ..image import Image, Segment
from ..words import Hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..api import Chip
    from ..chip.running.swim_console import SwimConsole

_IDLE_S = 0.01  # between two reads; our choice
_AGAIN_S = 0.05  # between two looks for a console; our choice
_LONGEST_LINE = 4096  # characters; our choice: it limits the time of a search, as a longer line fits no pattern
_KEPT = 4 * _LONGEST_LINE + 1  # bytes of a line that has not ended; UTF-8 has up to 4 in a character
_SHOWN = 200  # characters of a line, for messages and the log
_LAST_LINES = 5


def _forget_earlier(chip: Chip) -> None:
    """Remove the consoles of earlier programs from RAM.

    RAM keeps them while the chip has its supply. If the new program does not start, the text of such a console would
    pass for its own.
    """
    start, held = chip.part.ram.start, chip.read("ram")
    found = [at for at in range(len(held)) if held.startswith(OUT_MAGIC, at)]
    if found:
        chip.load_ram(Image(Segment(start + at, bytes(len(OUT_MAGIC))) for at in found))


class SelfTest(NamedTuple):
    """What the program must print.

    Attributes:
        pattern: The whole line fits it. `*`, `?` and `[…]` in it have the meaning that they have for file names.
            A search for such a pattern always ends soon. One for a regular expression may not.
        seconds: How long the program may take from its start.
        symbols: Addresses by name of its ELF; None: the console is looked for in RAM.
    """

    pattern: str
    seconds: float
    symbols: Optional[Mapping[str, int]] = None

    def fits(self, line: str) -> bool:
        """Tell whether a line is the one that the program must print."""
        return len(line) <= _LONGEST_LINE and fnmatchcase(line, self.pattern)

    def run(self, chip: Chip, go_on: Callable[[], None]) -> str:
        """Let the program run, and return the line that fits.

        Args:
            chip: The chip, which holds the program.
            go_on: Called again and again; it raises an error to end the test.

        Raises:
            TargetError: No such line came in time, or the program has no console.
            ConnectError, VerifyError: The chip could not be prepared.
        """
        _forget_earlier(chip)
        program = Program("the program", self.symbols, ())
        began: Optional[float] = None
        while True:
            console = chip.console(program)
            clock = console.clock
            began = clock.now() if began is None else began
            try:
                with console:
                    return self._watch(console, began + self.seconds, go_on)
            except TargetError as exc:
                # A program that begins with a wait has no console yet.
                if exc.code is not Code.NO_CONSOLE or clock.now() - began >= self.seconds:
                    raise
            go_on()
            clock.sleep(_AGAIN_S)

    def _watch(self, console: SwimConsole, end: float, go_on: Callable[[], None]) -> str:
        lines: list[str] = []
        rest = b""
        while True:
            found = console.read()
            *whole, rest = (rest + found).split(b"\n")
            for line in (raw.decode("utf-8", "replace").rstrip("\r") for raw in whole):
                lines.append(line[:_SHOWN])
                if self.fits(line):
                    return lines[-1]
            rest = rest[:_KEPT]
            del lines[:-_LAST_LINES]
            if console.clock.now() >= end:
                raise self._failure(lines, rest)
            go_on()
            if not found:
                console.clock.sleep(_IDLE_S)

    def _failure(self, lines: list[str], rest: bytes) -> TargetError:
        last = [*lines, rest.decode("utf-8", "replace")[:_SHOWN]] if rest else lines
        printed = f"; its last line is {last[-1]!r}" if last else "; it printed nothing"
        return TargetError(
            f"the self-test printed no line that fits {self.pattern!r} in {self.seconds:g} s{printed}",
            code=Code.SELF_TEST,
            hint=Hint("look at the board; `{tool} monitor` shows what its program prints"),
            details=[f"printed: {line}" for line in last[-_LAST_LINES:]],
        )

"""The text of the program that runs on a board, for a test: wait for a text, send one, and keep all of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Union

from stm8tool import Code, ToolError

if TYPE_CHECKING:
    from stm8tool.chip.running.swim_console import SwimConsole

_IDLE_S = 0.01  # between two looks at an empty console; our choice
_TIMEOUT_S = 5.0
_REST_S = 0.05  # how long the text of a failed test may still come; our choice
_SHOWN = 200  # characters of the last text in a message
_decoder = partial(codecs.getincrementaldecoder("utf-8"), "replace")  # a character may come in two pieces

Pattern = Union[str, "re.Pattern[str]"]
Attach = Callable[[Callable[[str], None]], "AbstractContextManager[SwimConsole]"]


class Console:
    """The console of a board, see docs/console.md. The probe is used only while a method runs.

    Between two calls the ring in the chip's RAM holds the text, as far as it has room.

    Args:
        attach: Opens the probe and returns the console of the chip, for a `with` statement. Its argument is a function
            that gets notices, such as "the chip was reset".

    Attributes:
        text: All text since `clear`, which the fixture `stm8_board` calls before each test.
        notices: What the tool said about the console meanwhile.
        was_used: A test has read or written it since `clear`.
    """

    def __init__(self, attach: Attach) -> None:
        self._attach = attach
        self._waiting = ""  # what no `expect` has taken yet
        self._decoder = _decoder()
        self.text = ""
        self.notices: list[str] = []
        self.was_used = False

    def expect(self, pattern: Pattern, timeout: float = _TIMEOUT_S) -> re.Match[str]:
        """Wait until the program has written a text, and return the match. The text before it is dropped.

        Args:
            pattern: The text, or a compiled regular expression.
            timeout: Seconds, on the clock of the board: a simulated one has a clock of its own.

        Raises:
            ToolError: The text did not come (`Code.RUN_TIME`); the errors of `Chip.console`.
        """
        wanted = re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern
        found = wanted.search(self._waiting)
        if found is None:
            with self._attached() as console:
                end = console.clock.now() + timeout
                while found is None:
                    came = self._take(console)
                    found = wanted.search(self._waiting)
                    if found is None and not came:
                        if console.clock.now() >= end:
                            raise self._missing(pattern, timeout)
                        console.clock.sleep(_IDLE_S)
        self._waiting = self._waiting[found.end() :]
        return found

    def read(self, seconds: float = 0.0) -> str:
        """Return the text that no `expect` has taken, and that of the next `seconds`; errors: see `Chip.console`."""
        with self._attached() as console:
            end = console.clock.now() + seconds
            while self._take(console) or console.clock.now() < end:
                console.clock.sleep(_IDLE_S)
        found, self._waiting = self._waiting, ""
        return found

    def send(self, text: str, timeout: float = _TIMEOUT_S) -> None:
        """Give the program a text. The text that it writes meanwhile is kept.

        Raises:
            ToolError: It takes no input, or did not take all of it; the errors of `Chip.console`.
        """
        left = text.encode()
        with self._attached() as console:
            if not console.takes_input:
                raise ToolError(
                    "the program takes no input",
                    code=Code.NO_CONSOLE,
                    hint="a program that calls swim_getchar takes input",
                )
            end = console.clock.now() + timeout
            while left:
                taken = console.write(left)
                left = left[taken:]
                self._take(console)
                if left and not taken:
                    if console.clock.now() >= end:
                        raise ToolError(
                            f"the program did not take the last {len(left)} bytes of {text!r} in {timeout:g} s",
                            code=Code.RUN_TIME,
                            hint="give it more time, or let it call swim_getchar more often",
                        )
                    console.clock.sleep(_IDLE_S)

    def clear(self) -> None:
        """Forget all text that was read."""
        self.text = self._waiting = ""
        self._decoder = _decoder()
        self.notices = []
        self.was_used = False

    def catch_up(self) -> None:
        """Read the text that is there, for a report. Errors: see `Chip.console`."""
        used = self.was_used
        try:
            self._waiting = self.read(_REST_S)
        finally:
            self.was_used = used

    @contextmanager
    def _attached(self) -> Iterator[SwimConsole]:
        self.was_used = True
        with self._attach(self.notices.append) as console:
            yield console

    def _take(self, console: SwimConsole) -> bool:
        """Keep what the program has written; tell whether that is anything."""
        found = self._decoder.decode(console.read())
        self.text += found
        self._waiting += found
        return bool(found)

    def _missing(self, pattern: Pattern, timeout: float) -> ToolError:
        shown = repr(pattern if isinstance(pattern, str) else pattern.pattern)
        last = self._waiting[-_SHOWN:]
        wrote = f"it wrote {last!r}" if last else "it wrote nothing"
        return ToolError(
            f"the program did not write {shown} in {timeout:g} s: {wrote}",
            code=Code.RUN_TIME,
            hint="give it more time, such as timeout=30",
        )

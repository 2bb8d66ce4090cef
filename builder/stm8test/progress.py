"""What a test program has printed, and whether that can be believed. Pure: no PlatformIO in here.

`stm8_unity.h` prints lines beside those of Unity. They tell where a program stopped, and that it began again. A program
that prints only Unity's lines is read, too.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

BEGIN, RUN, END = "stm8_unity: begin", "stm8_unity: run ", "stm8_unity: end"
NOTE = "stm8_unity: note "
_SUMMARY = re.compile(r"(\d+) Tests (\d+) Failures (\d+) Ignored")
_RESULT = re.compile(r":\d+:\S+:(PASS|FAIL|IGNORE)")

_ASK = "build_flags = -DSTM8_UNITY_… says where stm8_unity.h prints; see docs/testing.md"


class Problem(NamedTuple):
    """Why a run is not believed, and what to do."""

    message: str
    hint: str

    def __str__(self) -> str:
        """Both, as a user reads them."""
        return f"error: {self.message}\nhint: {self.hint}"


class Counts(NamedTuple):
    """How many tests ran, failed and were left out."""

    tests: int
    failures: int
    ignored: int


class Progress:
    """The lines of one run, taken one after the other.

    Attributes:
        chip_is_silent: What reads the chip says that it does not answer now.
    """

    def __init__(self) -> None:
        self.chip_is_silent = False
        self._began = False
        self._ended = False
        self._in_test = ""
        self._said_anything = False
        self._summaries: list[Counts] = []
        self._last_word = ""  # OK or FAIL, after the summary

    def take(self, line: str) -> Optional[Problem]:
        """Take a line; return a problem that no later line can mend, or None."""
        line = line.strip()
        self._said_anything = self._said_anything or bool(line)
        if line.endswith(BEGIN):
            if self._began:
                return self.was_reset()
            self._began = True
        elif RUN in line:
            self._in_test = line.partition(RUN)[2]
        elif line.endswith(END):
            self._ended = True
        elif self.is_result(line):
            self._in_test = ""
        summary = _SUMMARY.search(line)
        if summary:
            self._summaries.append(Counts(*map(int, summary.groups())))
        elif self._summaries and line in ("OK", "FAIL"):
            self._last_word = line
        return None

    @staticmethod
    def is_result(line: str) -> bool:
        """Tell whether a line is the result of a test."""
        return NOTE not in line and _RESULT.search(line) is not None

    @property
    def is_over(self) -> bool:
        """True if the program has nothing more to say. One that uses stm8_unity.h says so itself."""
        return self._ended or (not self._began and bool(self._last_word))

    @property
    def _no_end(self) -> str:
        """A piece of a hint, for a program that stopped outside of its tests."""
        return "" if self._in_test or not self._began or self._summaries else "; main must end with UNITY_END()"

    @property
    def _place(self) -> str:
        if self._in_test:
            return f"in {self._in_test}"
        if self._summaries:
            return "after its last test"
        return "before its first test" if not self._began else "between two tests"

    def was_reset(self) -> Problem:
        """Return the problem of a program that began again."""
        where = f"in {self._in_test}" if self._in_test else "before the tests had ended"
        return Problem(
            f"the program began again {where}: the chip was reset, or a wrong jump led to its start",
            "look for a watchdog, an illegal opcode, a wrong pointer to a function, or a supply that breaks down"
            f"{self._no_end}",
        )

    def stopped(self, reason: str, advice: str) -> Problem:
        """Return the problem of a program that cannot go on; `reason` comes from what ran it."""
        if self._summaries:
            return Problem(f"the program stopped after its last test: {reason}", advice)
        return Problem(f"the program crashed {self._place}: {reason}", f"{advice}{self._no_end}")

    def hangs(self, reason: str, advice: str) -> Problem:
        """Return the problem of a program that ran to the end of its time; `reason` comes from its simulator."""
        return Problem(f"the program hangs {self._place}: {reason}", advice)

    def silent(self, seconds: str) -> Problem:
        """Return the problem of a program that printed nothing for so long."""
        if not self._said_anything:
            return Problem(f"the program printed nothing for {seconds}", f"it hangs, or it prints elsewhere: {_ASK}")
        if self.chip_is_silent:
            return Problem(
                f"the program crashed {self._place}: the chip does not answer any more",
                "a program that sleeps in HALT, or that turns SWIM off, cannot be read; see docs/console.md, Limits",
            )
        return Problem(
            f"the program hangs or crashed {self._place}: it printed nothing for {seconds}",
            "look for an endless loop and for a wrong pointer there; custom_test_timeout allows a longer silence"
            f"{self._no_end}",
        )

    def endless(self, seconds: str) -> Problem:
        """Return the problem of a program that still printed after all that time."""
        return Problem(
            f"the program did not end within {seconds}: it still prints {self._place}",
            "end it with UNITY_END(), or with Unity's summary line",
        )

    def without_end(self) -> Problem:
        """Return the problem of an output that ended before its summary."""
        return Problem(
            f"the program ended without a summary: it crashed {self._place}",
            "look for a wrong pointer there; end the program with UNITY_END(), or with Unity's summary line",
        )

    def problem(self, seen: Counts) -> Optional[Problem]:
        """Return why a run that has ended is not believed, or None.

        Args:
            seen: What the test lines above the summary say.
        """
        if not self._summaries:
            return self.without_end()
        if len(self._summaries) > 1:
            return Problem(
                "the program printed several summaries: it restarted",
                "let the program stop after its summary, in an endless loop",
            )
        told = self._summaries[0]
        if told != seen:
            return Problem(
                f"the summary says {told.tests} tests, {told.failures} failures, {told.ignored} ignored; "
                f"the lines above it say {seen.tests}, {seen.failures}, {seen.ignored}",
                "lines were lost or came twice: over the console set -DSWIM_CONSOLE_BLOCK, on a UART check test_speed",
            )
        if not told.tests:
            return Problem("the program ran no test", "call RUN_TEST(…) between UNITY_BEGIN() and UNITY_END()")
        if self._last_word == "FAIL" and not told.failures:
            return Problem("the program says FAIL, but counts no failure", "look at the end of its output: pio test -v")
        return None

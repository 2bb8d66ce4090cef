"""The row of one kind of wrong code that SDCC makes for STM8. Pure: no SCons and no import of another module."""

from __future__ import annotations

from typing import NamedTuple, Union

NEVER = (99, 0)
REFUSED = "SDCC does not compile it"
NEVER_BACK = "never comes back"

# A number, or the accesses to the registers from 0x5000 on, such as `r5000 w5000=00`, or one of the texts above.
Result = Union[int, str]


class Kind(NamedTuple):
    """One kind."""

    name: str
    construct: str  # in C, for the reader
    wrong: str  # what comes out, as a sentence for a message
    right: str  # how to write it, as a sentence for a message
    program: str  # the smallest one; `$` is replaced by a number
    call: str  # an expression that shows the result
    options: tuple[str, ...]  # of SDCC, with which the program shows it
    expected: Result  # what C says
    seen: dict[str, Result]  # version -> result
    cure: str  # the program, written so that it comes out right
    until: tuple[int, int] = NEVER  # the first version that is right; no version here is: NEVER
    note: str = ""
    found_as: str = ""  # the kind whose rule finds it, if that is another one
    interrupted: bool = False  # it shows only where an interrupt comes, so the results are those with interrupts

    def is_made_by(self, version: tuple[int, ...]) -> bool:
        """Tell whether a version of SDCC makes it."""
        return version < self.until

"""When a socket begins its next chip: at the contact of a board, at a key, or at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from ..chip.running import attach
from ..errors import ConnectError, SwimError, ToolError
from ..selector import open_link
from ..session import Session

if TYPE_CHECKING:
    from ..probe.base import SwimLink

# Our choices: an operator needs more time than this to take a board out or to put one in.
_POLL_S = 0.2
_SILENT_POLLS = 3
_CONTACT_POLLS = 2

TAKE_OUT, PUT_IN, PRESS_ENTER, SAME_BOARD, NO_PROBE = (
    "take the board out",
    "put a board in",
    "waits for Enter",
    "the board that passed is still in: take it out",
    "the probe fails: ",
)


class Start(Protocol):
    """Decides when a socket begins its next chip."""

    def wait(self, tell: Callable[[str], None]) -> bool:
        """Wait for the next chip; False: there is none, and the socket is done.

        Args:
            tell: Called with what the socket waits for.
        """


class OnContact:
    """Begins when SWIM answers after a silence: a board was removed, and one was put in.

    A look does not reset the chip. So it sees no chip whose program turns SWIM off or sleeps.

    Args:
        answers: Looks once whether a chip answers.
        closing: Set when no chip is to begin any more.
    """

    def __init__(self, answers: Callable[[], bool], closing: threading.Event) -> None:
        self._answers = answers
        self._closing = closing

    def wait(self, tell: Callable[[str], None]) -> bool:
        """Wait until a board was removed, and then until one is there."""
        return self._seen(False, _SILENT_POLLS, TAKE_OUT, tell) and self._seen(True, _CONTACT_POLLS, PUT_IN, tell)

    def _seen(self, wanted: bool, times: int, text: str, tell: Callable[[str], None]) -> bool:
        """Wait until several looks in a row show what is wanted; False if the run ends meanwhile."""
        in_a_row = 0
        while not self._closing.is_set():
            try:
                is_as_wanted = self._answers() is wanted
                problem = ""
            except ToolError as exc:  # a probe that was unplugged shows neither a board nor a silence
                is_as_wanted, problem = False, f"{NO_PROBE}{exc}"
            in_a_row = in_a_row + 1 if is_as_wanted else 0
            if not is_as_wanted:
                tell(problem or text)
            if in_a_row == times:
                return True
            self._closing.wait(_POLL_S)
        return False


class OnKey:
    """Begins when the user asks for it."""

    def __init__(self, closing: threading.Event) -> None:
        self._closing = closing
        self._asked = threading.Event()
        self.is_waiting = False

    def wait(self, tell: Callable[[str], None]) -> bool:
        """Wait until the user has asked."""
        tell(PRESS_ENTER)
        self.is_waiting = True
        while not self._closing.is_set():
            if self._asked.wait(_POLL_S):
                self._asked.clear()
                self.is_waiting = False
                return not self._closing.is_set()
        self.is_waiting = False
        return False

    def ask(self) -> None:
        """Let the socket begin."""
        self.is_waiting = False  # now: the thread of the socket may see the key later
        self._asked.set()


class AtOnce:
    """Begins at once, with one chip after the other, a given number of times."""

    def __init__(self, closing: threading.Event, times: int = 1, prepare: Callable[[], None] = lambda: None) -> None:
        self._closing = closing
        self._left = times
        self._prepare = prepare

    def wait(self, tell: Callable[[str], None]) -> bool:
        """Prepare the next board, if there is one."""
        if self._left <= 0 or self._closing.is_set():
            return False
        self._left -= 1
        self._prepare()
        return True


def answers(probe: str) -> bool:
    """Look once whether a chip answers at a probe, without a reset; ToolError if the probe fails."""
    with Session(open_link(probe)) as session:
        return _answers(session.running())


def _answers(link: SwimLink) -> bool:
    try:
        attach.attach(link)
    except ConnectError:
        return False
    with suppress(SwimError):  # it has answered; a locked chip may refuse this
        attach.start_from_reset(link)
    attach.detach(link)
    return True

"""The results of the commands for a chip as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from ...chip.options.protection import Unlocked
    from ...parts.table import Part
    from ..console import Console


class UnlockResult(NamedTuple):
    """The result of `unlock`.

    Attributes:
        part: The chip.
        unlocked: What was done.
    """

    part: Part
    unlocked: Unlocked

    def show(self, console: Console) -> None:
        """Print it."""
        from ...chip import wording

        console.say(wording.unlocked(self.unlocked))


class ResetResult(NamedTuple):
    """The result of `reset`.

    Attributes:
        starts_program: Whether the chip has a program, which runs now; null if this is not known.
    """

    starts_program: Optional[bool]

    def show(self, console: Console) -> None:
        """Print it."""
        console.say("the chip was reset" + " and runs" * bool(self.starts_program))


class LockResult(NamedTuple):
    """The result of `lock`. After it, the chip is read-protected.

    Attributes:
        part: The chip.
        written: Whether it was open before.
    """

    part: Part
    written: bool

    def show(self, console: Console) -> None:
        """Print it."""
        from ...chip import wording

        console.say(wording.LOCKED if self.written else "nothing to do: the chip is already read-protected")

"""The results of the commands for option bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...chip.options.bytes import OptionState
    from ...chip.options.plan import Change
    from ...parts.table import Part
    from ..console import Console


class OptionsShowResult(NamedTuple):
    """The result of `options show`.

    Attributes:
        part: The chip.
        options: All option bytes of the part, as the chip holds them.
    """

    part: Part
    options: Sequence[OptionState]

    def show(self, console: Console) -> None:
        """Print the table, with the meaning of each value."""
        from ...chip import wording

        for line in wording.options_in_force(self.part, self.options):
            console.say(line)


class OptionsSetResult(NamedTuple):
    """The result of `options set`.

    Attributes:
        part: The chip.
        changes: The option bytes that were written; a byte that had its value already is not among them.
        resets_for_options: Whether they were read back after a reset, which brings them into force.
    """

    part: Part
    changes: Sequence[Change]
    resets_for_options: bool

    def show(self, console: Console) -> None:
        """Print what was written; the changes were told before."""
        _show_written(self.changes, console, after_reset=self.resets_for_options)


class OptionsDefaultsResult(NamedTuple):
    """The result of `options defaults`.

    Attributes:
        part: The chip.
        changes: The option bytes that were written.
        resets_for_options: Whether they were read back after a reset, which brings them into force.
        left: The names of the option bytes that are not at their factory values and were not changed.
    """

    part: Part
    changes: Sequence[Change]
    resets_for_options: bool
    left: Sequence[str]

    def show(self, console: Console) -> None:
        """Print what was written, and what was left."""
        if self.changes or not self.left:
            _show_written(self.changes, console, after_reset=self.resets_for_options)
        if self.left:
            console.say(f"not changed, and not at factory values: {', '.join(self.left)}")


class OptionsDiffResult(NamedTuple):
    """The result of `options diff`; if option bytes differ, there is an error, too.

    Attributes:
        part: The chip.
        file: The file.
        compared: The number of option bytes in the file.
        changes: The option bytes that differ: `state` is the one in the chip, `value` that in the file.
    """

    part: Part
    file: str
    compared: int
    changes: Sequence[Change]

    def show(self, console: Console) -> None:
        """Print the differences."""
        from ...chip import wording

        if not self.changes:
            console.say(f"the {self.compared} option bytes in {self.file} are the same as the chip's")
            return
        console.say(f"the chip -> {self.file}")
        for line in wording.option_changes(self.part, self.changes):
            console.say(line)


def _show_written(changes: Sequence[Change], console: Console, *, after_reset: bool) -> None:
    from ...chip import wording

    if not changes:
        console.say("nothing to do: the option bytes already have these values")
    for line in wording.options_written(changes, after_reset=after_reset):
        console.say(line)

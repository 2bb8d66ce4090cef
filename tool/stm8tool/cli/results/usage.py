"""The result of `--help` and `--version`, which end the tool before a command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..console import Console


class UsageResult(NamedTuple):
    """A text.

    Attributes:
        text: The text, with all its lines.
    """

    text: str

    def show(self, console: Console) -> None:
        """Print it."""
        console.say(self.text.rstrip("\n"))

"""The result of `parts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...parts.table import Part
    from ..console import Console


class PartsResult(NamedTuple):
    """The result of `parts`: the parts that were asked for."""

    parts: Sequence[Part]

    def data(self) -> dict[str, Any]:
        """Return all facts, for programs."""
        from ..catalogue import facts

        return {"parts": [facts(part) for part in self.parts]}

    def show(self, console: Console) -> None:
        """Print a table, or all facts about one part."""
        from ..parts import table, whole

        for line in whole(self.parts[0]) if len(self.parts) == 1 else table(self.parts):
            console.say(line)

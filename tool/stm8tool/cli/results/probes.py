"""The results of the commands that look at probes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...probe.listing import ListedProbe
    from ..console import Console


class ListResult(NamedTuple):
    """The result of `list`.

    Attributes:
        probes: The attached probes, even those that cannot be used: they say why.
        others: A text for each other device that the user may have meant.
        looked_for: The kinds of probes that were looked for.
    """

    probes: Sequence[ListedProbe]
    others: Sequence[str]
    looked_for: Sequence[str]

    def show(self, console: Console) -> None:
        """Print the table."""
        from ...probe import listing

        for line in listing.table(self.probes, self.others, self.looked_for):
            console.say(line)

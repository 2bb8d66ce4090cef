"""The quality of a session's link: counts of the things that had to be done again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional


@dataclass
class Tally:
    """Counts of the things that a session had to do again, kept while it runs.

    Attributes:
        reads: Reads that differed from a second read.
        reconnects: Entries after the link was lost.
        recipes: Recipes that failed before one held.
        blocks: Blocks programmed again.
    """

    reads: int = 0
    reconnects: int = 0
    recipes: int = 0
    blocks: int = 0


class Quality(NamedTuple):
    """The things that were not perfect in a session.

    Attributes:
        exchanges: Exchanges with the probe that were repeated.
        reads: Reads of the chip that were repeated.
        reconnects: How often the link was lost and made again.
        recipes: Recipes that failed before one reached the chip.
        blocks: Blocks that were programmed again.
        slow: High speed failed, and low speed was used.
        no_nrst: The chip was reached without NRST after recipes with it had failed.
    """

    exchanges: int = 0
    reads: int = 0
    reconnects: int = 0
    recipes: int = 0
    blocks: int = 0
    slow: bool = False
    no_nrst: bool = False

    @property
    def retries(self) -> int:
        """The sum of all repeats."""
        return self.exchanges + self.reads + self.reconnects + self.recipes + self.blocks

    def summary(self) -> Optional[str]:
        """Return a text such as "3 retries (2 reads repeated, 1 reconnect)"; None if nothing was repeated."""
        if not self.retries:
            return None
        counts = (
            (self.exchanges, "probe exchange", "repeated"),
            (self.reads, "read", "repeated"),
            (self.reconnects, "reconnect", ""),
            (self.recipes, "way to connect", "failed"),
            (self.blocks, "block", "written again"),
        )
        listed = ", ".join(_counted(*count) for count in counts if count[0])
        slow = "; low speed" if self.slow else ""
        return f"{_counted(self.retries, 'retry', '')} ({listed}{slow})"

    def advice(self) -> str:
        """Return advice for a better link."""
        if self.no_nrst:
            return "the chip was reached without NRST: wire it"
        if self.exchanges and not self.reads + self.blocks:
            return "try another port or cable"
        return "shorten the wires, check GND"


def _counted(number: int, what: str, done: str) -> str:
    plural = {"retry": "retries", "way to connect": "ways to connect"}.get(what, f"{what}s")
    return f"{number} {what if number == 1 else plural} {done}".strip()

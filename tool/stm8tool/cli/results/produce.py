"""The results of `produce`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from ...production.summary import RunSummary
    from ..console import Console


class ProduceResult(NamedTuple):
    """The result of `produce`.

    Attributes:
        job: The name of the job.
        checked: The job was only checked: no probe was opened.
        rehearsed: It was done on simulated boards.
        summary: The counts of the run; null after --check.
    """

    job: str
    checked: bool = False
    rehearsed: bool = False
    summary: Optional[RunSummary] = None

    def show(self, console: Console) -> None:
        """Print it."""
        if self.summary is None:
            console.say(f"{self.job}: the job is right; no probe was opened, and nothing was written")
            return
        for line in self.summary.lines():
            console.say(line)

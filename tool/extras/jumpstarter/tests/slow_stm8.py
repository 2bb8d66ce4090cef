"""A driver whose upload stands still in the middle, until a test lets it go on: for clients and exporters that die."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stm8tool_jumpstarter import jobs
from stm8tool_jumpstarter.driver import Stm8

BEGUN, GO = "begun.fifo", "go.fifo"


class SlowStm8(Stm8):
    """It says at one pipe that the upload has begun, and waits at another one. Both are beside the chip file."""

    def _flashing(self, upload: jobs.Upload, sent: jobs.Sent) -> jobs.Job:
        job = super()._flashing(upload, sent)
        folder = Path(self.probe.removeprefix("sim:")).parent

        def flash(chip: Any) -> Any:
            chip.connect()
            (folder / BEGUN).write_text("begun\n")
            (folder / GO).read_text()
            return job(chip)

        return flash

"""The arguments with which an editor launches a program, or attaches to one; see docs/debugging.md."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Optional

from ...errors import UsageError
from .messages import ClientArguments


class Launch(NamedTuple):
    """How a session begins.

    Attributes:
        program: The ELF.
        source: The folder from which it was built, if the client knows it.
        uploads: The program is written to the chip first.
        stops_on_entry: The program stands still until the client lets it run.
        probe: The selector of a probe; None: that of the command line.
        part: The chip; None: that of the command line.
    """

    program: str
    source: Optional[str]
    uploads: bool
    stops_on_entry: bool
    probe: Optional[str]
    part: Optional[str]


def launch_of(given: ClientArguments, *, attach: bool) -> Launch:
    """Return what a client wants; UsageError if it makes no sense."""
    launch = Launch(
        stops_on_entry=given.flag("stopOnEntry"),
        program=given.text("program"),
        source=given.text("source", "") or None,
        uploads=given.flag("upload"),
        probe=given.text("probe", "") or None,
        part=given.text("part", "") or None,
    )
    if launch.source is not None and not Path(launch.source).is_dir():
        raise UsageError(f"source {launch.source} is not a folder", hint="give the folder that the build started in")
    if launch.uploads and attach:
        raise UsageError("attach uploads nothing", hint="use launch with upload")
    return launch

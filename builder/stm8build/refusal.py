"""How the builder ends a run: one line on stderr. Data for an editor are made whatever is wrong with the project."""

from __future__ import annotations

import sys

from SCons.Script import COMMAND_LINE_TARGETS, DefaultEnvironment


def for_an_editor() -> bool:
    """Whether this run only tells an editor about the project: `pio init --ide`, `-t idedata`, `-t compiledb`."""
    targets = set(COMMAND_LINE_TARGETS)
    return bool(targets & {"idedata", "__idedata"}) or targets == {"compiledb"}


def refuse(message: str, hint: str = "") -> int:
    """Say why an action does not run, and what to do; return its exit code."""
    sys.stderr.write(f"error: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    return 1


def stop(message: str) -> None:
    """End the run with one line; where an editor waits for data, the line is a warning and the run goes on."""
    if for_an_editor():
        sys.stderr.write(f"warning: {message}\n")
    else:
        DefaultEnvironment().Exit(refuse(message))

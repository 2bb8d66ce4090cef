"""End a run with one line on stderr. A run that makes data for an editor goes on even if the project is wrong."""

from __future__ import annotations

import sys

from SCons.Script import COMMAND_LINE_TARGETS, DefaultEnvironment


def for_an_editor() -> bool:
    """Tell whether this run only makes data for an editor: `pio init --ide`, `-t idedata`, `-t compiledb`."""
    targets = set(COMMAND_LINE_TARGETS)
    return bool(targets & {"idedata", "__idedata"}) or targets == {"compiledb"}


def refuse(message: str, hint: str = "") -> int:
    """Print why an action does not run and what to do; return its exit code."""
    sys.stderr.write(f"error: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    return 1


def stop(message: str, hint: str = "") -> None:
    """End the run with one line, and a hint. A run that makes data for an editor goes on with a warning."""
    if for_an_editor():
        sys.stderr.write(f"warning: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    else:
        DefaultEnvironment().Exit(refuse(message, hint))

"""The error by which the simulator says "I do not know"."""

from __future__ import annotations


class SimGapError(AssertionError):
    """A caller asked for something that the facts do not describe, so the simulator does not answer.

    An AssertionError, not a ToolError: either the caller does what no manual allows, or the simulator must learn more.
    """

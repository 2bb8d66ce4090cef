"""The simulator's way of saying "I do not know"."""

from __future__ import annotations


class SimGapError(AssertionError):
    """Something was asked that the facts do not describe, so the simulator will not answer it.

    An AssertionError, not a ToolError: either the caller does what no manual allows, or the simulator must learn more.
    """

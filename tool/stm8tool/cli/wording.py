"""Words that several commands have."""

from __future__ import annotations


def blocks(count: int) -> str:
    """Return a number of blocks, as it stands in a sentence."""
    return f"{count} block" if count == 1 else f"{count} blocks"

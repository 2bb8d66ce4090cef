"""The results of the commands for whole memories and RAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ...chip.programmer import Written
    from ...parts.table import Region
    from ..console import Console


class ErasedMemory(NamedTuple):
    """One memory that was erased.

    Attributes:
        region: The memory.
        written: The blocks: those that were not blank were erased.
    """

    region: Region
    written: Written


class EraseResult(NamedTuple):
    """The result of `erase`.

    Attributes:
        memories: The memories, in the order in which they were erased.
    """

    memories: tuple[ErasedMemory, ...]

    def show(self, console: Console) -> None:
        """Print nothing: each memory was told when it was done."""

"""The results of the commands for whole memories and RAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from ..wording import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...chip.link.quality import Quality
    from ...chip.programmer import Written
    from ...chip.upload import Upload
    from ...parts.table import Part, Region
    from ...probe.base import ProbeInfo
    from ..console import Console


class ReadResult(NamedTuple):
    """The result of `read`.

    Attributes:
        part: The chip.
        output: The file.
        memories: The memories in the file.
        size: The number of bytes in the file.
        all: Whether the file is a backup of all memories, for `restore`.
        unique_id: The 12 bytes that no other chip has; null without --all, or if the part has none.
    """

    part: Part
    output: str
    memories: Sequence[Region]
    size: int
    all: bool = False
    unique_id: Optional[bytes] = None

    def show(self, console: Console) -> None:
        """Print it."""
        names = ", ".join(map(str, self.memories))
        size = "" if self.all else f"{self.size} bytes of "
        console.say(f"{size}{names} saved to {self.output}")


class RestoreResult(NamedTuple):
    """The result of `restore`.

    Attributes:
        probe: The probe.
        part: The chip.
        has_options: Whether the file has option bytes.
        upload: The blocks and the option bytes that were written.
        left_out: A line for each option byte of the backup that was not written, with the reason.
        quality: What had to be repeated.
    """

    probe: ProbeInfo
    part: Part
    has_options: bool
    upload: Upload
    left_out: Sequence[str]
    quality: Quality

    def show(self, console: Console) -> None:
        """Print it."""
        written = self.upload.written
        console.say(f"{written.programmed} of {blocks(written.compared)} of {written.block} bytes written")
        names = ", ".join(change.option.name for change in self.upload.options)
        if not self.has_options:
            names = "none: the file has none"
        elif not names and not self.left_out:
            names = "none: they are already as in the file"
        console.say(f"option bytes written: {names or 'none'}")
        for line in self.left_out:
            console.say(f"left out: {line}")


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
        part: The chip.
        memories: The memories, in the order in which they were erased.
    """

    part: Part
    memories: Sequence[ErasedMemory]

    def show(self, console: Console) -> None:
        """Print nothing: each memory was told when it was done."""


class RunResult(NamedTuple):
    """The result of `run`.

    Attributes:
        part: The chip.
        address: The address from which the CPU runs.
        size: The number of bytes that were loaded into RAM.
    """

    part: Part
    address: int
    size: int

    def show(self, console: Console) -> None:
        """Print it."""
        console.say(f"{self.size} bytes loaded into RAM; the CPU runs from 0x{self.address:06X}, until the next reset")

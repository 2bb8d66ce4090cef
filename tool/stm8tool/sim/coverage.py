"""Counts what the program of a simulated board executes, for `sim run --coverage`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stm8tool.errors import Code, TargetError

from .chip.microcontroller import Microcontroller
from .cpu.counting import Counts


@dataclass(frozen=True)
class Coverage:
    """What a run counts.

    Attributes:
        counts: Filled by the run.
        name: The file of the program that the counts are for.
        code: Its data by address; those outside of the flash are ignored.
    """

    counts: Counts
    name: str
    code: Iterable[tuple[int, bytes]]

    def begin(self, chip: Microcontroller) -> None:
        """Let a chip count that has not executed yet; TargetError unless its flash holds this program."""
        flash = chip.flash
        for address, data in self.code:
            if flash.start <= address < flash.end and flash.read(address, len(data)) != data:
                raise TargetError(
                    f"the board holds another program than {self.name}",
                    code=Code.OTHER_BUILD,
                    hint="write this build to the board, or give the ELF of the program on it",
                )
        chip.processor.counts = self.counts

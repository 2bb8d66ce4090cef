"""The results of the commands for simulated boards: sim create, serve, serve-serial, show and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from ...words import COMMAND_LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...dwarf.coverage import HotSpot
    from ...parts.table import Part
    from ...sim.report import ChipReport
    from ..console import Console

_ROWS = 10  # of each table of hot spots


class SimCreateResult(NamedTuple):
    """The result of `sim create`.

    Attributes:
        chipfile: The file.
        part: The chip.
        model: The simulated probe: "v1", "v2", "v21" or "v3".
        locked: The chip is read-protected.
        program: The file of the program that the chip holds.
        probe: The value of `--probe` for this board.
    """

    chipfile: str
    part: Part
    model: str
    locked: bool
    program: Optional[str]
    probe: str

    def show(self, console: Console) -> None:
        """Print what was made, and how to use it."""
        state = "blank" if self.program is None else f"with {self.program} in it"
        state = "read-protected" if self.locked else state
        console.say(f"{self.chipfile}: a simulated {self.part.name}, {state}, on an ST-LINK {self.model}")
        console.say(f"use it with {COMMAND_LINE['probe']:{self.probe}}, or upload_port = {self.probe}")


class SimShowResult(NamedTuple):
    """The result of `sim show`.

    Attributes:
        chipfile: The file.
        board: The chip and its probe.
        place: Where the CPU was seen last, with the name of the function if `--elf` tells it.
    """

    chipfile: str
    board: ChipReport
    place: Optional[str]

    def show(self, console: Console) -> None:
        """Print the report."""
        report = self.board
        console.say(f"{report.part} on a simulated ST-LINK {report.model}, serial {report.serial}")
        console.say(f"  CPU            {report.state}" + (f"; BRICKED: {report.bricked}" if report.bricked else ""))
        if self.place is not None:
            console.say(f"  seen at        {self.place}")
        console.say(f"  protection     {'ON (read-protected)' if report.locked else 'off'}")
        for memory in report.memories:
            console.say(
                f"  {memory.name:<13}  {memory.used} of {memory.size} bytes are not 0x00, CRC-32 {memory.crc32:08X}, "
                f"block programmed {memory.max_wear} times at most, {memory.total_wear} in all"
            )
        for option in report.options:
            notes = [] if option.value == option.default else [f"factory 0x{option.default:02X}"]
            notes += [] if option.intact else ["complement does not match"]
            text = f"  {option.name:<13}  0x{option.address:04X} = 0x{option.value:02X}"
            console.say(text + (f"  ({', '.join(notes)})" if notes else ""))
        lines = "low" if report.nrst_low else "high"
        console.say(
            f"  probe          mode {report.probe_mode}, NRST {lines}, SWIM {'active' if report.swim_active else 'off'}"
        )
        for fault in report.faults:
            console.say(f"  fault          {fault}")
        console.say(f"  last run       {report.transfers} USB transfers, {report.seconds:.3f} s of simulated time")


class SimServeResult(NamedTuple):
    """The result of `sim serve` and `sim serve-serial`, which Ctrl-C ends. The board is saved then.

    Attributes:
        chipfile: The file.
        probe: The value of `--probe` by which the board was reached.
    """

    chipfile: str
    probe: Optional[str]

    def show(self, console: Console) -> None:
        """Say that the board is saved."""
        console.say(f"{self.chipfile} is saved")


class CoveredLines(NamedTuple):
    """The lines of a program that were executed.

    Attributes:
        file: The file for lcov that has them all.
        executed: How many lines were executed.
        lines: How many lines have code.
    """

    file: str
    executed: int
    lines: int


class HotSpots(NamedTuple):
    """The places that took the cycles of a run.

    Attributes:
        cycles: All cycles of the run.
        functions: The functions, those with most cycles first.
        lines: The lines, those with most cycles first.
    """

    cycles: int
    functions: Sequence[HotSpot]
    lines: Sequence[HotSpot]

    def show(self, console: Console) -> None:
        """Print the first rows of both."""
        _print(console, ("function", "begins at", "calls"), self.functions, self.cycles or 1)
        _print(console, ("function", "line", "times"), self.lines, self.cycles or 1)


class SimRunResult(NamedTuple):
    """The result of `sim run`.

    Attributes:
        end: The reason of the end: "text", "said", "address", "silence", "time" or "stopped".
        why: Why the CPU stopped, if it did.
        pc: Where the CPU is.
        place: The same as text, with the name of the function if `--elf` tells it.
        seconds: The simulated time since the chip's start.
        output: The last characters that the UARTs and the console sent.
        output_size: How many bytes they sent.
        unmodelled: The peripherals that the program used and that are not modelled.
        message: The end as a sentence; None if it is an error.
        hot_spots: For `--hot-spots`.
        coverage: For `--coverage`.
    """

    end: str
    why: str
    pc: int
    place: str
    seconds: float
    output: str
    output_size: int
    unmodelled: Sequence[str]
    message: Optional[str] = None
    hot_spots: Optional[HotSpots] = None
    coverage: Optional[CoveredLines] = None

    def show(self, console: Console) -> None:
        """Print the measurements, and how it ended. The output was printed when it came."""
        if self.hot_spots is not None:
            self.hot_spots.show(console)
        if self.coverage is not None:
            file, executed, lines = self.coverage
            console.say(f"{file}: {executed} of {lines} lines with code were executed")
        if self.message is not None:
            console.say(self.message)


def _print(console: Console, head: tuple[str, str, str], spots: Sequence[HotSpot], total: int) -> None:
    """Print the first rows of a table of hot spots."""
    rows = [("cycles", "share", head[2], head[1], head[0])]
    rows += [
        (
            str(spot.cycles),
            f"{100 * spot.cycles / total:.1f} %",
            str(spot.times or "–"),
            spot.place or "–",
            spot.function,
        )
        for spot in spots[:_ROWS]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        left = "  ".join(cell.rjust(width) for cell, width in zip(row[:3], widths))
        console.say(f"{left}  {row[3].ljust(widths[3])}  {row[4]}".rstrip())
    if len(spots) > _ROWS:
        console.say(f"… and {len(spots) - _ROWS} more with fewer cycles")

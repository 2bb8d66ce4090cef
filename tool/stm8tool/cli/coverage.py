"""`--coverage` and `--hot-spots` of `sim run`: which lines of a program were executed, and where its cycles went."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import ImageError, UsageError
from ..support import files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..dwarf.coverage import HotSpot
    from ..dwarf.functions import Functions
    from ..dwarf.lines import LineTable
    from ..sim.coverage import Coverage
    from .console import Console
    from .symbols import Symbols

_ROWS = 10  # of each table of hot spots


class Measured(NamedTuple):
    """What a run measures, and where it goes.

    Attributes:
        coverage: For the run.
        lines, functions: Of the program.
        file: The lcov file; None if none is wanted.
        hot_spots: The tables are wanted.
    """

    coverage: Coverage
    lines: LineTable
    functions: Functions
    file: Optional[str]
    hot_spots: bool

    def tell(self, console: Console, symbols: Symbols) -> None:
        """Write the file and print the tables.

        Raises:
            ImageError: The file cannot be written.
        """
        from ..dwarf import coverage

        counts = self.coverage.counts.by_address()
        if self.hot_spots:
            total = sum(cycles for _, cycles in counts.values()) or 1

            def name_of(address: int) -> str:
                return symbols.place(address).partition("(")[2].partition("+")[0].rstrip(")") or "–"

            functions = coverage.hot_functions(self.lines, self.functions, counts, name_of)
            _print(console, ("function", "begins at", "calls"), functions, total)
            lines = coverage.hot_lines(self.lines, self.functions, counts)
            _print(console, ("function", "line", "times"), lines, total)
        if self.file is not None:
            covered = coverage.covered(self.lines, self.functions, counts)
            try:
                files.write_whole(Path(self.file), coverage.lcov(covered).encode())
            except OSError as exc:
                raise _not_written(self.file, exc) from exc
            all_lines = [times for file in covered for times in file.lines.values()]
            executed = sum(times > 0 for times in all_lines)
            console.say(f"{self.file}: {executed} of {len(all_lines)} lines with code were executed")


def measure(elf: Optional[str], file: Optional[str], *, hot_spots: bool) -> Optional[Measured]:
    """Return what the options ask for; None if they ask for nothing.

    Raises:
        UsageError: There is no ELF.
        ImageError: The ELF has no data for debuggers, or the file cannot be written.
    """
    if file is None and not hot_spots:
        return None
    if elf is None:
        option = "--hot-spots" if file is None else "--coverage"
        raise UsageError(f"{option} needs the program's ELF", hint="add --elf firmware.elf")
    from .. import image
    from ..dwarf import reading
    from ..dwarf.functions import read_functions
    from ..dwarf.lines import read_lines
    from ..sim.coverage import Coverage
    from ..sim.cpu.counting import Counts

    if file is not None:
        if os.path.realpath(file) == os.path.realpath(elf):
            raise UsageError(f"--coverage {file} is the ELF itself", hint="choose another name, such as coverage.info")
        try:
            files.check_whole(Path(file))
        except OSError as exc:
            raise _not_written(file, exc) from exc
    data = reading.load(elf)
    code = [(segment.address, segment.data) for segment in image.load([elf], None).segments]
    return Measured(Coverage(Counts(), elf, code), read_lines(data), read_functions(data), file, hot_spots)


def _not_written(file: str, exc: OSError) -> ImageError:
    return ImageError(f"{file}: cannot be written: {exc.strerror}", hint="choose another name or directory")


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

"""`--coverage` and `--hot-spots` of `sim run`: which lines of a program were executed, and where its cycles went."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import ImageError, UsageError
from ..support import files

if TYPE_CHECKING:
    from ..dwarf.functions import Functions
    from ..dwarf.lines import LineTable
    from ..sim.coverage import Coverage
    from .results.boards import CoveredLines, HotSpots
    from .symbols import Symbols


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

    def spots(self, symbols: Symbols) -> Optional[HotSpots]:
        """Return where the cycles went; None if that is not wanted."""
        from ..dwarf import coverage
        from .results.boards import HotSpots

        if not self.hot_spots:
            return None
        counts = self.coverage.counts.by_address()

        def name_of(address: int) -> str:
            return symbols.place(address).partition("(")[2].partition("+")[0].rstrip(")") or "–"

        return HotSpots(
            sum(cycles for _, cycles in counts.values()),
            coverage.hot_functions(self.lines, self.functions, counts, name_of),
            coverage.hot_lines(self.lines, self.functions, counts),
        )

    def save(self) -> Optional[CoveredLines]:
        """Write the file and return what is in it; None if none is wanted.

        Raises:
            ImageError: The file cannot be written.
        """
        from ..dwarf import coverage
        from .results.boards import CoveredLines

        if self.file is None:
            return None
        covered = coverage.covered(self.lines, self.functions, self.coverage.counts.by_address())
        try:
            files.write_whole(Path(self.file), coverage.lcov(covered).encode())
        except OSError as exc:
            raise _not_written(self.file, exc) from exc
        all_lines = [times for file in covered for times in file.lines.values()]
        return CoveredLines(self.file, sum(times > 0 for times in all_lines), len(all_lines))


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

"""What the simulator has counted, by lines and functions: the file that lcov reads, and the hot spots.

Format: the man page of geninfo, "FILES". There are records for lines and functions, and none for branches: counts of
instructions do not tell which way of a line in C was taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Optional

from .functions import Functions
from .lines import LineTable

Counts = Mapping[int, tuple[int, int]]  # by the address of an instruction: how often, and for how many cycles


class CoveredFile(NamedTuple):
    """The lines of a file that have code, and its functions.

    Attributes:
        file: As SDCC was given it.
        lines: Number of the line to how often it was executed.
        functions: Name, number of its line, and how often it was called.
    """

    file: str
    lines: Mapping[int, int]
    functions: Sequence[tuple[str, int, int]]


class HotSpot(NamedTuple):
    """Where cycles went.

    Attributes:
        function: Its name.
        place: "FILE:LINE", or "" if it has no data for debuggers.
        times: How often it was called, or the line was executed.
        cycles: CPU cycles, without those of the functions that it calls.
    """

    function: str
    place: str
    times: int
    cycles: int


def covered(table: LineTable, functions: Functions, counts: Counts) -> list[CoveredFile]:
    """Return the files of C with the counts of their lines.

    A line counts as often as the instruction of it that was executed most often.
    """
    files: dict[str, dict[int, int]] = defaultdict(dict)
    for line in table.lines:
        if not line.is_assembler:
            files[line.file].setdefault(line.line, 0)
    for address, (times, _) in counts.items():
        line_there = table.at(address)
        if line_there is not None and not line_there.is_assembler:
            lines = files[line_there.file]
            lines[line_there.line] = max(lines[line_there.line], times)
    called: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for function in functions.all:
        first = table.at(function.start)
        if first is not None:
            called[first.file].append((function.name, first.line, counts.get(function.start, (0, 0))[0]))
    return [CoveredFile(file, dict(sorted(files[file].items())), called[file]) for file in sorted(files)]


def lcov(files: Iterable[CoveredFile]) -> str:
    """Return the text of an lcov file."""
    out = []
    for file in files:
        out += ["TN:", f"SF:{file.file}"]
        out += [f"FN:{line},{name}" for name, line, _ in file.functions]
        out += [f"FNDA:{times},{name}" for name, _, times in file.functions]
        out += [f"FNF:{len(file.functions)}", f"FNH:{sum(times > 0 for _, _, times in file.functions)}"]
        out += [f"DA:{line},{times}" for line, times in file.lines.items()]
        out += [f"LF:{len(file.lines)}", f"LH:{sum(times > 0 for times in file.lines.values())}", "end_of_record"]
    return "".join(f"{line}\n" for line in out)


def hot_functions(
    table: LineTable, functions: Functions, counts: Counts, name_of: Callable[[int], str]
) -> list[HotSpot]:
    """Return the functions that were executed, those with most cycles first.

    Args:
        table, functions: The program.
        counts: What was executed.
        name_of: Returns the name of the function around an address that has no data for debuggers.
    """
    cycles: dict[tuple[str, Optional[int]], int] = defaultdict(int)
    for address, (_, taken) in counts.items():
        function = functions.at(address)
        cycles[(name_of(address), None) if function is None else (function.name, function.start)] += taken
    return _sorted(
        HotSpot(name, _place(table, start), counts.get(start, (0, 0))[0] if start is not None else 0, taken)
        for (name, start), taken in cycles.items()
    )


def hot_lines(table: LineTable, functions: Functions, counts: Counts) -> list[HotSpot]:
    """Return the lines that were executed, those with most cycles first."""
    found: dict[tuple[str, int], HotSpot] = {}
    for address, (times, taken) in counts.items():
        line, function = table.at(address), functions.at(address)
        if line is None:
            continue
        held = found.get((line.file, line.line))
        name = function.name if function else ""
        spot = held or HotSpot(name, f"{line.file}:{line.line}", 0, 0)
        found[line.file, line.line] = spot._replace(times=max(spot.times, times), cycles=spot.cycles + taken)
    return _sorted(found.values())


def _place(table: LineTable, address: Optional[int]) -> str:
    line = None if address is None else table.at(address)
    return f"{line.file}:{line.line}" if line else ""


def _sorted(spots: Iterable[HotSpot]) -> list[HotSpot]:
    return sorted(spots, key=lambda spot: (-spot.cycles, spot.place, spot.function))

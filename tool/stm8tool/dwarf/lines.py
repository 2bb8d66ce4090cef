"""Which line of which source file an instruction belongs to, and where the code of a line is.

The table of lines is DWARF's for C. A project's own assembler has no DWARF. If it was assembled with the option -y of
sdasstm8, it has a symbol for each line instead: `A$file$line`.

SDCC 4.2 leaves some sequences open: those of functions that pop their own arguments. There the next function, or the
end that `.debug_frame` gives, ends the last row. A sequence keeps all 16 bits of its first address, and counts on from
it: only the first address needs a bank (`dwarf/addresses.py`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Optional

from .addresses import WholeAddresses, module_of
from .reading import DebugData, name_of

_ASSEMBLER_SYMBOL = re.compile(r"A\$(?P<file>.+)\$(?P<line>\d+)")
_LONGEST = 0x100  # bytes of code that one line of assembler may have without a symbol in between; our choice


class CodeLine(NamedTuple):
    """A run of code that belongs to one line of source.

    Attributes:
        start: The address of its first instruction.
        end: The address after it.
        file: The file as SDCC was given it; of assembler only the name, without its suffix.
        line: The number of the line, from 1 on.
        is_assembler: It is a line of a file of assembler.
    """

    start: int
    end: int
    file: str
    line: int
    is_assembler: bool = False


class LineTable:
    """The lines of a program.

    Attributes:
        files: The files that have code, sorted.
        lines: The runs of code by their addresses. None overlaps another.
        without_code: The addresses at which a line has no instruction of its own. Where that is the entry of a
            function, it needs no stack frame, and its first statement begins there.
    """

    def __init__(self, lines: Iterable[CodeLine]) -> None:
        given = list(lines)
        self.without_code = frozenset(line.start for line in given if line.start == line.end)
        self.lines = _apart(line for line in given if line.start < line.end)
        self._starts = [line.start for line in self.lines]
        self._by_place: Mapping[tuple[str, int], list[CodeLine]] = defaultdict(list)
        for line in self.lines:
            self._by_place[line.file, line.line].append(line)
        self.files = sorted({line.file for line in self.lines})

    def at(self, address: int) -> Optional[CodeLine]:
        """Return the line of the instruction at an address; None if there is no information about it."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.lines[index].end:
            return None
        return self.lines[index]

    def code_of(self, file: str, line: int) -> list[CodeLine]:
        """Return the code of a line in the order of addresses; nothing if the compiler made none."""
        return list(self._by_place.get((file, line), ()))

    def lines_with_code(self, file: str) -> list[int]:
        """Return the numbers of the lines of a file that have code, in order."""
        return sorted(number for name, number in self._by_place if name == file)

    def files_named(self, text: str) -> list[str]:
        """Return the files that a user may mean: this path, or paths that end in these parts."""
        if text in self.files:
            return [text]
        wanted = _parts(text)
        return [file for file in self.files if _parts(file)[-len(wanted) :] == wanted]


def read_lines(data: DebugData) -> LineTable:
    """Return the lines of a program."""
    places = WholeAddresses(data.content)
    lengths = function_lengths(data.dwarf)
    found = [line for unit in data.units for line in _lines_of_unit(data.dwarf, unit, places, lengths)]
    modules = {module_of(name_of(unit)) for unit in data.units}
    return LineTable([*found, *_assembler_lines(places.symbols, modules, LineTable(found))])


def function_lengths(dwarf: Any) -> dict[int, int]:
    """Return the lengths of functions by the low 16 bits of their addresses, from `.debug_frame`.

    Of two functions at the same low bits the longer one counts: a row ends before the next row anyway.
    """
    found: dict[int, int] = {}
    for entry in frame_entries(dwarf):
        at = entry["initial_location"]
        found[at] = max(found.get(at, 0), entry["address_range"])
    return found


def frame_entries(dwarf: Any) -> Iterator[Any]:
    """Yield the entries of `.debug_frame` that describe a function."""
    if dwarf.has_CFI():
        yield from (entry for entry in dwarf.CFI_entries() if "initial_location" in entry.header)


class _Row(NamedTuple):
    address: int
    file: int
    line: int
    ends: bool


def _sequences(program: Any) -> Iterator[list[_Row]]:
    """Yield runs of rows. A run ends where its sequence does, or where an address is set anew."""
    rows: list[_Row] = []
    for entry in program.get_entries():
        is_new_place = entry.is_extended and entry.command == 2  # DW_LNE_set_address
        if is_new_place and rows:
            yield rows
            rows = []
        state = entry.state
        if state is not None:
            rows.append(_Row(state.address, state.file, state.line, bool(state.end_sequence)))
            if state.end_sequence:
                yield rows
                rows = []
    if rows:
        yield rows


def _lines_of_unit(dwarf: Any, unit: Any, places: WholeAddresses, lengths: Mapping[int, int]) -> Iterator[CodeLine]:
    program = dwarf.line_program_for_CU(unit.cu)
    if program is None:
        return
    files = [entry.name.decode("utf-8", "replace") for entry in program["file_entry"]]
    name = name_of(unit)
    for rows in _sequences(program):
        stops = [row.address for row in rows if not row.ends]
        bank = places.bank_of_rows(name, stops)
        if bank is None:
            continue
        for index, row in enumerate(rows):
            if row.ends or not 0 < row.file <= len(files):
                continue
            end = rows[index + 1].address if index + 1 < len(rows) else row.address
            if index + 1 == len(rows) or rows[index + 1].ends:
                end = max(end, _end_of(row.address, lengths))
            if end >= row.address:
                yield CodeLine(bank + row.address, bank + end, files[row.file - 1], row.line)


def _end_of(address: int, lengths: Mapping[int, int]) -> int:
    """Return where the function around the last row of a sequence ends: SDCC ends it in the last instruction."""
    starts = [at for at, length in lengths.items() if at <= address < at + length]
    return max(starts) + lengths[max(starts)] if starts else address + 1


def _assembler_lines(symbols: Iterable[tuple[str, int]], modules: set[str], of_c: LineTable) -> Iterator[CodeLine]:
    """Yield the lines of assembler files.

    The assembler that SDCC makes of C has such symbols, too. It has the name of the file, or of the program if that is
    compiled and linked at once.
    """
    by_file: dict[str, dict[int, int]] = defaultdict(dict)
    for name, value in symbols:
        found = _ASSEMBLER_SYMBOL.fullmatch(name)
        if found and found["file"] not in modules:
            by_file[found["file"]][value] = int(found["line"])
    for file, lines in by_file.items():
        if any(of_c.at(address) for address in lines):
            continue
        starts = sorted(lines)
        for start, following in zip(starts, [*starts[1:], starts[-1] + 1]):
            end = following if following - start <= _LONGEST else start + 1
            yield CodeLine(start, end, file, lines[start], is_assembler=True)


def _apart(lines: Iterable[CodeLine]) -> list[CodeLine]:
    """Return the lines by address; one that reaches into the next is cut, and of two at one place the later stays."""
    by_start = {line.start: line for line in lines}
    ordered = [by_start[start] for start in sorted(by_start)]
    following = [line.start for line in ordered[1:]]
    return (
        [line._replace(end=min(line.end, start)) for line, start in zip(ordered, [*following, ordered[-1].end])]
        if ordered
        else []
    )


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in PurePosixPath(path.replace("\\", "/")).parts if part != ".")

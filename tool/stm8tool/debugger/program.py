"""The program that is debugged: its lines, functions and sources, and what a user's word for a place means."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Optional

from ..dwarf.frames import Unwinder
from ..dwarf.functions import SourceFunction, read_functions, return_address_size
from ..dwarf.lines import CodeLine, read_lines
from ..dwarf.locations import body_of
from ..dwarf.reading import DebugData
from ..errors import UsageError
from ..image import elf
from ..parts.table import Part
from ..support import files

SOURCE_LIMIT = 1 << 22  # bytes of a source file that are read; our choice
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]{1,6}|\d{1,8}", re.ASCII)
_FILE_LINE = re.compile(r"(?P<file>.+):(?P<line>\d{1,6})", re.ASCII)
_ASSEMBLER_SUFFIXES = (".s", ".S", ".asm")
_SUCH_AS = "write FILE:LINE, LINE, the name of a function, or *ADDRESS"


class Place(NamedTuple):
    """A place in the program that a user has named.

    Attributes:
        address: Of its first instruction.
        line: The line there; None without debug information.
        note: What the user should know about it, or "".
    """

    address: int
    line: Optional[CodeLine]
    note: str


class SourceProgram:
    """A program with debug information.

    Args:
        data: Its ELF.
        part: The chip.
        folders: Where relative names of source files may begin.

    Attributes:
        lines: Its lines.
        functions: Its functions.
        unwinder: Finds the frames on its stack.
    """

    def __init__(self, data: DebugData, part: Part, folders: Sequence[Path]) -> None:
        self.name = data.name
        self.data = data
        self._part = part
        self._folders = folders
        self._sources: dict[str, Optional[list[str]]] = {}
        self._code = [section for section in elf.sections(data.content) if not section.is_ram(part.ram.size)]
        self.symbols = elf.symbols(data.content)
        self.lines = read_lines(data)
        self.functions = read_functions(data)
        self.return_size = return_address_size(self.functions, self.code)
        self.unwinder = Unwinder(self.functions, self.return_size, self.code, self.is_code)
        named = sorted(
            (at, name.removeprefix("_"))
            for name, at in self.symbols.items()
            if name.startswith("_") and not name.startswith("__str_") and part.flash.start <= at < part.flash.end
        )
        self._named_at = [at for at, _ in named]
        self._names = [name for _, name in named]

    def code(self, address: int, count: int) -> bytes:
        """Return bytes of the program; fewer than `count` where it ends."""
        for section in self._code:
            if section.address <= address < section.address + len(section.data):
                start = address - section.address
                return section.data[start : start + count]
        return b""

    def is_code(self, address: int) -> bool:
        """Tell whether the CPU can execute at an address."""
        part = self._part
        return part.flash.start <= address < part.flash.end or part.ram.start <= address < part.ram.end

    # -- names ------------------------------------------------------------------------------------------------

    def describe(self, address: int, function: Optional[SourceFunction] = None) -> str:
        """Return where an address is: its function, file and line, as far as they are known."""
        function = function or self.functions.at(address)
        line = self.lines.at(address)
        where = f" at {line.file}:{line.line}" if line else ""
        if function:
            return f"{function.name}(){where}"
        return f"{self.symbol_at(address)}{where}"

    def symbol_at(self, address: int) -> str:
        """Return the symbol before an address and the distance from it, for code without debug information."""
        index = bisect_right(self._named_at, address) - 1
        if index < 0 or not self._part.flash.start <= address < self._part.flash.end:
            return f"0x{address:06X}"
        distance = address - self._named_at[index]
        return f"{self._names[index]}{f'+0x{distance:X}' if distance else ''}"

    # -- places -----------------------------------------------------------------------------------------------

    def find(self, text: str, here: Optional[CodeLine]) -> Place:
        """Return the place that a user names.

        Args:
            text: FILE:LINE, LINE, the name of a function, or *ADDRESS.
            here: The line that is shown now, for a LINE alone.

        Raises:
            UsageError: There is no such place, or several.
        """
        if text.startswith("*") and _NUMBER.fullmatch(text[1:]):
            return self._at_address(int(text[1:], 0) if text[1:2] == "0" and len(text) > 2 else int(text[1:]))
        if text.isdecimal() and len(text) < 7:
            if here is None:
                raise UsageError(f"line {text} of which file? The program is outside of the known files", hint=_SUCH_AS)
            return self._at_line(here.file, int(text))
        given = _FILE_LINE.fullmatch(text)
        if given:
            return self._at_line(self._file(given["file"]), int(given["line"]))
        return self._at_function(text)

    def _at_address(self, address: int) -> Place:
        return Place(address, self.lines.at(address), "")

    def _file(self, name: str) -> str:
        found = self.lines.files_named(name)
        if not found:
            known = ", ".join(self.lines.files[:8]) or "none"
            raise UsageError(f"no code comes from a file {name}", hint=f"files with code: {known}")
        if len(found) > 1:
            raise UsageError(f"{name} may be one of several files", hint=f"write one of these: {', '.join(found)}")
        return found[0]

    def _at_line(self, file: str, number: int) -> Place:
        numbers = [line for line in self.lines.lines_with_code(file) if line >= number]
        if not numbers:
            raise UsageError(f"{file} has no code at line {number} or below it", hint=_SUCH_AS)
        pieces = self.lines.code_of(file, numbers[0])
        starts = {self._function_start(piece.start): piece for piece in reversed(pieces)}
        if len(starts) > 1:
            places = ", ".join(f"*0x{piece.start:06X} ({self.describe(piece.start)})" for piece in pieces)
            raise UsageError(
                f"{file}:{number} has code in {len(starts)} functions, and each would need a breakpoint of its own",
                hint=f"name one of them: {places}",
            )
        notes = []
        if numbers[0] != number:
            notes.append(f"line {number} has no code; the next line with code is {numbers[0]}")
        function = self.functions.at(pieces[0].start)
        if function and function.file != file and not pieces[0].is_assembler:
            notes.append(
                f"{file} is included by {function.file}: where SDCC made {function.name}() inline, this is not met"
            )
        first = pieces[0]
        body = body_of(function.start, function.end, self.lines) if function else None
        if function and first.start == function.start and body is not None:
            first = self.lines.at(body) or first
            if first.line != pieces[0].line:
                notes.append(f"the function is complete at line {first.line}")
        return Place(first.start, first, "; ".join(notes))

    def _function_start(self, address: int) -> int:
        function = self.functions.at(address)
        return function.start if function else -1

    def _at_function(self, name: str) -> Place:
        found = self.functions.named(name)
        if len(found) > 1:
            choice = ", ".join(f"*0x{function.start:06X} ({function.file})" for function in found)
            raise UsageError(f"{len(found)} functions have the name {name}", hint=f"name one of them: {choice}")
        if found:
            function = found[0]
            start = body_of(function.start, function.end, self.lines)
            first = self.lines.at(function.start)
            note = ""
            if first and first.file != function.file:
                note = f"where SDCC made {name}() inline, none stops"
            return Place(function.start if start is None else start, self.lines.at(start or function.start), note)
        address = self.symbols.get(f"_{name}", self.symbols.get(name))
        if address is None:
            raise UsageError(f"the program has no function {name!r}", hint=_SUCH_AS)
        if not self._part.flash.start <= address < self._part.flash.end:
            raise UsageError(f"{name} is not a function", hint=_SUCH_AS)
        return Place(address, self.lines.at(address), "it has no debug information")

    # -- sources ----------------------------------------------------------------------------------------------

    def source_line(self, file: str, number: int) -> Optional[str]:
        """Return a line of a source file; None if the file is not found or is shorter."""
        lines = self.source(file)
        return lines[number - 1] if lines is not None and 0 < number <= len(lines) else None

    def source(self, file: str) -> Optional[list[str]]:
        """Return the lines of a source file; None if it is not found."""
        if file not in self._sources:
            path = self.path_of(file)
            self._sources[file] = None if path is None else _read_source(path)
        return self._sources[file]

    def path_of(self, file: str) -> Optional[Path]:
        """Return where a source file is: SDCC keeps only the name that it was given."""
        names = [file.replace("\\", "/")]
        if any(line.is_assembler for line in self.lines.code_of(file, (self.lines.lines_with_code(file) or [0])[0])):
            beside = {PurePosixPath(name.replace("\\", "/")).parent for name in self.lines.files}
            names = [str(folder / (file + suffix)) for folder in sorted(beside) for suffix in _ASSEMBLER_SUFFIXES]
        for folder in self._folders:
            for name in names:
                if (folder / name).is_file():
                    return folder / name
        return None


def _read_source(path: Path) -> Optional[list[str]]:
    try:
        content = files.read_regular(path, SOURCE_LIMIT)
    except OSError:
        return None
    return content.decode("utf-8", "replace").splitlines()


def source_folders(program: Path) -> list[Path]:
    """Return the folders from which a build may have named its sources: the current one, and those above the ELF."""
    return [Path.cwd(), *program.absolute().parents]

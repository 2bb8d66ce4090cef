"""Begin to debug a program by its source: read its ELF, reach the chip, compare, and run to `main`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from .. import image
from ..chip.running import program as programs
from ..dwarf import reading
from ..errors import ConnectError, ImageError, ReadoutProtectedError, TargetError
from ..image import elf
from ..parts.table import Part
from ..words import Hint
from .program import SourceProgram, source_folders
from .source_run import SourceDebugger
from .target import Target

if TYPE_CHECKING:
    from ..api import Chip


def loaded(path: str, part: Part, source: Optional[str] = None) -> SourceProgram:
    """Return the program of an ELF.

    Args:
        path: The ELF.
        part: The chip.
        source: The folder from which it was built, if that is known.

    Raises:
        ImageError: It is not such an ELF, it is damaged, or it has no debug information.
    """
    data = reading.load(path)
    folders = source_folders(Path(path))
    try:
        with reading.damage_told(path):
            return SourceProgram(data, part, [Path(source), *folders] if source is not None else folders)
    except elf.ElfError as exc:
        raise ImageError(f"{path}: {exc}", hint="build the program again") from exc


def upload(chip: Chip, path: str) -> None:
    """Write a program to its chip, as `write` does. A locked chip is not unlocked.

    Raises:
        ImageError, WriteProtectedError, ProgramError, VerifyError: See `Chip.write`.
    """
    chip.write(image.load([path], None, ram_size=chip.part.ram.size), unlock=False)


@contextmanager
def begun(
    chip: Chip,
    program: SourceProgram,
    notice: Callable[[str], None],
    interrupted: Callable[[], bool],
    *,
    attach: bool = False,
) -> Iterator[SourceDebugger]:
    """Yield the debugger of a halted program. At the end the breakpoints are gone, and the program runs on.

    Args:
        chip: The chip, inside its own `with` statement.
        program: The program that it holds.
        notice: Called with one line for the user.
        interrupted: Asked while the program runs; True halts it.
        attach: Halt it where it is. Otherwise the chip is reset, and runs to `main`.

    Raises:
        TargetError: The chip holds another program.
    """
    held = programs.load(program.name, chip.part)
    heard: list[SourceDebugger] = []

    def hear(text: str) -> None:
        notice(text)
        for debugger in heard:
            debugger.runner.was_reset = debugger.runner.was_reset or text.startswith("the chip was reset")

    with Target(chip, hear) as target:
        _reach(target, attach=attach)
        held.require_in(target.link, chip.part, set())
        debugger = SourceDebugger(target, program, interrupted)
        heard.append(debugger)
        if not attach and "_main" in program.symbols:
            debugger.run_to(program.find("main", None).address)
        yield debugger


def _reach(target: Target, *, attach: bool) -> None:
    try:
        target.attach(reset=not attach)
    except (ConnectError, TargetError) as exc:
        if not attach or isinstance(exc, ReadoutProtectedError):
            raise
        raise exc.with_(
            hint=Hint("a program that sleeps in HALT, or turns SWIM off, is reached only with a reset: {begin_reset}")
        ) from exc

"""`sim run`: the program of a simulated board executes, and what it sends is printed."""

from __future__ import annotations

import argparse
import codecs
import io
import re
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ..errors import Code, ImageError, ToolError, UsageError
from ..image import elf
from ..support import files

if TYPE_CHECKING:
    from ..sim.running import Outcome
    from .console import Console

DEFAULT_LIMIT_S = 10.0
LONGEST_S = 86_400.0
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s)", re.ASCII)
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]{1,6}|\d{1,8}", re.ASCII)
_LIBRARY_NAMES = ("s_", "l_")  # of the linker: where areas begin, and their lengths


class Symbols:
    """The names of an ELF, to find an address and to name one."""

    def __init__(self, path: Optional[str]) -> None:
        self._path = path
        self._by_name = {} if path is None else _load(path)
        places = sorted((at, name) for name, at in self._by_name.items() if not name.startswith(_LIBRARY_NAMES))
        self._addresses = [at for at, _ in places]
        self._names = [name for _, name in places]

    def address(self, text: str) -> int:
        """Return the address that a number or a name stands for."""
        if _NUMBER.fullmatch(text):
            number = int(text, 0) if text[:2].lower() == "0x" else int(text)
            if number <= 0xFFFFFF:
                return number
            raise UsageError(f"--until-pc {text}: an address has 24 bits", hint="0x8000 is the start of the flash")
        if self._path is None:
            raise UsageError(f"--until-pc {text}: a name needs the program's ELF", hint="add --elf firmware.elf")
        for name in (text, f"_{text}"):
            if name in self._by_name:
                return self._by_name[name]
        raise UsageError(f"{self._path} has no symbol {text!r}", hint="static functions have none; give an address")

    def place(self, address: int) -> str:
        """Return an address, and the name of what it is in where one is known."""
        index = bisect_right(self._addresses, address) - 1
        if index < 0:
            return f"0x{address:06X}"
        name, offset = self._names[index].removeprefix("_"), address - self._addresses[index]
        return f"0x{address:06X} ({name}{f'+0x{offset:X}' if offset else ''})"


def _load(path: str) -> dict[str, int]:
    try:
        return elf.symbols(files.read_regular(Path(path), 1 << 26))
    except OSError as exc:
        raise ImageError(f"{path}: {exc.strerror}", hint="build it first, or check the path") from exc
    except elf.ElfError as exc:
        raise ImageError(f"{path}: {exc}", hint="give the firmware.elf of the build") from exc


def duration_s(text: str) -> float:
    """Return seconds from a text such as 10ms."""
    found = _DURATION.fullmatch(text)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(
            f"--for {text}: a time of simulation is needed", hint="such as 200us, 10ms or 2s; a day at most"
        )
    return seconds


def _wording(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms" if seconds < 1 else f"{seconds:.3f} s"


def run(arguments: argparse.Namespace, console: Console) -> None:
    from ..sim.running import End, Goal
    from ..sim.running import run as run_board

    text, pc = arguments.until_uart, arguments.until_pc
    if text == "":
        raise UsageError("--until-uart needs a text", hint="such as --until-uart ready")
    symbols = Symbols(arguments.elf)
    seconds = DEFAULT_LIMIT_S if arguments.duration is None else duration_s(arguments.duration)
    goal = Goal(
        seconds,
        text=None if text is None else text.encode(),
        pc=None if pc is None else symbols.address(pc),
    )
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("backslashreplace"), translate=True)
    outcome = run_board(
        arguments.chipfile,
        goal,
        lambda data: console.output(decoder.decode(data)),
        lambda warning: console.note(f"warning: {warning}"),
    )
    console.output(decoder.decode(b"", final=True))
    console.interrupt()
    where = f"at {symbols.place(outcome.pc)}, after {_wording(outcome.seconds)} of simulated time"
    if outcome.end is End.TEXT:
        console.say(f"the program sent {text!r}: {where}")
    elif outcome.end is End.ADDRESS:
        console.say(f"the program came to {pc}: {where}")
    elif outcome.end is End.STOPPED:
        raise _stopped(outcome, where)
    elif arguments.duration is None or text is not None or pc is not None:
        raise _too_late(outcome, where, text, pc)
    else:
        console.say(f"the time is over: the CPU is {where}")


def _stopped(outcome: Outcome, where: str) -> ToolError:
    hint = "these bytes are not code: look at pointers to functions, the stack and the vectors; --elf names the place"
    if outcome.why == "BREAK":
        hint = "a program ends itself with this instruction; --elf names the place"
    elif outcome.why.startswith(("HALT", "WF")):
        hint = "pins, AWU, RTC and the receiver of a UART are not modelled: they wake nothing here"
    return ToolError(f"the CPU stopped: {outcome.why}, {where}", code=Code.RUN_STOPPED, hint=hint)


def _too_late(outcome: Outcome, where: str, text: Optional[str], pc: Optional[str]) -> ToolError:
    missing = [f"the program did not send {text!r}"] if text is not None else []
    missing += [f"the program did not come to {pc}"] if pc is not None else []
    if not missing:
        hint = "say how long the program has to run, or what to wait for: --for, --until-uart or --until-pc"
        return ToolError(f"the program still runs, {where}, the limit", code=Code.RUN_TIME, hint=hint)
    hint = "give the program more time with --for"
    if outcome.unmodelled:
        hint = f"it uses {', '.join(outcome.unmodelled)}: not modelled, so a wait for it never ends; or {hint}"
    return ToolError(f"{' and '.join(missing)}: the CPU is {where}", code=Code.RUN_TIME, hint=hint)

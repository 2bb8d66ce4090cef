"""Compile small programs with SDCC, let a simulated STM8 execute them, and look at what the builder finds."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from intelhex import IntelHex

from stm8build.wrong_code import file_findings
from stm8build.wrong_code.initialisers import LATER_SUFFIX, SUFFIX
from stm8build.wrong_code.kind_row import NEVER_BACK
from stm8tool.sim.cpu.core import Cpu

from .machine import RefusedError, Watched
from .spellings import Row, Value

WHICH, GOT, DONE = 0x600, 0x610, 0x620
MOST_CYCLES = 60_000
PUSHED = 9  # bytes that an interrupt pushes

HEAD = f"""
#include <stdint.h>
typedef unsigned long long U;
volatile unsigned char __at({WHICH:#x}) which;
volatile unsigned long long __at({GOT:#x}) got;
volatile unsigned char __at({DONE:#x}) done;
"""
STOP = '  done = 1;\n  __asm__(".db 0x8b");\n'  # BREAK


class Programs:
    """Some rows of programs, compiled as one."""

    def __init__(
        self,
        sdcc: Sequence[str],
        rows: Sequence[Row],
        folder: Path,
        options: Sequence[str] = (),
        interrupted: bool = False,
    ) -> None:
        self.rows = rows
        self.interrupted = interrupted
        self.source = HEAD + "".join(row.code.replace("$", str(number)) + "\n" for number, row in enumerate(rows))
        calls = "".join(f"  case {number}: {self._reported(number, row)} break;\n" for number, row in enumerate(rows))
        self.source += f"void main(void) {{\n  switch (which) {{\n{calls}  }}\n{STOP}}}\n"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "p.c").write_text(self.source, encoding="ascii")
        command = [*sdcc, "-mstm8", *options, "p.c", *file_findings.DUMPS, "-o", "p.ihx"]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            raise RefusedError(done.stderr)
        texts = ((folder / f"p{suffix}").read_text() for suffix in (".asm", SUFFIX, LATER_SUFFIX))
        assembler, code, later = texts
        self.compiled = file_findings.Compiled(done.stdout, assembler, done.stderr, code, later)
        self.image = IntelHex(str(folder / "p.ihx"))

    @staticmethod
    def _reported(number: int, row: Row) -> str:
        call = row.call.replace("$", str(number))
        return f"{call};" if isinstance(row.expected, str) else f"got = {call};"

    @property
    def version(self) -> str:
        """The version of SDCC, such as 4.2."""
        return file_findings.version_text(self.compiled.assembler).rpartition(".")[0]

    def result(self, number: int) -> Value:
        """Return what a row comes to: a number, or its accesses to registers."""
        bus = Watched()
        for start, end in self.image.segments():
            bus.memory[start:end] = self.image.tobinarray(start=start, end=end - 1).tobytes()
        bus.memory[WHICH] = number
        core = Cpu(bus)
        if self.interrupted:
            _run_with_interrupts(core)
        else:
            core.run(MOST_CYCLES)
        if core.stopped != "BREAK" or bus.memory[DONE] != 1:
            return NEVER_BACK
        if isinstance(self.rows[number].expected, str):
            return " ".join(f"{way}{at:04x}" + (f"={byte:02x}" if way == "w" else "") for way, at, byte in bus.accesses)
        return int.from_bytes(bus.memory[GOT : GOT + 8], "big")

    @functools.cached_property
    def places(self) -> list[file_findings.Finding]:
        """What the builder finds."""
        return file_findings.findings(self.compiled, large=False, read=lambda _: self.source)

    def found(self, number: int) -> set[str]:
        """Return the kinds that the builder finds in the functions of a row."""
        return {place.kind for place in self.places if place.function == f"f{number}"}


def _run_with_interrupts(core: Cpu) -> None:
    """Run a program, and after each instruction overwrite the bytes that an interrupt would push."""
    while core.cycles < MOST_CYCLES and not core.stopped:
        core.step()
        core.m[core.sp - PUSHED + 1 : core.sp + 1] = bytes(range(0xF0, 0xF0 + PUSHED))


def compiled(
    sdcc: Sequence[str], rows: Sequence[Row], folder: Path, options: Sequence[str] = (), interrupted: bool = False
) -> Iterator[tuple[Programs, int]]:
    """Yield each row as one of some programs, and its number there; a row that SDCC refuses is left out."""
    try:
        programs = Programs(sdcc, rows, folder, options, interrupted)
    except RefusedError:
        half = len(rows) // 2
        for part in (rows[:half], rows[half:]) if half else ():
            yield from compiled(sdcc, part, folder, options, interrupted)
    else:
        yield from ((programs, number) for number in range(len(rows)))

"""Compile small programs with SDCC, let a simulated STM8 execute them, and look at what the builder finds."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from intelhex import IntelHex

from stm8build import wrong_code
from stm8tool.sim.cpu.core import Cpu
from stm8tool.sim.cpu.image import PlainBus
from stm8tool.sim.cpu.writer import MemoryLayout

LAYOUT = MemoryLayout(0x1800, 0x8000, 0x28000, 0, 0x17FF)
SIZE = 0x28000
WHICH, GOT, DONE = 0x600, 0x610, 0x620
STEPS = 100_000

HEAD = f"""
#include <stdint.h>
typedef unsigned long long U;
volatile unsigned char __at({WHICH:#x}) which;
volatile unsigned long long __at({GOT:#x}) got;
volatile unsigned char __at({DONE:#x}) done;
"""
STOP = '  done = 1;\n  __asm__(".db 0x8b");\n'  # BREAK

Row = tuple[str, str, int]


class Programs:
    """Some rows of programs, compiled as one."""

    def __init__(self, sdcc: Sequence[str], rows: Sequence[Row], folder: Path, options: Sequence[str] = ()) -> None:
        self.source = HEAD + "".join(code.replace("$", str(number)) + "\n" for number, (code, _, _) in enumerate(rows))
        calls = (f"  case {n}: got = {call.replace('$', str(n))}; break;\n" for n, (_, call, _) in enumerate(rows))
        self.source += f"void main(void) {{\n  switch (which) {{\n{''.join(calls)}  }}\n{STOP}}}\n"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "p.c").write_text(self.source, encoding="ascii")
        command = [*sdcc, "-mstm8", *options, "p.c", "--dump-ast", "-o", "p.ihx"]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        self.compiled = wrong_code.Compiled(done.stdout, (folder / "p.asm").read_text("utf-8"), done.stderr)
        self.image = IntelHex(str(folder / "p.ihx"))

    @property
    def version(self) -> str:
        """The version of SDCC, such as 4.2."""
        return wrong_code.version_text(self.compiled.assembler).rpartition(".")[0]

    def result(self, number: int) -> Optional[int]:
        """Return what a row comes to; None: it never comes back."""
        bus = PlainBus(SIZE, LAYOUT)
        for start, end in self.image.segments():
            bus.memory[start:end] = self.image.tobinarray(start=start, end=end - 1).tobytes()
        bus.memory[WHICH] = number
        core = Cpu(bus)
        core.run(STEPS)
        came_back = core.stopped == "BREAK" and bus.memory[DONE] == 1
        return int.from_bytes(bus.memory[GOT : GOT + 8], "big") if came_back else None

    @functools.cached_property
    def places(self) -> list[wrong_code.Finding]:
        """What the builder finds."""
        return wrong_code.findings(self.compiled, large=False, read=lambda _: self.source)

    def found(self, number: int) -> set[str]:
        """Return the kinds that the builder finds in the functions of a row."""
        return {place.kind for place in self.places if place.function == f"f{number}"}

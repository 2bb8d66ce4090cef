"""C compiled by SDCC and executed by our own core; registers from 0x5000 on are watched.

A program reports a result by a store to the mailbox at 0x5100, big-endian in the size of its type. A store to 0x5110
ends the result. The program ends with BREAK.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from intelhex import IntelHex

from plain_bus import PlainBus
from stm8build.wrong_code import file_findings
from stm8build.wrong_code.initialisers import LATER_SUFFIX, SUFFIX
from stm8tool.sim.cpu.core import Cpu
from stm8tool.sim.cpu.writer import MemoryLayout

from .standard import BOXES, Type

LAYOUT = MemoryLayout(0x1800, 0x8000, 0x28000, 0, 0x17FF)
SIZE = 0x28000
MAILBOX, STROBE = 0x5100, 0x5110
REGISTERS = range(0x5000, 0x5100)
MOST_CYCLES = 3_000_000
LONGEST_S = 120

OPTIONS = {
    "default": [],
    "size": ["--opt-code-size"],
    "speed": ["--opt-code-speed"],
    "100": ["--max-allocs-per-node", "100"],
    "10000": ["--max-allocs-per-node", "10000"],
    "large": ["--model-large"],
}
# One object for each type: SDCC 4.2.0 fails on a store of two bytes through a constant pointer.
_BOXES = "".join(f"volatile {kind.name} __at(0x5100) box{index};\n" for index, kind in enumerate(BOXES))
_STORES = "".join(
    f"#define PUT{index}(V) (box{index} = (V), strobe = {max(kind.bits // 8, 1)})\n" for index, kind in enumerate(BOXES)
)
OUT = f"{_BOXES}volatile unsigned char __at(0x5110) strobe;\n{_STORES}"


class RefusedError(Exception):
    """SDCC did not compile a program."""


@dataclass
class Watched(PlainBus):
    """Memory that notes the results, and each access to a register.

    Attributes:
        accesses: "r" or "w", the address, and the byte, in order.
    """

    size: int = SIZE
    layout: MemoryLayout = LAYOUT
    results: list[int] = field(default_factory=list)
    accesses: list[tuple[str, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.size, self.layout)

    def read(self, address: int, now: int) -> int:
        value = super().read(address, now)
        if address in REGISTERS:
            self.accesses.append(("r", address, value))
        return value

    def write(self, address: int, value: int, now: int) -> bool:
        leaves = super().write(address, value, now)
        if address == STROBE:
            self.results.append(int.from_bytes(self.memory[MAILBOX : MAILBOX + value], "big"))
        elif address in REGISTERS:
            self.accesses.append(("w", address, value))
        return leaves


def compile_c(text: str, options: list[str], folder: Path, program: Optional[str] = None) -> IntelHex:
    """Return the image of a program.

    Raises:
        RefusedError: SDCC refuses the program or crashes.
    """
    return _compile(text, options, folder, program or shutil.which("sdcc") or "sdcc")[0]


def compile_searched(
    text: str, options: list[str], folder: Path, program: str
) -> tuple[IntelHex, list[file_findings.Finding]]:
    """Return the image of a program, and the wrong code that the builder finds in it.

    Raises:
        RefusedError: SDCC refuses the program or crashes.
    """
    image, told = _compile(text, [*options, *file_findings.DUMPS], folder, program)
    texts = ((folder / f"program{suffix}").read_text("latin-1") for suffix in (".asm", SUFFIX, LATER_SUFFIX))
    assembler, code, later = texts
    compiled = file_findings.Compiled(told.stdout, assembler, told.stderr, code, later)
    return image, file_findings.findings(compiled, "--model-large" in options, lambda _: text)


def _compile(
    text: str, options: list[str], folder: Path, program: str
) -> tuple[IntelHex, subprocess.CompletedProcess[str]]:
    source, output = folder / "program.c", folder / "program.ihx"
    source.write_text(text)
    output.unlink(missing_ok=True)
    command = [program, "-mstm8", "--std-c11", *options, str(source), "-o", str(output)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=LONGEST_S)
    except subprocess.TimeoutExpired as exc:
        raise RefusedError(f"SDCC takes more than {LONGEST_S} s") from exc
    if done.returncode or not output.exists():
        raise RefusedError(done.stderr)
    return IntelHex(str(output)), done


def loaded(image: IntelHex) -> Cpu:
    """Return a core at its reset, with an image in flash."""
    bus = Watched()
    for start, end in image.segments():
        bus.memory[start:end] = image.tobinarray(start=start, end=end - 1).tobytes()
    return Cpu(bus)


def results(image: IntelHex) -> list[int]:
    """Run a program to its end; return its results. If it does not end, -1 follows them."""
    core = loaded(image)
    core.run(MOST_CYCLES)
    bus = core.bus
    assert isinstance(bus, Watched)
    return bus.results if core.stopped == "BREAK" else [*bus.results, -1]


def put(kind: Type, value: str) -> str:
    """Return the statement by which a program reports a value."""
    return f"PUT{BOXES.index(kind)}({value});"

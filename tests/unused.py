"""Programs with and without what they do not reach: compiled and linked by SDCC, executed by the simulator's core."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from intelhex import IntelHex

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from sdcc.machine import REGISTERS, Watched
from stm8build import elf
from stm8build.link import startup
from stm8build.linker_files import linked_objects, maps, program
from stm8build.unused import reduction
from stm8tool.sim.cpu.core import LEVEL_BITS, Cpu

RAM = 0x1800
REGISTERS_END = 0x5800
VECTORS, LAST_INTERRUPT = 0x8008, 29
INTERRUPT_EVERY = 997  # instructions


@dataclass
class Built:
    """A program, linked as it is and without what it does not reach."""

    whole: Path
    reduced: Path
    result: reduction.Result
    folder: Path
    second: str = ""  # what the linker says

    def image(self, path: Path) -> IntelHex:
        """Return what an upload programs."""
        found = IntelHex()
        for section in elf.sections(path.read_bytes(), RAM):
            if section.memory != "ram":
                found.frombytes(section.data, section.address)
        return found

    def sizes(self) -> tuple[int, int]:
        """Return the bytes of flash with and without."""
        first, second = (
            sum(len(one.data) for one in elf.sections(path.read_bytes(), RAM) if one.memory == "flash")
            for path in (self.whole, self.reduced)
        )
        return first, second

    def dropped(self) -> set[str]:
        """Return the names of what is left out."""
        return {one.symbol for one in self.result.dropped}

    def symbols(self) -> set[str]:
        """Return the symbols of the program without what it does not reach."""
        return set(program.read(self.reduced.read_bytes()).symbols)


class Answering(Watched):
    """Memory whose registers answer with bytes that look random, and the same in each run."""

    def read(self, address: int, now: int) -> int:
        """Return a byte; a register never waits in vain."""
        if not REGISTERS.start <= address < REGISTERS_END:
            return super().read(address, now)
        value = hashlib.sha256(f"{address} {len(self.accesses)}".encode()).digest()[0]
        self.accesses.append(("r", address, value))
        return value

    def write(self, address: int, value: int, now: int) -> None:
        """Note what is written to a register."""
        if REGISTERS.start <= address < REGISTERS_END:
            self.accesses.append(("w", address, value))
        super().write(address, value, now)


def difference(first: Mapping[int, int], second: Mapping[int, int], steps: int) -> str:
    """Execute two programs side by side; tell where they differ in an opcode or an access to a register.

    Now and then an interrupt with a handler comes.
    """
    cores = []
    for image in (first, second):
        bus = Answering()
        for address, value in image.items():
            bus.memory[address] = value
        cores.append(Cpu(bus))
        cores[-1].limit = 1 << 60
    for step in range(steps):
        opcodes = {core.bus.memory[core.pc] for core in cores}
        if len(opcodes) > 1:
            return f"step {step}: other instructions at {' and '.join(f'0x{core.pc:06X}' for core in cores)}"
        number = step // INTERRUPT_EVERY % LAST_INTERRUPT
        comes = step % INTERRUPT_EVERY == INTERRUPT_EVERY - 1 and cores[0].im == LEVEL_BITS[0]
        vector = VECTORS + 4 * number
        for core in cores:
            if comes and any(core.bus.memory[vector + 1 : vector + 4]):
                core.pending[number] = 1
            core.step()
            core.pending.clear()
        if cores[0].stopped or cores[1].stopped:
            break
    one, other = (core.bus.accesses for core in cores)
    if one != other or cores[0].stopped != cores[1].stopped:
        return f"other accesses to registers: {one[-3:]} and {other[-3:]}"
    return ""


@dataclass
class Tools:
    """SDCC's programs, and the options of one program."""

    options: Sequence[str] = ()
    folder: str = ""  # empty: those on PATH
    calls: list[list[str]] = field(default_factory=list)

    def run(self, name: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one of SDCC's programs."""
        path = str(Path(self.folder, name)) if self.folder else shutil.which(name) or name
        self.calls.append([name, *words])
        return subprocess.run([path, *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=300)

    def compile(self, source: Path, target: Path, cwd: Path) -> str:
        """Compile or assemble; return what went wrong."""
        (cwd / target).parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".c":
            done = self.run("sdcc", "-mstm8", *self.options, "-c", str(source), "-o", str(target), cwd=cwd)
        else:
            done = self.run("sdasstm8", "-plosgffw", str(target), str(source), cwd=cwd)
        return done.stderr if done.returncode else ""


class RefusedError(Exception):
    """SDCC refuses the program as it is."""


def build(
    folder: Path,
    sources: Mapping[str, str],
    libraries: Optional[Mapping[str, Mapping[str, str]]] = None,
    tools: Optional[Tools] = None,
    keep: Sequence[str] = (),
    linker: Sequence[str] = (),
) -> Built:
    """Build a program both ways.

    Args:
        folder: For all files.
        sources: File -> text; a `.s` file is assembler.
        libraries: Library -> its files.
        tools: SDCC.
        keep: The assembler's names that stay anyway.
        linker: Further options of the linker.

    Raises:
        RefusedError: SDCC refuses the program as it is.
    """
    tools = tools or Tools()
    folder.mkdir(parents=True, exist_ok=True)
    objects = _compile_all(folder, "src", sources, tools)
    archives: dict[str, list[linked_objects.Origin]] = {}
    for name, files in (libraries or {}).items():
        parts = _compile_all(folder, f"lib_{name}", files, tools)
        done = tools.run("sdar", "-rcs", f"lib{name}.lib", *(str(part.path) for part in parts), cwd=folder)
        assert not done.returncode, done.stderr
        archives[f"lib{name}.lib"] = parts
    files = [str(one.path) for one in objects]
    if startup.needs_reference((folder / one.path for one in objects), (folder / name for name in archives)):
        (folder / linked_objects.REFERENCE).write_text(startup.REFERENCE)
        (folder / linked_objects.REFERENCE).with_suffix(".lst").write_text("")
        files.append(linked_objects.REFERENCE)
    told = _link(tools, folder, [*files, *archives], Path("whole.elf"), linker, "stm8")
    if told:
        raise RefusedError(told)
    return _reduce(folder, objects, archives, tools, keep, linker)


def _compile_all(folder: Path, below: str, files: Mapping[str, str], tools: Tools) -> list[linked_objects.Origin]:
    found = []
    for name, text in files.items():
        source = folder / below / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text, encoding="utf-8")
        target = Path("build", below, name).with_suffix(".rel")
        told = tools.compile(source.relative_to(folder), target, folder)
        if told:
            raise RefusedError(told)
        assembler = target.with_suffix(".asm") if name.endswith(".c") else None
        found.append(linked_objects.Origin(target, f"{below}/{name}", assembler))
    return found


def _link(tools: Tools, folder: Path, files: Sequence[str], target: Path, linker: Sequence[str], library: str) -> str:
    words = ["-mstm8", *tools.options, "--nostdlib" if not library else "", "--out-fmt-elf", *linker, *files]
    done = tools.run("sdcc", *filter(None, words), "-o", str(target), cwd=folder)
    return (done.stdout + done.stderr) or "no program" if done.returncode or not (folder / target).is_file() else ""


def _reduce(
    folder: Path,
    objects: list[linked_objects.Origin],
    archives: Mapping[str, list[linked_objects.Origin]],
    tools: Tools,
    keep: Sequence[str],
    linker: Sequence[str],
) -> Built:
    def assemble(source: Path, target: Path, option: str) -> bool:
        done = tools.run("sdasstm8", f"-plosgffw{option}", str(target), str(source), cwd=folder)
        return not done.returncode and not done.stderr

    before = Path.cwd()
    os.chdir(folder)  # as in a build, every path is relative to the project
    try:
        listed = maps.listed(Path("whole.map").read_text())
        linked = program.read(Path("whole.elf").read_bytes())
        units = linked_objects.units(listed, linked.symbols, objects, lambda path: archives.get(Path(path).name, []))
        result = reduction.reduce(units, ["_main", *keep], Path("unused"), assemble)
        told = _link(tools, folder, [str(path) for path in result.objects], Path("reduced.elf"), linker, "")
        assert not told, told
    finally:
        os.chdir(before)
    return Built(folder / "whole.elf", folder / "reduced.elf", result, folder, told)

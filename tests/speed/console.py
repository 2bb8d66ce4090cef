"""The console over SWIM: its speed and what it costs the chip by the model of time, its size, and idle polling.

The program in the chip is compiled by the SDCC that is on PATH, with the sources of the library. Without one there are
no figures.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pio import ROOT
from speed.processes import Figure
from stm8tool import api
from stm8tool.chip.running.program import Program
from stm8tool.cli import monitor
from stm8tool.cli.console import Console
from stm8tool.cli.monitor_ends import UserEnd
from stm8tool.image import Segment, elf
from stm8tool.parts.table import find_part
from stm8tool.probe.stlink.swim import Stlink
from stm8tool.session import Session
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.cpu.counting import Counts
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.support.clock import MonotonicClock
from stm8tool.transport.base import UsbIdentity

_LIBRARY = ROOT / "builder" / "libraries" / "swim_console" / "src"
_PART = find_part("stm8s103f3")
_HZ = 16_000_000
_RING = 128
_WANTED = {"v3": 20_000, "v2": 8_000}  # bytes a second
_SECONDS = 0.25  # of simulated time, for each figure
_POLL_S = 5.0  # of real time
_LINES = ("swim_putchar", "swim_puts")
_TALKING = """
#include <swim_console.h>
void main(void)
{
    unsigned int n;
    *(volatile unsigned char *)0x50C6 = 0;
    for (;;) {
        swim_putchar('x');
        for (n = PAUSE; n; --n)
            __asm__("nop");
    }
}
"""
_PUTTING = _TALKING.replace("swim_putchar('x');", 'swim_puts("x");')
_SILENT = _TALKING.replace("swim_putchar('x');", "")
_FASTER = 1.05  # a little more than what is wanted
_ROUND = 6  # cycles of a round of the pause


class Built(NamedTuple):
    """A program: its data, and the addresses of its functions and variables."""

    segments: Sequence[Segment]
    symbols: dict[str, int]

    @property
    def size(self) -> int:
        """Bytes of flash."""
        return sum(len(segment.data) for segment in self.segments if segment.address >= _PART.flash.start)


class Flow(NamedTuple):
    """What passed through a console: bytes a second, and the shares of the CPU's cycles."""

    rate: float
    by_library: float
    by_swim: float


def figures() -> Iterator[Figure]:
    """Yield every figure of the console."""
    sdcc = shutil.which("sdcc")
    if sdcc is None:
        print("the console: not measured, as there is no sdcc on PATH")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with_it, without = (_build(sdcc, folder, code, pause=1) for code in (_PUTTING, _SILENT))
        yield Figure(
            "flash that swim_puts adds to a program, with its call, SDCC on PATH",
            f"{with_it.size - without.size} bytes",
            "120 bytes",
        )
        full = _build(sdcc, folder, _TALKING, "-DSWIM_CONSOLE_BLOCK", pause=0)
        for model, wanted in sorted(_WANTED.items(), reverse=True):
            what = f"{model.upper()}, ring of {_RING} bytes"
            flow = _flow(full, model)
            yield Figure(f"{what}: most that passes", f"{flow.rate / 1000:.1f} kB/s", f"{wanted / 1000:.0f} kB/s")
            yield Figure(f"{what}: cycles that SWIM then takes from the CPU", f"{100 * flow.by_swim:.2f} %")
            paced = _build(sdcc, folder, _TALKING, pause=int(_HZ / (_FASTER * wanted)) // _ROUND)
            flow = _flow(paced, model)
            yield Figure(
                f"{what}: cycles taken by the library and SWIM at {flow.rate / 1000:.1f} kB/s, CPU at 16 MHz",
                f"{100 * (flow.by_library + flow.by_swim):.2f} %",
                "5 %",
            )
        for model in sorted(_WANTED, reverse=True):
            share = _idle_share(_build(sdcc, folder, _SILENT_CONSOLE, pause=1), model)
            what = f"{model.upper()}, idle polling, of a core, without libusb's part"
            yield Figure(what, f"{100 * share:.2f} %", "2 %")


# The ring is there, and nothing is ever written.
_SILENT_CONSOLE = _TALKING.replace("swim_putchar('x');", "if (!n) continue; swim_putchar('x');").replace(
    "unsigned int n;", "unsigned int n = 0;"
)


def _build(sdcc: str, folder: Path, code: str, *flags: str, pause: int) -> Built:
    """Compile a program with the library; the linker takes of it what the program calls."""
    options = [
        "-mstm8",
        "--out-fmt-elf",
        f"-I{_LIBRARY}",
        f"-DSWIM_CONSOLE_OUT_SIZE={_RING}",
        f"-DPAUSE={pause}",
        *flags,
    ]
    (folder / "main.c").write_text(code, encoding="utf-8")
    objects = []
    for source in [folder / "main.c", *(_LIBRARY / f"{name}.c" for name in _LINES)]:
        objects.append(str(folder / source.with_suffix(".rel").name))
        subprocess.run([sdcc, *options, "-c", str(source), "-o", objects[-1]], check=True, cwd=folder)
    library = folder / "console.lib"
    with suppress(FileNotFoundError):
        library.unlink()
    archiver = str(Path(sdcc).with_name("sdar"))
    subprocess.run([archiver, "-rc", str(library), *objects[1:]], check=True, cwd=folder)
    output = folder / "program.elf"
    subprocess.run([sdcc, *options, objects[0], str(library), "-o", str(output)], check=True, cwd=folder)
    content = output.read_bytes()
    return Built(elf.parse("program.elf", content, _PART.ram.size), elf.symbols(content))


def _chip(program: Built) -> Microcontroller:
    chip = Microcontroller(_PART)
    for segment in program.segments:
        if segment.address >= _PART.flash.start:
            chip.flash.write(segment.address, segment.data)
    return chip


def _flow(built: Built, model: str) -> Flow:
    """Read the console of a program as fast as it goes, for some simulated time."""
    chip = _chip(built)
    counts = chip.processor.counts = Counts()
    probe = SimStlink(chip, model)
    program = Program("program.elf", built.symbols, built.segments)
    with (
        api.Chip(lambda: Session(Stlink(probe), _PART), _PART) as used,
        used.console(program) as console,
    ):
        for _ in range(8):
            console.read()
        chip.settle(probe.clock.now())
        counts.clear()
        core = chip.processor.execution.core
        began, cycles, passed = probe.clock.now(), core.cycles, 0
        while probe.clock.now() - began < _SECONDS:
            passed += len(console.read())
        chip.settle(probe.clock.now())
        seconds = probe.clock.now() - began
        executed = core.cycles - cycles
    library = sum(count.cycles for address, count in counts.by_address().items() if address in _library_code(built))
    return Flow(passed / seconds, library / (seconds * _HZ), 1 - executed / (seconds * _HZ))


def _library_code(built: Built) -> range:
    """Return the code of swim_putchar."""
    start = built.symbols["_swim_putchar"]
    return range(start, min((at for at in built.symbols.values() if at > start), default=_PART.flash.end))


class _Replayed:
    """A `Transport` that learns the replies of a simulated probe, then gives them at once, in real time."""

    def __init__(self, probe: SimStlink) -> None:
        self._probe = probe
        self._clock = MonotonicClock()
        self._known: dict[tuple[bytes, ...], bytes] = {}
        self.replays = False

    @property
    def identity(self) -> UsbIdentity:
        return self._probe.identity

    @property
    def clock(self) -> MonotonicClock:
        return self._clock

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        key = tuple(out)
        if not (self.replays and key in self._known):
            self._known[key] = self._probe.exchange(out, reply, timeout_s)
        return self._known[key]

    def write(self, data: bytes, timeout_s: float) -> None:
        self._probe.write(data, timeout_s)

    def read(self, size: int, timeout_s: float) -> bytes:
        return self._probe.read(size, timeout_s)

    def open(self) -> None:
        self._probe.open()

    def close(self) -> None:
        self._probe.close()

    def clear_halt(self) -> None:
        self._probe.clear_halt()

    def bulk_only_reset(self) -> None:
        self._probe.bulk_only_reset()

    def reset(self) -> None:
        self._probe.reset()


class _Nobody(UserEnd):
    """A user who types nothing."""

    name = "nothing"

    def __exit__(self, *_: object) -> None:
        pass

    def put(self, data: bytes) -> None:
        pass

    def get(self) -> bytes:
        return b""


def _idle_share(built: Built, model: str) -> float:
    """Return the processor time of `monitor` for each second in which the program writes nothing."""
    pipe = _Replayed(SimStlink(_chip(built), model))
    program = Program("program.elf", built.symbols, built.segments)
    with (
        api.Chip(lambda: Session(Stlink(pipe), _PART), _PART) as used,
        used.console(program) as console,
    ):
        said = Console("lines")
        monitor._Pump(console, _Nobody(), said).run(0.05, None)
        pipe.replays = True
        began, used_s = time.perf_counter(), time.process_time()
        monitor._Pump(console, _Nobody(), said).run(_POLL_S, None)
        share = (time.process_time() - used_s) / (time.perf_counter() - began)
        pipe.replays = False
    return share

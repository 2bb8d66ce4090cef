"""What whole processes of stm8tool take on this machine: wall time, processor time, memory; the least of some runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from pio import ROOT
from session.bench import program
from speed.modelled import new_content
from stm8tool import image
from stm8tool.image import Segment
from stm8tool.parts.table import Part, find_part
from stm8tool.sim import store

_TOOL = ROOT / "tool"
_RUNS = 5
# The same command line, with a board whose clock is the machine's.
IN_REAL_TIME = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from stm8tool.sim import bus
from stm8tool.sim.clock import RealClock
bus.VirtualClock = RealClock
from stm8tool.cli.scripts import stm8tool
stm8tool()
"""


class Figure(NamedTuple):
    """One line of the table of figures."""

    what: str
    measured: str
    target: str = "-"


def figures() -> Iterator[Figure]:
    """Yield wall times and memory."""
    small, large = find_part("stm8s103f3"), find_part("stm8s208rb")
    taken = best(lambda: run("--help"))
    yield Figure("process: --help", f"{taken.wall_s:.3f} s", "0.150 s")
    yield Figure("process: --help: processor time", f"{taken.processor_s:.3f} s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (small, large):
            image.save(folder / f"{part.name}.hex", [Segment(part.flash.start, new_content(part))])
        for what, part, same, words in (
            ("process: write of 8 KiB, simulated V3", small, False, ()),
            ("process: unchanged 8 KiB, simulated V3 in real time", small, True, ("-c", IN_REAL_TIME)),
            ("process: write of 128 KiB without the loader, simulated V3", large, False, ()),
        ):
            chip, file = folder / "board.chip", folder / f"{part.name}.hex"
            line = ("--probe", f"sim:{chip}", "--part", part.name, "write", str(file))
            line += ("--no-loader",) if part is large else ()

            def job(line: tuple[str, ...] = line, words: tuple[str, ...] = words) -> Taken:
                return run(*line, python=words)

            def prepare(part: Part = part, same: bool = same, chip: Path = chip) -> None:
                content = new_content(part) if same else program(part, seed=2)
                store.create(chip, part, "v3", content=content, overwrite=True)

            taken = best(job, prepare)
            yield Figure(what, f"{taken.wall_s:.3f} s", "0.450 s" if same else "-")
            yield Figure(f"{what}: processor time, with the simulator's", f"{taken.processor_s:.3f} s")
            yield Figure(f"{what}: memory, with the simulator's", f"{taken.memory_kib / 1024:.1f} MB", "60 MB")


class Taken(NamedTuple):
    """What a process took."""

    wall_s: float
    processor_s: float
    memory_kib: int


def run(*words: str, python: tuple[str, ...] = (), err: Optional[int] = None) -> Taken:
    """Run stm8tool; `err` is where its stderr goes, as for Popen."""
    command = [sys.executable, "-I", *(python or ()), str(_TOOL), *words]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=err) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Taken(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def best(job: Callable[[], Taken], prepare: Callable[[], object] = lambda: None) -> Taken:
    """Return the least of several runs, of each figure."""
    runs = []
    for _ in range(_RUNS):
        prepare()
        runs.append(job())
    return Taken(*map(min, zip(*runs)))

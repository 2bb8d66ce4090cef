"""What whole processes of stm8tool take on this machine: wall time and memory, the best of several runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

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
_IN_REAL_TIME = """
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
    yield Figure("process: --help", _seconds(lambda: _run("--help")), "0.150 s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (small, large):
            image.save(folder / f"{part.name}.hex", [Segment(part.flash.start, new_content(part))])
        for what, part, same, words in (
            ("process: write of 8 KiB, simulated V3", small, False, ()),
            ("process: unchanged 8 KiB, simulated V3 in real time", small, True, ("-c", _IN_REAL_TIME)),
            ("process: write of 128 KiB without the loader, simulated V3", large, False, ()),
        ):
            chip, file = folder / "board.chip", folder / f"{part.name}.hex"
            line = ("--probe", f"sim:{chip}", "--part", part.name, "write", str(file))
            line += ("--no-loader",) if part is large else ()

            def job(line: tuple[str, ...] = line, words: tuple[str, ...] = words) -> int:
                return _run(*line, python=words)

            def prepare(part: Part = part, same: bool = same, chip: Path = chip) -> None:
                content = new_content(part) if same else program(part, seed=2)
                store.create(chip, part, "v3", content=content, overwrite=True)

            target = "0.450 s" if same else "-"
            yield Figure(what, _seconds(job, prepare), target)
            prepare()
            yield Figure(f"{what}: memory, with the simulator's", f"{job() / 1024:.1f} MB", "60 MB")


def _run(*words: str, python: tuple[str, ...] = ()) -> int:
    """Run stm8tool; return the most memory that it had, in KiB."""
    command = [sys.executable, "-I", *(python or ()), str(_TOOL), *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_maxrss


def _seconds(job: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> str:
    best = float("inf")
    for _ in range(_RUNS):
        prepare()
        start = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - start)
    return f"{best:.3f} s"

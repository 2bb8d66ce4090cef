"""A probe of a USB/IP server on the loopback, compared with the same simulated probe in this process.

Both boards have this machine's clock, so the ratio is that of what a user waits for. The tool's processes start in both
cases; the best of some runs counts.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pio import ROOT
from session.bench import program
from speed.modelled import new_content
from speed.processes import IN_REAL_TIME, Figure, best, run
from stm8tool import image
from stm8tool.image import Segment
from stm8tool.parts.table import find_part
from stm8tool.sim import store

_MOST = 1.5
_PART = find_part("stm8s103f3")


def figures() -> Iterator[Figure]:
    """Yield the time of a full rewrite on both ways, and their ratio."""
    if sys.platform == "win32":
        print("a probe over USB/IP: not measured, as the server there has no signal to end it")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chip, file = folder / "board.chip", folder / "new.hex"
        image.save(file, [Segment(_PART.flash.start, new_content(_PART))])

        def prepare() -> None:
            store.create(chip, _PART, "v3", content=program(_PART, seed=2), overwrite=True)

        def write(probe: str, *python: str) -> float:
            line = ("--probe", probe, "--part", _PART.name, "write", str(file))
            return best(lambda: run(*line, python=python), prepare).wall_s

        here = write(f"sim:{chip}", "-c", IN_REAL_TIME)
        prepare()
        with _served(chip) as place:
            there = write(place)
    what = "process: full rewrite of 8 KiB, simulated V3 in real time"
    yield Figure(what, f"{here:.3f} s")
    yield Figure(f"{what}, over usbip:// on the loopback", f"{there:.3f} s")
    yield Figure(f"{what}: over usbip:// / local", f"{there / here:.2f}", f"{_MOST:.2f}")


@contextmanager
def _served(chip: Path) -> Iterator[str]:
    command = [sys.executable, "-u", "-I", str(ROOT / "tool"), "sim", "serve", str(chip), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            port = server.stdout.readline().split(" port ")[1].split()[0]
            yield f"usbip://127.0.0.1:{port}/1-1"
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate()

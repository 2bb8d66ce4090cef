"""What `--json` adds to a whole process of stm8tool: ratios inside one run, each of the least of many runs in turn."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from session.bench import program
from speed.modelled import new_content
from speed.processes import IN_REAL_TIME, Figure, Taken, run
from stm8tool import image
from stm8tool.image import Segment
from stm8tool.parts.table import find_part
from stm8tool.sim import store

_RUNS = 15
_WAYS = {"plain": (), "--json": ("--json",), "--json --events": ("--json", "--events")}


def figures() -> Iterator[Figure]:
    """Yield the ratios for a write of 8 KiB to a board whose clock is the machine's."""
    part = find_part("stm8s103f3")
    with tempfile.TemporaryDirectory() as name:
        chip, file = Path(name, "board.chip"), Path(name, "new.hex")
        image.save(file, [Segment(part.flash.start, new_content(part))])
        taken: dict[str, list[Taken]] = {way: [] for way in _WAYS}
        for _ in range(_RUNS):
            for way, options in _WAYS.items():  # in turn: a machine that becomes slower does so for all
                store.create(chip, part, "v3", content=program(part, seed=2), overwrite=True)
                line = ("--probe", f"sim:{chip}", "--part", part.name, *options, "write", str(file))
                taken[way].append(run(*line, python=("-c", IN_REAL_TIME), err=subprocess.DEVNULL))
    least = {way: Taken(*map(min, zip(*runs))) for way, runs in taken.items()}
    for way, target in (("--json", "1.02"), ("--json --events", "-")):
        what = f"process: write of 8 KiB, simulated V3 in real time: {way} over without"
        yield Figure(what, f"{least[way].wall_s / least['plain'].wall_s:.3f}", target)
        yield Figure(f"{what}: processor time", f"{least[way].processor_s / least['plain'].processor_s:.3f}")

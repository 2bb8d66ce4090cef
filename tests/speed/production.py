"""Production: how long eight sockets take for eight blank chips, beside one socket for one; one process, real time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Optional

from speed.modelled import new_content
from speed.processes import Figure
from stm8tool import image
from stm8tool.api import Chip
from stm8tool.chip.programmer import Progress
from stm8tool.image import Segment
from stm8tool.parts.table import find_part
from stm8tool.probe.stlink.swim import Stlink
from stm8tool.production import job as jobs
from stm8tool.production import line
from stm8tool.production.chip_run import ChipRecord
from stm8tool.production.worker import SocketState
from stm8tool.session import Session
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.clock import RealClock
from stm8tool.sim.probe.stlink import SimStlink

_PART = find_part("stm8s103f3")
_SOCKETS = 8
_RUNS = 3
_TARGET = 1.6


class _Quiet:
    """Shows nothing, and nobody types."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def chip(self, record: ChipRecord, passed: int, failed: int) -> None:
        """Stop the benchmark if a chip failed."""
        if not record.passed:
            raise AssertionError(record.message)

    def draw(self, states: Mapping[str, SocketState]) -> None:
        """Show nothing."""

    def interrupts(self) -> int:
        return 0

    def next_line(self) -> Optional[str]:
        return None

    def has_ended(self) -> bool:
        return True


def figures() -> Iterator[Figure]:
    """Yield the times, and their ratio."""
    one, all_of_them = (min(_seconds(sockets) for _ in range(_RUNS)) for sockets in (1, _SOCKETS))
    what = "production: 8 KiB into a blank chip, simulated V3 in real time"
    yield Figure(f"{what}: one socket", f"{one[0]:.3f} s")
    yield Figure(f"{what}: {_SOCKETS} sockets at once", f"{all_of_them[0]:.3f} s")
    yield Figure(f"{what}: {_SOCKETS} sockets, over one", f"{all_of_them[0] / one[0]:.2f}", f"{_TARGET}")
    yield Figure(f"{what}: {_SOCKETS} sockets: processor time, with the simulator's", f"{all_of_them[1]:.3f} s")


def _seconds(sockets: int) -> tuple[float, float]:
    """Return wall time and processor time of one chip in each socket."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image.save(folder / "firmware.hex", [Segment(_PART.flash.start, new_content(_PART))])
        listed = "".join(f'[[socket]]\nprobe = "usb:1-{number}"\n' for number in range(sockets))
        text = f'part = "{_PART.name}"\nimage = "firmware.hex"\nlog = "log.jsonl"\nstart = "enter"\n{listed}'
        (folder / "job.toml").write_text(text, encoding="utf-8")
        job = jobs.load(str(folder / "job.toml"))
        probes = {
            socket.name: SimStlink(Microcontroller(_PART), "v3", clock=RealClock(), path=f"sim:{socket.name}")
            for socket in job.sockets
        }

        def begin(socket: jobs.JobSocket, progress: Progress) -> Chip:
            return Chip(lambda: Session(Stlink(probes[socket.name]), _PART), _PART, progress)

        quiet = _Quiet()
        start, processor = time.perf_counter(), time.process_time()
        line.produce(job, quiet, quiet, starts=line.once, begin=begin, places={})
        return time.perf_counter() - start, time.process_time() - processor

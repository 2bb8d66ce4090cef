"""Production: how long eight sockets take for eight blank chips, beside one socket for one; real time.

The tool is one process. Python executes one thread of a process at a time, and a simulated chip needs the processor for
most of what it does. So there are two measurements. In the first, the boards are in other processes, one for each
core, as real boards are outside of the computer. In the second, they are in the process of the tool.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Optional

from speed.modelled import new_content
from speed.processes import Figure
from stm8tool import image
from stm8tool.api import Chip
from stm8tool.chip.programmer import Progress
from stm8tool.errors import ToolError
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
from stm8tool.support.clock import MonotonicClock
from stm8tool.transport.base import Transport, UsbIdentity

_PART = find_part("stm8s103f3")
_SOCKETS = 8
_RUNS = 3
_TARGET = 1.6

Probes = Sequence[Transport]


class _Quiet:
    """Shows nothing, and no user presses a key."""

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


class _Away:
    """A probe in another process: each call is a message, and so is its answer."""

    def __init__(self, connection: Connection, identity: UsbIdentity) -> None:
        self._connection = connection
        self.identity = identity
        self.clock = MonotonicClock()

    def _call(self, name: str, *arguments: object) -> Any:
        self._connection.send((name, arguments))
        value, error = self._connection.recv()
        if error is not None:
            raise error
        return value

    def open(self) -> None:
        self._call("open")

    def write(self, data: bytes, timeout_s: float) -> None:
        self._call("write", data, timeout_s)

    def read(self, size: int, timeout_s: float) -> bytes:
        return bytes(self._call("read", size, timeout_s))

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        return bytes(self._call("exchange", out, reply, timeout_s))

    def clear_halt(self) -> None:
        self._call("clear_halt")

    def bulk_only_reset(self) -> None:
        self._call("bulk_only_reset")

    def reset(self) -> None:
        self._call("reset")

    def close(self) -> None:
        self._call("close")


def _board(number: int) -> SimStlink:
    return SimStlink(Microcontroller(_PART), "v3", clock=RealClock(), path=f"sim:{number}")


def _serve(connections: Sequence[Connection]) -> None:
    """Be the boards, with a thread for each, until the other side closes its ends."""
    threads = [threading.Thread(target=_serve_one, args=pair) for pair in enumerate(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve_one(number: int, connection: Connection) -> None:
    board = _board(number)
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        try:
            connection.send((getattr(board, name)(*arguments), None))
        except ToolError as exc:
            connection.send((None, exc))


@contextmanager
def _here(sockets: int) -> Iterator[Probes]:
    """Give the probes of boards in this process."""
    yield [_board(number) for number in range(sockets)]


@contextmanager
def _elsewhere(sockets: int) -> Iterator[Probes]:
    """Give the probes of boards in other processes, one for each core."""
    # A new interpreter, not a fork: it must not have copies of the ends that are to be closed.
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(sockets)]
    ends = [there for _, there in pairs]
    count = min(sockets, os.cpu_count() or 1)
    processes = [context.Process(target=_serve, args=(ends[first::count],)) for first in range(count)]
    for process in processes:
        process.start()
    for _, there in pairs:
        there.close()
    probes = [_Away(here, _board(number).identity) for number, (here, _) in enumerate(pairs)]
    for probe in probes:
        probe.close()  # the answer comes when the process is ready
    try:
        yield probes
    finally:
        for here, _ in pairs:
            here.close()
        for process in processes:
            process.join()


def figures() -> Iterator[Figure]:
    """Yield the times, and their ratios."""
    what = "production: 8 KiB into a blank chip, simulated V3 in real time"
    for where, place, target in (
        (_elsewhere, "boards in processes of their own", f"{_TARGET}"),
        (_here, "boards in the tool's process", "-"),
    ):
        one, every = (min(_seconds(where, sockets) for _ in range(_RUNS)) for sockets in (1, _SOCKETS))
        yield Figure(f"{what}, {place}: one socket", f"{one[0]:.3f} s")
        yield Figure(f"{what}, {place}: {_SOCKETS} sockets", f"{every[0]:.3f} s")
        yield Figure(f"{what}, {place}: {_SOCKETS} sockets over one", f"{every[0] / one[0]:.2f}", target)
        yield Figure(f"{what}, {place}: {_SOCKETS} sockets: processor time of the tool's process", f"{every[1]:.3f} s")


def _seconds(where: Callable[[int], Any], sockets: int) -> tuple[float, float]:
    """Return wall time, and processor time of this process, of one chip in each socket."""
    with tempfile.TemporaryDirectory() as name, where(sockets) as probes:
        folder = Path(name)
        image.save(folder / "firmware.hex", [Segment(_PART.flash.start, new_content(_PART))])
        listed = "".join(f'[[socket]]\nname = "{number}"\nprobe = "usb:1-{number}"\n' for number in range(sockets))
        text = f'part = "{_PART.name}"\nimage = "firmware.hex"\nlog = "log.jsonl"\nstart = "enter"\n{listed}'
        (folder / "job.toml").write_text(text, encoding="utf-8")
        job = jobs.load(str(folder / "job.toml"))

        def begin(socket: jobs.JobSocket, progress: Progress) -> Chip:
            return Chip(lambda: Session(Stlink(probes[int(socket.name)]), _PART), _PART, progress)

        quiet = _Quiet()
        start, processor = time.perf_counter(), time.process_time()
        line.produce(job, quiet, quiet, starts=line.once, begin=begin, places={})
        return time.perf_counter() - start, time.process_time() - processor

"""The part of the benchmark that needs the virtual machine: OpenOCD by the model of time, all clients in real time."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from speed import debugging, record
from speed.cases import BLANK, DIRECT, LOADER, MODELS, OPENOCD, PARTS, REWRITE, VERIFY, Cost
from speed.processes import Figure
from speed.real_clients import measure, openocd_step_s
from stm8tool.parts.table import find_part
from vm.machine import Machine, NoAnswerError

_TRIES = 2  # of a run
# OpenOCD writes every block whatever it held, and knows no fast mode: a job of it is a write, or a comparison.
OPENOCD_JOBS = (REWRITE, VERIFY, BLANK)


class Run(NamedTuple):
    """One process in the virtual machine."""

    client: str
    part: str
    model: str
    job: str
    real_time: bool


def runs(model: str) -> Iterator[Run]:
    """Yield what is run over a probe: what matters most comes first, as a busy machine takes long."""
    parts = sorted(PARTS, key=lambda name: find_part(name).flash.size)
    for job in OPENOCD_JOBS:
        for part in parts:
            yield Run(OPENOCD, part, model, job, False)
    yield Run(DIRECT, parts[0], model, REWRITE, True)
    for part, job, client in itertools.product(parts, (REWRITE, BLANK), (OPENOCD, LOADER)):
        yield Run(client, part, model, job, True)


def measure_all(model: str, path: Optional[Path]) -> list[Run]:
    """Run everything over one model of probe, and save to `path` after each run.

    A run that fails is repeated on a new machine. Return those that failed again.
    """
    if path:
        record.wait_for_quiet()
    about = record.surroundings()
    about["openocd"] = record.version_of("openocd").replace("Open On-Chip Debugger", "OpenOCD")
    about["qemu"] = record.version_of("qemu-system-x86_64")
    costs: dict[tuple[str, str, str, str], Cost] = {}
    pending, failed = deque(runs(model)), Counter[Run]()
    while pending:
        with Machine() as machine:
            about["accelerator"] = machine.accelerator
            while pending:
                run = pending.popleft()
                try:
                    cost, took = measure(machine, run.client, run.part, run.model, run.job, real_time=run.real_time)
                except (AssertionError, NoAnswerError) as exc:
                    print(f"failed: {run}: {exc}", flush=True)
                    failed[run] += 1
                    if failed[run] < _TRIES:
                        pending.appendleft(run)
                    break  # go on with a new machine
                key = (cost.client, cost.part, cost.model, cost.job)
                if run.real_time:
                    held = costs.get(key)
                    cost = (held or cost._replace(modelled_s=0.0))._replace(
                        real_s=cost.real_s, real_usb_s=cost.real_usb_s
                    )
                costs[key] = cost
                load = record.load()
                about["load"] = f"{about['load'].partition(' ')[0]} to {load}"
                kind = "real time" if run.real_time else "model"
                print(f"{kind} {cost}, process {took:.1f} s, load {load}", flush=True)
                if path:
                    record.save(path, record.in_machine(model), about, map(record.row, record.in_order(costs.values())))
    return [run for run, count in failed.items() if count == _TRIES]


def step_figures() -> Iterator[Figure]:
    """Yield how much longer OpenOCD takes for a step than the flasher's debugger, by the same model of time."""
    with Machine() as machine:
        for model in MODELS:
            theirs, ours = openocd_step_s(machine, model), debugging.step_s(model)
            yield Figure(f"debugger, {model}: a single step of OpenOCD", f"{theirs * 1e3:.1f} ms")
            ratio = f"{theirs / ours:.1f}"
            yield Figure(f"debugger, {model}: OpenOCD's step, over ours", ratio, str(debugging.STEP_RATIO))

"""The benchmark: stm8tool with its loader and without, OpenOCD, and the limit that the flash sets.

`python3 dev.py bench` runs it. It prints and asserts nothing: a figure above its target is for a human to look at.

    bench            everything; OpenOCD runs in the virtual machine of tests/vm
    bench --quick    without the virtual machine
    bench --builds   only builds: the search for wrong code and remove_unused, on and off
    bench --packages FOLDER   PlatformIO's packages, with those of spl and arduino: for the sizes of their examples
    bench --console  only the console over SWIM; it needs SDCC on PATH
    bench --phases   only where the time of each job of the loader goes, by the model of time
    bench --save     also writes what was measured to docs/performance.json; then run `dev.py generate`
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Optional

sys.path[:0] = [str(Path(__file__).parent), *(str(Path(__file__).parents[1] / name) for name in ("tool", "builder"))]

from speed import (  # noqa: E402
    builds,
    console,
    core,
    debugging,
    phases,
    processes,
    record,
    remote,
    serial_port,
    serial_probes,
)
from speed.cases import BLANK, DIRECT, JOBS, LOADER, MODELS, ONE_BYTE, PARTS, REWRITE, UNCHANGED, Cost, limit_s  # noqa: E402
from speed.modelled import modelled, with_phases  # noqa: E402
from speed.processes import Figure  # noqa: E402
from stm8tool.parts.table import find_part  # noqa: E402

_KIB = 1024
# What the loader must reach, over the limit of the flash; the smallest flash is given more.
_RATIOS = {
    (REWRITE, "v3"): (1.10, 1.20),
    (REWRITE, "v2"): (1.20, 1.40),
    (BLANK, "v3"): (1.25, 1.5),
    (BLANK, "v2"): (1.5, 1.9),
}
_UNCHANGED_S = {"v3": 0.4, "v2": 0.5}  # of 128 KiB
_ONE_BYTE_MORE_S = 0.03


def main() -> int:
    """Measure, print, and save if that is wanted."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--builds", action="store_true")
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--console", action="store_true")
    parser.add_argument("--phases", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if options.phases:
        for line in _phase_lines():
            print(line, flush=True)
        return 0
    about = record.surroundings()
    print(*(f"{name}: {value}" for name, value in about.items()), sep="\n", flush=True)
    if options.builds:
        _builds(options.packages, options.save, about)
        return 0
    if options.console:
        _show_console(about, save=options.save)
        return 0
    cases = [*itertools.product((DIRECT, LOADER), PARTS, MODELS, JOBS)]
    with ProcessPoolExecutor() as pool:
        costs = record.in_order(pool.map(modelled, *zip(*cases)))
    for line in _lines(costs):
        print(line)
    if options.save:
        record.wait_for_quiet()
    figures = [serial_port, serial_probes, processes, core, debugging, remote]
    measured = list(_shown(figure for module in figures for figure in module.figures()))
    _show_console(about, save=options.save)
    if options.save:
        record.save(record.DATA, record.BY_MODEL, about, map(record.row, costs))
        record.save(record.DATA, record.FIGURES, about, (figure._asdict() for figure in measured))
    _builds(options.packages, options.save, about)
    if not options.quick:
        from speed.in_machine import measure_all

        failed = [run for model in MODELS for run in measure_all(model, record.DATA if options.save else None)]
        for run in failed:
            print(f"not measured: {run}")
        return int(bool(failed))
    return 0


def _builds(packages: Optional[Path], save: bool, about: dict[str, str]) -> None:
    """Measure builds, and save what was measured if that is wanted."""
    measured = list(_shown(builds.figures(packages)))
    if save:
        record.save(record.DATA, record.BUILDS, about, (figure._asdict() for figure in measured))


def _shown(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Print figures and yield them."""
    for figure in figures:
        print(f"{figure.what:<90} {figure.measured:>12} {figure.target:>10}", flush=True)
        yield figure


def _show_console(about: dict[str, str], *, save: bool) -> None:
    """Measure the console, print its figures, and save them if that is wanted."""
    measured = list(_shown(console.figures()))
    if save:
        record.save(record.DATA, record.CONSOLE, about, (figure._asdict() for figure in measured))


def _phase_lines() -> Iterator[str]:
    """Yield a table of the milliseconds of each step of a session."""
    for model in MODELS:
        cases = [*itertools.product((LOADER,), PARTS, (model,), JOBS)]
        with ProcessPoolExecutor() as pool:
            taken = [seconds for _, seconds in pool.map(with_phases, *zip(*cases))]
        yield f"{model}: milliseconds of  " + "  ".join(f"{part} {job}" for _, part, _, job in cases)
        for name in phases.NAMES:
            yield f"{name:<34}" + "".join(f"{1000 * seconds[name]:>8.1f}" for seconds in taken)


def _lines(costs: Iterable[Cost]) -> Iterator[str]:
    """Yield the table, with what must be reached."""
    yield "part        probe  job               client          modelled    limit  ratio  at most  transfers SWIM bytes"
    taken = {(cost.client, cost.part, cost.model, cost.job): cost.modelled_s for cost in costs}
    for cost in costs:
        part = find_part(cost.part)
        limit = limit_s(part, cost.job)
        ratio, limit_text = (f"{cost.modelled_s / limit:.2f}", f"{limit:.3f} s") if limit else ("-", "-")
        target = "-"
        if cost.client == LOADER:
            if (cost.job, cost.model) in _RATIOS:
                target = f"{_RATIOS[cost.job, cost.model][part.flash.size == 8 * _KIB]:.2f}"
            elif cost.job == UNCHANGED and part.flash.size == 128 * _KIB:
                target = f"{_UNCHANGED_S[cost.model]:.3f} s"
            elif cost.job == ONE_BYTE:
                target = f"{taken[LOADER, cost.part, cost.model, UNCHANGED] + _ONE_BYTE_MORE_S:.3f} s"
        yield (
            f"{cost.part:<11} {cost.model:<6} {cost.job:<17} {cost.client:<16} {cost.modelled_s:>7.3f} s "
            f"{limit_text:>8} {ratio:>6} {target:>8} {cost.transfers:>10} {cost.swim_bytes:>11}"
        )


if __name__ == "__main__":
    sys.exit(main())

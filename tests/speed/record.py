"""The data file of the benchmark: what was measured, and on what."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Optional

from pio import ROOT
from speed.cases import CLIENTS, JOBS, MODELS, PARTS, Cost

DATA = ROOT / "docs" / "performance.json"
BY_MODEL, FIGURES, BUILDS, CONSOLE = "model", "figures", "builds", "console"
_LOOK_S = 10.0


def in_machine(model: str) -> str:
    """Return the section of what ran in the virtual machine over a model of probe."""
    return f"machine {model}"


def surroundings() -> dict[str, str]:
    """Return what a run ran on."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in _lines(info) if line.startswith("model name")]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": names[0] if names else platform.machine(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": load(),
    }


def load() -> str:
    """Return how many processes want a core just now."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def wait_for_quiet(limit_s: float = 900.0) -> None:
    """Wait until the machine has a core to spare, as far as the system tells; after `limit_s` go on all the same."""
    cores, began = os.cpu_count() or 1, time.monotonic()
    said = False
    while hasattr(os, "getloadavg") and os.getloadavg()[0] > cores / 2 and time.monotonic() - began < limit_s:
        if not said:
            print(f"load {load()} on {cores} cores: waiting until the machine is quiet", flush=True)
            said = True
        time.sleep(_LOOK_S)


def version_of(program: str) -> str:
    """Return the first line of what a program says of its version."""
    return (_said(program, "--version") or "unknown").splitlines()[0]


def save(path: Path, section: str, about: dict[str, str], rows: Iterable[dict[str, Any]]) -> None:
    """Replace a section of the data file; the others stay."""
    data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    data[section] = {"run": about, "rows": list(rows)}
    path.write_text(f"{json.dumps(data, indent=1, sort_keys=True)}\n", encoding="utf-8")


def row(cost: Cost) -> dict[str, Any]:
    """Return a cost as the data file has it."""
    real = {name: None if value is None else round(value, 2) for name, value in _real(cost)}
    return {**cost._asdict(), "modelled_s": round(cost.modelled_s, 4), **real}


def _real(cost: Cost) -> Iterator[tuple[str, Optional[float]]]:
    """Yield what was measured in real time."""
    yield "real_s", cost.real_s
    yield "real_usb_s", cost.real_usb_s


def in_order(costs: Iterable[Cost]) -> list[Cost]:
    """Return costs as the tables have them."""
    return sorted(
        costs,
        key=lambda cost: (
            PARTS.index(cost.part.lower()),
            MODELS.index(cost.model),
            JOBS.index(cost.job),
            CLIENTS.index(cost.client),
        ),
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{command[0]}: {done.stderr.strip()}", file=sys.stderr)
    return (done.stdout or done.stderr).strip()

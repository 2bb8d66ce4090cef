"""A simulated board for the tests of USB/IP."""

from __future__ import annotations

from pathlib import Path

from stm8tool.parts.table import find_part
from stm8tool.sim import store


def board(folder: Path, model: str, *faults: str) -> Path:
    path = folder / f"{model}.chip"
    store.create(path, find_part("stm8s103f3"), model, faults=faults)
    return path

"""The probes at a serial port, by the simulator's model of time: 8 KiB written and verified on a blank chip."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from session.bench import program
from speed.processes import Figure
from stm8tool import api, selector
from stm8tool.image import Image, Segment
from stm8tool.parts.table import find_part
from stm8tool.session import Session
from stm8tool.sim import store

PART = "stm8s103f3"
PROBES = {"espstlink": "an espstlink", "rp2040": "an rp2040_swim"}


def taken_s(kind: str) -> float:
    """Write all of flash and verify it; return the time of the bench."""
    part = find_part(PART)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "b.chip")
        store.create(file, part, "v3")
        link = selector.open_link(f"{kind}:sim:{file}")
        with api.Chip(lambda: Session(link, part), part) as chip:
            chip.write(Image([Segment(part.flash.start, program(part, seed=1))]))
        return store.describe(file).seconds


def figures() -> Iterator[Figure]:
    """Yield the seconds of each probe."""
    for kind, name in PROBES.items():
        yield Figure(f"{name}: 8 KiB written and verified, {find_part(PART).name}", f"{taken_s(kind):.2f} s")

"""stm8tool on a simulated board, by the simulator's model of time: the same figures on every machine."""

from __future__ import annotations

from session.bench import program
from speed import phases
from speed.cases import BLANK, DIRECT, LOADER, ONE_BYTE, REWRITE, VERIFY, Cost
from speed.meter import Meter
from stm8tool import api
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part, find_part
from stm8tool.probe.stlink.swim import Stlink
from stm8tool.session import Session
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.probe.stlink import SimStlink

_OLD, _NEW = 99, 1  # seeds of what a chip holds, and of the image


def new_content(part: Part) -> bytes:
    """Return the image of a benchmark: all of flash."""
    return program(part, seed=_NEW)


def content_before(part: Part, job: str) -> bytes:
    """Return what flash holds before a job."""
    if job == BLANK:
        return bytes(part.flash.size)
    if job == REWRITE:
        return program(part, seed=_OLD)
    content = bytearray(new_content(part))
    if job == ONE_BYTE:
        content[part.flash.size // 2] ^= 0x5A
    return bytes(content)


def chip_for(part: Part, job: str) -> Microcontroller:
    """Return a chip that is ready for a job."""
    chip = Microcontroller(part)
    chip.flash.write(part.flash.start, content_before(part, job))
    return chip


def modelled(client: str, name: str, model: str, job: str) -> Cost:
    """Run a job of stm8tool; return what it cost."""
    return with_phases(client, name, model, job)[0]


def with_phases(client: str, name: str, model: str, job: str) -> tuple[Cost, dict[str, float]]:
    """Run a job of stm8tool; return what it cost, and the seconds of each step of its session."""
    part = find_part(name)
    chip = chip_for(part, job)
    probe = SimStlink(chip, model)
    meter = Meter(probe)
    image = Image([Segment(part.flash.start, new_content(part))])
    assert client in (DIRECT, LOADER)
    with (
        phases.recorded(probe.clock) as seconds,
        api.Chip(lambda: Session(Stlink(meter), part), part, loader=client == LOADER) as used,
    ):
        if job == VERIFY:
            used.verify(image)
        else:
            used.write(image)
    if bytes(chip.flash.data) != new_content(part):
        raise AssertionError(f"{client}, {name}, {model}, {job}: the chip does not hold the image")
    cost = Cost(client, part.name, model, job, meter.seconds, None, None, meter.transfers, meter.swim_bytes)
    return cost, seconds

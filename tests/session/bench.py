"""A simulated board on a desk, for tests of whole jobs."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from typing import Optional

from stm8tool import api
from stm8tool.chip.link.capture import PowerCycle
from stm8tool.chip.programmer import Progress, silent
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part, find_part
from stm8tool.probe.stlink.swim import Stlink
from stm8tool.session import Session
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.switches import Switches
from stm8tool.transport.base import Transport

MODELS = ("v1", "v2", "v21", "v3")
_SWIM_MODE = 3


def chip_behind(
    probe: Transport,
    part: Optional[Part] = None,
    progress: Progress = silent,
    power_cycle: Optional[PowerCycle] = None,
    *,
    loader: bool = False,
) -> api.Chip:
    """Return the library's `Chip` for the chip on `probe`, for a `with` statement."""
    return api.Chip(lambda: Session(Stlink(probe), part, power_cycle), part, progress, loader=loader)


class Board:
    """One chip behind one probe; every use of it meets them as the one before left them.

    Without `loader` each block goes over SWIM: that is what most faults are about, and what is left where they strike.
    """

    def __init__(
        self,
        part: str = "stm8s103f3",
        model: str = "v3",
        *,
        locked: bool = False,
        faults: Iterable[str] = (),
        switches: Optional[Switches] = None,
        loader: bool = False,
    ) -> None:
        self.loader = loader
        self.part: Part = find_part(part)
        self.chip = Microcontroller(self.part, locked=locked, switches=switches)
        self.chip.flash.write(self.part.flash.start, program(self.part, seed=99))
        self.probe = SimStlink(self.chip, model, faults=faults)

    def open(self, part: Optional[Part] = None, progress: Progress = silent) -> api.Chip:
        return chip_behind(self.probe, part or self.part, progress, loader=self.loader)

    def session(self) -> Session:
        """Return one use of the probe, for tests of what lies below the library."""
        return Session(Stlink(self.probe), self.part)

    def upload(self, image: Image, *, unlock: bool = True, verify: bool = True) -> int:
        """Write `image`; return how many blocks were programmed."""
        with self.open() as chip:
            return chip.write(image, unlock=unlock, verify=verify).written.programmed

    def holds(self, image: Image) -> bool:
        """Tell whether the chip holds `image`, by the simulator's own memory."""
        memories = [memory for memory in (self.chip.flash, self.chip.eeprom) if memory is not None]
        found = 0
        for memory in memories:
            for segment in image.segments:
                if memory.start <= segment.address < memory.start + len(memory.data):
                    offset = segment.address - memory.start
                    if bytes(memory.data[offset : offset + len(segment.data)]) != segment.data:
                        return False
                    found += len(segment.data)
        return found == image.size

    def options_are_factory(self) -> bool:
        """Tell whether every option byte and complement has its factory value."""
        return all(
            self.chip.options.byte(option.address) in option.accepted and self.chip.options.valid(option)
            for option in self.chip.options.table
        )

    def is_left_idle(self) -> bool:
        """Tell whether nothing is left behind: probe out of SWIM mode, NRST high, program running."""
        self.chip.settle(self.probe.clock.now() + 1.0)
        return (
            self.probe.firmware.mode != _SWIM_MODE and not self.chip.nrst_low and self.chip.state.startswith("running")
        )


@cache
def program(part: Part, seed: int = 1, size: Optional[int] = None) -> bytes:
    """Return bytes that begin like a program: a vector and an endless loop after it. No later byte is zero."""
    rng = random.Random(seed)
    vector = b"\x82\x00\x80\x04\x20\xfe"[:size]
    return vector + bytes(rng.randrange(1, 256) for _ in range((size or part.flash.size) - len(vector)))


def image_of(part: Part, seed: int = 1, size: Optional[int] = None) -> Image:
    """Return an image of `size` bytes (all of flash) at the start of flash."""
    return Image([Segment(part.flash.start, program(part, seed, size))])

"""What the benchmark measures: parts, probes, jobs, and the limit that the flash itself sets."""

from __future__ import annotations

from typing import NamedTuple, Optional

from stm8tool.parts.table import Part

PARTS = ("stm8s103f3", "stm8s105c6", "stm8s208rb", "stm8l151r8")
MODELS = ("v2", "v3")

REWRITE, BLANK, UNCHANGED, ONE_BYTE, VERIFY = JOBS = (
    "full rewrite",
    "blank chip",
    "unchanged",
    "one byte changed",
    "verify only",
)
DIRECT, LOADER, OPENOCD = CLIENTS = ("stm8tool direct", "stm8tool loader", "OpenOCD 0.12")

BLOCK_S = 0.006  # to erase and write a block, typical by the datasheets; a blank block takes half of it


class Cost(NamedTuple):
    """What one job of one client cost.

    Attributes:
        modelled_s: Seconds by the simulator's model of time, from the first USB transfer to the last.
        real_s: Seconds of a process in the virtual machine, with a probe and a chip in real time; None if it did not
            run there.
        real_usb_s: Seconds in that run from the first USB transfer to the last; None if it did not run there.
        transfers: USB transfers of the probe.
        swim_bytes: Bytes of the chip that the probe was told to read and to write.
    """

    client: str
    part: str
    model: str
    job: str
    modelled_s: float
    real_s: Optional[float]
    real_usb_s: Optional[float]
    transfers: int
    swim_bytes: int


def limit_s(part: Part, job: str) -> Optional[float]:
    """Return what the flash alone takes for a job; None for one that programs no flash, or a block of it."""
    blocks = part.flash.size // part.block
    return {REWRITE: blocks * BLOCK_S, BLANK: blocks * BLOCK_S / 2}.get(job)

"""Programs in RAM: put one there and check that it is there. It is lost when the power goes off."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import LINK_ERRORS, VerifyError
from ..image import Segment
from .flash.controller import Flash
from .programmer import Programmer, Progress


def load(flash: Flash, segments: Sequence[Segment], progress: Progress) -> None:
    """Write `segments`, all of which lie in RAM.

    Args:
        flash: The controller of a connected, open chip.
        segments: The bytes by address.
        progress: Called with stage, bytes done, bytes in all.

    Raises:
        VerifyError: The RAM holds something else.
    """
    memories = Programmer(flash, progress)
    total = sum(len(segment.data) for segment in segments)

    def attempt() -> None:
        done = 0
        for segment in segments:
            flash.core.write(segment.address, segment.data)
            done += len(segment.data)
            progress("writing", done, total)
        memories.compare(segments)

    flash.core.persist(attempt, (*LINK_ERRORS, VerifyError))

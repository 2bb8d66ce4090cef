"""The doctor's write test: a finding about the time that the flash takes for a block."""

from __future__ import annotations

from typing import Optional

from ..chip.flash.controller import Flash
from ..chip.flash.loader.block_times import BlockTimes, NotMeasuredError, measure
from ..parts.table import Part
from ..session import Session
from .findings import Finding, Mark, not_seen

KEY = "block-times"


def look(session: Session, part: Optional[Part], *, locked: bool) -> Finding:
    """Measure a connected chip, and return the finding.

    Raises:
        ToolError: The link failed, or the block that was used is not blank again.
    """
    if part is None:
        return not_seen(KEY, "needs --part")
    if locked:
        return not_seen(KEY, "not possible because of read protection")
    try:
        times = measure(Flash(session.connect(), part))
    except NotMeasuredError as exc:
        return not_seen(KEY, str(exc))
    text = f"a blank block {_text(times.blank)}, a rewrite {_text(times.rewrite)}, by code in RAM"
    return Finding(
        KEY, Mark.OK, text, [f"measured with block 0x{times.address:06X}, which is blank again"], _facts(times)
    )


def _facts(times: BlockTimes) -> dict[str, object]:
    return {
        "address": times.address,
        "blank_ms": [round(1000 * seconds, 2) for seconds in times.blank],
        "rewrite_ms": [round(1000 * seconds, 2) for seconds in times.rewrite],
    }


def _text(seconds: tuple[float, float]) -> str:
    return f"{1000 * seconds[0]:.1f} to {1000 * seconds[1]:.1f} ms"

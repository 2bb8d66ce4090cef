"""One session of the doctor with a probe: connect, look at the chip, and leave both as every command does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

from ..api import Chip
from ..chip.facts import ChipInfo
from ..chip.link.quality import Quality
from ..errors import LinkFault, ReadoutProtectedError, SwimError, ToolError
from ..parts.table import Part
from ..probe.stlink.swim import Stlink
from ..session import Connection, PowerCycle, Session
from . import block_times
from .findings import Finding, Mark, not_seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..probe.base import ProbeInfo, SwimLink


@dataclass
class Visit:
    """The results of one session with the chosen probe, which may have ended early."""

    probe: Optional[ProbeInfo] = None
    swim: Optional[int] = None  # version of SWIM in the firmware of an ST-LINK
    supply_mv: Optional[int] = None
    connection: Optional[Connection] = None
    quality: Quality = field(default_factory=Quality)
    no_high_speed: bool = False
    nrst: Optional[Finding] = None
    block_times: Optional[Finding] = None
    chip: Optional[ChipInfo] = None
    locked: Optional[ReadoutProtectedError] = None
    error: Optional[ToolError] = None  # the reason if it ended early


def use(
    make_link: Callable[[], SwimLink], part: Optional[Part], power_cycle: Optional[PowerCycle], write_test: bool
) -> Visit:
    """Open the probe, connect, look at the chip, and leave both as every command does."""
    seen = Visit()
    try:
        link = make_link()
        session = Session(link, part, power_cycle)
        with Chip(lambda: session, part) as chip:
            seen.probe = link.info
            seen.swim = link.version.swim if isinstance(link, Stlink) else None
            seen.supply_mv = chip.supply_mv
            try:
                seen.chip = chip.info()
                if seen.chip.protection and seen.chip.protection.locked:
                    chip.options()  # looks again, and raises the error that every other command would raise
                    raise SwimError(
                        "two reads of the read protection differ", fault=LinkFault.DAMAGED, hint="shorten the wires"
                    )
            except ReadoutProtectedError as exc:
                seen.locked = exc
            finally:
                seen.connection, seen.quality = session.connection, session.quality
                seen.no_high_speed = session.no_high_speed
            if write_test:
                seen.block_times = block_times.look(session, part, locked=seen.locked is not None)
            seen.nrst = _reset_line(session, part, power_cycle)
    except ToolError as exc:
        seen.error = exc
    return seen


def _reset_line(session: Session, part: Optional[Part], power_cycle: Optional[PowerCycle]) -> Finding:
    """Tell whether NRST is wired. This is the last check, because the tool must connect again after it."""
    if part and not part.has_nrst:
        return Finding("nrst", Mark.NOTE, f"the {part.name} has no such pin", facts={"works": None})
    if power_cycle:
        return not_seen("nrst", "this check would release a chip that was caught at power-on")
    try:
        works = session.connect().reset_line_works()
    except ToolError as exc:  # everything else is known by now
        return Finding("nrst", Mark.NOTE, f"not known: {exc}", facts={"works": None})
    if works:
        return Finding("nrst", Mark.OK, "it resets the chip", facts={"works": True})
    text = "not seen to reset the chip: its wire is missing, or the chip does not show it"
    return Finding("nrst", Mark.NOTE, text, facts={"works": False})

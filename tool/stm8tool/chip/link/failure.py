"""The errors for a chip or a probe that was not reached, and the record of a recipe that failed."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import Code, ConnectError, ProbeError, SwimError, ToolError
from ...probe.base import SwimLink
from .diagnose import Evidence, Rung, conclude, supply_line
from .entry import BusError
from .recipes import Recipe


def rung_of(recipe: Recipe, failure: ToolError) -> Rung:
    """Return the record of a recipe that failed."""
    fault = failure.fault if isinstance(failure, SwimError) else None
    hsit = isinstance(failure, BusError) and failure.hsit
    of_probe = not isinstance(failure, SwimError)
    return Rung(recipe.name, str(failure), fault, isinstance(failure, BusError), hsit, of_probe)


def probe_hangs(details: Sequence[str] = ()) -> ProbeError:
    """Return the error for a probe that does not answer any more."""
    return ProbeError(
        "the probe stopped answering",
        code=Code.PROBE_HUNG,
        hint="unplug the probe, plug it in again and retry",
        details=details,
    )


def not_reached(link: SwimLink, seen: Evidence, details: Sequence[str]) -> ConnectError:
    """Return the error for a chip that was not reached, from `seen` and the supply that the probe measures now."""
    supply_mv = link.supply_mv()
    found = conclude(seen._replace(supply_mv=supply_mv))
    measured = () if supply_mv is None else (supply_line(supply_mv),)
    fault = seen.rungs[-1].fault if seen.rungs else None
    failure = ConnectError(found.message, fault=fault, code=found.code, hint=found.hint, details=(*details, *measured))
    return failure.with_(supply_mv=supply_mv)

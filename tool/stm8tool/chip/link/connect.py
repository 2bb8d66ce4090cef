"""The connect ladder: from a silent wire to a chip that is proven to answer, with its CPU stalled.

Each rung is one recipe.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Optional

from ...errors import Code, ProbeError, ProbeLostError, ToolError, TransportError, TransportTimeoutError
from ...probe.base import SwimLink
from .diagnose import Evidence, Rung
from .entry import follow
from .failure import not_reached, probe_hangs, rung_of
from .leave import let_go
from .recipes import AFTER_HANG, LADDER, LOW_SPEED, Recipe

_log = logging.getLogger(__name__)


class Climb(NamedTuple):
    """The recipe that held, and how those before it failed."""

    recipe: Recipe
    failed: tuple[Rung, ...]


def climb(link: SwimLink, known: Evidence, first: Optional[Recipe] = None) -> Climb:
    """Try each recipe until one reaches the chip.

    On return SWIM is proven in the speed of the recipe, NRST is high and the CPU is stalled.

    Args:
        link: An open probe.
        known: The facts about the chip and its past, for the error.
        first: The recipe that worked before, tried before the ladder.

    Raises:
        ConnectError: None worked; `details` names each with its failure.
        ProbeLostError: The probe is gone.
        ProbeError: The probe cannot reach this chip.
    """
    rungs: list[Rung] = []
    last: Optional[ToolError] = None
    left = deque(LADDER if first is None else (*_again(first), *LADDER))
    was_reset = False
    held = known.answered and not known.let_run

    def hold() -> None:
        nonlocal held
        held = True

    while left:
        recipe = left.popleft()
        was_reset = was_reset or recipe.recover
        try:
            follow(link, recipe, hold)
        except ToolError as exc:
            if isinstance(exc, ProbeLostError) or exc.code is Code.PROBE_LIMIT:
                raise  # no recipe helps
            _log.debug("%s: %s", recipe.name, exc)
            rungs.append(rung_of(recipe, exc))
            last = exc
            if isinstance(exc, TransportTimeoutError):  # the probe itself is silent: only a recovery can help, once
                left = deque(() if was_reset else AFTER_HANG)
            continue
        _log.info("connected %s", recipe.name)
        return Climb(recipe, tuple(rungs))
    if isinstance(last, TransportTimeoutError):
        raise probe_hangs([_tried(rung) for rung in rungs]) from last
    details = [*map(_tried, rungs), *let_go(link, held=held)]
    if isinstance(last, TransportError):
        raise ProbeError(
            f"no SWIM link to the chip, after several tries: {last}",
            hint="try another port or cable, without a hub; then another probe",
            details=details,
        ) from last
    raise not_reached(link, known._replace(rungs=rungs), details) from last


def _again(recipe: Recipe) -> Sequence[Recipe]:
    """Return how to reach a chip that a recipe has reached before: first without resetting the probe, which works."""
    if not recipe.recover:
        return (recipe,)
    return recipe._replace(name=LOW_SPEED.name, recover=False), recipe


def _tried(rung: Rung) -> str:
    return f"tried {rung.recipe}: {rung.failure}"

"""Where the time of a job goes, by the simulator's model of time: the steps of a session and how long each takes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest import mock

from stm8tool.chip.flash.controller import Flash
from stm8tool.chip.flash.loader.host import RamLoader
from stm8tool.chip.flash.loader.work import LoaderWork
from stm8tool.chip.flash.swim_work import SwimWork
from stm8tool.chip.link.core import Core
from stm8tool.probe.stlink.swim import Stlink
from stm8tool.support.clock import Clock

_REST = "protection, options, start vector"


class _Step(NamedTuple):
    """A method, and the name of what it does."""

    name: str
    owner: Any
    method: str


_STEPS = (
    _Step("open the probe", Stlink, "open"),
    _Step("connect", Core, "connect"),
    _Step("start the loader", RamLoader, "start"),
    _Step("compare", LoaderWork, "differing"),
    _Step("compare", SwimWork, "differing"),
    _Step("keys", Flash, "unlock"),
    _Step("program", LoaderWork, "program"),
    _Step("program", SwimWork, "program"),
    _Step("verify", LoaderWork, "check"),
    _Step("verify", LoaderWork, "compare"),
    _Step("verify", SwimWork, "check"),
    _Step("verify", SwimWork, "compare"),
    _Step("stop the loader", RamLoader, "stop"),
    _Step("leave the chip", Core, "leave"),
    _Step("close the probe", Stlink, "close"),
)
NAMES = (*dict.fromkeys(step.name for step in _STEPS), _REST)


@contextmanager
def recorded(clock: Clock) -> Iterator[dict[str, float]]:
    """Give the seconds of each step of the session that runs meanwhile; what is in no step counts as the rest."""
    seconds = dict.fromkeys(NAMES, 0.0)
    running: list[str] = []
    last = clock.now()

    def charge() -> None:
        nonlocal last
        now = clock.now()
        seconds[running[0] if running else _REST] += now - last
        last = now

    def timed(step: _Step) -> Callable[..., Any]:
        method = getattr(step.owner, step.method)

        @functools.wraps(method)
        def wrapper(*args: Any, **keywords: Any) -> Any:
            charge()
            running.append(step.name)
            try:
                return method(*args, **keywords)
            finally:
                charge()
                running.pop()

        return wrapper

    with ExitStack() as patches:
        for step in _STEPS:
            patches.enter_context(mock.patch.object(step.owner, step.method, timed(step)))
        yield seconds
        charge()

"""What holds for every test."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("no clock", deadline=None)  # a busy machine makes no test fail
settings.load_profile("no clock")

# Started in the background or by nohup, a process inherits these as ignored, and so would all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file of tests in one process, also with plain `pytest -n2`: what its fixtures make is made once."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    """Undo what a command line that ran in this process has set up."""
    logger = logging.getLogger("stm8tool")
    state = logger.handlers, logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate = state[:2]
    logger.setLevel(state[2])  # loggers below remember what the level allowed, until it is set

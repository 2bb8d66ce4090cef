"""What holds for every test."""

from __future__ import annotations

import logging
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import interpreters

# A busy machine makes no test fail.
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

# Started in the background or by nohup, a process inherits these as ignored, and so would all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


# What a test may be that starts processes: see interpreters.py for the first one.
STARTERS = ("interpreter", "platform", "wine", "vm", "ucsim", "sdcc", "dap", "hardware")

_started: list[object] = []
_start = subprocess.Popen.__init__


# Wine 8 answers with ERROR_INTERNAL_ERROR if the new process died before its first instruction. A busy machine sees it.
STILLBORN = 1359
STARTS = 4


def _start_and_tell(self: subprocess.Popen[Any], *args: Any, **options: Any) -> None:
    _started.append(args or options)
    for left in reversed(range(STARTS)):
        try:
            _start(self, *args, **options)
            return
        except OSError as error:
            if getattr(error, "winerror", None) != STILLBORN or not left:
                raise


subprocess.Popen.__init__ = _start_and_tell  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests the markers that interpreters.py has for them."""
    for item in items:
        folder = item.path.parent.name
        for name in interpreters.markers(f"{folder}/{item.path.name}::{item.name}"):
            item.add_marker(name)


@pytest.fixture
def few_parts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small part table in place of the real one."""
    import few_parts as tables

    folder = tmp_path_factory.mktemp("tables")
    tables.copy_tables(folder, tables.FEW)
    with tables.tables_in(folder, monkeypatch):
        yield


@pytest.fixture(autouse=True)
def _processes_need_a_marker(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse a process of a test that `dev.py test` does not run on the newest Python."""
    _started.clear()
    yield
    if _started and not any(map(request.node.get_closest_marker, STARTERS)):
        pytest.fail("this test starts a process: name its file in DEPENDING, in tests/interpreters.py", pytrace=False)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file of tests in one process, also with plain `pytest -n2`: what its fixtures make is made once.

    The tests of tests/sdcc share nothing, and one file has most of them.
    """
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith("tests/sdcc/") else str(super()._split_scope(nodeid))

    return ByFile(config, log)


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    """Undo what a command line that ran in this process has set up."""
    logger = logging.getLogger("stm8tool")
    state = logger.handlers, logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate = state[:2]
    logger.setLevel(state[2])  # loggers below remember what the level allowed, until it is set

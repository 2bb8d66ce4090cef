"""Simulated boards for the tests of the plugin."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from plugin_boards import Make, make_board, write_files

# Started in the background or by nohup, a process inherits this as ignored, and so would every pytest that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep variables of the run around this one from the runs inside of it."""
    for name in [name for name in os.environ if name.startswith("PYTEST_") and name != "PYTEST_CURRENT_TEST"]:
        monkeypatch.delenv(name)


@pytest.fixture
def make(pytester: pytest.Pytester) -> Make:
    """Return a function that makes a board and returns its selector. All files of a test are beside it."""
    write_files(pytester.path)

    def made(name: str = "board.chip", **more: Any) -> str:
        make_board(pytester.path / name, **more)
        return f"sim:{name}"

    return made

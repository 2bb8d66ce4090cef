"""A desk for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from jump_desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a blank board."""
    with ExitStack() as stack:
        desk = Desk(tmp_path, stack)
        desk.board()
        yield desk

"""The desk of the tests of the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from session.library_desk import FIRMWARE
from stm8tool.image import Segment, save


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a firmware.hex of 89 bytes, and a next.txt with a serial number."""
    monkeypatch.chdir(tmp_path)
    save("firmware.hex", [Segment(0x8000, FIRMWARE)])
    Path("next.txt").write_text("41\n", encoding="ascii")
    return tmp_path

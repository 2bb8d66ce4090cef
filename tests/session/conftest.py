"""The desk of the tests of the library, and a GDB server with its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rsp_client import RspClient
from session.debug_bench import Service, serving
from session.library_desk import FIRMWARE
from stm8tool.image import Segment, save


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a firmware.hex of 89 bytes, and a next.txt with a serial number."""
    monkeypatch.chdir(tmp_path)
    save("firmware.hex", [Segment(0x8000, FIRMWARE)])
    Path("next.txt").write_text("41\n", encoding="ascii")
    return tmp_path


@pytest.fixture
def service() -> Iterator[Service]:
    """A GDB server for a simulated chip."""
    with serving() as found:
        yield found


@pytest.fixture
def client(service: Service) -> Iterator[RspClient]:
    """A client of that server; the CPU is halted at its first instruction."""
    with service.client() as found:
        assert found.monitor("reset halt") == "the chip was reset; it is halted at 0x008000\n"
        yield found

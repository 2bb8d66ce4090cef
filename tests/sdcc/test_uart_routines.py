"""The programs that the tool sends to a chip at its UART: their bytes are those of their sources."""

from __future__ import annotations

from pathlib import Path

import pytest

import assembled
from stm8tool.uart import loader, routines

pytestmark = pytest.mark.sdcc


@pytest.mark.parametrize("version", routines.VERSIONS)
def test_the_routines_are_what_the_source_says(version: int, tmp_path: Path) -> None:
    assert routines.code(version) == assembled.ROM_ROUTINES.assemble(f"{version:02X}", tmp_path)


@pytest.mark.parametrize("name", loader.VARIANTS)
def test_the_loader_is_what_the_source_says(name: str, tmp_path: Path) -> None:
    assert loader.code(name) == assembled.UART_LOADER.assemble(name, tmp_path)

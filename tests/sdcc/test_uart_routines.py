"""The routines for the boot ROM: their bytes are those of their source."""

from __future__ import annotations

from pathlib import Path

import pytest

import uart_routines
from stm8tool.uart import routines

pytestmark = pytest.mark.sdcc


@pytest.mark.parametrize("version", routines.VERSIONS)
def test_the_bytes_are_what_the_source_says(version: int, tmp_path: Path) -> None:
    assert routines.code(version) == uart_routines.assemble(version, tmp_path)

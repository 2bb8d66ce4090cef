"""Simulated boards for the tests of the plugin."""

from __future__ import annotations

import os

import pytest

from plugin_boards import OTHER, STM8S, TALKING, Make, find_part, hex_text, small_program, store


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep variables of the run around this one from the runs inside of it."""
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        if name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)


@pytest.fixture
def make(pytester: pytest.Pytester) -> Make:
    """Return a function that makes a board and returns its selector. All files of a test are beside it."""
    (pytester.path / "talking.hex").write_text(hex_text((0x8000, TALKING)), encoding="ascii")
    (pytester.path / "talking.bin").write_bytes(TALKING)
    (pytester.path / "talking.elf").write_bytes(small_program(TALKING))
    (pytester.path / "other.hex").write_text(hex_text((0x8000, OTHER)), encoding="ascii")

    def made(name: str = "board.chip", *, content: bytes = TALKING, locked: bool = False, **more: list[str]) -> str:
        store.create(pytester.path / name, find_part(STM8S), "v3", content=content, locked=locked, **more)
        return f"sim:{name}"

    return made

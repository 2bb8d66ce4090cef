"""One Windows for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import wheels as release
from windows.wine import ENDED_BY_WINE, NEWEST, PYTHONS, ROOT, MissingError, Result, Wine, interpreter, wheels

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def wine() -> Iterator[Wine]:
    try:
        running = Wine()
        interpreter(NEWEST)
    except MissingError as exc:
        pytest.fail(str(exc), pytrace=False)
    with running:
        yield running


class Checkout:
    """A checkout on a Windows machine, in a folder as users have them; without the tool's packages."""

    def __init__(self, wine: Wine, python: Path, folder: Path, version: str = NEWEST) -> None:
        self.wine = wine
        self.version = version
        self.python = python
        self.folder = folder / "Eigene Prüfstände"
        self.tool = self.folder / "tool"
        shutil.copytree(
            ROOT / "tool", self.tool, ignore=shutil.ignore_patterns("_deps", "_vendor", "__pycache__", "*.egg-info")
        )

    def fill(self, package_folder: Path) -> None:
        """Put the packages for this Windows where `stm8tool` looks for them."""
        shutil.copytree(wheels("win_amd64", self.version), package_folder)
        self.library = package_folder / "libusb_package" / "libusb-1.0.dll"

    def run(self, *words: str, **variables: str) -> Result:
        """Run stm8tool the way PlatformIO does."""
        result = self.wine.run(self.python, self.tool, *words, cwd=self.folder, **variables)
        assert "Traceback" not in result.err, result.err
        return result


@pytest.fixture(params=PYTHONS)
def cold(wine: Wine, request: pytest.FixtureRequest, tmp_path: Path) -> Checkout:
    """A checkout whose packages were not fetched yet."""
    return Checkout(wine, interpreter(request.param), tmp_path, request.param)


@pytest.fixture
def checkout(cold: Checkout) -> Checkout:
    """The platform as a release archive has it, with its packages and the libusb of every system."""
    vendor = cold.tool / "_vendor"
    release.fill(vendor, release.fetch(ROOT / ".demo" / "wheels"))
    cold.library = vendor / "libusb" / "windows-x86_64" / "libusb-1.0.dll"
    return cold


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("wine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for words in ENDED_BY_WINE:
        terminalreporter.write_line(f"wine ended this program, and it was started again: {words}")

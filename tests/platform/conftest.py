"""One PlatformIO core directory for the whole session, one project folder for each test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from platformio.package.lockfile import LockFile

import stand_ins
import warm_pio
from pio import MAIN_C, ROOT, Core, Project
from stm8build import sdcc


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core directory as `dev.py core` prepares it; without SDCC that fails, and so do the tests."""
    with prepared(tmp_path_factory, "path") as core:  # the texts in the tests are those of SDCC 4.2
        yield core


@contextmanager
def prepared(tmp_path_factory: pytest.TempPathFactory, choice: str) -> Iterator[Core]:
    """Yield a core directory with this SDCC."""
    folder = tmp_path_factory.mktemp("core")
    dev = [sys.executable, str(ROOT / "dev.py"), "core", "--dir", str(folder)]
    command = [*dev, "--sdcc", choice, "--python", sys.executable]
    with LockFile(str(tmp_path_factory.getbasetemp().parent / "core")):  # of pytest's processes the first one installs
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=600, check=False)
    if done.returncode:
        pytest.fail(f"dev.py core: {done.stdout}{done.stderr}", pytrace=False)
    core = Core(folder)
    core.pio("system", "info", cwd=folder)  # the first command prints a banner
    if not warm_pio.WORKS_HERE:
        yield core
        return
    scons = folder / "packages" / "tool-scons" / "scons.py"
    with closing(warm_pio.WarmPio(core.environment(), scons)) as warm:
        yield Core(folder, warm)


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core directory with an SDCC of 4.5 or later, and with stand-ins for the frameworks' packages."""
    with prepared(tmp_path_factory, "better") as core:
        found = sdcc.ask(core.sdcc()) if Path(core.sdcc()).exists() else None
        if not found or found.version < (4, 5):
            pytest.skip(
                "dev.py core finds no SDCC from 4.5 on: this machine is not a Debian, or its mirror does not answer"
            )
        stand_ins.install_spl(core)
        stand_ins.install_arduino(core)
        stand_ins.install_old_sdcc(core)
        yield core


@pytest.fixture(scope="session")
def frameworks(core: Core) -> Core:
    """The same core directory, with stand-ins for the frameworks' packages and for the SDCC that sduino needs."""
    stand_ins.install_spl(core)
    stand_ins.install_arduino(core)
    stand_ins.install_old_sdcc(core)
    return core


@pytest.fixture
def project(core: Core, tmp_path: Path) -> Project:
    """A project for stm8sblue, its path with a space and letters beyond ASCII."""
    folder = tmp_path / "Prüf stand"
    folder.mkdir()
    project = Project(core, folder)
    project.source(MAIN_C)
    project.configure("stm8sblue")
    return project

"""The command line of the GDB server of `pio debug`: which probe it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stm8build import debug_server

MCU = "stm8s103f3p6"
BOARD = str(Path(".pio", "build", "blue", f"{MCU}.chip"))
MAKING = ["sim", "create", BOARD, "--part", MCU, "--probe", "v3"]


def server(folder: Path, *, debug_port: str = "", **project: Any) -> debug_server.Server:
    """Return the server of a project in the current folder."""
    return debug_server.server(project, {}, MCU, debug_port, str(folder / ".pio" / "build" / "blue" / "firmware.elf"))


def probe(found: debug_server.Server) -> str:
    return found.words[found.words.index("--probe") + 1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project with a built program, which is the current one."""
    (tmp_path / ".pio" / "build" / "blue").mkdir(parents=True)
    (tmp_path / ".pio" / "build" / "blue" / "firmware.elf").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("port", ["", ":4444"])
def test_the_simulator_is_debugged_on_the_board_of_the_build_directory_and_not_on_an_st_link(
    folder: Path, port: str
) -> None:
    found = server(folder, debug_port=port, upload_protocol="simulator")
    assert probe(found) == f"sim:{BOARD}"
    assert found.making == MAKING


def test_a_board_is_not_made_if_it_is_there_or_if_the_build_is_still_to_come(folder: Path) -> None:
    Path(BOARD).touch()
    assert server(folder, upload_protocol="simulator").making == []
    Path(BOARD).unlink()
    (folder / ".pio" / "build" / "blue" / "firmware.elf").unlink()
    found = server(folder, upload_protocol="simulator")
    assert (probe(found), found.making) == (f"sim:{BOARD}", [])


@pytest.mark.parametrize(
    ("project", "which"),
    [
        ({}, "stlink"),
        ({"upload_protocol": "stlinkv3"}, "stlinkv3"),
        ({"upload_protocol": "simulator", "upload_port": "sim:own.chip"}, "sim:own.chip"),
        ({"upload_protocol": "simulator", "debug_port": "sim:own.chip"}, "sim:own.chip"),
        ({"upload_protocol": "espstlink", "upload_port": "/dev/ttyUSB0"}, "espstlink:/dev/ttyUSB0"),
    ],
)
def test_another_probe_is_that_of_the_project(folder: Path, project: dict[str, str], which: str) -> None:
    found = server(folder, **project)
    assert (probe(found), found.making) == (which, [])

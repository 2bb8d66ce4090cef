"""Projects as ststm8 2.1.0 brought them along build unchanged, with stand-ins for what PlatformIO's registry has."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

import stand_ins
import upstream
from pio import Core, Project, Result, loaded_bytes, run_at_once

# The display's buffer alone is as large as the RAM; it shares its end with the stack, as sduino says.
OVERLAPPING = ("arduino-internal-lib", "stm8sblue")


def environments(name: str) -> configparser.ConfigParser:
    ini = configparser.ConfigParser()
    ini.read(upstream.FOLDER / name / "platformio.ini", encoding="utf-8")
    return ini


def prepare(name: str, core: Core, folder: Path) -> Project:
    """Return the project, and next to it the libraries that PlatformIO would fetch for it."""
    project = Project(core, upstream.copy(name, folder))
    if "env" in environments(name):
        for section in environments(name).sections()[1:]:
            stand_ins.install_headers(project.folder, section.removeprefix("env:"))
    return project


@pytest.fixture(scope="module")
def built(frameworks: Core, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Project, Result]]:
    """Every project and what `pio run` said of it."""
    folder = tmp_path_factory.mktemp("upstream")
    projects = [prepare(name, frameworks, folder) for name in upstream.PROJECTS]
    return dict(zip(upstream.PROJECTS, zip(projects, run_at_once(projects))))


def test_all_eight_are_here_and_know_nothing_of_this_platform() -> None:
    known = {"platform", "board", "framework", "upload_protocol", "lib_deps"}
    assert len(upstream.PROJECTS) == 8
    for name in upstream.PROJECTS:
        for section in environments(name).values():
            assert set(section) <= known
            assert section.get("platform", "ststm8") == "ststm8"


@pytest.mark.platform
@pytest.mark.parametrize("name", upstream.PROJECTS)
def test_a_project_for_ststm8_2_builds_unchanged(built: dict[str, tuple[Project, Result]], name: str) -> None:
    project, result = built[name]
    boards = {section.removeprefix("env:") for section in environments(name).sections() if section != "env"}
    assert result.code == 0, result.output
    assert all(project.built("firmware.hex", board).is_file() for board in boards)


@pytest.mark.platform
def test_a_display_that_shares_memory_with_the_stack_is_a_warning(built: dict[str, tuple[Project, Result]]) -> None:
    """Only with sduino, whose driver means it: in any other project variables that do not fit are an error."""
    name, board = OVERLAPPING
    _, result = built[name]
    overlap = (
        "warning: the variables need 1025 bytes, the RAM has 1024: the end of them is lost, or shared with the stack"
    )
    assert result.output.count(overlap) == 1
    assert board in result.output


@pytest.mark.platform
def test_the_handlers_of_a_project_for_ststm8_2_are_the_chip_s_vectors(
    built: dict[str, tuple[Project, Result]],
) -> None:
    project, _ = built["spl-uart-loopback"]
    held = loaded_bytes(project.built("firmware.hex", "mb208").read_text())
    symbols = project.built("firmware.map", "mb208").read_text()
    for number, handler in ((0, "TLI"), (9, "CAN_TX"), (17, "UART1_TX"), (21, "UART3_RX"), (24, "EEPROM_EEC")):
        found = re.search(rf"([0-9A-F]{{8}})\s+_{handler}_IRQHandler\b", symbols)
        assert found, handler
        vector = 0x8008 + 4 * number  # RM0016, "Interrupt vectors"; an instruction, INT, with the address
        assert bytes(held[vector + place] for place in range(4)) == b"\x82" + int(found[1], 16).to_bytes(3, "big")

"""examples/: each one builds as it stands, with stand-ins for the packages of its framework."""

from __future__ import annotations

import configparser
import re
import shutil
from pathlib import Path

import pytest

import upstream
from pio import ROOT, Core, Project, Result, loaded_bytes, run_at_once, stm8tool
from stm8test import project_file

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir())


def copy(example: str, core: Core, folder: Path) -> Project:
    shutil.copytree(ROOT / "examples" / example, folder / example, ignore=shutil.ignore_patterns(".pio"))
    return Project(core, folder / example)


def environments(ini: Path) -> dict[str, dict[str, str]]:
    """Return environment -> its options, with those of [env]."""
    parser = configparser.ConfigParser()
    parser.read(ini, encoding="utf-8")
    common = dict(parser["env"]) if "env" in parser else {}
    return {name: {**common, **parser[name]} for name in parser.sections() if name != "env"}


@pytest.mark.parametrize("example", upstream.PROJECTS)
def test_an_example_of_ststm8_2_has_the_environments_that_it_had(example: str) -> None:
    here = environments(ROOT / "examples" / example / "platformio.ini")
    for name, options in environments(upstream.FOLDER / example / "platformio.ini").items():
        for option in ("platform", "board", "framework"):
            assert here[name].get(option) == options.get(option)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_says_what_it_is_in_its_first_lines(example: str) -> None:
    folder = ROOT / "examples" / example
    assert (folder / "platformio.ini").read_text(encoding="utf-8").startswith("; ")
    assert (folder / "src" / "main.c").read_text(encoding="utf-8").startswith("/* ")


@pytest.fixture(scope="module")
def built(frameworks: Core, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What `pio run` said of each example."""
    folder = tmp_path_factory.mktemp("examples")
    return dict(zip(EXAMPLES, run_at_once([copy(example, frameworks, folder) for example in EXAMPLES])))


@pytest.mark.platform
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_builds(example: str, built: dict[str, Result]) -> None:
    result = built[example]
    assert result.code == 0, result.output
    assert "warning" not in result.output.lower()


@pytest.mark.platform
def test_data_for_the_eeprom_are_uploaded_with_the_program(core: Core, tmp_path: Path) -> None:
    project = copy("native-eeprom-image", core, tmp_path)
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder)
    assert made.code == 0, made.output
    result = project.run("upload", "dumpeep", options=("--upload-port", "sim:board.chip"))
    assert result.code == 0, result.output
    held = loaded_bytes(project.built("dumpeep.hex").read_text())
    assert [held[0x4000 + place] for place in range(8)] == [1, 0, 1, 0, 1, 0, 0, 0]


@pytest.mark.platform
def test_a_locked_chip_is_left_alone_by_the_careful_environment_and_opened_by_the_other(
    core: Core, tmp_path: Path
) -> None:
    project = copy("native-unlock", core, tmp_path)
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", "--locked", cwd=project.folder)
    assert made.code == 0, made.output
    port = ("--upload-port", "sim:board.chip")
    careful = project.run("upload", options=("-e", "careful", *port))
    assert "*** [upload] Error 5" in careful.output
    assert careful.code == 1
    opened = project.run("upload", options=("-e", "stm8sblue", *port))
    assert opened.code == 0, opened.output
    assert "unlocking it, which erases the whole chip" in opened.output


@pytest.mark.platform
def test_a_boot_loader_stays_when_the_application_is_uploaded_and_passes_its_interrupts_on(
    core: Core, tmp_path: Path
) -> None:
    project = copy("native-boot-loader", core, tmp_path)
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder)
    assert made.code == 0, made.output
    port = ("--upload-port", "sim:board.chip")
    result = project.run("upload", options=port)  # of both environments
    assert result.code == 0, result.output
    verified = project.run("verify", "dump", options=port)
    assert verified.code == 0, verified.output
    held = loaded_bytes(project.built("dump.hex", "boot").read_text())
    tick = 4 * (2 + 23)  # RM0016: reset, trap, interrupt 0, …
    assert bytes(held[0x8000 + tick + place] for place in range(4)) == b"\x82\x00" + (0x9000 + tick).to_bytes(2, "big")
    symbols = project.built("firmware.map", "application").read_text()
    found = re.search(r"([0-9A-F]{8})\s+_tick\b", symbols)
    assert found
    assert bytes(held[0x9000 + tick + place] for place in range(4)) == b"\x82" + int(found[1], 16).to_bytes(3, "big")
    assert held[0x8000] == held[0x9000] == 0x82


@pytest.mark.platform
def test_the_unit_tests_pass_in_the_simulator_and_over_an_st_link(core: Core, tmp_path: Path) -> None:
    project = copy("native-unit-tests", core, tmp_path)
    runner = project.folder / "test" / project_file.NAME
    assert runner.read_text(encoding="utf-8") == project_file.CONTENT
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder)
    assert made.code == 0, made.output
    for words in (("-e", "simulated"), ("-e", "stm8sblue", "--upload-port", "sim:board.chip")):
        result = core.pio("test", *words, cwd=project.folder)
        assert result.code == 0, result.output
        assert "4 succeeded" in result.output

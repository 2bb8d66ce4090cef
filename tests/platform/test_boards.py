"""boards/: every manifest, against the part table and against what projects for ststm8 2.x rely on."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from pio import BOARDS, ROOT, UPSTREAM_BOARDS, Project, load
from stm8tool.parts.table import all_parts, find_part

make_boards = load(ROOT / "boards" / "make_boards.py")
MADE = {board.id: board for board in make_boards.boards()}
FRAMEWORKS = {"arduino", "spl"}

# ststm8 2.1.0: macros, variant, frameworks, protocols, and the default protocol.
UPSTREAM = {
    "mb208": ("STM8S_MB STM8S208", "mb208", "arduino spl", "stlinkv2 serial", "serial"),
    "nucleo_8s207k8": ("STM8S_NUCLEO_207K8 STM8S207", None, "spl", "stlinkv21 serial", "stlinkv21"),
    "nucleo_8s208rb": ("STM8S_NUCLEO_208RB STM8S208", None, "spl", "stlinkv21 serial", "stlinkv21"),
    "s8uno": ("STM8S_UNO STM8S105", "s8uno", "arduino spl", "stlinkv2 serial", "serial"),
    "stm8s003f3": ("STM8S_003 STM8S003", "standard", "arduino spl", "stlinkv2", "stlinkv2"),  # serial cannot work
    "stm8sblack": ("STM8S_BLACK STM8S105", "stm8sblack", "arduino spl", "stlinkv2 serial", "serial"),
    "stm8sblue": ("STM8S_BLUE STM8S103", "standard", "arduino spl", "stlinkv2", "stlinkv2"),  # nor here
    "stm8sdisco": ("STM8S_DISCOVERY STM8S105", "stm8sdisco", "arduino spl", "stlink stlinkv2 serial", "stlink"),
}


@pytest.mark.parametrize("board", UPSTREAM)
def test_a_board_of_ststm8_2_means_what_it_meant(board: str) -> None:
    macros, variant, frameworks, protocols, default = UPSTREAM[board]
    build, upload = BOARDS[board]["build"], BOARDS[board]["upload"]
    assert build["extra_flags"] == " ".join(f"-D{macro}" for macro in macros.split())
    assert (build["core"], build["cpu"], build["f_cpu"]) == ("sduino", "stm8", "16000000L")
    assert build.get("variant") == variant
    assert BOARDS[board]["frameworks"] == frameworks.split()
    assert set(protocols.split()) <= set(upload["protocols"])
    assert upload["protocol"] == default


def test_the_boards_of_ststm8_2_are_all_here() -> None:
    assert sorted(UPSTREAM) == UPSTREAM_BOARDS


def test_every_part_has_a_board() -> None:
    assert {find_part(manifest["build"]["mcu"]).name for manifest in BOARDS.values()} == {p.name for p in all_parts()}


def test_a_part_with_a_board_of_its_own_has_no_generic_one() -> None:
    named = [board.part for board in MADE.values() if not board.id.startswith("generic_")]
    assert not {f"generic_{part.name.lower()}" for part in named} & set(BOARDS)


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_has_the_memory_of_its_part(board: str) -> None:
    part = find_part(BOARDS[board]["build"]["mcu"])
    limits = BOARDS[board]["upload"]
    assert (limits["maximum_size"], limits["maximum_ram_size"]) == (part.flash.size, part.ram.size)


@pytest.mark.parametrize("board", BOARDS)
def test_a_manifest_has_all_that_platformio_and_the_builder_read(board: str) -> None:
    manifest: dict[str, Any] = BOARDS[board]
    assert all(manifest[key] for key in ("name", "vendor"))
    assert re.match(r"https?://\S+$", manifest["url"])
    assert (manifest["build"]["cpu"], manifest["build"]["f_cpu"]) == ("stm8", "16000000L")
    assert set(manifest["frameworks"]) <= FRAMEWORKS
    assert ("arduino" in manifest["frameworks"]) == ("variant" in manifest["build"])
    assert re.fullmatch(r"-D\w+( -D\w+)*", manifest["build"]["extra_flags"])


@pytest.mark.parametrize("board", BOARDS)
def test_only_what_st_s_library_knows_offers_it(board: str) -> None:
    """The package holds the library for STM8S and STM8AF; it needs the macro of one of these series."""
    series = "STM8S(001|003|005|007|103|105|207|208|903)|STM8AF(52Ax|62Ax|626x|622x)"
    macros = BOARDS[board]["build"]["extra_flags"].replace("-D", "").split()
    known = [macro for macro in macros if re.fullmatch(series, macro)]
    assert ("spl" in BOARDS[board]["frameworks"]) == (len(known) == 1)


def test_what_openocd_takes_is_the_part_s() -> None:
    variables = BOARDS["nucleo_8l152r8"]["debug"]["openocd_variables"]
    assert {name: int(value, 0) for name, value in variables.items()} == {
        "FLASHEND": 0x17FFF,
        "EEPROMSTART": 0x1000,
        "EEPROMEND": 0x17FF,
        "OPTIONEND": find_part("STM8L152R8").options.end - 1,
        "BLOCKSIZE": 128,
    }


@pytest.mark.platform  # it imports PlatformIO
def test_openocd_is_told_the_memories_before_it_reads_the_target_s_file() -> None:
    debug: dict[str, Any] = {"openocd_target": "stm8l", "openocd_variables": {"FLASHEND": "0x17fff"}}
    load(ROOT / "platform.py").Ststm8Platform._add_openocd(debug)
    (tool,) = debug["tools"].values()
    words = ["-f", "interface/stlink-dap.cfg", "-c", "set FLASHEND 0x17fff", "-f", "target/stm8l.cfg"]
    assert tool["server"]["arguments"] == ["-s", "$PACKAGE_DIR/scripts", *words]


@pytest.mark.platform
@pytest.mark.parametrize(
    ("board", "meant"),
    [
        ("stm8sblu", "stm8sblue, "),
        ("STM8SBLUE", "stm8sblue"),
        ("stm8s105c4", "generic_stm8s105c4"),  # the name without generic_
        ("stm8s103f3", "stm8sblue"),  # the chip of a board with another name
        ("nucleo_8s207k", "nucleo_8s207k8"),
    ],
)
def test_an_unknown_board_is_told_with_names_that_are_near(project: Project, board: str, meant: str) -> None:
    project.configure(board)
    result = project.run()
    assert result.code == 1
    lines = result.output.splitlines()
    hint = next(line for line in lines if line.startswith("hint: "))
    assert f"Error: Unknown board ID '{board}'" in lines
    names = hint[len("hint: did you mean ") :].partition("?")[0]
    assert meant.rstrip(", ") in names.split(", ")
    assert set(names.split(", ")) <= set(BOARDS)
    assert f"the file {board}.json in {project.folder / 'boards'}, for this project" in hint
    assert f"or in {project.core.folder / 'boards'}, for all projects" in hint


@pytest.mark.platform
@pytest.mark.parametrize("target", ["upload", "idedata"])
def test_an_unknown_board_is_told_so_for_other_targets(project: Project, target: str) -> None:
    project.configure("arduino_uno")
    result = project.run(target)
    assert result.code == 1
    assert (
        "Unknown board ID 'arduino_uno'\nhint: docs/boards.md in the platform's folder lists all boards. "
        in result.output
    )


@pytest.mark.platform
def test_a_board_s_file_that_names_another_platform_is_named(project: Project) -> None:
    manifest = {**BOARDS["stm8sblue"], "platform": "atmelavr"}
    (project.folder / "boards").mkdir()
    (project.folder / "boards" / "mine.json").write_text(json.dumps(manifest))
    project.configure("mine")
    result = project.run()
    assert result.code == 1
    path = project.folder / "boards" / "mine.json"
    assert f'hint: {path} is not for this platform; write "platform": "ststm8" in it' in result.output


@pytest.mark.platform
def test_a_board_that_lies_in_another_version_of_the_platform_is_found_there(project: Project, tmp_path: Path) -> None:
    """Its own folder is where guides for ststm8 2.1.0 put it."""
    platforms = tmp_path / "platforms"
    shutil.copytree(project.core.folder / "platforms", platforms, symlinks=True)
    old = platforms / "ststm8@2.1.0" / "boards"
    old.mkdir(parents=True)
    (old / "mine.json").write_text(json.dumps(BOARDS["stm8sblue"]))
    project.configure("mine")
    result = project.run(PLATFORMIO_PLATFORMS_DIR=str(platforms))
    assert result.code == 1
    assert f"hint: copy {old / 'mine.json'} to {project.folder / 'boards'}, for this project, or to " in result.output

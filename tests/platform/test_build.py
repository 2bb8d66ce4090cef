"""Real `pio run`: what it builds, where it writes, and what it refuses to build."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pio import BOARDS, OTHER_BOARDS, ROOT, UPSTREAM_BOARDS, Core, Project, loaded_bytes

pytestmark = pytest.mark.platform


def test_a_build_makes_the_hex_that_sdcc_would_make_and_the_next_one_has_nothing_to_do(project: Project) -> None:
    first = project.run()
    assert first.code == 0, first.output
    assert "RAM:   [          ]   2.1% (used 22 bytes from 1024 bytes)" in first.output
    assert "Flash: [" in first.output
    link = [project.core.sdcc(), "-mstm8", "--out-fmt-ihx", "src/main.rel", "-o", "own.ihx"]
    subprocess.run(link, cwd=project.built(""), check=True, timeout=60)
    built = project.built("firmware.hex")
    assert loaded_bytes(built.read_text()) == loaded_bytes(project.built("own.ihx").read_text())
    written = built.stat().st_mtime_ns
    second = project.run()
    assert second.code == 0, second.output
    assert not [line for line in second.output.splitlines() if line.startswith(("Compiling", "Linking", "Building ."))]
    assert built.stat().st_mtime_ns == written


def test_a_build_writes_nothing_into_the_project_but_its_build_directory(project: Project) -> None:
    before = {path.name for path in project.folder.iterdir()}
    assert project.run().code == 0
    assert {path.name for path in project.folder.iterdir()} - before == {".pio"}


def test_a_board_of_every_kind_builds(project: Project) -> None:
    boards = UPSTREAM_BOARDS + OTHER_BOARDS
    project.configure(*boards)
    result = project.run()
    assert result.code == 0, result.output
    assert all(project.built("firmware.hex", board).is_file() for board in boards)


def test_the_boards_are_listed_with_openocd_as_their_debugger(core: Core, tmp_path: Path) -> None:
    result = core.pio("boards", "ststm8", "--installed", "--json-output", cwd=tmp_path)
    assert {board["id"]: list(board["debug"]["tools"]) for board in json.loads(result.output)} == {
        board: ["stlink"] for board in BOARDS
    }


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").iterdir()))
def test_every_example_builds(example: str, core: Core, tmp_path: Path) -> None:
    folder = tmp_path / example
    shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns(".pio"))
    result = core.pio("run", cwd=folder)
    assert result.code == 0, result.output


def test_a_debug_build_holds_line_numbers(project: Project) -> None:
    project.configure("stm8sblue\nbuild_type = debug")
    result = project.run()
    assert result.code == 0, result.output
    assert b".debug_line" in project.built("firmware.elf").read_bytes()


def test_an_assembler_source_is_assembled_and_linked(project: Project) -> None:
    project.source("unsigned char answer(void); volatile char c; void main(void) { c = answer(); }")
    project.source("\t.module zz\n\t.globl _answer\n\t.area CODE\n_answer:\n\tld a, #0x2A\n\tret\n", "zz.asm")
    result = project.run()
    assert result.code == 0, result.output
    program = bytes(loaded_bytes(project.built("firmware.hex").read_text()).values())
    assert b"\xa6\x2a\x81" in program


def test_variables_that_do_not_fit_the_ram_are_an_error(project: Project) -> None:
    project.source("char big[1025]; void main(void) { big[3]++; }")
    result = project.run()
    assert result.code == 1
    assert result.errors == ["error: the variables need 1025 bytes, the RAM has 1024"]
    assert not project.built("firmware.hex").exists()


def test_a_program_that_does_not_fit_the_flash_is_an_error(project: Project) -> None:
    project.source("const char big[8192] = {1}; volatile char c; void main(void) { c = big[c]; }")
    result = project.run()
    assert result.code == 1
    assert "is greater than maximum allowed (8192 bytes)" in result.output


def test_a_build_directory_that_sdcc_cannot_write_to_is_named(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "with space"
    result = project.run(PLATFORMIO_BUILD_DIR=str(elsewhere))
    assert result.code == 1
    assert result.errors == [
        f"error: build_dir = {elsewhere}: SDCC cannot write below a folder with a space in its name"
    ]


@pytest.mark.parametrize("framework", ["spl", "arduino"])
def test_a_framework_that_is_not_here_yet_stops_with_one_sentence(project: Project, framework: str) -> None:
    project.configure(f"stm8sblue\nframework = {framework}")
    result = project.run()
    assert result.code == 1
    assert result.errors == [
        f"error: framework = {framework} is not supported by this version; without that line it builds plain C"
    ]
    assert "Traceback" not in result.output


def test_an_unknown_board_is_named(project: Project) -> None:
    project.configure("stm8sgreen")
    result = project.run()
    assert result.code == 1
    assert "Error: Unknown board ID 'stm8sgreen'" in result.output

"""What an editor is told of a project: it is told whatever is wrong with the project, and the run never ends early."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pio import MAIN_C, Core, Project

pytestmark = pytest.mark.platform

# Every refusal of the builder: the options of an environment, and what the warning holds.
REFUSED = {
    "no-board": ("", "has no board"),
    "no-part": ("board = stm8sblue\nboard_build.mcu =", "board_build.mcu names no part"),
    "frequency": ("board = stm8sblue\nboard_build.f_cpu = fast", "board_build.f_cpu = fast"),
    "model": ("board = stm8sblue\nboard_build.memory_model = huge", "board_build.memory_model = huge is unknown"),
    "two-models": (
        "board = stm8sblue\nbuild_flags = --model-large\nboard_build.memory_model = medium",
        "do not go together",
    ),
    "value": ("board = stm8sblue\ncustom_confirm = always", "custom_confirm = always is unknown"),
    "misspelt": ("board = stm8sblue\nboard_upload.unlok = never", "did you mean board_upload.unlock?"),
    "quotation": ('board = stm8sblue\nupload_flags = "x', "a quotation mark has no partner"),
    "arduino-chip": (
        "board = stm8sblue\nframework = arduino\nboard_build.mcu = stm8s903k3t6",
        "sduino has no library for STM8S903",
    ),
    "arduino-model": (
        "board = stm8sblue\nframework = arduino\nboard_build.memory_model = large",
        "sduino's compiled libraries are for medium",
    ),
    "spl": ("board = stm8sblue\nframework = spl", "there is no stm8s_conf.h"),
}


@pytest.fixture
def refused(frameworks: Core, project: Project) -> Project:
    """A project with an environment for each refusal."""
    text = "[env]\nplatform = ststm8\n"
    text += "".join(f"[env:{name}]\n{options}\n" for name, (options, _) in REFUSED.items())
    (project.folder / "platformio.ini").write_text(text, encoding="utf-8")
    return project


def test_each_of_these_environments_is_refused_or_warned_of_in_a_build(refused: Project) -> None:
    result = refused.run()
    assert result.code == 1
    lines = [line for line in result.output.splitlines() if line.startswith(("error: ", "warning: "))]
    for _, message in REFUSED.values():
        assert any(message in line for line in lines), message
    assert len(result.errors) == len(REFUSED) - 1  # all but SPL's


@pytest.mark.parametrize("target", ["idedata", "compiledb"])
def test_an_editor_s_data_are_made_whatever_is_wrong(refused: Project, target: str) -> None:
    result = refused.run(target)
    assert result.code == 0, result.output
    assert result.errors == []
    warnings = [line for line in result.output.splitlines() if line.startswith("warning: ")]
    for _, message in REFUSED.values():
        assert any(message in line for line in warnings), message
    if target == "idedata":
        data = [json.loads(line) for line in result.output.splitlines() if line.startswith('{"build_type"')]
        assert [made["env_name"] for made in data] == list(REFUSED)
        assert all("__SDCC_stm8=1" in made["defines"] for made in data)
    else:
        commands = json.loads((refused.folder / "compile_commands.json").read_text(encoding="utf-8"))
        assert any(Path(command["file"]).name == "main.c" for command in commands)


@pytest.mark.parametrize("target", ["idedata", "compiledb"])
def test_a_source_that_sdcc_cannot_compile_does_not_end_it(project: Project, target: str) -> None:
    project.source("class A {};", "more.cpp")
    project.source("void setup() {}", "sketch.ino")
    result = project.run(target)
    assert result.code == 0, result.output
    assert result.errors == []


def test_a_sketch_does_not_end_it_where_sketches_are_built(frameworks: Core, project: Project) -> None:
    (project.folder / "src" / "main.c").rename(project.folder / "src" / "sketch.ino")
    project.configure("stm8sblue\nframework = arduino")
    for target in ("idedata", "compiledb"):
        result = project.run(target)
        assert result.code == 0, result.output
        assert result.errors == []


@pytest.mark.parametrize("target", ["idedata", "compiledb"])
def test_a_build_folder_with_a_space_does_not_end_it(project: Project, tmp_path: Path, target: str) -> None:
    result = project.run(target, PLATFORMIO_BUILD_DIR=str(tmp_path / "a b"))
    assert result.code == 0, result.output
    assert "warning: build_dir = " in result.output


def test_more_than_an_editor_s_data_is_refused_as_ever(project: Project) -> None:
    project.configure("stm8sblue\nboard_build.f_cpu = fast")
    result = project.run("compiledb", "buildprog")
    assert result.code == 1
    assert result.errors == ["error: board_build.f_cpu = fast is not a frequency in Hz, such as 16000000L"]


def test_metadata_are_made_for_a_project_that_does_not_build(project: Project) -> None:
    project.configure("stm8sblue\nboard_build.f_cpu = fast")
    result = project.core.pio("project", "metadata", "--json-output", cwd=project.folder)
    assert result.code == 0, result.output
    (data,) = json.loads(result.output[result.output.index('{"') :].partition("\n")[0]).values()
    assert data["env_name"] == "stm8sblue"


@pytest.mark.parametrize("board", ["generic_stm8s105c4", "stm8sblue"])
def test_a_new_project_is_set_up_for_an_editor(frameworks: Core, tmp_path: Path, board: str) -> None:
    """PlatformIO picks the framework by itself where a board has one only, before there is a source."""
    result = frameworks.pio("project", "init", "--board", board, "--ide", "vscode", cwd=tmp_path)
    assert result.code == 0, result.output
    settings = (tmp_path / ".vscode" / "c_cpp_properties.json").read_text(encoding="utf-8")
    assert '"__SDCC_stm8=1"' in settings
    (tmp_path / "src" / "main.c").write_text(MAIN_C, encoding="utf-8")
    result = frameworks.pio("run", cwd=tmp_path)
    assert result.code == 0, result.output

"""What the linker leaves: the same ELF in every build, or nothing at all, which is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pio import Core, Project

pytestmark = pytest.mark.platform

NO_PROGRAM = (
    "the linker wrote no program, because no source has code: is all code in a comment or a false #if, "
    "or left out by build_src_filter?"
)


@pytest.mark.parametrize("build_type", ["release", "debug"])
def test_two_clean_builds_in_different_folders_are_equal(project: Project, tmp_path: Path, build_type: str) -> None:
    other = Project(project.core, tmp_path / "elsewhere")
    other.folder.mkdir()
    other.source((project.folder / "src" / "main.c").read_text(encoding="utf-8"))
    built = []
    for each in (project, other):
        each.configure(f"stm8sblue\nbuild_type = {build_type}")
        result = each.run()
        assert result.code == 0, result.output
        built.append([each.built(name).read_bytes() for name in ("firmware.elf", "firmware.hex")])
    assert built[0] == built[1]
    assert built[0][0][36:40] == bytes(4)


@pytest.mark.parametrize(
    "code", ["", "/* int main; */\n", "#if 0\nvoid main(void) {}\n#endif\n", "extern int x;\ntypedef int number;\n"]
)
def test_sources_without_code_are_told_in_a_sentence(project: Project, code: str) -> None:
    project.source(code)
    result = project.run()
    assert result.code == 1
    (error,) = result.errors
    assert error.endswith(f"firmware.elf: {NO_PROGRAM}")
    assert "Traceback" not in result.output


def test_variables_without_code_are_told_in_a_sentence(project: Project) -> None:
    project.source("int counter;\n")
    result = project.run()
    assert result.code == 1
    assert any("the program has no code, at most variables" in error for error in result.errors)


def test_a_source_without_code_beside_one_with_code_is_built(project: Project) -> None:
    project.source("", "empty.c")
    project.source("", "nothing.s")
    result = project.run()
    assert result.code == 0, result.output


@pytest.mark.parametrize("targets", [(), ("upload",), ("size",)])
def test_a_project_without_sources_is_told_in_a_sentence(core: Core, tmp_path: Path, targets: tuple[str, ...]) -> None:
    bare = Project(core, tmp_path)
    bare.configure("stm8sblue")
    (tmp_path / "src").mkdir()
    result = bare.run(*targets)
    assert result.code == 1
    said = [line for line in result.output.splitlines() if line.lower().startswith("error:")]
    assert len(said) == 1
    assert str(tmp_path / "src") in said[0]
    assert "--model-large" not in result.output


@pytest.mark.parametrize("target", ["compiledb", "idedata", "clean"])
def test_a_project_without_sources_may_be_looked_at(core: Core, tmp_path: Path, target: str) -> None:
    bare = Project(core, tmp_path)
    bare.configure("stm8sblue")
    (tmp_path / "src").mkdir()
    assert bare.run(target).code == 0

"""Which SDCC a build uses: PlatformIO's package, another one in its place, or the one on PATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pio import Core, Project, write_program
from stm8build import ide, sdcc

pytestmark = pytest.mark.platform

BANNER = "SDCC : mcs51/z80/stm8/pdk15 TD- {} #15242 (Linux)"


def compiler(folder: Path, version: str) -> str:
    """Return a program that says that it is this SDCC, and counts how often it is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    count = folder / "asked"
    code = f"open({str(count)!r}, 'a').write('.')\nprint({BANNER.format(version)!r})\n"
    write_program(folder / "sdcc", code)
    found = sdcc.find(sdcc.SYSTEM, str(folder), "")
    assert Path(found).parent == folder
    return found


def lines(output: str, *begins: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith(begins)]


@pytest.mark.parametrize(
    ("banner", "version", "revision"),
    [
        ("SDCC : mcs51/z80/stm8/pdk15 4.2.0 #13081 (Linux)", (4, 2, 0), "#13081"),
        ("SDCC : mcs51/stm8/f8 TD- 4.5.0 #15242 (MINGW64)", (4, 5, 0), "#15242"),
        ("SDCC : stm8 4.6.0", (), ""),
        ("something else", (), ""),
    ],
)
def test_the_version_is_in_the_first_line_that_sdcc_prints(
    banner: str, version: tuple[int, ...], revision: str
) -> None:
    found = sdcc.Compiler("sdcc", banner)
    assert (found.version, found.revision) == (version, revision)


def test_a_compiler_is_asked_once_until_it_changes(tmp_path: Path) -> None:
    path, cache = compiler(tmp_path / "bin", "4.4.0"), tmp_path / "build" / "sdcc.json"
    assert [sdcc.ask(path, cache).version_text for _ in range(3)] == ["4.4.0"] * 3
    assert (tmp_path / "bin" / "asked").read_text() == "."
    compiler(tmp_path / "bin", "4.6.1")
    os.utime(path, ns=(1, 1))
    assert sdcc.ask(path, cache).version == (4, 6, 1)
    cache.write_text("[1]")
    assert sdcc.ask(path, cache).version == (4, 6, 1)


def test_a_compiler_that_does_not_start_is_an_error_with_a_hint(tmp_path: Path) -> None:
    write_program(tmp_path / "sdcc", "raise SystemExit('error: not for this processor')\n")
    path = sdcc.find(sdcc.SYSTEM, str(tmp_path), "")
    with pytest.raises(sdcc.NoCompilerError, match="does not start: error: not for this processor") as raised:
        sdcc.ask(path)
    assert "sdcc --version" in raised.value.hint


@pytest.mark.parametrize(
    ("version", "framework", "warning"),
    [
        ("4.0.7", "spl", "SDCC 4.0.7 is older than 4.1: this platform was not tried with it"),
        ("4.1.0", "spl", None),
        ("4.6.9", "spl", None),
        ("4.7.0", "spl", "SDCC 4.7.0 is newer than 4.6: this platform was not tried with it"),
        ("5.0.0", "spl", "SDCC 5.0.0 is newer than 4.6: this platform was not tried with it"),
        ("3.9.1", "arduino", None),
        (
            "4.2.0",
            "arduino",
            "framework = arduino: sduino's compiled libraries take arguments from the stack, and SDCC 4.2.0 passes "
            "them in registers: their functions get wrong values",
        ),
    ],
)
def test_a_version_that_may_not_do_is_a_warning(version: str, framework: str, warning: str) -> None:
    found = sdcc.problems(sdcc.Compiler("/bin/sdcc", BANNER.format(version)), sdcc.SYSTEM, "", "", [framework])
    assert [text for text, _ in found] == [warning] * bool(warning)


def test_of_a_package_that_sduino_asked_for_the_package_s_version_counts(tmp_path: Path) -> None:
    inside = sdcc.Compiler(str(tmp_path / "bin" / "sdcc"), BANNER.format("4.2.0"))
    assert sdcc.problems(inside, "package", str(tmp_path), "1.30901.0", ["arduino"]) == []
    assert len(sdcc.problems(inside, "package", str(tmp_path), "1.40200.0", ["arduino"])) == 1


def test_a_package_without_a_compiler_gives_way_to_the_path_and_is_told(tmp_path: Path) -> None:
    path, package = compiler(tmp_path / "bin", "4.2.0"), str(tmp_path / "package")
    assert sdcc.find("package", os.pathsep.join([package, str(tmp_path / "bin")]), package) == path
    ((warning, hint),) = sdcc.problems(sdcc.ask(path), "package", package, "1.40200.0", [])
    assert warning == f"the package toolchain-sdcc in {package} has no `sdcc`, so the build takes {path}"
    assert "board_build.sdcc = system" in hint


def test_a_package_that_platformio_does_not_find_gives_way_to_the_path_and_is_told() -> None:
    path = sdcc.Compiler("/bin/sdcc", BANNER.format("4.2.0"))
    ((warning, hint),) = sdcc.problems(path, "package", "", "", [])
    assert warning == "PlatformIO finds no package toolchain-sdcc for this project, so the build takes /bin/sdcc"
    assert "no file .piopm" in hint
    assert sdcc.problems(path, sdcc.SYSTEM, "", "", []) == []


def test_a_build_says_which_compiler_it_uses(project: Project) -> None:
    folder = project.core.folder / "packages" / "toolchain-sdcc"
    own = sdcc.ask(project.core.sdcc())
    result = project.run()
    assert result.code == 0, result.output
    (told,) = lines(result.output, "SDCC ")
    assert told.startswith(f"SDCC {own.version_text} {own.revision}, package toolchain-sdcc 1.")
    assert told.endswith(f": {folder / 'bin' / 'sdcc'}")


def test_the_compiler_on_path_is_used_where_the_project_wants_it(project: Project) -> None:
    project.configure("stm8sblue\nboard_build.sdcc = system")
    path = os.pathsep.join([str(Path(project.core.sdcc()).resolve().parent), os.environ["PATH"]])
    result = project.run(PATH=path)
    assert result.code == 0, result.output
    (told,) = lines(result.output, "SDCC ")
    assert ", from PATH: " in told
    assert str(project.core.folder) not in told
    assert "toolchain-sdcc @" not in result.output  # PlatformIO's list of packages


def test_a_project_that_wants_the_compiler_on_path_is_told_if_there_is_none(project: Project) -> None:
    project.configure("stm8sblue\nboard_build.sdcc = system")
    result = project.run(PATH=str(project.folder))
    assert result.code == 1
    assert lines(result.output, "error:", "hint:") == [
        "error: board_build.sdcc = system, and there is no `sdcc` on PATH",
        "hint: install SDCC and open a new terminal, or remove board_build.sdcc: then PlatformIO brings SDCC",
    ]


def test_a_script_can_read_the_version(project: Project, core: Core) -> None:
    (project.folder / "tell.py").write_text('Import("env")\nprint("it is", env["SDCC_VERSION"])\n')
    project.configure("stm8sblue\nextra_scripts = post:tell.py")
    assert f"it is {sdcc.ask(core.sdcc()).version_text}" in project.run("size").output


def test_an_editor_gets_the_headers_of_the_compiler_on_path_and_not_those_of_the_system(tmp_path: Path) -> None:
    for header in ("share/sdcc/include/stdint.h", "include/stdint.h"):
        (tmp_path / header).parent.mkdir(parents=True)
        (tmp_path / header).touch()
    compiler(tmp_path / "bin", "4.2.0")
    (tmp_path / "other" / "bin").mkdir(parents=True)
    linked = tmp_path / "other" / "bin" / "sdcc"
    linked.symlink_to(tmp_path / "bin" / "sdcc")
    for path in (tmp_path / "bin" / "sdcc", linked):
        folder = sdcc.Compiler(str(path), BANNER.format("4.2.0")).folder
        assert [found.resolve() for found in ide.include_folders(folder)] == [
            (tmp_path / "share/sdcc/include").resolve()
        ]

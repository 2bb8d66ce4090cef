"""Builds with an SDCC from 4.5 on, if this machine can have one: dev.py unpacks that of Debian's next release."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from memory_maps import check, data
from pio import ROOT, Core, Project, loaded_bytes, stm8tool
from small_programs import BORROWING, ON_STACK
from stm8build import sdcc

pytestmark = pytest.mark.platform

CALLING = """
unsigned char add(unsigned a, unsigned char b);
volatile unsigned seen;
void main(void) { seen = add(seen, 3); }
"""


def warnings(output: str) -> list[str]:
    return [line for line in output.splitlines() if "warning: " in line]


@pytest.fixture
def project(newer: Core, tmp_path: Path) -> Project:
    """A project whose core directory has that SDCC."""
    folder = tmp_path / "newer SDCC"
    folder.mkdir()
    return Project(newer, folder)


@pytest.mark.parametrize("example", ["native-boot-loader", "spl-flash", "arduino-ping-hc04"])
def test_an_example_of_each_framework_builds(newer: Core, tmp_path: Path, example: str) -> None:
    folder = tmp_path / example
    shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns(".pio"))
    project = Project(newer, folder)
    result = project.run()
    assert result.code == 0, result.output
    version = sdcc.ask(newer.sdcc()).version_text
    assert f"\nSDCC {version} #" in result.output
    assert "warning" not in result.output.lower()


def test_a_program_of_the_large_model_is_built_mapped_and_uploaded(project: Project) -> None:
    project.source(BORROWING)
    project.configure("nucleo_8s208rb\nboard_build.memory_model = large\nupload_port = sim:b.chip")
    made = project.run("memory-map", options=("-a", "--json"))
    assert warnings(made.output) == []  # the difference is right with this SDCC, and the build says nothing
    firmware = project.built("firmware.elf", "nucleo_8s208rb")
    check(data(made), firmware, 6144)
    created = stm8tool("sim", "create", "b.chip", "--part", "stm8s208rb", "--probe", "v21", cwd=project.folder)
    assert created.code == 0, created.output
    assert project.run("upload").code == 0
    read = stm8tool("--probe", "sim:b.chip", "--part", "stm8s208rb", "read", "x.hex", cwd=project.folder)
    assert read.code == 0, read.output
    chip = loaded_bytes((project.folder / "x.hex").read_text())
    program = loaded_bytes(firmware.with_suffix(".hex").read_text())
    assert {address: chip[address] for address in program} == program


def test_assembler_for_sdcc_before_4_2_is_named_here_too(project: Project) -> None:
    project.source(CALLING)
    project.source(ON_STACK, "zadd.s")
    project.configure("stm8sblue")
    (warning,) = warnings(project.run().output)
    assert warning.startswith("warning: src/zadd.s: `add` takes 3 bytes of arguments from the stack")


def test_a_folder_is_a_package_by_a_symbolic_link(newer: Core, tmp_path: Path) -> None:
    own = tmp_path / "own sdcc"
    own.mkdir()
    for path in (newer.folder / "packages" / "toolchain-sdcc").iterdir():
        if path.name not in (".piopm", "package.json"):
            (own / path.name).symlink_to(path.resolve(), target_is_directory=path.is_dir())
    (own / "package.json").write_text('{"name": "toolchain-sdcc", "version": "1.40500.0"}')
    project = Project(newer, tmp_path)
    project.source("void main(void) { }\n")
    project.configure(f"stm8sblue\nplatform_packages = toolchain-sdcc@symlink://{own.as_posix()}")
    result = project.run()
    assert result.code == 0, result.output
    assert f"package toolchain-sdcc 1.40500.0: {own / 'bin' / 'sdcc'}" in result.output

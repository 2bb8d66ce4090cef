"""`pio debug`, with stand-ins for stm8-gdb and OpenOCD, whose packages are in PlatformIO's registry only."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import stand_ins
from documents import read, section
from patience import LIMIT_S
from pio import ROOT, Core, Project, write_program
from stm8tool.errors import AccessError, Code
from stm8tool.parts.table import find_part
from stm8tool.sim import store

pytestmark = pytest.mark.platform

# Writes down, beside the program, what it is to do: its words, and the commands in the file that -x names.
CLIENT_PROGRAM = """
import json, os, pathlib, sys
if os.environ.get("TESTED_SESSION"):
    sys.path.insert(0, os.environ["TESTED_SESSION"])
    import gdb_stand_in
    gdb_stand_in.run(sys.argv[1:])
words = sys.argv[1:]
folder = pathlib.Path(words[words.index("--directory") + 1])  # GDB looks for a script there, too
script = (folder / words[words.index("-x") + 1]).read_text(encoding="utf-8")
file = pathlib.Path(words[-1]).with_name("session.json")
file.write_text(json.dumps({"words": words, "script": script}), encoding="utf-8")
"""


@pytest.fixture(scope="module")
def debuggers(core: Core) -> Core:
    """A core directory with a stand-in for the debugger, and without OpenOCD."""
    _install(core, stand_ins.BINUTILS, "stm8-gdb", CLIENT_PROGRAM)
    return core


def _install(core: Core, package: str, program: str, code: str) -> Path:
    folder = stand_ins.install(core, package, f"{stand_ins.manifest()[package]}+stand-in")
    (folder / "bin").mkdir()
    write_program(folder / "bin" / program, code)
    return folder


@pytest.fixture
def openocd(debuggers: Core) -> Iterator[None]:
    """An OpenOCD that only a real debugger would start."""
    folder = _install(debuggers, stand_ins.OPENOCD, "openocd", "")
    yield
    shutil.rmtree(folder)


@pytest.mark.usefixtures("openocd")
@pytest.mark.parametrize(
    ("board", "files"),
    [
        ("stm8sblue", ["interface/stlink-dap.cfg", "target/stm8s103.cfg"]),
        ("nucleo_8l152r8", ["interface/stlink-dap.cfg", "target/stm8l.cfg"]),
    ],
)
def test_the_debugger_gets_the_program_with_its_lines_and_openocd_for_the_board(
    debuggers: Core, project: Project, board: str, files: list[str]
) -> None:
    project.configure(board)
    with debuggers.start("debug", "--interface=gdb", "-x", ".pioinit", cwd=project.folder) as process:
        try:
            code = process.wait(LIMIT_S)  # its stdin stays open: PlatformIO never ends where that does
        finally:
            process.kill()
    assert code == 0
    program = project.built("firmware.elf", board)
    session = json.loads(program.with_name("session.json").read_text(encoding="utf-8"))
    assert session["words"][-1] == str(program)
    assert b".debug_line" in program.read_bytes()
    lines = session["script"].splitlines()
    assert {"load", "tbreak main"} <= set(lines)
    (target,) = [line for line in lines if line.startswith("target ")]
    server = shlex.split(target.partition("|")[2])
    assert [word for before, word in zip(server, server[1:]) if before == "-f"] == files


@pytest.fixture
def board(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project of docs/debugging.md, and the simulated board in its folder."""
    page = section(read("docs/debugging.md"), "pio debug")
    (settings,) = re.findall(r"^```ini\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    main, other = re.findall(r"^```c\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (project.folder / "platformio.ini").write_text(settings, encoding="utf-8")
    project.source(main)
    project.source(other, "other.c")
    store.create(project.folder / "board.chip", find_part("stm8s103f3"), "v3")
    monkeypatch.setenv("TESTED_SESSION", str(ROOT / "tests"))
    return project


def wait_for(chip_file: Path) -> None:
    """Wait until the server has let a board go: it outlives PlatformIO for a moment."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            with store.board(chip_file):
                return
        except AccessError as exc:
            if exc.code is not Code.BUSY or time.monotonic() > deadline:
                raise


def test_our_server_debugs_a_simulated_board_as_pio_debug_does_and_leaves_it_running(
    debuggers: Core, board: Project
) -> None:
    with debuggers.start("debug", "--interface=gdb", "-x", ".pioinit", cwd=board.folder) as process:
        try:
            code = process.wait(LIMIT_S)
        finally:
            process.kill()
    assert code == 0
    assert not list((debuggers.folder / "packages").glob(f"{stand_ins.OPENOCD}*"))  # none was asked for
    session = json.loads(board.built("firmware.elf", "stm8sblue").with_name("session.json").read_text("utf-8"))
    assert session["error"] is None, session["error"]
    assert (session["first"], session["loaded"], session["told"]) == ("S02", "OK", "continue\n")
    assert session["at_main"] == session["symbols"]["_main"]
    assert session["at_twice"] == session["symbols"]["_twice"]
    assert session["after_step"] != session["at_main"]
    assert session["counter"] == [0, 6, 12]
    wait_for(board.folder / "board.chip")
    state = store.describe(board.folder / "board.chip")
    assert state.state == "running"
    assert state.probe_mode != 3


def test_a_build_for_a_debugger_makes_the_simulated_board_of_the_project(debuggers: Core, project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = simulator")
    result = debuggers.pio("run", "-t", "__debug", cwd=project.folder)
    assert result.code == 0, result.output
    assert store.describe(project.built("stm8s103f3p6.chip")).state == "running: empty"


def test_a_board_has_both_debug_tools_and_openocd_stays_the_default(debuggers: Core, project: Project) -> None:
    result = debuggers.pio("boards", "stm8sblue", "--installed", "--json-output", cwd=project.folder)
    (found,) = [row for row in json.loads(result.output) if row["id"] == "stm8sblue"]
    assert list(found["debug"]["tools"]) == ["stlink", "stm8tool"]


def test_the_launch_data_of_vs_code_name_the_program_and_the_registers(debuggers: Core, board: Project) -> None:
    result = debuggers.pio("project", "init", "--ide", "vscode", cwd=board.folder)
    assert result.code == 0, result.output
    text = (board.folder / ".vscode" / "launch.json").read_text(encoding="utf-8")
    data = "".join(line for line in text.splitlines() if not line.strip().startswith("//"))
    rows = json.loads(data)["configurations"]
    assert [row["name"] for row in rows] == ["PIO Debug", "PIO Debug (skip Pre-Debug)", "PIO Debug (without uploading)"]
    assert {row["type"] for row in rows} == {"platformio-debug"}
    assert {row["projectEnvName"] for row in rows} == {"stm8sblue"}
    assert all(row["executable"].endswith("/.pio/build/stm8sblue/firmware.elf") for row in rows)
    assert all(row["svdPath"].endswith("/misc/svd/stm8s103.svd") for row in rows)


def test_clion_gets_no_launch_data_and_finds_program_debugger_and_registers_in_the_metadata(
    debuggers: Core, board: Project
) -> None:
    before = {file.name for file in board.folder.iterdir()}
    result = debuggers.pio("project", "init", "--ide", "clion", cwd=board.folder)
    assert result.code == 0, result.output
    assert (board.folder / ".gitignore").read_text(encoding="utf-8").split() == [".pio"]
    folders = {".pio", "include", "lib", "src", "test"}
    assert {file.name for file in board.folder.iterdir()} - before <= {".gitignore", *folders}
    result = debuggers.pio("project", "metadata", "--json-output", cwd=board.folder)
    assert result.code == 0, result.output
    (data,) = json.loads(result.output[result.output.index('{"') :].partition("\n")[0]).values()
    assert data["env_name"] == "stm8sblue"
    assert data["prog_path"].endswith("/.pio/build/stm8sblue/firmware.elf")
    assert data["gdb_path"].endswith("stm8-gdb")
    assert data["svd_path"].endswith("/misc/svd/stm8s103.svd")

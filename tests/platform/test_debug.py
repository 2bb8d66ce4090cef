"""`pio debug`, with stand-ins for stm8-gdb and OpenOCD, whose packages are in PlatformIO's registry only."""

from __future__ import annotations

import json
import shlex

import pytest

import stand_ins
from patience import LIMIT_S
from pio import Core, Project, write_program

pytestmark = pytest.mark.platform

# Writes down, beside the program, what it is to do: its words, and the commands in the file that -x names.
CLIENT_PROGRAM = """
import json, pathlib, sys
words = sys.argv[1:]
folder = pathlib.Path(words[words.index("--directory") + 1])  # GDB looks for a script there, too
script = (folder / words[words.index("-x") + 1]).read_text(encoding="utf-8")
file = pathlib.Path(words[-1]).with_name("session.json")
file.write_text(json.dumps({"words": words, "script": script}), encoding="utf-8")
"""


@pytest.fixture(scope="module")
def debuggers(core: Core) -> Core:
    """A core directory with a stand-in for the debugger, and an OpenOCD that only a real debugger would start."""
    for package, program, code in (
        (stand_ins.BINUTILS, "stm8-gdb", CLIENT_PROGRAM),
        (stand_ins.OPENOCD, "openocd", ""),
    ):
        folder = stand_ins.install(core, package, f"{stand_ins.manifest()[package]}+stand-in")
        (folder / "bin").mkdir()
        write_program(folder / "bin" / program, code)
    return core


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

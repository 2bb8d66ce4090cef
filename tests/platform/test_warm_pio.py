"""tests/warm_pio.py: a fork of a process that has imported PlatformIO does what a new process does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pio import Core, Project, Result

pytestmark = pytest.mark.platform

SCRIPT = """
Import("env")
import os, signal, sys
print("folder", os.getcwd())
print("path", sys.path)
print("arguments", sys.argv[1:])
print("main", sys.modules["__main__"].__file__, sys.stdout.encoding, sys.stderr.errors)
print("variables", sorted(os.environ.items()))
print("Ctrl-C", signal.getsignal(signal.SIGINT))
print("loaded", "SCons.Script" in sys.modules, "stm8build" in sys.modules, sys.pycache_prefix)
env.Exit(int(input("code? ") or 3)) if env.GetProjectOption("custom_ask") == "yes" else None
"""


def run_both(project: Project, *words: str, answer: str = "") -> list[Result]:
    """Run `pio` in a fork and in a new process; their outputs are without times."""
    results = [
        core.pio(*words, cwd=project.folder, answer=answer) for core in (project.core, Core(project.core.folder))
    ]
    return [Result(result.code, re.sub(r"=* *\[.* Took .*| at 0x\w+", "", result.output)) for result in results]


def prepare(project: Project, ask: str) -> None:
    (project.folder / "tell.py").write_text(SCRIPT, encoding="utf-8")
    project.configure(f"stm8sblue\nextra_scripts = pre:tell.py\ncustom_ask = {ask}")


def test_a_build_in_a_fork_sees_and_says_what_it_does_in_a_new_process(project: Project) -> None:
    prepare(project, "no")
    assert project.run().code == 0
    built = project.built("firmware.hex").read_bytes()
    forked, new = run_both(project, "run", "-v")
    assert forked == new
    assert "variables [" in forked.output
    assert project.built("firmware.hex").read_bytes() == built


@pytest.mark.parametrize("answer", ["", "2\n"])
def test_a_fork_has_a_standard_input_and_an_exit_code(project: Project, answer: str) -> None:
    prepare(project, "yes")
    forked, new = run_both(project, "run", answer=answer)
    assert forked == new
    assert forked.code == 1


def test_a_fork_is_in_its_own_folder(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    forked, new = (core.pio("run", cwd=other) for core in (project.core, Core(project.core.folder)))
    assert forked == new
    assert str(other) in forked.output

"""The root of a checkout: a Python that starts there, and what pip makes of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from pio import ROOT

PROJECTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "tool/pyproject.toml")}


def ran(*command: object, cwd: Path = ROOT) -> str:
    """Run a command that has to end well; return what it prints."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, encoding="utf-8", errors="replace", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# -- platform.py and the standard module -----------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [["-c"], ["-m", "timeit", "-n1", "-r1"]], ids=" ".join)
def test_a_python_that_starts_in_the_root_finds_the_standard_module_platform(flags: list[str]) -> None:
    code = (
        "import platform, sys, pathlib; assert platform is sys.modules['platform'] and platform.system(); "
        "print(pathlib.Path(platform.__file__).parent, platform.__spec__.origin == platform.__file__)"
    )
    shown = ran(sys.executable, *flags, code)
    standard = Path(os.__file__).parent
    assert shown.startswith(f"{standard} True")


def test_without_platformio_the_standard_module_is_found_too() -> None:
    code = "import sys; sys.path.insert(0, '.'); import platform; print(platform.python_version())"
    shown = ran(sys.executable, "-I", "-S", "-c", code)
    assert shown.split() == [".".join(map(str, sys.version_info[:3]))]


# -- pip -------------------------------------------------------------------------------------------------------------


def dependencies(project: str) -> list[str]:
    listed = re.search(r"^dependencies = \[(.*?)\]", project, re.MULTILINE | re.DOTALL)
    assert listed
    return re.findall(r'"(.*?)"', listed[1])


def test_both_projects_need_the_same_packages() -> None:
    root, tool = map(dependencies, PROJECTS.values())
    assert root == tool != []


@pytest.mark.parametrize("name", PROJECTS)
def test_every_command_of_a_project_is_a_function(name: str) -> None:
    table = PROJECTS[name].partition("[project.scripts]\n")[2].partition("\n\n")[0]
    commands = dict(re.findall(r'^(\S+) = "(.*)"$', table, re.MULTILINE))
    assert sorted(commands) == ["stm8flash-compat", "stm8tool"]
    for place in commands.values():
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function))

"""What a developer does in the root of a checkout without dev.py: install it, and run pytest in every usual way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import import_module
from pathlib import Path

import pytest

from pio import ROOT

PROJECTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "tool/pyproject.toml")}
SOME_TESTS = ("tests/unit/test_listing.py", "tests/session/test_ubc_first.py", "tests/cli/test_parts.py")


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


# -- pytest ----------------------------------------------------------------------------------------------------------

PYTEST = Path(sys.executable).with_name(f"pytest{Path(sys.executable).suffix}")


@pytest.mark.parametrize(
    "command",
    [
        [PYTEST],
        [PYTEST, "-n2"],
        [sys.executable, "-m", "pytest"],
        [sys.executable, "-m", "pytest", "-n2"],
    ],
    ids=["pytest", "pytest -n2", "python -m pytest", "python -m pytest -n2"],
)
def test_pytest_runs_in_the_root(command: list[object]) -> None:
    shown = ran(*command, "-q", "-p", "no:cacheprovider", *SOME_TESTS)
    assert re.search(r"^\d+ passed in ", shown, re.MULTILINE), shown


def test_a_file_of_tests_stays_in_one_process() -> None:
    shown = ran(PYTEST, "-n2", "-v", "-p", "no:cacheprovider", *SOME_TESTS)
    found = re.findall(r"^\[(gw\d)\] .* PASSED (tests/\S+?)::", shown, re.MULTILINE)
    assert {file for _, file in found} == set(SOME_TESTS)
    assert len(set(found)) == len(SOME_TESTS)


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


def test_the_checkout_is_installed_with_what_the_tests_need(tmp_path: Path) -> None:
    """Only setuptools comes from the package index: the rest is there, as this Python has it."""
    checkout, environment = tmp_path / "checkout", tmp_path / "environment"
    not_committed = shutil.ignore_patterns("__pycache__", "_deps", "_vendor", "*.egg-info", "build")
    shutil.copytree(ROOT / "tool", checkout / "tool", ignore=not_committed)
    for name in ("pyproject.toml", "requirements-dev.in"):
        shutil.copyfile(ROOT / name, checkout / name)
    ran(sys.executable, "-I", "-m", "venv", "--without-pip", environment)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / f"python{Path(sys.executable).suffix}"
    folder = ran(python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(folder, "there.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [python, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--no-user", "-e", ".[dev]"]
    done = subprocess.run(
        list(map(str, command)), cwd=checkout, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if re.search("No matching distribution found for setuptools", done.stdout + done.stderr):
        pytest.skip("an installation needs setuptools from the package index")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("^Successfully installed .*ststm8-platform-0", done.stdout, re.MULTILINE)
    where = ran(python, "-I", "-c", "import stm8tool; print(stm8tool.__file__)", cwd=tmp_path).strip()
    assert Path(where).resolve() == (checkout / "tool" / "stm8tool" / "__init__.py").resolve()
    assert ran(scripts / f"stm8tool{python.suffix}", "--version", cwd=tmp_path).startswith("stm8tool ")

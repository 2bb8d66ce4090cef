"""A developer without dev.py, in the root of a checkout: installs it, and runs pytest in every usual way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from pio import ROOT

pytestmark = pytest.mark.platform  # once is enough: which Python it is makes no difference

NOT_COMMITTED = shutil.ignore_patterns("__pycache__", "_deps", "_vendor", "*.egg-info", "build")
SOME_TESTS = ("tests/unit/test_listing.py", "tests/session/test_ubc_first.py")


def ran(*command: object, cwd: Path = ROOT) -> str:
    """Run a command that has to end well; return what it prints."""
    words = [str(word) for word in command]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # of this pytest
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, encoding="utf-8", errors="replace", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    shown = ran(*command, "-q", "-p", "no:cacheprovider", SOME_TESTS[0])
    assert re.search(r"^\d+ passed in ", shown, re.MULTILINE), shown


def test_a_file_of_tests_stays_in_one_process() -> None:
    shown = ran(PYTEST, "-n2", "-v", "-p", "no:cacheprovider", *SOME_TESTS)
    found = re.findall(r"^\[(gw\d)\] .* PASSED (tests/\S+?)::", shown, re.MULTILINE)
    assert {file for _, file in found} == set(SOME_TESTS)
    assert len(set(found)) == len(SOME_TESTS)


def test_the_checkout_is_installed_with_what_the_tests_need(tmp_path: Path) -> None:
    """Only setuptools comes from the package index: the rest is there, as this Python has it."""
    checkout, environment = tmp_path / "checkout", tmp_path / "environment"
    shutil.copytree(ROOT / "tool", checkout / "tool", ignore=NOT_COMMITTED)
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


def test_an_installation_of_the_tool_has_all_its_files_and_leaves_nothing_in_its_folder(tmp_path: Path) -> None:
    """Only flit_core comes from the package index."""
    tool, wheels = tmp_path / "tool", tmp_path / "wheels"
    shutil.copytree(ROOT / "tool", tool, ignore=NOT_COMMITTED)
    before = files_in(tool)
    command = [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "wheel",
        "--no-deps",
        "-w",
        wheels,
        tool,
    ]
    done = subprocess.run(
        list(map(str, command)), cwd=tmp_path, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if re.search("No matching distribution found for flit_core", done.stdout + done.stderr):
        pytest.skip("an installation needs flit_core from the package index")
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_in(tool) == before
    (wheel,) = wheels.iterdir()
    with zipfile.ZipFile(wheel) as packed:
        assert {name for name in packed.namelist() if ".dist-info/" not in name} == {
            name for name in before if name.startswith("stm8tool/")
        }


def files_in(folder: Path) -> set[str]:
    """Return the paths of all files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

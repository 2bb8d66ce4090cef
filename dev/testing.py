"""Which tests run, on which interpreters, and in how many processes."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from .environments import interpreters, version_of, virtual_environment
from .system import ROOT, apt_install, ask, run, say

# What other interpreters run, see tests/interpreters.py; CONTRIBUTING.md says why.
_HERE = "not platform and not hardware and not wine and not vm and not ucsim"
ON_THE_OLDEST = f"{_HERE} and not sweep"
ON_THE_NEWEST = f"{_HERE} and interpreter and not sweep"

FEW = 8  # tests by name; pytest-xdist needs longer to start than these need

NOT_HERE = 77  # exit code for tests whose machine cannot be had, as automake has it; a failure has another

# Programs that single tests run, and the Debian packages that have them. Without one, its tests say so and are skipped.
TEST_PROGRAMS = {"umockdev-run": ["umockdev"], "gcc": ["gcc", "libc6-dev"], "sstm8": ["sdcc-ucsim"]}

# Tests on another machine: the option, which is also pytest's marker, and what makes that machine.
MACHINES = {
    "--vm": ROOT / "tests" / "vm" / "image.py",
    "--wine": ROOT / "tests" / "windows" / "wine.py",
    "--ucsim": ROOT / "tests" / "ucsim" / "witness.py",
}


def test(arguments: list[str]) -> int:
    """Run pytest in .venv; without arguments then also, without PlatformIO, on the oldest and the newest Python."""
    python = virtual_environment()
    missing = [name for program, names in TEST_PROGRAMS.items() if not shutil.which(program) for name in names]
    if missing and sys.platform.startswith("linux"):
        apt_install(*missing)
    machines = [option for option in MACHINES if option in arguments]
    if machines:
        words = [word for word in arguments if word not in machines]
        codes = [test_on(option, python, words) for option in machines]
        return next((code for code in codes if code not in (0, NOT_HERE)), max(codes))
    if arguments:
        return (pytest_in_one_process if in_one_process(arguments) else pytest_on_every_core)(python, *arguments)
    found = interpreters()
    for version, path in found.items():
        say(f"Found Python {version_text(version)}: {path}")
    say(f"\nEvery test, on Python {version_text(version_of(python))}")
    codes = [pytest_on_every_core(python, "--quiet")]
    for version, chosen in on_other_interpreters(list(found), version_of(python)).items():
        other = virtual_environment(ROOT / f".venv-{version_text(version)}", found[version])
        say(f"\nThe tests for Python {version_text(version)}: {chosen}")
        codes.append(pytest_on_every_core(other, "--quiet", "-m", chosen))
    return max(codes)


def version_text(version: tuple[int, int]) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))


def on_other_interpreters(found: list[tuple[int, int]], main: tuple[int, int]) -> dict[tuple[int, int], str]:
    """Return which tests run on interpreters besides the main one, as pytest's -m chooses them: oldest and newest."""
    chosen = {max(found): ON_THE_NEWEST, min(found): ON_THE_OLDEST}
    return {version: chosen[version] for version in sorted(chosen) if version != main}


def in_one_process(arguments: list[str]) -> bool:
    """Whether the words for pytest name one file or a few tests: more processes would not be quicker."""
    named = [word.partition("::") for word in arguments if Path(ROOT, word.partition("::")[0]).exists()]
    files = {file for file, _, _ in named}
    one_file = len(files) == 1 and not any(Path(ROOT, file).is_dir() for file in files)
    return one_file or (0 < len(named) <= FEW and all(test for _, _, test in named))


def pytest_in_one_process(python: Path, *arguments: str) -> int:
    """Run pytest without pytest-xdist, unless the arguments ask for it."""
    return run(python, "-I", "-m", "pytest", *arguments)


def pytest_on_every_core(python: Path, *arguments: str) -> int:
    """Run pytest with pytest-xdist; tests/conftest.py keeps a file of tests in one process."""
    # Isolated, as their parent is; relative, or a space would end it.
    process = f"popen//python={os.path.relpath(python, ROOT)} -I"
    return run(python, "-I", "-m", "pytest", "--dist", "load", "--tx", f"{os.cpu_count()}*{process}", *arguments)


def test_on(option: str, python: Path, arguments: list[str]) -> int:
    """Run the tests of another machine; see `machine_for` for where it cannot be had."""
    code = machine_for(option, python)
    if code:
        return code
    return run(python, "-I", "-m", "pytest", "-m", option.strip("-"), MACHINES[option].parent, *arguments)


def machine_for(option: str, python: Path) -> int:
    """Make another machine; where it cannot be had return NOT_HERE, as its maker does, which says why."""
    maker = MACHINES[option]
    missing = ask(python, "-I", maker, "--missing").split()
    if missing:
        apt_install(*missing)  # what is missing then, the maker names
    return run(python, "-I", maker)

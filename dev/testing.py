"""Which tests run, on which interpreters, and in how many processes."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from .environments import interpreters, version_of, virtual_environment
from .system import ROOT, apt_install, ask, run, say

# What another Python runs: not what runs programs of its own, nor minutes of what is the same logic on each.
ANY_PYTHON = "not platform and not hardware and not wine and not vm and not ucsim"
RANDOM_UPLOADS = ROOT / "tests" / "session" / "test_random_faults.py"

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
        return pytest_on_every_core(python, *arguments)
    found = interpreters()
    for version, path in found.items():
        say(f"Found Python {'.'.join(map(str, version))}: {path}")
    suites = {"with PlatformIO": (python, ["-m", "platform"]), "without PlatformIO": (python, ["-m", ANY_PYTHON])}
    for version in sorted({min(found), max(found)} - {version_of(python)}):
        name = ".".join(map(str, version))
        other = virtual_environment(ROOT / f".venv-{name}", found[version])
        suites[f"on Python {name}"] = (other, ["-m", ANY_PYTHON, f"--ignore={RANDOM_UPLOADS}"])
    codes = []
    for name, (interpreter, words) in suites.items():
        say(f"\nThe tests {name}")
        codes.append(pytest_on_every_core(interpreter, "--quiet", *words))
    return max(codes)


def pytest_on_every_core(python: Path, *arguments: str) -> int:
    """Run pytest with pytest-xdist; tests/conftest.py keeps a file of tests in one process."""
    # Isolated as their parent is, or our platform.py would hide the standard module; relative, or a space would end it.
    process = f"popen//python={os.path.relpath(python, ROOT)} -I"
    spread = ("--dist", "load", "--tx", f"{os.cpu_count()}*{process}")
    return run(python, "-I", "-m", "pytest", *spread, *arguments)


def test_on(option: str, python: Path, arguments: list[str]) -> int:
    """Run the tests of another machine; where it cannot be had return NOT_HERE, as its maker does, which says why."""
    maker = MACHINES[option]
    missing = ask(python, "-I", maker, "--missing").split()
    if missing:
        apt_install(*missing)  # what is missing then, the maker names
    code = run(python, "-I", maker)
    if code:
        return code
    return run(python, "-I", "-m", "pytest", "-m", option.strip("-"), maker.parent, *arguments)

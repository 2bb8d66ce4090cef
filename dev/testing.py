"""Choose the tests, their interpreters, and the number of processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import core
from .environments import (
    extras,
    interpreters,
    of_newer_debian,
    version_of,
    virtual_environment,
    with_farm,
    with_other_core,
)
from .system import ROOT, Argument, SetupError, apt_install, ask, capture, run, say

# The tests for other interpreters: see tests/interpreters.py. CONTRIBUTING.md gives the reasons.
_HERE = "not platform and not hardware and not wine and not vm and not ucsim and not sdcc and not dap"
ON_THE_OLDEST = f"{_HERE} and not sweep and not inner"
ON_THE_NEWEST = f"{_HERE} and interpreter and not sweep"

MORE_SDCC = "STM8_MORE_SDCC"  # paths of more compilers for --sdcc, as in PATH

FEW = 8  # tests by name; they end before pytest-xdist has started

NOT_HERE = 77  # exit code if the tests' machine cannot be made, as in automake; a failure has another code

# Programs that single tests need, and their Debian packages. If one is missing, its tests say so and are skipped.
TEST_PROGRAMS = {"umockdev-run": ["umockdev"], "gcc": ["gcc", "libc6-dev"], "sstm8": ["sdcc-ucsim"]}

# The tests of tests/platform on another PlatformIO: the option, and the first Python that it takes.
OTHER_CORES = {"--pioarduino": (3, 10), "--platformio-6.1": (3, 10)}

FARM = "--farm"  # the tests of the packages in tool/extras, with labgrid and jumpstarter

NEWEST_PYTHON = "--newest-python"  # the tests for other interpreters, on the newest Python of Debian

_TESTS = ROOT / "tests"
# Tests on another machine: option -> the folder of the tests, and the command that makes the machine. The option is
# also pytest's marker.
MACHINES: dict[str, tuple[Path, list[Argument]]] = {
    "--vm": (_TESTS / "vm", [_TESTS / "vm" / "image.py"]),
    "--wine": (_TESTS / "windows", [_TESTS / "windows" / "wine.py"]),
    "--ucsim": (_TESTS / "ucsim", [_TESTS / "needed.py", "ucsim"]),
    "--dap": (_TESTS / "editor", [_TESTS / "editor" / "environment.py"]),
    "--sdcc": (_TESTS / "sdcc", [_TESTS / "needed.py", "sdcc"]),
}


def test(arguments: list[str]) -> int:
    """Run pytest in .venv. Without arguments, also run it on the oldest and the newest Python, without PlatformIO."""
    if FARM in arguments:
        return test_farm([word for word in arguments if word != FARM])
    python = virtual_environment()
    missing = [name for program, names in TEST_PROGRAMS.items() if not shutil.which(program) for name in names]
    if missing and sys.platform.startswith("linux"):
        apt_install(*missing)
    if NEWEST_PYTHON in arguments:
        return test_on_newest([word for word in arguments if word != NEWEST_PYTHON])
    cores = [option for option in OTHER_CORES if option in arguments]
    if cores:
        words = [word for word in arguments if word not in cores]
        codes = [test_on_core(option, python, words) for option in cores]
        return next((code for code in codes if code not in (0, NOT_HERE)), max(codes))
    machines = [option for option in MACHINES if option in arguments]
    if machines:
        words = [word for word in arguments if word not in machines]
        codes = [test_on(option, python, words) for option in machines]
        return next((code for code in codes if code not in (0, NOT_HERE)), max(codes))
    if arguments:
        return (pytest_in_one_process if in_one_process(arguments) else pytest_on_every_core)(python, *arguments)
    return test_on_every_interpreter(python)


def test_on_every_interpreter(python: Path) -> int:
    """Run every test in .venv, and at the same time those for other interpreters on the oldest and the newest Python.

    Tests wait for processes and for pip, so one run alone leaves a part of each core idle.
    """
    found = interpreters()
    for version, path in found.items():
        say(f"Found Python {version_text(version)}: {path}")
    others = on_other_interpreters(list(found), version_of(python))
    with ThreadPoolExecutor(max_workers=1) as pool:
        started = {version: pool.submit(_on_other, found[version], version, others[version]) for version in others}
        say(f"\nEvery test, on Python {version_text(version_of(python))}")
        codes = [pytest_on_every_core(python, "--quiet")]
        for version, chosen in others.items():
            say(f"\nThe tests for Python {version_text(version)}, which run meanwhile: {chosen}")
            done = started[version].result()
            say(done.stdout + done.stderr)
            codes.append(done.returncode)
    return max(codes)


def _on_other(base: str, version: tuple[int, int], chosen: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of an interpreter in its own environment, without output."""
    python = virtual_environment(ROOT / f".venv-{version_text(version)}", base)
    # Only these files have tests for the newest one. Without the others pytest starts sooner.
    files = ask(python, "-I", _TESTS / "interpreters.py").split() if chosen == ON_THE_NEWEST else []
    return capture(*on_every_core(python, "--quiet", "-m", chosen, *files), cwd=ROOT)


def version_text(version: tuple[int, int]) -> str:
    """Return a version in the usual form, such as 3.9."""
    return ".".join(map(str, version))


def on_other_interpreters(found: list[tuple[int, int]], main: tuple[int, int]) -> dict[tuple[int, int], str]:
    """Return interpreter -> tests for pytest's -m, for the oldest and the newest Python besides the main one."""
    chosen = {max(found): ON_THE_NEWEST, min(found): ON_THE_OLDEST}
    return {version: chosen[version] for version in sorted(chosen) if version != main}


def in_one_process(arguments: list[str]) -> bool:
    """Tell whether the words for pytest name one file or a few tests. More processes would not be quicker for these."""
    named = [word.partition("::") for word in arguments if Path(ROOT, word.partition("::")[0]).exists()]
    files = {file for file, _, _ in named}
    one_file = len(files) == 1 and not any(Path(ROOT, file).is_dir() for file in files)
    return one_file or (0 < len(named) <= FEW and all(test for _, _, test in named))


def pytest_in_one_process(python: Path, *arguments: str) -> int:
    """Run pytest without pytest-xdist, unless the arguments ask for it."""
    return run(python, "-I", "-m", "pytest", *arguments)


def pytest_on_every_core(python: Path, *arguments: str) -> int:
    """Run pytest with a process for each core."""
    return run(*on_every_core(python, *arguments))


def on_every_core(python: Path, *arguments: str) -> list[Argument]:
    """Return the words that start pytest with pytest-xdist; tests/conftest.py keeps a file of tests in one process."""
    # The workers are isolated like their parent. The path is relative, because a space would end it.
    process = f"popen//python={os.path.relpath(python, ROOT)} -I"
    return [python, "-I", "-m", "pytest", "--dist", "load", "--tx", f"{os.cpu_count()}*{process}", *arguments]


def test_farm(arguments: list[str]) -> int:
    """Run the tests of the packages in tool/extras. Words that name a test choose the package; others go to each."""
    try:
        python = with_farm()
    except SetupError as exc:
        say(f"not run: {exc}")
        return NOT_HERE
    if sys.platform.startswith("linux") and not shutil.which("umockdev-run"):
        apt_install("umockdev")
    named = [word for word in arguments if Path(ROOT, word.partition("::")[0]).exists()]
    options = [word for word in arguments if word not in named]
    # The tests start many programs of labgrid and jumpstarter. Each start would compile their modules again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Each package has its own settings of pytest, so it has a run of its own.
    runs = [named] if named else [[str(folder / "tests")] for folder in extras()]
    return max(pytest_in_one_process(python, *options, *words) for words in runs)


def test_on_newest(arguments: list[str]) -> int:
    """Run the tests that depend on the interpreter, or those that the arguments name, on Debian's newest Python."""
    try:
        python = of_newer_debian()
    except SetupError as exc:
        say(f"not run: {exc}")
        return NOT_HERE
    words = arguments or ["--quiet", "-m", ON_THE_NEWEST]
    return (pytest_in_one_process if in_one_process(words) else pytest_on_every_core)(python, *words)


def test_on_core(option: str, python: Path, arguments: list[str]) -> int:
    """Run the tests of tests/platform, or those that the arguments name, on another PlatformIO."""
    if version_of(python) < OTHER_CORES[option]:
        say(f"{option[2:]} needs Python {version_text(OTHER_CORES[option])}; .venv has an older one")
        return NOT_HERE
    other = with_other_core(option[2:])
    named = any(Path(ROOT, word.partition("::")[0]).exists() for word in arguments)
    words = arguments if named else ["tests/platform", *arguments]
    return (pytest_in_one_process if in_one_process(words) else pytest_on_every_core)(other, *words)


def test_on(option: str, python: Path, arguments: list[str]) -> int:
    """Run the tests of another machine, unless it cannot be made: see `machine_for`."""
    code = machine_for(option, python)
    if code:
        return code
    env = dict(os.environ)
    if option == "--sdcc" and MORE_SDCC not in env:
        env[MORE_SDCC] = _newer_sdcc()
    words = ["-m", option.strip("-"), str(MACHINES[option][0]), *arguments]
    if option == "--sdcc" and not in_one_process(arguments):  # the other machines are there once
        return run(*on_every_core(python, *words), env=env)
    return run(python, "-I", "-m", "pytest", *words, env=env)


def _newer_sdcc() -> str:
    """Return the path of a later Debian's SDCC; say why and return an empty text if it is not available."""
    try:
        return core.newer_sdcc()
    except SetupError as exc:
        say(f"A later SDCC is not available here: {exc}. The tests use the SDCC on PATH alone.")
        return ""


def machine_for(option: str, python: Path) -> int:
    """Make another machine. If it cannot be made, its module says why, and this returns NOT_HERE."""
    _, maker = MACHINES[option]
    missing = ask(python, "-I", *maker, "--missing").split()
    if missing:
        apt_install(*missing)  # the module names packages that are still missing
    return run(python, "-I", *maker)

"""The virtual environments of a checkout, and the interpreters that make them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from . import debian
from .system import DEMO, ROOT, WINDOWS, Argument, SetupError, apt_install, ask, must, say

VENV = ROOT / ".venv"
NEWEST_PYTHON = ("forky", "python3.15")  # Debian's next release but one
DEV_LOCK = ROOT / "requirements-dev.lock"
CORES = ROOT / "tests" / "cores"
FARM = DEMO / "farm"  # an environment with labgrid and jumpstarter, for the tests of tool/extras
EXTRAS = ROOT / "tool" / "extras"
FARM_LOCK = EXTRAS / "farm.lock"
FARM_PYTHON = (3, 11)  # the first one that every package of FARM_LOCK takes
TOOL_LOCK = ROOT / "tool" / "requirements.lock"

# Variables for other uses of pip. With them, pip could install other packages, no packages, or in another place.
FOR_OTHER_PIPS = {f"PIP_{name}" for name in ("CONSTRAINT", "DRY_RUN", "NO_BINARY", "PREFIX", "ROOT", "TARGET", "USER")}


def virtual_environment(folder: Path = VENV, base: Argument = sys.executable) -> Path:
    """Return the interpreter of an environment with the packages of the lock files. Make or renew it if necessary."""
    python = program(folder, "python")
    stamp = folder / "installed"
    if python.exists() and stamp.is_file() and stamp.read_text() == locks_digest():
        return python
    say(f"Preparing {folder.name} ...")
    if not python.exists():
        _make(folder, base)
    pip_install(python, "--require-hashes", "-r", DEV_LOCK)
    pip_install(python, "--require-hashes", "--no-deps", "-r", TOOL_LOCK)
    stamp.write_text(locks_digest())
    return python


def _make(folder: Path, base: Argument) -> None:
    """Make an environment without packages."""
    if not ask(base, "-I", "-c", "import ensurepip, venv; print('both')") and not apt_install("python3-venv"):
        raise SetupError(f"{base} cannot make virtual environments; install python3-venv and try again")
    must(base, "-I", "-m", "venv", "--clear", folder)


def extras() -> list[Path]:
    """Return the folders of the packages in tool/extras."""
    return sorted(project.parent for project in EXTRAS.glob("*/pyproject.toml"))


def with_farm() -> Path:
    """Return the interpreter of an environment with labgrid, jumpstarter, and the packages of tool/extras, editable.

    The tool itself is in it as in .venv: its packages are installed, and a path file leads to its modules.

    Raises:
        SetupError: This Python is too old for them, or this is not Linux.
    """
    if version_of(sys.executable) < FARM_PYTHON:
        raise SetupError("labgrid and jumpstarter need Python 3.11 or newer; this one is older")
    if not sys.platform.startswith("linux"):
        raise SetupError("labgrid finds probes by Linux's udev, so its tests run on Linux")
    files = [FARM_LOCK, TOOL_LOCK, *(folder / "pyproject.toml" for folder in extras())]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    python, stamp = program(FARM, "python"), FARM / "installed"
    if python.exists() and stamp.is_file() and stamp.read_text() == state:
        return python
    say("Preparing .demo/farm ...")
    _make(FARM, sys.executable)
    # In this order: labgrid's variant of pyserial has the same files as pyserial, and must be the one that stays.
    pip_install(python, "--require-hashes", "--no-deps", "-r", TOOL_LOCK)
    pip_install(python, "--require-hashes", "--no-deps", "-r", FARM_LOCK)
    modules = Path(ask(python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"))
    (modules / "stm8tool-of-checkout.pth").write_text(f"{ROOT / 'tool'}\n", encoding="utf-8")
    for folder in extras():
        pip_install(python, "--no-deps", "--no-build-isolation", "--editable", folder)
    stamp.write_text(state)
    return python


def of_newer_debian() -> Path:
    """Return the interpreter of an environment of the newest Python that Debian has, unpacked into this checkout.

    Raises:
        SetupError: it is not available on this machine.
    """
    suite, name = NEWEST_PYTHON
    python = debian.unpacked(suite, name, f"{name}-venv", "ca-certificates") / "bin" / name
    folder = ROOT / f".venv-{name}"
    if not program(folder, "python").exists():
        must(python, "-I", "-m", "venv", "--clear", "--without-pip", folder)
        # Debian's ensurepip looks for pip's wheel where it is installed, so the pip of .venv installs it.
        pip = (virtual_environment(), "-I", "-m", "pip", "--quiet", "--python", program(folder, "python"))
        must(*pip, "install", "pip")
    return virtual_environment(folder, python)


def with_other_core(name: str) -> Path:
    """Return the interpreter of an environment that has another PlatformIO in place of ours.

    Args:
        name: A file of tests/cores without its suffix, such as "pioarduino". It pins the packages that differ.
    """
    folder, lock = ROOT / f".venv-{name}", CORES / f"{name}.lock"
    state = f"{locks_digest()}\n{lock.read_text(encoding='utf-8')}"
    stamp = folder / "other-core"
    python = program(folder, "python")
    if python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return python
    python = virtual_environment(folder)
    # Both distributions have a package `platformio`. pip would take its files away with the older one.
    must(python, "-I", "-m", "pip", "--quiet", "uninstall", "--yes", "platformio", "pioarduino")
    pip_install(python, "--require-hashes", "--no-deps", "-r", lock)
    stamp.write_text(state, encoding="utf-8")
    return python


def program(folder: Path, name: str) -> Path:
    return folder / ("Scripts" if WINDOWS else "bin") / (f"{name}.exe" if WINDOWS else name)


def locks_digest() -> str:
    return hashlib.sha256(DEV_LOCK.read_bytes() + TOOL_LOCK.read_bytes()).hexdigest()


def pip_install(python: Path, *arguments: Argument) -> None:
    env = {name: value for name, value in os.environ.items() if name not in FOR_OTHER_PIPS}
    # Python compiles the few modules that a test imports; pip would compile all.
    options = ("--quiet", "--no-user", "--no-compile")
    must(python, "-I", "-m", "pip", "--disable-pip-version-check", "install", *options, *arguments, env=env)


def interpreters() -> dict[tuple[int, int], str]:
    """Return the interpreters from 3.9 on that can make environments: one for each version, oldest first."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")) / "versions"  # noqa: PTH111 -- no home
    candidates = [sys.executable, *map(str, sorted(pyenv.glob("*/bin/python")))]
    candidates += [path for minor in range(9, 30) for path in [shutil.which(f"python3.{minor}")] if path]
    if WINDOWS:
        candidates += re.findall(r"\S:\\.*\.exe", ask("py", "-0p"))
    found = {version: path for path in candidates for version in [version_of(path)] if version >= (3, 9)}
    return dict(sorted(found.items()))


def version_of(python: Argument) -> tuple[int, int]:
    """Return the version of a CPython that has venv and pip; (0, 0) for anything else."""
    code = "import sys, venv, ensurepip; print(sys.implementation.name, *sys.version_info[:2])"
    name, *version = ask(python, "-I", "-c", code).split() or [""]
    return (int(version[0]), int(version[1])) if name == "cpython" else (0, 0)

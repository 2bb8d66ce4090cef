"""The checks before a commit, besides the tests."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from . import generating
from .environments import VENV, virtual_environment
from .system import ROOT, SetupError, run
from .testing import NOT_HERE

# Their names hide modules: the standard `platform`, and the package dev/. mypy gets copies with other names.
COPIED = {"platform.py": "ststm8_platform.py", "dev.py": "dev_door.py"}


def module(*words: str) -> int:
    """Run a program of the virtual environment; return its exit code."""
    return run(virtual_environment(), "-I", "-m", *words)


def ruff() -> int:
    """Look for mistakes and for a wrong format."""
    return max(module("ruff", "check"), module("ruff", "format", "--check"))


def types() -> int:
    """Check the types, of platform.py and dev.py too."""
    virtual_environment()
    folder = VENV / "check"
    folder.mkdir(exist_ok=True)
    copies = [shutil.copyfile(ROOT / name, folder / other) for name, other in COPIED.items()]
    return max(module("mypy"), module("mypy", *map(str, copies)))


def prose() -> int:
    """Hold the files in dev/plain.txt to the rules of prose."""
    return run(virtual_environment(), "-I", ROOT / "dev" / "prose.py")


def site() -> int:
    """Build the docs site strictly. On an older Python, print one sentence instead."""
    code = run(virtual_environment(), "-I", ROOT / "dev" / "docs_site.py", VENV / "check" / "site")
    return 0 if code == NOT_HERE else code


CHECKS = {"ruff": ruff, "types": types, "generated": generating.check, "prose": prose, "site": site}


def check(names: Sequence[str] = ()) -> int:
    """Run the checks of these names, or all of them; return an exit code."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise SetupError(f"there is no check {unknown[0]}; there are {', '.join(CHECKS)}")
    return max(CHECKS[name]() for name in names or CHECKS)

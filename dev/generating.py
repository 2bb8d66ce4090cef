"""Everything in the repository that is made from tables: write it, or tell what is stale.

Each generator is a script with a function `files()`: the path and the content of everything that it makes.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Optional

from .system import ROOT, say

GENERATORS = (
    "boards/make_boards.py",
    "misc/svd/make_svd.py",
    "docs/make_docs.py",
    "docs/make_performance.py",
    "dev/make_drawings.py",
    "release/make_snapshot.py",
)

COMMAND = "python3 dev.py generate"


def files(generator: Path) -> dict[Path, Optional[bytes]]:
    """Return what a generator makes; None stands for a file that has to go."""
    spec = importlib.util.spec_from_file_location(f"generator_{generator.stem}", generator)
    if not spec or not spec.loader:
        raise ImportError(f"{generator} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[Path, Optional[bytes]] = module.files()
    return made


def stale() -> dict[Path, Optional[bytes]]:
    """Return what the generators would write, delete, or write differently."""
    found: dict[Path, Optional[bytes]] = {}
    for name in GENERATORS:
        for path, content in files(ROOT / name).items():
            if content != (path.read_bytes() if path.is_file() else None):
                found[path] = content
    return found


def generate() -> int:
    """Write what is stale."""
    for path, content in stale().items():
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        say(f"{'removed' if content is None else 'written'}: {path.relative_to(ROOT).as_posix()}")
    return 0


def check() -> int:
    """Name each file that is not as its tables say; return an exit code."""
    found = stale()
    for path in found:
        print(f"error: {path.relative_to(ROOT).as_posix()} is stale: run {COMMAND}", file=sys.stderr)
    return int(bool(found))

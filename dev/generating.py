"""Write the files that are made from tables, or name those that are stale.

Each generator is a script with a function `files()`. It returns the path and the content of each file.
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
    "dev/make_schema.py",
    "release/make_snapshot.py",
)

COMMAND = "python3 dev.py generate"


def files(generator: Path) -> dict[Path, Optional[bytes]]:
    """Return the files of a generator. None means that a file must be deleted."""
    spec = importlib.util.spec_from_file_location(f"generator_{generator.stem}", generator)
    if not spec or not spec.loader:
        raise ImportError(f"{generator} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[Path, Optional[bytes]] = module.files()
    return made


def stale() -> dict[Path, Optional[bytes]]:
    """Return the files that the generators would write, change or delete."""
    found: dict[Path, Optional[bytes]] = {}
    for name in GENERATORS:
        for path, content in files(ROOT / name).items():
            if content != (path.read_bytes() if path.is_file() else None):
                found[path] = content
    return found


def generate() -> int:
    """Write the stale files."""
    for path, content in stale().items():
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        say(f"{'removed' if content is None else 'written'}: {path.relative_to(ROOT).as_posix()}")
    return 0


def check() -> int:
    """Name each file that does not fit its tables; return an exit code."""
    found = stale()
    for path in found:
        print(f"error: {path.relative_to(ROOT).as_posix()} is stale: run {COMMAND}", file=sys.stderr)
    return int(bool(found))

"""The archive for users; `release/` makes it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from .environments import virtual_environment
from .system import DEMO, ROOT, must, say

DIST = ROOT / "dist"


def release() -> int:
    """Make the archive for users and try it offline. If it works, put it into dist."""
    python, unproven = virtual_environment(), DEMO / "release"
    shutil.rmtree(unproven, ignore_errors=True)
    say("Making the archive ...")
    must(python, "-I", ROOT / "release", unproven)
    (archive,) = unproven.iterdir()
    say(f"Trying {archive.name} ...")
    must(
        python, "-I", "-m", "pytest", "tests/platform/test_release.py", env={**os.environ, "STM8_RELEASE": str(archive)}
    )
    DIST.mkdir(exist_ok=True)
    archive.replace(DIST / archive.name)
    say(f"{hashlib.sha256((DIST / archive.name).read_bytes()).hexdigest()}  {Path('dist', archive.name)}")
    return 0

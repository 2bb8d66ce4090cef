"""`python release FOLDER`: write the release archive. dev.py release runs this and then tries the archive.

This folder is not part of the platform and not a test of it. It makes the archive for users, and has the licence text
that the archive must contain.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tool"))

import archive  # noqa: E402
import wheels  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write the archive")
    folder: Path = parser.parse_args().folder
    file = folder / archive.name()
    try:
        archive.make(file, ROOT / ".demo" / "wheels", archive.commit_time())
    except wheels.ReleaseError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())

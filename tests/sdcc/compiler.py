"""The programs that the tests of tests/sdcc need on this machine: SDCC, and a C compiler for the machine itself.

compiler.py              say what is missing, and exit with 77; or exit with 0
compiler.py --missing    print the packages to install
"""

from __future__ import annotations

import shutil
import sys

PACKAGES = {"sdcc": ["sdcc"], "gcc": ["gcc", "libc6-dev"]}
NOT_HERE = 77


def main() -> int:
    missing = [name for program, names in PACKAGES.items() if not shutil.which(program) for name in names]
    if "--missing" in sys.argv:
        print(*missing)
        return 0
    if missing:
        print(f"The tests of SDCC's code cannot run here: {', '.join(missing)} is not installed.", file=sys.stderr)
        return NOT_HERE
    return 0


if __name__ == "__main__":
    sys.exit(main())

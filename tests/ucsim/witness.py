"""The programs that the tests against uCsim need on this machine: Debian's sdcc-ucsim and SDCC.

witness.py              say what is missing, and exit with 77; or exit with 0
witness.py --missing    print the packages to install
"""

from __future__ import annotations

import shutil
import sys

PACKAGES = {"sstm8": "sdcc-ucsim", "sdcc": "sdcc"}
NOT_HERE = 77


def main() -> int:
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if "--missing" in sys.argv:
        print(*missing)
        return 0
    if missing:
        print(f"The tests against uCsim cannot run here: {', '.join(missing)} is not installed.", file=sys.stderr)
        return NOT_HERE
    return 0


if __name__ == "__main__":
    sys.exit(main())

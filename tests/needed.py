"""The programs that a suite of tests needs on this machine.

needed.py SUITE              say what is missing, and exit with 77; or exit with 0
needed.py SUITE --missing    print the packages to install
"""

from __future__ import annotations

import shutil
import sys

# Suite -> what its tests are about, and the Debian packages of each program.
SUITES = {
    "sdcc": ("SDCC's code", {"sdcc": ["sdcc"], "gcc": ["gcc", "libc6-dev"]}),
    "ucsim": ("the core beside uCsim", {"sstm8": ["sdcc-ucsim"], "sdcc": ["sdcc"]}),
}
NOT_HERE = 77


def main(suite: str, *words: str) -> int:
    subject, programs = SUITES[suite]
    missing = [name for program, names in programs.items() if not shutil.which(program) for name in names]
    if "--missing" in words:
        print(*missing)
        return 0
    if missing:
        print(f"The tests of {subject} cannot run here: {', '.join(missing)} is not installed.", file=sys.stderr)
        return NOT_HERE
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

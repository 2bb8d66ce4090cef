"""What a developer types, with nothing installed before but Python 3.9 or newer.

    python3 dev.py demo       PlatformIO and SDCC build, flash and unlock a simulated board
    python3 dev.py test       every test; then those that another Python may fail, on the oldest and the newest one here
    python3 dev.py test ...   what follows goes to pytest: one process for a file or a few tests, else one for each core
    python3 dev.py test --wine    a Windows Python, by wine; needs Debian, and root to install it where it is missing
    python3 dev.py test --vm  real USB, in a virtual machine; needs Debian, and root to install what is missing;
    python3 dev.py test --ucsim    our STM8 core beside Debian's uCsim, on random code and compiled programs;
                              these three exit with 77, and say why, where what they need cannot be had
    python3 dev.py check      ruff, mypy --strict, generated files, the rules of prose, and the docs site, strictly
    python3 dev.py check ...  some of that: ruff, types, generated, prose, site
    python3 dev.py docs       the docs site, in dist/site; its pages work without a network
    python3 dev.py generate   write everything that is generated from tables
    python3 dev.py bench      how fast a write is, beside OpenOCD in the virtual machine of --vm
    python3 dev.py bench --quick    the same without the virtual machine; --save writes docs/performance.json
    python3 dev.py core --dir DIR    a PlatformIO core directory with this platform in it
    python3 dev.py release    the archive for users, in dist: made of the commit, installed and tried without a network

All that it installs lies in .venv* and .demo here, and what it makes in dist; the user's own PlatformIO is never
touched.
"""

# No `from __future__` here and in dev.py: an older Python must get as far as the sentence below.
import sys

if sys.version_info < (3, 9):
    sys.exit("dev.py needs Python 3.9 or newer; this is Python %d.%d" % sys.version_info[:2])

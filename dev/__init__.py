"""The developer's commands. They need only Python 3.9 or newer.

    python3 dev.py demo       PlatformIO and SDCC build, flash and unlock a simulated board
    python3 dev.py test       every test; then, on the oldest and the newest Python, those that may fail on another one
    python3 dev.py test ...   the words go to pytest; one process for a file or a few tests, otherwise one for each core
    python3 dev.py test --wine    a Windows Python in wine; needs Debian, and root to install a missing wine
    python3 dev.py test --vm  real USB, in a virtual machine; needs Debian, and root to install missing packages
    python3 dev.py test --ucsim    our STM8 core beside Debian's uCsim, on random code and compiled programs
    python3 dev.py test --sdcc     random C programs, compiled by SDCC and executed by our STM8 core
    python3 dev.py test --pioarduino    tests/platform on pioarduino's core instead of PlatformIO's
    python3 dev.py test --platformio-6.1    the same on the last PlatformIO 6.1
    python3 dev.py test --newest-python    the tests that depend on the interpreter, on the newest Python of Debian
    python3 dev.py test --farm    tool/extras, with the real labgrid and jumpstarter on this machine
                              these eight exit with 77, and say why, if a program that they need cannot be installed
    python3 dev.py check      ruff, mypy --strict, generated files, the rules of prose, and the docs site, strictly
    python3 dev.py check ...  some of these: ruff, types, generated, prose, site
    python3 dev.py docs       the docs site, in dist/site; its pages work without a network
    python3 dev.py generate   write everything that is generated from tables
    python3 dev.py bench      how fast a write is, beside OpenOCD in the virtual machine of --vm
    python3 dev.py bench --quick    the same without the virtual machine; --save writes docs/performance.json
    python3 dev.py bench --console  only the console over SWIM, with SDCC
    python3 dev.py core --dir DIR    a PlatformIO core directory with this platform in it; --sdcc path: with the SDCC on
                              PATH, not a better one; --python FILE: for the PlatformIO of that Python
    python3 dev.py release    the archive for users, in dist: made from the commit and tried without a network

It installs everything in .venv* and .demo of this checkout, and writes its results to dist. It never touches the user's
own PlatformIO.
"""

# No `from __future__` here and in dev.py: an older Python must get as far as the sentence below.
import sys

if sys.version_info < (3, 9):
    sys.exit("dev.py needs Python 3.9 or newer; this is Python %d.%d" % sys.version_info[:2])

"""What the tests of this folder need: SDCC, and dap-python, a client of the Debug Adapter Protocol that pip installs.

environment.py              make it; say why and exit with 77 if this machine cannot have it
environment.py --missing    print the Debian packages to install

dap-python needs Python 3.12, which is newer than what the tool needs. So it has an environment of its own. Its pins are
made with: uv pip compile --universal --python-version 3.12 --generate-hashes --no-annotate --no-header
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dev import debian
from dev.system import SetupError

HERE = Path(__file__).parent
LOCK = HERE / "dap-python.lock"
FOLDER = HERE.parents[1] / ".demo" / "dap-client"
PYTHON = FOLDER / "bin" / "python"
NOT_HERE = 77  # exit code if the tests cannot run here, as in automake; a failure has another code
_OLDEST = (3, 12)
_OF_DEBIAN = ("trixie", "python3.13", "python3.13-venv")


def newer_python() -> Optional[str]:
    """Return an interpreter that dap-python runs on."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    paths = [sys.executable, *map(str, sorted(pyenv.glob("*/bin/python")))]
    paths += [path for minor in range(_OLDEST[1], 30) for path in [shutil.which(f"python3.{minor}")] if path]
    code = f"import sys, venv; sys.exit(sys.version_info < {_OLDEST})"
    for path in paths:
        if subprocess.run([path, "-I", "-c", code], capture_output=True, check=False).returncode == 0:
            return path
    try:
        return str(debian.unpacked(*_OF_DEBIAN, "ca-certificates") / "bin" / _OF_DEBIAN[1])
    except SetupError:
        return None


def make(base: str) -> None:
    """Make the environment, unless it is there."""
    stamp, pins = FOLDER / "installed", LOCK.read_text(encoding="utf-8")
    if PYTHON.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == pins:
        return
    subprocess.run([base, "-I", "-m", "venv", "--clear", "--without-pip", str(FOLDER)], check=True)
    pip = [sys.executable, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(PYTHON)]
    subprocess.run([*pip, "install", "--require-hashes", "-r", str(LOCK)], check=True)
    stamp.write_text(pins, encoding="utf-8")


def main(*words: str) -> int:
    """Make the environment, or print what is missing."""
    has_sdcc = shutil.which("sdcc") is not None
    if "--missing" in words:
        print(*([] if has_sdcc else ["sdcc"]))
        return 0
    base = newer_python()
    if not has_sdcc or base is None:
        missing = "sdcc" if base is not None else "Python 3.12"
        print(
            f"The tests with a real client of the Debug Adapter Protocol cannot run here: {missing} is not installed."
        )
        return NOT_HERE
    make(base)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

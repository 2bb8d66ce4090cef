"""Run commands of the system, read their output, and install packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional, Union

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".demo"
WINDOWS = os.name == "nt"

Argument = Union[str, Path]


class SetupError(Exception):
    """One sentence that tells the user what is wrong."""


def say(text: str) -> None:
    print(text, flush=True)


def run(*command: Argument, cwd: Path = ROOT, env: Optional[dict[str, str]] = None) -> int:
    """Run a command that shows its own output; return its exit code."""
    return subprocess.run([str(part) for part in command], cwd=cwd, env=env, check=False).returncode


def must(*command: Argument, env: Optional[dict[str, str]] = None) -> None:
    if run(*command, env=env):
        raise SetupError(f"this command failed: {' '.join(map(str, command))}")


def capture(
    *command: Argument, cwd: Optional[Path] = None, env: Optional[dict[str, str]] = None
) -> subprocess.CompletedProcess[str]:
    words = [str(part) for part in command]
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, encoding="utf-8", errors="replace", check=False)


def ask(*command: Argument) -> str:
    """Return the output of a command, or an empty text if it fails."""
    done = capture(*command)
    return done.stdout.strip() if done.returncode == 0 else ""


def apt_install(*packages: str) -> bool:
    """Install Debian packages, if this is possible without a question: as root, with apt-get."""
    if sys.platform == "win32" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {' '.join(packages)} ...")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = capture("apt-get", "-qq", *arguments, env=env)
        if done.returncode:
            say(done.stderr)
            return False
    return True

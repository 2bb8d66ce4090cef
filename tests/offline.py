"""A user's machine without a network: a Python that has PlatformIO, a core directory, and an archive to install."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from patience import LIMIT_S
from pio import Core, Result

# What the tool needs and a user's PlatformIO does not have.
_TOOLS_OWN = re.compile(r"(py)?usb\b|intelhex|libusb_package")

_NOWHERE = "http://127.0.0.1:9"  # the port "discard": no program listens


@functools.cache
def no_network() -> tuple[str, ...]:
    """Return the words before a command that leave it no network interface that is up; none where that cannot be."""
    for words in (("unshare", "--net"), ("unshare", "--map-root-user", "--net")):
        if (
            shutil.which(words[0])
            and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
        ):
            return words
    return ()


@dataclass(frozen=True)
class Machine:
    """`python` has PlatformIO, and nothing that only the tool needs."""

    python: Path
    core: Core

    @property
    def platform(self) -> Path:
        """Where PlatformIO installs ours."""
        return self.core.folder / "platforms" / "ststm8"

    def run(self, *words: str, cwd: Path, **variables: str) -> Result:
        """Run the interpreter with these arguments, out of reach of any network."""
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _NOWHERE)
        done = subprocess.run(
            [*no_network(), str(self.python), *words],
            cwd=cwd,
            env=self.core.environment(PIP_NO_INDEX="1", PIP_CONFIG_FILE=_nothing(), **proxies, **variables),
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_S,
            check=False,
        )
        return Result(done.returncode, done.stdout + done.stderr)

    def pio(self, *words: str, cwd: Path, **variables: str) -> Result:
        """Run `pio`; a request for any package is a failure, which it would also be after a minute."""
        result = self.run("-m", "platformio", *words, cwd=cwd, **variables)
        assert "Installing platformio/" not in result.output, result.output
        return result


def _nothing() -> str:
    return "nul" if sys.platform == "win32" else "/dev/null"


def machine(folder: Path, packages: Path) -> Machine:
    """Make one in `folder`; its core directory has SCons and SDCC out of `packages`, and nothing else."""
    environment = folder / "python"
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    command = [str(python), "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.strip())
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not _TOOLS_OWN.match(entry.name):
            _stand_for(entry, site / entry.name)
    core = Core(folder / "core")
    for name in ("tool-scons", "toolchain-sdcc"):
        shutil.copytree(packages / name, core.folder / "packages" / name, symlinks=True)
    return Machine(python, core)


def _stand_for(source: Path, target: Path) -> None:
    if target.exists():
        return
    if sys.platform != "win32":
        target.symlink_to(source)
    elif source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)

"""Make a PlatformIO core directory with this platform in it, even without PlatformIO's registry."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Optional

from . import debian
from .environments import VENV, locks_digest, pip_install, program, virtual_environment
from .system import ROOT, WINDOWS, SetupError, apt_install, ask, capture, say

BETTER, ON_PATH = "better", "path"  # values of --sdcc
NEWER = (4, 5)  # of Debian's next release; it makes less wrong code than 4.2, see docs/compilers.md
NEWER_SUITE = "trixie"

# Prints "yes" if the registry answers, and the address of SCons, too.
_ASK_REGISTRY = """
import sys
import requests
from platformio import __registry_mirror_hosts__ as hosts

def answers(address):
    try:
        return requests.get(address, timeout=3, stream=True).ok
    except requests.RequestException:
        return False

registry = any(answers(f"https://{host}/v3/packages/platformio/tool/tool-scons") for host in hosts)
address = "://" not in sys.argv[1] or answers(sys.argv[1])
print("yes" if registry and address else "no")
"""


def prepare_core(core: Path, sdcc: str = BETTER, pio_python: Optional[Path] = None) -> None:
    """Fill a PlatformIO core directory: this platform as a link, and its packages if the registry does not answer.

    Args:
        core: The directory.
        sdcc: Which SDCC is used if the registry does not answer. ON_PATH: the one on PATH. BETTER: a newer one, if this
            machine can have it.
        pio_python: The Python of the PlatformIO that uses the directory; None: that of .venv.
    """
    python = virtual_environment()
    pio_python = pio_python or python
    stamp = core / "prepared"
    state = f"{ROOT}\n{locks_digest()}\n{sdcc}\n{pio_python}"
    scons, toolchain = core / "packages" / "tool-scons", core / "packages" / "toolchain-sdcc"
    complete = (scons / "scons.py").exists() and shutil.which("sdcc", path=str(toolchain / "bin"))
    if complete and stamp.is_file() and stamp.read_text() == state:
        return
    core.mkdir(parents=True, exist_ok=True)
    requirement = scons_requirement(pio_python)
    if not registry_answers(pio_python, requirement):
        say("PlatformIO's registry does not answer: dev.py takes SCons and SDCC from other places.")
        link(scons_package(python, requirement), scons)
        link(sdcc_package(sdcc), toolchain)
    install = ("pkg", "install", "--global", "--skip-dependencies", "--platform", f"symlink://{ROOT}")
    done = capture(pio_python, "-m", "platformio", *install, env=pio_environment(core))
    if done.returncode:
        raise SetupError(f"PlatformIO does not take this platform: {done.stdout}{done.stderr}")
    stamp.write_text(state)


def pio_environment(core: Path) -> dict[str, str]:
    """Return the variables that make `pio` use only that core directory, and no network for itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLATFORMIO_")}
    return {
        **inherited,
        "PATH": os.pathsep.join([str(program(VENV, "pio").parent), os.environ.get("PATH", "")]),
        "PLATFORMIO_CORE_DIR": str(core),
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "3650",
        "PLATFORMIO_SETTING_CHECK_PRUNE_SYSTEM_THRESHOLD": "0",
        "PLATFORMIO_SETTING_DISABLE_UDEV_RULES_CHECK": "yes",
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
    }


def registry_answers(python: Path, requirement: str) -> bool:
    """Ask PlatformIO's registry once, for a few seconds. PlatformIO itself would try for a minute per package.

    Args:
        python: The Python of the PlatformIO.
        requirement: Its SCons. If this is an address, as in pioarduino's core, that one must answer, too.
    """
    return ask(python, "-I", "-c", _ASK_REGISTRY, requirement) == "yes"


def scons_requirement(python: Path) -> str:
    """Return what a PlatformIO asks for: a version such as ~4.41101.0, or the address of an archive."""
    code = "from platformio.dependencies import get_core_dependencies as get; print(get()['tool-scons'])"
    return ask(python, "-I", "-c", code)


def scons_package(python: Path, requirement: str) -> Path:
    """Return a tool-scons for the installed PlatformIO, made from the same SCons of the Python package index.

    Args:
        python: A Python with pip.
        requirement: What PlatformIO asks for.
    """
    address = requirement if "://" in requirement else None
    number = re.search(r"scons-local-(\d+)\.(\d+)\.(\d+)", requirement)
    version = f"4.{package_number(*map(int, number.groups()))}" if number else requirement.lstrip("~")

    def fill(folder: Path) -> None:
        scons = f"SCons=={upstream_version(version)}"
        pip_install(python, "--no-deps", "--target", folder / "scons-local", scons)
        (folder / "scons.py").write_text(
            "import os\nimport sys\n\n"
            'sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons-local"))\n'
            "from SCons.Script.Main import main\n\nmain()\n"
        )

    return package("tool-scons", version, Path("scons.py"), fill, address)


def sdcc_package(choice: str = BETTER) -> Path:
    """Return a toolchain-sdcc, made from the SDCC on PATH or from a better one."""
    sdcc = (choice == BETTER and better_sdcc()) or sdcc_on_path()
    programs = Path(sdcc).resolve().parent

    def fill(folder: Path) -> None:
        for name in ("sdcc", "sdcpp", "sdar", "sdranlib", "sdasstm8", "sdldstm8", "sdld", "sdnm", "sdobjcopy", "sstm8"):
            file = shutil.which(name, path=str(programs))
            if file:
                link(Path(file), folder / "bin" / Path(file).name)
        for data in ("share/sdcc", "libexec/sdcc", *(("lib", "include") if WINDOWS else ())):
            if (programs.parent / data).is_dir():
                link(programs.parent / data, folder / data)

    return package("toolchain-sdcc", package_version(ask(sdcc, "--version")), Path("bin", Path(sdcc).name), fill)


def sdcc_on_path() -> str:
    """Return the SDCC on PATH. On Debian, root gets it installed if it is missing."""
    sdcc = shutil.which("sdcc") or (apt_install("sdcc") and shutil.which("sdcc"))
    if not sdcc:
        raise SetupError("there is no SDCC: install it so that `sdcc` is on PATH, and try again")
    return sdcc


def better_sdcc() -> str:
    """Return the SDCC of Debian's next release if the one on PATH is older; an empty text if it is not available."""
    own = shutil.which("sdcc")
    if own and version_in(ask(own, "--version"))[:2] >= NEWER:
        return ""
    try:
        found = newer_sdcc()
    except SetupError as exc:
        say(f"A newer SDCC than the one on PATH is not at hand: {exc}.")
        return ""
    version = ".".join(map(str, version_in(ask(found, "--version"))))
    say(f"dev.py takes SDCC {version} of Debian {NEWER_SUITE}: it makes less wrong code than 4.2 (docs/compilers.md).")
    return found


def newer_sdcc() -> str:
    """Return the SDCC of Debian's next release, unpacked into this checkout.

    Raises:
        SetupError: it is not available on this machine.
    """
    return str(debian.unpacked(NEWER_SUITE, "sdcc") / "bin" / "sdcc")


def upstream_version(version: str) -> str:
    """Return the program's version in a registry version: 4.41101.0 is SCons 4.11.1."""
    number = int(version.split(".")[1])
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def package_version(banner: str) -> str:
    """Return the registry version for the version in a compiler's banner: 4.2.0 is 1.40200.0."""
    return f"1.{package_number(*version_in(banner))}"


def version_in(banner: str) -> tuple[int, int, int]:
    """Return the version in a compiler's banner."""
    found = re.search(r" (\d+)\.(\d+)\.(\d+) ", banner)
    if not found:
        raise SetupError(f"sdcc does not tell its version: {banner!r}")
    major, minor, patch = map(int, found.groups())
    return major, minor, patch


def package_number(major: int, minor: int, patch: int) -> str:
    """Return a version as PlatformIO's registry writes it: 4.11.1 is 41101.0."""
    return f"{major}{minor:02}{patch:02}.0"


def package(
    name: str, version: str, main_file: Path, fill: Callable[[Path], None], address: Optional[str] = None
) -> Path:
    """Return a folder that PlatformIO accepts as this package. It is kept for the next core directory.

    Args:
        name: The package.
        version: Its version in PlatformIO's registry.
        main_file: A file that shows that the package is whole.
        fill: Puts the files into a folder.
        address: The archive for which PlatformIO takes the package, if it does not ask the registry.
    """
    folder = VENV / "packages" / f"{name}-{version}{'-by-address' if address else ''}"
    if not (folder / main_file).exists():
        shutil.rmtree(folder, ignore_errors=True)
        partial = folder.with_name("partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fill(partial)
        spec = {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": address}
        (partial / "package.json").write_text(json.dumps({"name": name, "version": version, "system": "*"}))
        (partial / ".piopm").write_text(json.dumps({"type": "tool", "name": name, "version": version, "spec": spec}))
        partial.replace(folder)
    return folder


def link(source: Path, target: Path) -> None:
    """Make `target` a symbolic link to `source`, or a copy if links need a privilege."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    if not WINDOWS:
        target.symlink_to(source)
    elif source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)

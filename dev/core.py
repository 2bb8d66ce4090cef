"""Make a PlatformIO core directory with this platform in it, even without PlatformIO's registry."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from .environments import VENV, locks_digest, pip_install, program, virtual_environment
from .system import ROOT, WINDOWS, SetupError, apt_install, ask, capture, say


def prepare_core(core: Path) -> None:
    """Fill a PlatformIO core directory: this platform as a link, and its packages if the registry does not answer."""
    python = virtual_environment()
    stamp = core / "prepared"
    state = f"{ROOT}\n{locks_digest()}"
    scons, sdcc = core / "packages" / "tool-scons", core / "packages" / "toolchain-sdcc"
    complete = (scons / "scons.py").exists() and shutil.which("sdcc", path=str(sdcc / "bin"))
    if complete and stamp.is_file() and stamp.read_text() == state:
        return
    core.mkdir(parents=True, exist_ok=True)
    if not registry_answers(python):
        say("PlatformIO's registry does not answer: dev.py takes SCons and SDCC from other places.")
        link(scons_package(python), scons)
        link(sdcc_package(), sdcc)
    install = ("pkg", "install", "--global", "--skip-dependencies", "--platform", f"symlink://{ROOT}")
    done = capture(program(VENV, "pio"), *install, env=pio_environment(core))
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


def registry_answers(python: Path) -> bool:
    """Ask PlatformIO's registry once, for a few seconds. PlatformIO itself would try for a minute per package."""
    code = """
import requests
from platformio import __registry_mirror_hosts__ as hosts
def answers(host):
    try:
        return requests.get(f"https://{host}/v3/packages/platformio/tool/tool-scons", timeout=3).ok
    except requests.RequestException:
        return False
print("yes" if any(map(answers, hosts)) else "no")
"""
    return ask(python, "-I", "-c", code) == "yes"


def scons_package(python: Path) -> Path:
    """Return a tool-scons for the installed PlatformIO, made from the same SCons of the Python package index."""
    code = "from platformio.dependencies import get_core_dependencies as get; print(get()['tool-scons'])"
    version = ask(python, "-I", "-c", code).lstrip("~")

    def fill(folder: Path) -> None:
        scons = f"SCons=={upstream_version(version)}"
        pip_install(python, "--no-deps", "--no-compile", "--target", folder / "scons-local", scons)
        (folder / "scons.py").write_text(
            "import os\nimport sys\n\n"
            'sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons-local"))\n'
            "from SCons.Script.Main import main\n\nmain()\n"
        )

    return package("tool-scons", version, Path("scons.py"), fill)


def sdcc_package() -> Path:
    """Return a toolchain-sdcc, made from the SDCC on PATH."""
    sdcc = shutil.which("sdcc") or (apt_install("sdcc") and shutil.which("sdcc"))
    if not sdcc:
        raise SetupError("there is no SDCC: install it so that `sdcc` is on PATH, and try again")
    programs = Path(sdcc).resolve().parent

    def fill(folder: Path) -> None:
        for name in ("sdcc", "sdcpp", "sdar", "sdranlib", "sdasstm8", "sdldstm8", "sdld", "sdnm", "sdobjcopy", "sstm8"):
            file = shutil.which(name, path=str(programs))
            if file:
                link(Path(file), folder / "bin" / Path(file).name)
        for data in ("share/sdcc", *(("lib", "include") if WINDOWS else ())):
            if (programs.parent / data).is_dir():
                link(programs.parent / data, folder / data)

    return package("toolchain-sdcc", package_version(ask(sdcc, "--version")), Path("bin", Path(sdcc).name), fill)


def upstream_version(version: str) -> str:
    """Return the program's version in a registry version: 4.41101.0 is SCons 4.11.1."""
    number = int(version.split(".")[1])
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def package_version(banner: str) -> str:
    """Return the registry version for the version in a compiler's banner: 4.2.0 is 1.40200.0."""
    found = re.search(r" (\d+)\.(\d+)\.(\d+) ", banner)
    if not found:
        raise SetupError(f"sdcc does not tell its version: {banner!r}")
    major, minor, patch = map(int, found.groups())
    return f"1.{major}{minor:02}{patch:02}.0"


def package(name: str, version: str, main_file: Path, fill: Callable[[Path], None]) -> Path:
    """Return a folder that PlatformIO accepts as this package. It is kept for the next core directory."""
    folder = VENV / "packages" / f"{name}-{version}"
    if not (folder / main_file).exists():
        shutil.rmtree(folder, ignore_errors=True)
        partial = folder.with_name("partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fill(partial)
        spec = {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None}
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

"""Make the tool's Python packages importable without touching the interpreter that runs it.

In a checkout or a release archive, requirements.lock lies beside this package, and the packages are looked for
in exactly the pinned version:

 1. where the interpreter has them already (a developer's venv),
 2. in tool/_vendor/python, which release archives carry; beside it lies tool/_vendor/libusb, see bundle.py,
 3. in a private folder, tool/_deps/<key>, or below the user's cache directory where the checkout is read-only.

If none has them, pip fills the private folder, once. When stm8tool itself was installed by pip there is no lock
file, and its packages are ordinary dependencies.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import IO, NamedTuple, Optional

from . import bundle, files, streams
from .errors import AccessError, Code

_TOOL = Path(__file__).resolve().parent.parent
_LOCK_FILE = _TOOL / "requirements.lock"
_VENDOR = _TOOL / "_vendor"

# What each module needs: packages, and the module of each. pyusb alone would miss libusb where the system has none.
_PACKAGES = {"intelhex": {"intelhex": "intelhex"}, "usb": {"pyusb": "usb", "libusb-package": "libusb_package"}}
_OPTIONAL = "libusb-package"  # has no wheel for some machines (armv7, Windows on ARM); the system's libusb serves there

_PIP_LIMIT_S = 120.0
_LOCK_LIMIT_S = 2 * _PIP_LIMIT_S + 30.0  # whoever holds the lock runs pip twice at most
_LOCK_POLL_S = 0.1


class Pin(NamedTuple):
    """One package of the lock file; `text` is its lines there."""

    name: str
    version: str
    text: str

    @property
    def dist_info(self) -> str:
        """The folder that pip leaves beside the package's modules."""
        return f"{self.name.replace('-', '_')}-{self.version}.dist-info"


def require(module: str) -> None:
    """Make `module` importable; the first call on a machine may run pip, and says so on stderr.

    Args:
        module: "intelhex" or "usb".

    Raises:
        AccessError: The packages are missing and cannot be fetched; the hint is the command that does it.
    """
    if module in sys.modules:
        return
    if not _LOCK_FILE.is_file():
        if importlib.util.find_spec(module) is None:
            package = next(iter(_PACKAGES[module]))
            raise AccessError(
                f"the package {package} is missing",
                code=Code.PACKAGES,
                hint=f"{sys.executable} -m pip install {package}",
            )
        return
    pins = pinned()
    if _interpreter_has(module, pins):
        return
    folder = _filled_folder(pins) or _fill(pins)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def installed() -> dict[str, Optional[tuple[str, Path]]]:
    """Return each package with version and folder as this process sees it; None where it is missing."""
    from importlib import metadata

    found: dict[str, Optional[tuple[str, Path]]] = {}
    for modules in _PACKAGES.values():
        for package in modules:
            try:
                distribution = metadata.distribution(package)
            except metadata.PackageNotFoundError:
                found[package] = None
            else:
                found[package] = distribution.version, Path(str(distribution.locate_file("")))
    return found


def libusb_files() -> list[Path]:
    """Return where this process's libusb lies, or should lie: a release archive's, then any libusb-package's.

    Call `require("usb")` first; the libusb-package that it found or fetched then comes before others on the module
    search path.
    """
    name = bundle.FILES.get(sys.platform, bundle.FILES["linux"])
    libraries = _VENDOR / "libusb"
    bundled = [libraries / folder / name for folder in bundle.of_this_process()] if libraries.is_dir() else []
    packages = [Path(entry).absolute() / "libusb_package" for entry in sys.path]
    return bundled + [package / name for package in packages if (package / "__init__.py").is_file()]


def how_to_renew(file: Path) -> str:
    """Return what the user does to get a file of one of the packages again."""
    folder = file.parent.parent
    if folder in _private_folders():
        return f"delete {folder} and try again, with a network connection: it is fetched anew"
    return f"install again what {file.parent} belongs to"


def pinned() -> list[Pin]:
    """Return the packages of the lock file, in its order."""
    text = _LOCK_FILE.read_text(encoding="utf-8")
    found = re.finditer(r"^([\w-]+)==([\w.]+)(?:.*\\\n)*.*\n?", text, re.MULTILINE)
    return [Pin(match[1], match[2], match[0]) for match in found]


def _interpreter_has(module: str, pins: list[Pin]) -> bool:
    """Tell whether `import module` would already find the pinned version."""
    dist_info = {pin.name: pin.dist_info for pin in pins}
    for package, name in _PACKAGES[module].items():
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return False
        if not (Path(spec.origin).parent.parent / dist_info[package]).is_dir():
            return False
    return True


def _holds(folder: Path, pins: list[Pin]) -> bool:
    return all((folder / pin.dist_info).is_dir() for pin in pins if pin.name != _OPTIONAL)


def _filled_folder(pins: list[Pin]) -> Optional[Path]:
    return next((folder for folder in (_VENDOR / "python", *_private_folders()) if _holds(folder, pins)), None)


def _private_folders() -> tuple[Path, Path]:
    """Return where the packages of this lock file and this kind of interpreter may lie: checkout, user's cache."""
    import hashlib
    import sysconfig
    from importlib.machinery import EXTENSION_SUFFIXES

    # The suffix tells glibc from musl and 32 from 64 bits, get_platform() Apple's two architectures.
    kind = f"{EXTENSION_SUFFIXES[0]} {sysconfig.get_platform()}"
    digest = hashlib.sha256(_LOCK_FILE.read_bytes() + kind.encode()).hexdigest()[:16]
    key = f"py{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    return _TOOL / "_deps" / key, _user_cache() / "stm8tool" / key


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _fill(pins: list[Pin]) -> Path:
    """Fill the first private folder that can be written; only one process at a time does it, the others wait."""
    problem = ""
    for folder in _private_folders():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with folder.with_name(f"{folder.name}.lock").open("w") as lock:
                _wait_for(lock)
                if not _holds(folder, pins):
                    _install(folder, pins)
                return folder
        except OSError as exc:  # a read-only checkout, or a file system without locks
            problem = str(exc)
    raise AccessError(
        f"no folder for the tool's Python packages can be written: {problem}",
        code=Code.PACKAGES,
        hint=f"make {_private_folders()[0].parent} or the user's cache directory ({_user_cache()}) writable",
    )


def _wait_for(lock: IO[str]) -> None:
    """Lock the open file for this process; the operating system releases it when the file is closed."""
    import time

    deadline = time.monotonic() + _LOCK_LIMIT_S
    while not _try_lock(lock):
        if time.monotonic() > deadline:
            raise AccessError(
                "another process has been fetching the tool's Python packages for too long",
                code=Code.PACKAGES,
                hint=f"end it and try again; it holds {lock.name}",
            )
        time.sleep(_LOCK_POLL_S)


def _try_lock(lock: IO[str]) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _install(folder: Path, pins: list[Pin]) -> None:
    """Let pip make `folder`, which appears complete or not at all."""
    import shutil

    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed
    names = ", ".join(pin.name for pin in pins)
    _say(f"fetching its Python packages once ({names})…")
    try:
        failure = _pip(partial, pins)
        if failure is not None and f"No matching distribution found for {_OPTIONAL}" in failure:
            _say(f"{_OPTIONAL} has no library for this machine; the system's libusb is used")
            failure = _pip(partial, [pin for pin in pins if pin.name != _OPTIONAL])
        if failure is not None:
            raise AccessError(
                f"the Python packages {names} are missing and pip cannot fetch them: {failure}",
                code=Code.PACKAGES,
                hint=f"with a network connection, run once: {_command_line(folder)}",
            )
        if folder.exists():  # incomplete: somebody deleted files of it
            shutil.rmtree(folder)
        files.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _pip(target: Path, pins: list[Pin]) -> Optional[str]:
    """Install `pins` into `target`; return None, or pip's last word on why not."""
    import subprocess

    target.mkdir(exist_ok=True)
    requirements = target / "requirements.lock"
    requirements.write_text("".join(pin.text for pin in pins), encoding="utf-8")
    environment = {
        "PIP_DEFAULT_TIMEOUT": "15",
        "PIP_RETRIES": "1",
        **os.environ,
        # Two rules that people set for their own environments and that would refuse --target.
        "PIP_USER": "0",
        "PIP_REQUIRE_VIRTUALENV": "0",
    }
    try:
        done = subprocess.run(
            _pip_command(sys.executable, target, requirements),
            cwd=target.parent,  # -m looks for modules in the current directory first
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_PIP_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {_PIP_LIMIT_S:.0f} s"
    if done.returncode == 0:
        return None
    lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines)[-1].replace("ERROR: ", "")


def _pip_command(python: str, target: Path, requirements: Path) -> list[str]:
    return [
        *(python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"),
        *("--target", str(target), "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(requirements)),
    ]


def _command_line(folder: Path) -> str:
    """Return, as the user would type it, what fills `folder`."""
    import shlex
    import subprocess

    python = sys.executable
    if importlib.util.find_spec("pip") is None:  # any other Python's will do
        python = "py" if sys.platform == "win32" else "python3"
    command = _pip_command(python, folder, _LOCK_FILE)
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def _say(text: str) -> None:
    streams.put(sys.stderr, f"stm8tool: {text}\n")

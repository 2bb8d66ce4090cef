"""Make the tool's Python packages importable, without changes to the interpreter that runs it.

In a checkout or a release archive, requirements.lock lies beside this package. The tool looks for exactly the pinned
versions of the packages:

 1. in the interpreter (a developer's venv),
 2. in tool/_vendor of release archives: in python; a package with a pin for some Pythons only in a folder of its own,
    such as pyelftools-0.33. Beside them is tool/_vendor/libusb, see support/bundle.py,
 3. in a private folder, tool/_deps/<key>, or below the user's cache directory if the checkout is read-only.

A place counts only if the files of the packages match their RECORD (`support/package_files.py`). If there is no such
place, pip fills the private folder once (`support/fetching.py`). A whole folder replaces a damaged one. If pip
installed stm8tool itself, there is no lock file, and its packages are ordinary dependencies.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, Optional

from ..errors import AccessError, Code
from ..words import Hint
from . import bundle, files, package_files, places, streams

_TOOL = Path(__file__).resolve().parents[2]
_LOCK_FILE = _TOOL / "requirements.lock"
_VENDOR = _TOOL / "_vendor"

# The packages that each module needs, and their modules. pyusb alone has no libusb, and the system may have none.
PACKAGES = {
    "intelhex": {"intelhex": "intelhex"},
    "elftools": {"pyelftools": "elftools"},
    "serial": {"pyserial": "serial"},
    "tomli": {"tomli": "tomli"},  # only for a Python without tomllib
    "usb": {"pyusb": "usb", "libusb-package": "libusb_package"},
}
_OPTIONAL = "libusb-package"  # has no wheel for some machines (armv7, Windows on ARM); the system's libusb serves there

_DAMAGED = Hint(
    "repeat the {command} with a network connection, and the tool fetches them; or install the platform again"
)

# A pin, with the one kind of marker that the lock file has.
_PIN = re.compile(r"^([\w-]+)==([\w.]+)(?: ; python_full_version (<|>=) '(\d+)\.(\d+)')?(?:.*\\\n)*.*\n?", re.MULTILINE)

_LOCK_LIMIT_S = 300.0  # the process with the lock runs pip twice at most, see `fetching.LIMIT_S`
_LOCK_POLL_S = 0.1


class Pin(NamedTuple):
    """One package of the lock file.

    Attributes:
        text: Its lines there.
        below: It is only for a Python below this version, such as (3, 10).
        since: It is only for this version and newer ones.
    """

    name: str
    version: str
    text: str
    below: Optional[tuple[int, int]] = None
    since: Optional[tuple[int, int]] = None

    def is_for(self, python: tuple[int, int]) -> bool:
        """Tell whether a Python of this version takes it."""
        return (self.below is None or python < self.below) and (self.since is None or python >= self.since)

    @property
    def vendor_folder(self) -> str:
        """The folder in _vendor that a release has for it. A package with several pins has one for each."""
        return "python" if self.below is None and self.since is None else f"{self.name}-{self.version}"

    @property
    def dist_info(self) -> str:
        """The folder that pip leaves beside the package's modules."""
        return f"{self.name.replace('-', '_')}-{self.version}.dist-info"


def require(module: str) -> None:
    """Make `module` importable. The first call on a machine may run pip, and says so on stderr.

    Args:
        module: A key of `PACKAGES`.

    Raises:
        AccessError: The packages are missing and cannot be fetched. The hint has a command that fetches them.
    """
    if module in sys.modules:
        return
    if not _LOCK_FILE.is_file():
        _check_installed(module)
        return
    pins = pinned()
    if _interpreter_fault(module, pins) is None:
        return
    folder, faults = _whole_folder(pins, PACKAGES[module])
    folder = folder or _renewed(pins, PACKAGES[module], faults)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def _check_installed(module: str) -> None:
    """Raise AccessError unless `module` can be imported. Here pip installed the tool and its packages."""
    package = next(iter(PACKAGES[module]))
    again = f"{sys.executable} -m pip install"
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:  # a folder of that name alone has no origin
        raise AccessError(f"the package {package} is missing", code=Code.PACKAGES, hint=f"{again} {package}")
    folder = Path(spec.origin).parent.parent
    records = folder.glob(f"{package.replace('-', '_')}-*.dist-info/RECORD")
    # Not by hash: the user may change files. There may be several, because an old version may have left its RECORD.
    gone = [package_files.damage(folder, record.parent.name, by_hash=False) for record in records]
    if gone and all(gone):
        raise AccessError(
            f"the package {package} in {folder} is damaged: {gone[0]}",
            code=Code.PACKAGES,
            hint=f"{again} --force-reinstall {package}",
        )


def installed() -> dict[str, Optional[tuple[str, Path]]]:
    """Return version and folder of each package for a probe, as this process sees it; None if it is missing."""
    from importlib import metadata

    found: dict[str, Optional[tuple[str, Path]]] = {}
    for module in ("intelhex", "usb"):
        for package in PACKAGES[module]:
            try:
                distribution = metadata.distribution(package)
            except metadata.PackageNotFoundError:
                found[package] = None
            else:
                found[package] = distribution.version, Path(str(distribution.locate_file("")))
    return found


def libusb_files() -> list[Path]:
    """Return the paths at which libusb lies or should lie: of a release archive, then of each libusb-package.

    Call `require("usb")` first. Then the libusb-package that it found or fetched comes first on the module search path.
    """
    name = bundle.FILES.get(sys.platform, bundle.FILES["linux"])
    libraries = _VENDOR / "libusb"
    bundled = [libraries / folder / name for folder in bundle.of_this_process()] if os.path.isdir(libraries) else []
    packages = [Path(entry).absolute() / "libusb_package" for entry in sys.path]
    return bundled + [package / name for package in packages if os.path.exists(package / "__init__.py")]


def how_to_renew(file: Path) -> str:
    """Return how the user can get a file of one of the packages again."""
    folder = file.parent.parent
    if folder in _private_folders():
        return f"delete {folder} and try again, with a network connection: the tool then fetches it again"
    return f"reinstall the package or the platform that contains {file.parent}"


def pinned() -> list[Pin]:
    """Return the packages of the lock file that this Python needs, in the order of the file."""
    return [pin for pin in listed() if pin.is_for(sys.version_info[:2])]


def listed() -> list[Pin]:
    """Return all packages of the lock file, in its order. A package may have several pins, for different Pythons."""
    return [_pin(match) for match in _PIN.finditer(_LOCK_FILE.read_text(encoding="utf-8"))]


def _pin(match: re.Match[str]) -> Pin:
    version = (int(match[4]), int(match[5])) if match[3] else None
    below, since = (version, None) if match[3] == "<" else (None, version)
    return Pin(match[1], match[2], match[0], below, since)


def _interpreter_fault(module: str, pins: list[Pin]) -> Optional[str]:
    """Return why `import module` would not find the whole pinned version; None if it would."""
    dist_info = {pin.name: pin.dist_info for pin in pins}
    for package, name in PACKAGES[module].items():
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return f"{package} is missing"
        folder = Path(spec.origin).parent.parent
        if not os.path.isdir(folder / dist_info[package]):
            return f"{package} has another version"
        # Debian's own packages have no RECORD: Debian checks them itself.
        has_record = os.path.exists(folder / dist_info[package] / "RECORD")
        found = package_files.damage(folder, dist_info[package]) if has_record else None
        if found:
            return f"{folder}: {found}"
    return None


def _fault(folder: Path, pins: list[Pin], packages: Collection[str]) -> Optional[str]:
    """Return why `packages` cannot be taken from `folder`, which was made for `pins`; None if they can."""
    if not os.path.isdir(folder):  # before Python 3.14, Path.is_dir raises for a folder that this user may not see
        return "there is no such folder"
    for pin in pins:
        if pin.name not in packages or (pin.name == _OPTIONAL and not os.path.isdir(folder / pin.dist_info)):
            continue
        found = package_files.damage(folder, pin.dist_info)
        if found:
            return found
    strange = package_files.stranger(folder, [pin.dist_info for pin in pins])
    return f"{strange} does not belong there" if strange else None


def _whole_folder(pins: list[Pin], packages: Collection[str]) -> tuple[Optional[Path], list[str]]:
    """Return the first folder that has `packages`, and the faults of the folders before it."""
    faults: list[str] = []
    for folder in _folders(pins, packages):
        found = _fault(folder, pins, packages)
        if found is None:
            return folder, faults
        if os.path.lexists(folder):
            faults.append(f"{folder}: {found}")
    return None, faults


def _folders(pins: list[Pin], packages: Collection[str]) -> Iterator[Path]:
    yield from dict.fromkeys(
        _VENDOR / pin.vendor_folder for pin in pins if pin.name in packages and pin.name != _OPTIONAL
    )
    yield from _private_folders()


def _private_folders() -> list[Path]:
    """Return the private folders for this lock file and this kind of interpreter: in the checkout, in the cache."""
    import hashlib
    import sysconfig
    from importlib.machinery import EXTENSION_SUFFIXES

    # The suffix tells glibc from musl and 32 from 64 bits, get_platform() Apple's two architectures.
    kind = f"{EXTENSION_SUFFIXES[0]} {sysconfig.get_platform()}"
    digest = hashlib.sha256(_LOCK_FILE.read_bytes() + kind.encode()).hexdigest()[:16]
    key = f"py{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    cache = places.user_cache()
    return [_TOOL / "_deps" / key, *([cache / "stm8tool" / key] if cache else [])]


def _renewed(pins: list[Pin], packages: Collection[str], faults: list[str]) -> Path:
    """Return a folder that was filled now, or else one that lacks only libusb, which the system may have."""
    try:
        return _fill(pins, faults)
    except AccessError as exc:
        folder, _ = _whole_folder(pins, [package for package in packages if package != _OPTIONAL])
        if folder is None:
            raise
        _say(f"{exc}; going on without the damaged {_OPTIONAL}")
        return folder


def _fill(pins: list[Pin], faults: list[str]) -> Path:
    """Fill the first private folder that can be written. Only one process at a time does this; the others wait."""
    every = [pin.name for pin in pins]
    problem = ""
    for folder in _private_folders():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with folder.with_name(f"{folder.name}.lock").open("w") as lock:
                _wait_for(lock)
                if _fault(folder, pins, every) is not None:
                    _install(folder, pins, faults)
                return folder
        except OSError as exc:  # a read-only checkout, a full disk, or a file system without locks
            problem = str(exc)
    raise AccessError(
        f"no folder for the tool's Python packages can be written: {problem}",
        code=Code.PACKAGES,
        hint=_where_to_write(),
        details=faults,
    )


def _where_to_write() -> str:
    """Return the hint if no folder can be written."""
    cache = places.user_cache()
    here = _private_folders()[0].parent
    if cache:
        return f"make {here} or the user's cache directory ({cache}) writable, with 2 MB free"
    variable = {"win32": "LOCALAPPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_CACHE_HOME")
    return f"make {here} writable, or set {variable} to a writable folder: this user has no home directory"


def _wait_for(lock: IO[str]) -> None:
    """Lock the open file for this process. The operating system releases the lock when the file is closed."""
    import time

    deadline = time.monotonic() + _LOCK_LIMIT_S
    while not _try_lock(lock):
        if time.monotonic() > deadline:
            raise AccessError(
                "another process has been fetching the tool's Python packages for too long",
                code=Code.PACKAGES,
                hint=f"end that process and try again; it holds {lock.name}",
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


def _install(folder: Path, pins: list[Pin], faults: list[str]) -> None:
    """Let pip make `folder`, completely or not at all. It replaces the old folder.

    Raises:
        OSError: This folder cannot be written.
        AccessError: pip cannot fetch the packages.
    """
    partial, old = (folder.with_name(f"{folder.name}.{suffix}") for suffix in ("partial", "old"))
    _remove(partial)  # of a process that was killed
    _remove(old)
    names = ", ".join(pin.name for pin in pins)
    if faults:
        _say(f"its Python packages are damaged ({faults[0]})")
    _say(f"fetching its Python packages {'again' if faults else 'once'} ({names})…")
    try:
        failure = _pip(partial, pins)
        if failure is not None and f"No matching distribution found for {_OPTIONAL}" in failure:
            _say(f"{_OPTIONAL} has no library for this machine; the system's libusb is used")
            failure = _pip(partial, [pin for pin in pins if pin.name != _OPTIONAL])
        if failure is not None:
            raise AccessError(
                f"the Python packages {names} are {'damaged' if faults else 'missing'} "
                f"and pip cannot fetch them: {failure}",
                code=Code.PACKAGES,
                hint=_DAMAGED if faults else f"with a network connection, run once: {_command_line(folder)}",
                details=faults,
            )
        if os.path.lexists(folder):
            files.replace(folder, old)
        files.replace(partial, folder)
    finally:
        for rest in (partial, old):
            with suppress(OSError):  # the next process tries again
                _remove(rest)


def _pip(partial: Path, pins: list[Pin]) -> Optional[str]:
    """Install `pins` into `partial`, and check that they are there; return None, or the reason of a failure."""
    from . import fetching  # mostly not needed

    failure = fetching.install(partial, "".join(pin.text for pin in pins))
    if failure is not None:
        return failure
    missing = _fault(partial, pins, [pin.name for pin in pins])
    return f"it ended without an error, but {missing}" if missing else None


def _command_line(folder: Path) -> str:
    from . import fetching

    return fetching.command_line(folder, _LOCK_FILE)


def _remove(path: Path) -> None:
    """Remove a folder, a file or a link, if one is there."""
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _say(text: str) -> None:
    streams.put(sys.stderr, f"stm8tool: {text}\n")

"""Choose the libusb-1.0 to load: in a fixed order, by path, with a reason for each library that does not work.

The order:

1. If STM8TOOL_LIBUSB is set, only this one.
2. The library of libusb-package, which comes with the tool; then that of any other libusb-package of this Python.
3. The library of the system, but not on Windows. Windows has no place for it, and a search on PATH finds strays.
4. On macOS those of Homebrew and MacPorts.

A library must have the pointer size of this Python process, on any machine. libusb-0.1 is never used.

libusb writes messages to stderr, mostly about devices that are not probes. The tool allows that only with -vv.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import os
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, NamedTuple, Optional

import usb.backend
import usb.backend.libusb1

from ..errors import AccessError, Code
from ..support import deps
from . import confinement
from .library_file import defect

OVERRIDE = "STM8TOOL_LIBUSB"

_LOGGER = logging.getLogger(__name__)
_PACKAGE = "libusb-package"
_MACOS_LIBRARIES = (
    ("Homebrew", "/opt/homebrew/lib/libusb-1.0.dylib"),
    ("Homebrew", "/usr/local/lib/libusb-1.0.dylib"),
    ("MacPorts", "/opt/local/lib/libusb-1.0.dylib"),
)
_LOG_LEVEL = "LIBUSB_DEBUG"  # libusb.h, enum libusb_log_level; libusb reads it when it starts
_LOG_INFO = "3"


_NOT_STARTED = "it loads but does not start: perhaps this machine has no USB (a container may have none)"


@dataclass(frozen=True)
class LibraryPlace:
    """A place to load libusb from.

    Attributes:
        origin: The source of the library, for the error text.
        path: The file; None if there is none.
    """

    origin: str
    path: Optional[str]


def candidates(
    environ: Mapping[str, str],
    platform: str,
    packaged: Sequence[Path],
    find_library: Callable[[str], Optional[str]] = ctypes.util.find_library,
) -> Iterator[LibraryPlace]:
    """Yield the places to look, in order; the system is searched only when its turn comes.

    Args:
        environ: The process environment.
        platform: As `sys.platform`.
        packaged: The files of libusb-package, the tool's own first.
        find_library: The system's search. It is not called on Windows, where it walks PATH and finds strays.
            On Linux it returns a name that only the cache of the system's loader resolves, elsewhere a path.
    """
    override = environ.get(OVERRIDE)
    if override:
        yield LibraryPlace(OVERRIDE, str(Path(override).absolute()))
        return
    for file in packaged:
        yield LibraryPlace(_PACKAGE, str(file))
    if not packaged:
        yield LibraryPlace(_PACKAGE, None)
    if platform != "win32":
        yield LibraryPlace("system", find_library("usb-1.0"))
    if platform == "darwin":
        for origin, path in _MACOS_LIBRARIES:
            yield LibraryPlace(origin, path)


class LoadedLibrary(NamedTuple):
    """A libusb that works.

    Attributes:
        backend: pyusb's backend on it.
        place: The place of the library.
        passed_over: A line for each earlier place, with the reason why it did not work.
    """

    backend: usb.backend.IBackend
    place: LibraryPlace
    passed_over: Sequence[str]


def load(places: Iterable[LibraryPlace]) -> LoadedLibrary:
    """Load the first of `places` that works.

    pyusb keeps the first library that loads as long as the process runs.

    Raises:
        AccessError: None works; `details` has a line for each, with the reason.
    """
    tried: list[str] = []
    first: Optional[LibraryPlace] = None
    starts = True
    for place in places:
        reason = _why_not(place.path)
        if reason is None:
            backend = usb.backend.libusb1.get_backend(find_library=lambda _, path=place.path: path)
            if backend is not None:
                _LOGGER.info("USB library: %s", place.path)
                return LoadedLibrary(backend, place, tried)
            reason, starts = _NOT_STARTED, False
        tried.append(f"{place.origin}: {place.path or 'none'}: {reason}")
        first = first or place
    raise AccessError(
        f"no usable libusb-1.0 for this {_bits()}-bit Python",
        code=Code.USB_LIBRARY,
        hint=_hint(first or LibraryPlace(_PACKAGE, None)) if starts else _usb_hint(),
        details=tried,
    )


def loaded() -> LoadedLibrary:
    """Load the library that is chosen for this process; AccessError if there is none."""
    _set_log_level(_LOGGER.isEnabledFor(logging.DEBUG), os.environ)
    return load(candidates(os.environ, sys.platform, deps.libusb_files()))


def backend() -> usb.backend.IBackend:
    """Return pyusb's backend on the library chosen for this process; AccessError if there is none."""
    return loaded().backend


def _set_log_level(wanted: bool, environ: MutableMapping[str, str]) -> None:
    """Let libusb write messages, as many as the user set or else some; or let it write none."""
    if wanted:
        environ.setdefault(_LOG_LEVEL, _LOG_INFO)
    else:
        environ.pop(_LOG_LEVEL, None)


def _why_not(path: Optional[str]) -> Optional[str]:
    """Return the reason why `path` cannot be libusb-1.0, None if it can. pyusb itself would not give a reason."""
    if path is None:
        return "not found"
    reason = defect(Path(path)) if Path(path).is_absolute() else None
    if reason is not None:
        return reason
    try:
        library = ctypes.CDLL(path)
    except OSError as exc:
        return _windows_reason(exc) if sys.platform == "win32" else str(exc)
    return None if hasattr(library, "libusb_init") else "is not libusb-1.0"


def _windows_reason(exc: OSError) -> str:
    """Return an English sentence for an error of Windows about a file that exists; Windows uses the user's language."""
    if isinstance(exc, FileNotFoundError):  # ctypes' form of 126
        return "a library that it needs is missing (WinError 126)"
    if getattr(exc, "winerror", None) == 193:
        return "it is not a library for this machine (WinError 193)"
    return str(exc)


def _hint(first: LibraryPlace) -> str:
    if first.origin == OVERRIDE:
        return f"correct or remove the environment variable {OVERRIDE}: while it is set, the tool looks nowhere else"
    name_it = f"name the file of a libusb-1.0 ({_bits()}-bit) in the environment variable {OVERRIDE}"
    if first.path is not None:
        return f"{deps.how_to_renew(Path(first.path))}; or {name_it}"
    return name_it if sys.platform == "win32" else f"install libusb-1.0 ({_bits()}-bit), or {name_it}"


def _usb_hint() -> str:
    """Return the advice if a good library finds no USB: another library would not find any, either."""
    around = confinement.here() if sys.platform.startswith("linux") else None
    return f"the tool runs in {around.name}: {around.advice}" if around else confinement.ANYWHERE


def _bits() -> int:
    return 8 * struct.calcsize("P")

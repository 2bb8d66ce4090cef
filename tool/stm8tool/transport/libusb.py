"""Which libusb-1.0 to load: by an explicit path, in a fixed order, with a reason for each that did not.

The order: STM8TOOL_LIBUSB alone if it is set; the library that comes with the tool; the system's own;
on macOS Homebrew's and MacPorts'. A library must have the pointer size of this Python process, whatever
the machine is. libusb-0.1 is never used.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import usb.backend
import usb.backend.libusb1

from .. import deps
from ..errors import AccessError

OVERRIDE = "STM8TOOL_LIBUSB"

_MACOS_LIBRARIES = (
    ("Homebrew", "/opt/homebrew/lib/libusb-1.0.dylib"),
    ("Homebrew", "/usr/local/lib/libusb-1.0.dylib"),
    ("MacPorts", "/opt/local/lib/libusb-1.0.dylib"),
)


@dataclass(frozen=True)
class Candidate:
    """A place to load libusb from.

    Attributes:
        origin: Whose library it is, for the error text.
        path: The file; None where there is none.
    """

    origin: str
    path: Optional[str]


def candidates(
    environ: Mapping[str, str],
    platform: str,
    bundled: Optional[Path],
    find_library: Callable[[str], Optional[str]] = ctypes.util.find_library,
) -> list[Candidate]:
    """Return where to look, in order.

    Args:
        environ: The process environment.
        platform: As `sys.platform`.
        bundled: The library that comes with the tool for this process, if any.
        find_library: The system's search. Not asked on Windows: there it walks PATH and finds strays.
            On Linux it answers with a name that only the system's loader cache resolves, else with a path.
    """
    override = environ.get(OVERRIDE)
    if override:
        return [Candidate(OVERRIDE, str(Path(override).absolute()))]
    places = [Candidate("bundled", str(bundled.absolute()) if bundled else None)]
    if platform != "win32":
        places.append(Candidate("system", find_library("usb-1.0")))
    if platform == "darwin":
        places += [Candidate(origin, path) for origin, path in _MACOS_LIBRARIES]
    return places


def load(places: Sequence[Candidate]) -> usb.backend.IBackend:
    """Return pyusb's backend on the first of `places` that works.

    pyusb keeps the first library that loads for the life of the process.

    Raises:
        AccessError: None works; `details` says why, a line for each.
    """
    tried = []
    for place in places:
        reason = _why_not(place.path)
        if reason is None:
            backend = usb.backend.libusb1.get_backend(find_library=lambda _, path=place.path: path)
            if backend is not None:
                return backend
            reason = "loads, but does not start: is there any USB on this machine (a container has none)?"
        tried.append(f"{place.origin}: {place.path or 'none'}: {reason}")
    bits = 8 * struct.calcsize("P")
    if places[0].origin == OVERRIDE:
        hint = f"correct or remove the environment variable {OVERRIDE}; set, it is the only place to look"
    else:
        hint = f"install libusb-1.0 ({bits}-bit) or name its file in the environment variable {OVERRIDE}"
    raise AccessError(f"no usable libusb-1.0 for this {bits}-bit Python", hint=hint, details=tried)


def backend() -> usb.backend.IBackend:
    """Return pyusb's backend on the library chosen for this process; AccessError if there is none."""
    return load(candidates(os.environ, sys.platform, deps.libusb_file()))


def _why_not(path: Optional[str]) -> Optional[str]:
    """Return why `path` cannot be libusb-1.0, None if it can. pyusb itself would only say None."""
    if path is None:
        return "not found"
    try:
        library = ctypes.CDLL(path)
    except OSError as exc:
        return str(exc)
    return None if hasattr(library, "libusb_init") else "is not libusb-1.0"

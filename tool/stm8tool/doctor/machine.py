"""The findings about this machine: Python, the tool, its packages and the USB library."""

from __future__ import annotations

import struct
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from .. import __version__
from ..errors import AccessError
from ..selector import SIM_PREFIX, is_serial, is_usbip, kind_of
from ..support import deps
from .findings import Finding, Mark, bad, not_seen

_SIMULATED = "not needed: the probe is simulated"
_NO_USB = "not needed: a serial port needs no USB library"
_REMOTE = "not needed: the probe is at a USB/IP server"
_NOT_AN_STLINK = "not needed: the probe is not an ST-LINK"


def python() -> Finding:
    bits = 8 * struct.calcsize("P")
    version = ".".join(map(str, sys.version_info[:3]))
    system = sysconfig.get_platform()
    facts = {"version": version, "bits": bits, "executable": sys.executable, "system": system}
    return Finding("python", Mark.OK, f"{version}, {bits} bits, {sys.executable}, on {system}", facts=facts)


def tool() -> Finding:
    folder = str(Path(__file__).parents[1])
    return Finding("tool", Mark.OK, f"{__version__}, {folder}", facts={"version": __version__, "folder": folder})


def usb_library(selector: str) -> Iterator[Finding]:
    """Yield the findings about the Python packages and libusb."""
    simulated = selector.startswith(SIM_PREFIX)
    why = None
    if simulated:
        why = _SIMULATED
    elif is_serial(selector):
        why = _NO_USB
    elif is_usbip(selector):
        why = _REMOTE
    elif not kind_of(selector).is_stlink:
        why = _NOT_AN_STLINK
    if why is not None:
        yield Finding("packages", Mark.NOTE, why)
        yield Finding("usb-library", Mark.NOTE, why)
        return
    try:
        deps.require("usb")
    except AccessError as exc:
        yield bad("packages", exc)
        yield not_seen("usb-library", "needs the packages")
        return
    packages = deps.installed()
    texts = [f"{name} {found[0]}" if found else f"{name} missing" for name, found in packages.items()]
    places = {name: found and {"version": found[0], "folder": str(found[1])} for name, found in packages.items()}
    folders = sorted({str(found[1]) for found in packages.values() if found})
    yield Finding("packages", Mark.OK, f"{', '.join(texts)}, {', '.join(folders)}", facts=places)
    from ..transport import libusb

    try:
        library = libusb.loaded()
    except AccessError as exc:
        yield bad("usb-library", exc, facts={"path": None, "origin": None, "passed_over": list(exc.details)})
        return
    facts = {"path": library.place.path, "origin": library.place.origin, "passed_over": list(library.passed_over)}
    yield Finding(
        "usb-library",
        Mark.OK,
        f"{library.place.path} ({library.place.origin})",
        [f"passed over: {line}" for line in library.passed_over],
        facts,
    )

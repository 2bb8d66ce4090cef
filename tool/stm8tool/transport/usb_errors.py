"""The errors of pyusb and libusb, in the words of this tool.

A transaction error or a packet that is too long (libusb's IO and OVERFLOW) is raised as EndpointStallError. The host
controller halts the endpoint after both, so the cure is that of a STALL: `clear_halt`, then the question again. If the
probe is really gone, `clear_halt` fails, too, which raises ProbeLostError.

Source: pyusb 1.3.1 and libusb 1.0.26 (read).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import usb.core

from ..errors import EndpointStallError, ProbeLostError, TransportError, TransportTimeoutError
from . import confinement, usb_access, usb_holder, usb_node
from .base import UsbDeviceInfo

REPLUG = "replug the probe, or try another cable or port, then repeat; until then the chip's program may be stopped"

# libusb.h, enum libusb_error
_IO = -1
_NO_DEVICE = -4
_TIMEOUT = -7
_OVERFLOW = -8
_PIPE = -9
_ACCESS_CODES = (usb_access.ACCESS, usb_access.BUSY, usb_access.NOT_SUPPORTED)


@contextmanager
def translated(device: UsbDeviceInfo, *, opening: bool = False, is_disk: bool = False) -> Iterator[None]:
    """Turn pyusb's errors into ours. NOT_FOUND means a half-installed driver in `open`, and a lost device later."""
    probe = f"the probe at {device.path}"
    try:
        yield
    except NotImplementedError as exc:  # pyusb's form of NOT_SUPPORTED
        raise usb_access.access_error(usb_access.NOT_SUPPORTED, probe, sys.platform) from exc
    except usb.core.USBError as exc:
        code = exc.backend_error_code
        if opening:
            _look_at_file(device, probe, exc)
        if code in _ACCESS_CODES or (opening and code == usb_access.NOT_FOUND):
            holders = usb_holder.NOBODY
            if code == usb_access.BUSY:
                holders = usb_holder.find(device.handle.bus, device.handle.address, device.path)
            raise usb_access.access_error(code, probe, sys.platform, is_disk=is_disk, holders=holders) from exc
        raise _error(exc, probe) from exc


def _look_at_file(device: UsbDeviceInfo, probe: str, exc: Any) -> None:
    """Raise AccessError if Linux does not open the device's file; libusb says little about that."""
    if not sys.platform.startswith("linux"):
        return
    obstacle = usb_node.obstacle(device.handle.bus, device.handle.address, device.path)
    if obstacle:
        raise usb_access.file_error(obstacle, probe, confinement.here(), is_root=os.geteuid() == 0) from exc


def _error(exc: Any, probe: str) -> Exception:
    code = exc.backend_error_code
    if code in (_NO_DEVICE, usb_access.NOT_FOUND):
        return ProbeLostError(f"{probe} is gone", hint=REPLUG)
    if code == _TIMEOUT:
        return TransportTimeoutError(f"{probe} did not answer in time")
    if code == _PIPE:
        return EndpointStallError(f"{probe} refused a transfer")
    if code in (_IO, _OVERFLOW):
        return EndpointStallError(f"a transfer with {probe} broke off ({exc})")
    return TransportError(f"{probe}: {exc}")

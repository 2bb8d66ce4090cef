"""The messages of USB/IP.

Source: the Linux kernel's Documentation/usb/usbip_protocol.rst, version 1.1.1. Integers are big-endian; errors are
Linux's numbers, whatever system this runs on.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Union

from .descriptors import Descriptors

VERSION = 0x0111
OPERATION_SIZE, BUSID_SIZE, COMMAND_SIZE = 8, 32, 48
EPIPE, EOVERFLOW, ECONNRESET = 32, 75, 104
LONGEST_TRANSFER = 1 << 20  # ours; a host splits long before

_LIST, _IMPORT = 0x8005, 0x8003
_REPLY = 0x7FFF  # mask from a request to its reply
_OK, _REFUSED = 0, 1
_SUBMIT, _UNLINK, _SUBMITTED, _UNLINKED = 1, 2, 3, 4
_FULL_SPEED, _HIGH_SPEED = 2, 3
_NOT_ISOCHRONOUS = 0xFFFFFFFF


class ProtocolError(Exception):
    """The peer sent something that the protocol does not have."""


class Submit(NamedTuple):
    """A transfer to be made; OUT data follow the command. `setup` counts on endpoint 0."""

    seqnum: int
    endpoint: int
    incoming: bool
    size: int
    setup: bytes


class Unlink(NamedTuple):
    """The transfer `victim` is not wanted any more."""

    seqnum: int
    victim: int


def wants_import(operation: bytes) -> bool:
    """Return whether a bus id follows (an import) or nothing (a list); ProtocolError for anything else."""
    _, code, _ = struct.unpack(">HHI", operation)
    if code not in (_LIST, _IMPORT):
        raise ProtocolError(f"operation {code:#06x}")
    return bool(code == _IMPORT)


def listing(descriptors: Descriptors, busid: str) -> bytes:
    """Return the reply to a list request: one device."""
    interfaces = b"".join(bytes([*interface.triple, 0]) for interface in descriptors.interfaces)
    return _operation(_LIST, _OK) + struct.pack(">I", 1) + _about(descriptors, busid) + interfaces


def imported(descriptors: Descriptors, busid: str) -> bytes:
    """Return the reply that hands the device over."""
    return _operation(_IMPORT, _OK) + _about(descriptors, busid)


def refused() -> bytes:
    """Return the reply to an import that is not possible."""
    return _operation(_IMPORT, _REFUSED)


def command(header: bytes) -> Union[Submit, Unlink]:
    """Return the command that the 48 bytes hold."""
    code, seqnum, _, direction, endpoint = struct.unpack_from(">5I", header)
    if code == _UNLINK:
        return Unlink(seqnum, *struct.unpack_from(">I", header, 20))
    (size,) = struct.unpack_from(">I", header, 24)
    if code != _SUBMIT or endpoint > 15 or size > LONGEST_TRANSFER:
        raise ProtocolError(f"command {code:#x}, endpoint {endpoint}, {size} bytes")
    return Submit(seqnum, endpoint, bool(direction), size, header[40:48])


def submitted(seqnum: int, *, error: int = 0, data: bytes = b"", moved: int = 0) -> bytes:
    """Return the outcome of a transfer: `moved` bytes, which are `data` if they go to the host."""
    return struct.pack(">5IiI3I8x", _SUBMITTED, seqnum, 0, 0, 0, -error, moved, 0, _NOT_ISOCHRONOUS, 0) + data


def unlinked(seqnum: int, *, found: bool) -> bytes:
    """Return the outcome of an unlink; not found means that the transfer was over before."""
    return struct.pack(">5Ii24x", _UNLINKED, seqnum, 0, 0, 0, -ECONNRESET if found else 0)


def _operation(request: int, status: int) -> bytes:
    return struct.pack(">HHI", VERSION, request & _REPLY, status)


def _about(descriptors: Descriptors, busid: str) -> bytes:
    speed = _HIGH_SPEED if descriptors.high_speed else _FULL_SPEED
    return struct.pack(
        ">256s32sIII3H6B",
        f"/simulated/{busid}".encode(),
        busid.encode(),
        *(1, 1, speed, descriptors.vendor, descriptors.product, descriptors.release),
        *(*descriptors.triple, 1, 1, len(descriptors.interfaces)),
    )

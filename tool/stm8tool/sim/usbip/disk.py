"""The disk of a composite probe, without a medium: its driver is content and leaves it alone.

Source: USB Mass Storage Bulk-Only 1.0 §3, §5; SCSI SPC: INQUIRY, REQUEST SENSE.
"""

from __future__ import annotations

import struct

from .device import StallError

GET_MAX_LUN, BULK_ONLY_RESET = 0xFE, 0xFF
_INQUIRY_COMMAND, _REQUEST_SENSE = 0x12, 0x03
_INQUIRY = b"\x00\x80\x02\x02\x1f\x00\x00\x00" + b"STLINK  " + b"virtual disk    " + b"1.0 "
_NO_MEDIUM = b"\x70\x00\x02\x00\x00\x00\x00\x0a" + bytes(4) + b"\x3a\x00" + bytes(4)
_ANSWERS = {_INQUIRY_COMMAND: _INQUIRY, _REQUEST_SENSE: _NO_MEDIUM}


class EmptyDisk:
    """A `Function` that answers every SCSI command except two with: failed, no medium."""

    def __init__(self) -> None:
        self._replies: list[bytes] = []

    def request(self, request: int) -> bytes:
        """There is one unit, and a reset forgets the last command."""
        if request == GET_MAX_LUN:
            return b"\0"
        if request == BULK_ONLY_RESET:
            self._replies.clear()
            return b""
        raise StallError

    def receive(self, data: bytes) -> None:
        """Take one command block wrapper; data that a command does not get are dropped."""
        if data[:4] != b"USBC" or len(data) != 31:
            return
        tag, length, flags = struct.unpack_from("<IIB", data, 4)
        answer = _ANSWERS.get(data[15])
        if length and flags & 0x80:
            self._replies.append((answer or b"").ljust(min(length, 36), b"\0")[:length])
        self._replies.append(struct.pack("<4sIIB", b"USBS", tag, 0, answer is None))

    def offer(self) -> bytes:
        """Return the next reply."""
        return self._replies.pop(0) if self._replies else b""

    def settle(self) -> None:
        """Nothing happens by itself."""

    def clear_halt(self) -> None:
        """Nothing is ever halted."""

    def bus_reset(self) -> None:
        """Forget the last command."""
        self._replies.clear()

    def configured(self) -> None:
        """It makes no difference."""

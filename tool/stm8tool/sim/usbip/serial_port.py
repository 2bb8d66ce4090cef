"""The serial port of a composite probe, with nothing connected to it.

Source: USB CDC PSTN 1.20 §6.3 (requests of the abstract control model).
"""

from __future__ import annotations

import struct

from .device import StallError

_SET_LINE_CODING, _GET_LINE_CODING, _SET_CONTROL_LINE_STATE = 0x20, 0x21, 0x22
_115200_8N1 = struct.pack("<IBBB", 115200, 0, 0, 8)


class SilentSerialPort:
    """A `Function` for both interfaces of the port: takes everything, sends nothing."""

    def request(self, request: int) -> bytes:
        """Take any settings; tell always the same."""
        if request == _GET_LINE_CODING:
            return _115200_8N1
        if request in (_SET_LINE_CODING, _SET_CONTROL_LINE_STATE):
            return b""
        raise StallError

    def receive(self, data: bytes) -> None:
        """Lose the bytes that the host sends."""

    def offer(self) -> bytes:
        """Send nothing."""
        return b""

    def settle(self) -> None:
        """Nothing happens by itself."""

    def clear_halt(self) -> None:
        """Nothing is ever halted."""

    def bus_reset(self) -> None:
        """There is nothing to forget."""

    def configured(self) -> None:
        """It makes no difference."""

"""One connection to a USB/IP server: the list of its devices, the import of one, and transfers with time limits.

Transfers that belong together are sent in one piece, and are in flight together, as in_flight.py has them with libusb.
A transfer that does not end in time is unlinked, and so are the others if one fails. None is left in flight when
`run` returns. Every reply is checked: number, length, kind. After a reply that cannot be, the connection is closed.

The package `usbip` 0.7.0 of the Python index also has a client. It is not used (its source was read):

    * It has one transfer at a time, without a time limit. It never sends UNLINK, so a probe that hangs stops the
      program for ever.
    * It does not compare the number of a reply, and believes every length.
    * It leaves TCP's delay on: a command took 44 ms in place of 2.4 ms in an earlier trial.
    * What is left is the layout of four messages, which are below.

This does not import the server in `sim/usbip`: the two are separate readings of the protocol.

Source: the Linux kernel's Documentation/usb/usbip_protocol.rst, version 1.1.1; confidence high. The status of an
operation: usbip's tools in the kernel (`usbip_common.h`), medium. Integers are big-endian. Errors are Linux's numbers.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple, Optional, Union

from ..support.clock import Clock
from ..support.interrupts import shield
from . import usbip_place
from .usbip_place import UsbipPlace

STALLED, OVERFLOWED = -32, -75
GONE = (-19, -108)  # ENODEV, ESHUTDOWN
BROKEN = (-5, -62, -71, -84)  # EIO, ETIME, EPROTO, EILSEQ
UNAVAILABLE, BUSY, NO_DEVICE = 1, 2, 4  # status of an import
HIGH_SPEED = 3
IN = 0x80

_VERSION = 0x0111
_LIST, _IMPORT, _REPLY = 0x8005, 0x8003, 0x7FFF
_OPERATION = struct.Struct(">HHI")
_ABOUT = struct.Struct(">256s32sIII3H6B")
_MESSAGE = 48
_SUBMIT, _UNLINK, _SUBMITTED, _UNLINKED = 1, 2, 3, 4
_DIRECTION_IN = 0x200  # a flag of Linux's transfers
_MOST_DEVICES = 1024
_ANSWER_LIMIT_S = 5.0  # for a list or an import
_UNLINK_LIMIT_S = 2.0
_PIECE = 1 << 16


class SilentError(Exception):
    """A reply did not come in time."""


class GoneError(Exception):
    """The connection is closed, by the server or because it does not answer any more."""


class GarbageError(Exception):
    """The server sent what the protocol does not have; the connection is closed."""


class UsbipRefusedError(Exception):
    """The server does not hand the device over; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Exported(NamedTuple):
    """A device as a server describes it."""

    busid: str
    device: int
    speed: int
    vendor: int
    product: int
    interfaces: int


class UsbipTransfer(NamedTuple):
    """A transfer: the address of its endpoint, and the bytes to send or how many may come. Endpoint 0 has a setup."""

    endpoint: int
    content: Union[bytes, int]
    setup: bytes = bytes(8)


class UsbipEnded(NamedTuple):
    """How a transfer ended.

    Attributes:
        status: 0, or Linux's negative error; None if it was unlinked.
        moved: The number of bytes.
        data: The bytes that came.
    """

    status: Optional[int]
    moved: int = 0
    data: bytes = b""


class UsbipOutcome(NamedTuple):
    """How transfers ended that were in flight together, and whether the time limit was reached."""

    ended: list[UsbipEnded]
    late: bool


class UsbipWire:
    """A connection.

    Args:
        place: The server.
        clock: Measures the limits.

    Raises:
        UsageError, TransportError: See `usbip_place.connect`.
    """

    def __init__(self, place: UsbipPlace, clock: Clock) -> None:
        self._clock = clock
        self._received = bytearray()
        self._device = 0
        self._number = 0
        self._pending: dict[int, tuple[bool, int]] = {}  # number: whether it is an IN transfer, and its size
        self._ended: dict[int, UsbipEnded] = {}
        self._unlinks: dict[int, int] = {}  # number of the unlink: that of the transfer
        self._socket: Optional[socket.socket] = usbip_place.connect(place)
        self.round_trip_s = 0.0

    def close(self) -> None:
        """Close it; the server then takes the device back. This is harmless if it is closed."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # -- operations --------------------------------------------------------------------------------------------------

    def listed(self) -> list[Exported]:
        """Return what the server exports. The server then closes the connection."""
        status, deadline = self._operation(_LIST, b"")
        if status:
            raise self._garbage(f"a list with the status {status}")
        (count,) = struct.unpack(">I", self._take(4, deadline))
        if count > _MOST_DEVICES:
            raise self._garbage(f"a list of {count} devices")
        found = []
        for _ in range(count):
            about = self._about(deadline)
            self._take(4 * about.interfaces, deadline)
            found.append(about)
        return found

    def imported(self, busid: str) -> Exported:
        """Import a device; RefusedError if the server does not hand it over."""
        began = self._clock.now()
        status, deadline = self._operation(_IMPORT, busid.encode().ljust(32, b"\0"))
        if status:
            raise UsbipRefusedError(status)
        about = self._about(deadline)
        if about.busid != busid:
            raise self._garbage(f"the device {about.busid} in place of {busid}")
        self._device = about.device
        self.round_trip_s = self._clock.now() - began
        return about

    def _operation(self, request: int, body: bytes) -> tuple[int, float]:
        """Send a request; return the status in the reply, and until when the rest of it may come."""
        deadline = self._clock.now() + _ANSWER_LIMIT_S
        self._send(_OPERATION.pack(_VERSION, request, 0) + body, deadline)
        version, code, status = _OPERATION.unpack(self._take(_OPERATION.size, deadline))
        if version >> 8 != _VERSION >> 8 or code != request & _REPLY:
            raise self._garbage(f"version {version:#06x}, reply {code:#06x}")
        return int(status), deadline

    def _about(self, deadline: float) -> Exported:
        raw = self._take(_ABOUT.size, deadline)
        _, name, bus, device, speed, vendor, product, *_, interfaces = _ABOUT.unpack(raw)
        busid = name.partition(b"\0")[0]
        if not busid or any(not 0x21 <= byte <= 0x7E for byte in busid):
            raise self._garbage("a device without a bus id")
        return Exported(busid.decode(), bus << 16 | device, speed, vendor, product, interfaces)

    # -- transfers ---------------------------------------------------------------------------------------------------

    def run(self, transfers: Sequence[UsbipTransfer], limit_s: float) -> UsbipOutcome:
        """Have transfers in flight together. If one fails or is late, take the others back.

        The limit is longer by two round trips of this connection.

        Raises:
            GoneError, GarbageError: The connection is lost, and the device with it.
        """
        with shield():  # what is in flight must end here, or the next command gets its reply
            numbers = []
            message = bytearray()
            for transfer in transfers:
                number = self._next()
                numbers.append(number)
                message += self._submit(number, transfer)
            deadline = self._clock.now() + limit_s + 2 * self.round_trip_s
            late = False
            try:
                self._send(bytes(message), deadline)
                while self._goes_on(numbers):
                    self._receive(deadline)
            except SilentError:
                late = True
            left = [number for number in numbers if number not in self._ended]
            if left:
                self._take_back(left)
            return UsbipOutcome([self._ended.pop(number, UsbipEnded(None)) for number in numbers], late)

    def _goes_on(self, numbers: Sequence[int]) -> bool:
        """Tell whether all have ended well so far, and one has not ended."""
        ended = [self._ended.get(number) for number in numbers]
        return None in ended and all(one is None or one.status == 0 for one in ended)

    def _next(self) -> int:
        self._number = self._number % 0x7FFFFFFF + 1
        return self._number

    def _submit(self, number: int, transfer: UsbipTransfer) -> bytes:
        endpoint, content, setup = transfer
        incoming = isinstance(content, int)
        size, data = (content, b"") if isinstance(content, int) else (len(content), content)
        self._pending[number] = (incoming, size)
        flags = _DIRECTION_IN if incoming else 0
        head = struct.pack(">5I", _SUBMIT, number, self._device, incoming, endpoint & ~IN)
        return head + struct.pack(">5I", flags, size, 0, 0, 0) + setup + data

    def _take_back(self, numbers: Sequence[int]) -> None:
        deadline = self._clock.now() + _UNLINK_LIMIT_S + 2 * self.round_trip_s
        try:
            for victim in numbers:
                number = self._next()
                self._unlinks[number] = victim
                self._send(struct.pack(">6I24x", _UNLINK, number, self._device, 0, 0, victim), deadline)
            while self._unlinks:
                self._receive(deadline)
        except SilentError:
            self.close()
            raise GoneError("the server does not answer any more") from None

    def _receive(self, deadline: float) -> None:
        """Take one reply in, whole or not at all."""
        self._fill(_MESSAGE, deadline)
        code, number, _, _, _, status, moved = struct.unpack_from(">5Iii", self._received)
        if code == _UNLINKED and number in self._unlinks:
            self._cut(_MESSAGE)
            victim = self._unlinks.pop(number)
            if status:  # it was unlinked; otherwise it has ended, and its reply came before this one or comes later
                self._pending.pop(victim, None)
            return
        if code != _SUBMITTED or number not in self._pending:
            raise self._garbage(f"message {code:#x} with the number {number:#x}")
        incoming, size = self._pending[number]
        if not 0 <= moved <= size:
            raise self._garbage(f"{moved} bytes for a transfer of {size}")
        self._fill(_MESSAGE + moved * incoming, deadline)
        self._cut(_MESSAGE)
        data = self._cut(moved * incoming)
        del self._pending[number]
        self._ended[number] = UsbipEnded(status, moved, data)

    # -- bytes -------------------------------------------------------------------------------------------------------

    def _send(self, data: bytes, deadline: float) -> None:
        connection = self._open()
        try:
            connection.settimeout(max(deadline - self._clock.now(), 0.001))
            connection.sendall(data)
        except OSError as exc:  # a time-out, too: a part of a message may be sent
            self.close()
            raise GoneError(exc.strerror or str(exc)) from exc

    def _fill(self, size: int, deadline: float) -> None:
        """Wait until `size` bytes are there."""
        while len(self._received) < size:
            connection, left_s = self._open(), deadline - self._clock.now()
            if left_s <= 0:
                raise SilentError
            try:
                connection.settimeout(left_s)
                piece = connection.recv(_PIECE)
            except socket.timeout:
                raise SilentError from None
            except OSError as exc:
                self.close()
                raise GoneError(exc.strerror or str(exc)) from exc
            if not piece:
                self.close()
                raise GoneError("the server closed the connection")
            self._received += piece

    def _take(self, size: int, deadline: float) -> bytes:
        self._fill(size, deadline)
        return self._cut(size)

    def _cut(self, size: int) -> bytes:
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise GoneError("the connection is closed")
        return self._socket

    def _garbage(self, what: str) -> GarbageError:
        self.close()
        return GarbageError(what)

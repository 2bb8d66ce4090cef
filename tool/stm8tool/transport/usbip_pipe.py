"""A device of a USB/IP server that is in use: requests and bulk transfers over its connection, as a `Transport`.

USB/IP carries no bus reset. To close and to import again is one with Linux's usbipd. Other servers see one when the
device descriptor is read and the configuration set.

Source: USB 2.0 §9.4 and §9.6 for requests and descriptors (high). Linux, drivers/usb/usbip/stub_dev.c and
stub_rx.c, and a trial with usbipd 2.0 and Linux 6.1, for usbipd (high).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Optional, TypeVar

from ..errors import (
    Code,
    EndpointStallError,
    ProbeLostError,
    ProbeNotFoundError,
    TransferSizeError,
    TransportError,
    TransportTimeoutError,
)
from ..support.clock import Clock
from ..words import Hint
from . import usbip_wire
from .base import UsbIdentity
from .usbip_wire import IN, GarbageError, GoneError, UsbipEnded, UsbipTransfer, UsbipWire

DEVICE, STRING, LONGEST_DESCRIPTOR = 1, 3, 254
_CONFIGURATION, _INTERFACE_DESCRIPTOR, _ENDPOINT = 2, 4, 5
_INTERFACE, _BULK = 0, 2
_LONGEST_CONFIGURATION = 4096
_STALLED_REQUEST = "does not know a request that every USB device knows"
_CONTROL_LIMIT_S = 1.0
_RECONNECT = (
    "see that the server, its machine and the network work, then repeat; until then the chip's program may be stopped"
)

_T = TypeVar("_T")


class UsbipControl:
    """Requests to an imported device on endpoint 0, and the errors of its transfers as ours."""

    def __init__(self, wire: UsbipWire, path: str) -> None:
        self.wire = wire
        self.probe = f"the probe at {path}"

    def descriptor(self, kind: int, index: int, language: int, size: int) -> bytes:
        """Return a descriptor; TransportError if it is not one."""
        data = self.request(0x80, 6, kind << 8 | index, language, size)
        if len(data) < 2 or data[1] != kind or (kind == DEVICE and len(data) < size):
            raise TransportError(f"{self.probe} has no valid USB descriptors")
        return data

    def request(self, kind: int, request: int, value: int, index: int, size: int = 0) -> bytes:
        """Make a request without data, or with data that come."""
        setup = struct.pack("<BBHHH", kind, request, value, index, size)
        transfer = UsbipTransfer(kind & IN, size if kind & IN else b"", setup)
        return self.run([transfer], _CONTROL_LIMIT_S)[0].data

    def run(
        self, transfers: Sequence[UsbipTransfer], limit_s: float, stalled: Optional[list[int]] = None
    ) -> list[UsbipEnded]:
        """Have transfers in flight together; raise the error of the first that failed.

        `stalled` collects the endpoints that are halted then.
        """
        ended, late = self._translated(lambda: self.wire.run(transfers, limit_s))
        for transfer, one in zip(transfers, ended):
            if one.status is None and late:
                raise TransportTimeoutError(f"{self.probe} did not answer in time")
            if one.status:
                error = self._error(one.status)
                if isinstance(error, EndpointStallError) and stalled is not None and transfer.endpoint not in stalled:
                    stalled.append(transfer.endpoint)
                raise error
            if one.status == 0 and isinstance(transfer.content, bytes) and one.moved != len(transfer.content):
                size = len(transfer.content)
                raise TransportTimeoutError(f"the probe took {one.moved} of {size} bytes within {limit_s:g} s")
        return ended

    def _translated(self, job: Callable[[], _T]) -> _T:
        try:
            return job()
        except GoneError as exc:
            raise ProbeLostError(f"{self.probe} is gone: {exc}", hint=_RECONNECT) from exc
        except GarbageError as exc:
            raise ProbeLostError(
                f"{self.probe} is lost: its server does not speak USB/IP any more: {exc}",
                code=Code.NO_SERVER,
                hint=_RECONNECT,
            ) from exc

    def _error(self, status: int) -> Exception:
        if status in usbip_wire.GONE:
            return ProbeLostError(f"{self.probe} is gone", hint=_RECONNECT)
        if status == usbip_wire.STALLED:
            return EndpointStallError(f"{self.probe} refused a transfer")
        if status == usbip_wire.OVERFLOWED or status in usbip_wire.BROKEN:
            return EndpointStallError(f"a transfer with {self.probe} broke off (Linux's error {-status})")
        return TransportError(f"{self.probe}: a transfer failed with Linux's error {-status}")


class RemotePipe:
    """`Transport` to an ST-LINK of a server.

    Args:
        take: Imports the device.
        identity: The value of `identity`.
        in_endpoint: The endpoint that replies come from.
        clock: Measures the limits.
    """

    def __init__(self, take: Callable[[], UsbipWire], identity: UsbIdentity, in_endpoint: int, clock: Clock) -> None:
        self._take = take
        self._identity = identity
        self._preferred_in = in_endpoint
        self._clock = clock
        self._control: Optional[UsbipControl] = None
        self._out = self._in = 0
        self._packet = 64
        self._stalled: list[int] = []

    @property
    def identity(self) -> UsbIdentity:
        """The device at the other end."""
        return self._identity

    @property
    def clock(self) -> Clock:
        """The clock by which this pipe's waits are measured."""
        return self._clock

    def open(self) -> None:
        """Import the device, and configure it: usbipd takes the configuration from a device that it exports.

        Raises:
            AccessError: Another client has it.
            TransportError: The server, or the device, does not answer as it should.
        """
        self.close()
        control = self._control = UsbipControl(self._take(), self._identity.path)
        try:
            configuration = control.descriptor(_CONFIGURATION, 0, 0, _LONGEST_CONFIGURATION)
            bulk = dict(_bulk_endpoints(configuration))
            outs, ins = [one for one in bulk if not one & IN], [one for one in bulk if one & IN]
            if not outs or not ins:
                raise TransportError(
                    f"interface 0 of the device at {self._identity.path} is not that of an ST-LINK",
                    hint=Hint("see what is attached there: {list}"),
                )
            self._out, self._in = outs[0], self._preferred_in if self._preferred_in in ins else ins[0]
            self._packet = bulk[self._in] or self._packet
            control.request(0x00, 9, configuration[5], 0)  # SET_CONFIGURATION
        except EndpointStallError as exc:
            self.close()
            raise TransportError(f"{control.probe} {_STALLED_REQUEST}") from exc
        except BaseException:
            self.close()
            raise

    def write(self, data: bytes, timeout_s: float) -> None:
        """Send all of `data` as one bulk transfer, or raise."""
        self.exchange([data], 0, timeout_s)

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return one bulk transfer of exactly `size` bytes; it asks for whole packets, as transport/usb.py does."""
        return self._run([], size, timeout_s)

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        """Have transfers in flight together; raise the error of the first of them that failed."""
        return self._run(out, reply or None, timeout_s)

    def _run(self, out: Sequence[bytes], reply: Optional[int], timeout_s: float) -> bytes:
        transfers = [UsbipTransfer(self._out, data) for data in out]
        if reply is not None:
            transfers.append(UsbipTransfer(self._in, -(-reply // self._packet) * self._packet))
        ended = self._opened().run(transfers, timeout_s, self._stalled)
        if reply is None:
            return b""
        data = ended[-1].data
        if len(data) != reply:
            raise TransferSizeError(reply, data)
        return data

    def clear_halt(self) -> None:
        """Clear a STALL on the endpoints that refused a transfer; if none is known, on both."""
        control = self._opened()
        try:
            for endpoint in self._stalled or (self._out, self._in):
                control.request(0x02, 1, 0, endpoint)  # CLEAR_FEATURE, ENDPOINT_HALT
        except (EndpointStallError, TransportTimeoutError) as exc:
            raise ProbeLostError(f"{control.probe} does not answer any more ({exc})", hint=_RECONNECT) from exc
        self._stalled = []

    def bulk_only_reset(self) -> None:
        """Make a mass-storage device stop its current command, and clear both endpoints."""
        self._opened().request(0x21, 0xFF, 0, _INTERFACE)
        self._stalled = []
        self.clear_halt()

    def reset(self) -> None:
        """Import the device again, which resets it; see above. ProbeLostError if the server does not give it back."""
        self.close()
        try:
            self.open()
            control = self._opened()
            control.descriptor(DEVICE, 0, 0, 18)
            configuration = control.descriptor(_CONFIGURATION, 0, 0, 9)[5]
            control.request(0x00, 9, configuration, 0)
        except (ProbeNotFoundError, EndpointStallError) as exc:
            raise ProbeLostError(
                f"the probe at {self._identity.path} did not come back after a reset", hint=_RECONNECT
            ) from exc

    def close(self) -> None:
        """Give the device back; this is harmless if it is closed or gone."""
        if self._control is not None:
            self._control.wire.close()
            self._control = None
        self._stalled = []

    def _opened(self) -> UsbipControl:
        if self._control is None:
            raise ProbeLostError(f"the probe at {self._identity.path} is not open")
        return self._control


def _bulk_endpoints(configuration: bytes) -> Iterator[tuple[int, int]]:
    """Yield address and packet size of each bulk endpoint of interface 0."""
    interface, at = None, 0
    while at + 2 <= len(configuration) and configuration[at] >= 2:
        one = configuration[at : at + configuration[at]]
        at += len(one)
        if one[1] == _INTERFACE_DESCRIPTOR and len(one) >= 4:
            interface = one[2] if one[3] == 0 else None
        elif one[1] == _ENDPOINT and len(one) >= 6 and interface == _INTERFACE and one[3] & 3 == _BULK:
            yield one[2], int.from_bytes(one[4:6], "little")

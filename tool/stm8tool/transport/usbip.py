"""The ST-LINKs of a USB/IP server: a `UsbBus` and its pipes over TCP, without root and without a kernel module.

Each pipe imports its device for as long as it is open. A server hands a device to one client at a time. So its refusal
tells two programs at one probe apart. After a client has gone, Linux's usbipd resets the device, which takes a moment.
So a refusal counts only after _BUSY_LIMIT_S.

USB/IP carries no bus reset. To close and to import again is one with Linux's usbipd. Other servers see one when the
device descriptor is read and the configuration set.

Source: USB 2.0 §9.4 and §9.6 for requests and descriptors (high). Linux, drivers/usb/usbip/stub_dev.c and
stub_rx.c, for usbipd (medium). No real usbipd has confirmed this.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Optional, TypeVar

from ..errors import (
    AccessError,
    Code,
    EndpointStallError,
    ProbeLostError,
    ProbeNotFoundError,
    TransferSizeError,
    TransportError,
    TransportTimeoutError,
)
from ..support.clock import Clock, MonotonicClock
from ..words import Hint
from . import usbip_wire
from .base import UsbDeviceInfo, UsbIdentity
from .usbip_place import START_SERVER, UsbipPlace, parse
from .usbip_wire import (
    IN,
    Exported,
    GarbageError,
    GoneError,
    SilentError,
    UsbipEnded,
    UsbipRefusedError,
    UsbipTransfer,
    UsbipWire,
)

_VENDOR_ST = 0x0483
_ANY = "stlink"
_BUSID = re.compile(r"\d+-\d+(\.\d+)*")
_INTERFACE = 0
_DEVICE, _CONFIGURATION, _STRING, _INTERFACE_DESCRIPTOR, _ENDPOINT = 1, 2, 3, 4, 5
_BULK = 2
_LONGEST_DESCRIPTOR, _LONGEST_CONFIGURATION = 254, 4096
_STALLED_REQUEST = "does not know a request that every USB device knows"
_CONTROL_LIMIT_S = 1.0
_BUSY_LIMIT_S = 2.0
_BUSY_STEP_S = 0.05
_RECONNECT = (
    "see that the server, its machine and the network work, then repeat; until then the chip's program may be stopped"
)

_T = TypeVar("_T")


class RemoteBus:
    """`UsbBus` of a server.

    Args:
        place: The server, and which device is wanted there.
        clock: The real one by default.
    """

    def __init__(self, place: UsbipPlace, clock: Optional[Clock] = None) -> None:
        self._place = place
        self._clock = clock or MonotonicClock()
        self.prefix = place.prefix

    def devices(self) -> list[UsbDeviceInfo]:
        """Return ST's devices that the server exports; only the wanted one if its bus id is known.

        usbipd leaves out a device that another client has. So a wanted one that is missing is asked for.

        Raises:
            UsageError: The server is on another machine, and that is not allowed.
            TransportError: No server answers, or not as one.
            AccessError: Another client has the device that is wanted.
        """
        with self._asking() as wire:
            listed = wire.listed()
        wanted = self._place.which
        if _BUSID.fullmatch(wanted):
            chosen = [one for one in listed if one.busid == wanted]
            listed = chosen or self._unlisted(wanted) or listed
        return [self._info(one) for one in sorted(listed, key=_order) if one.vendor == _VENDOR_ST]

    def serial_descriptor(self, device: UsbDeviceInfo) -> bytes:
        """Return the raw string descriptor of the serial number, b"" if the device has none; it imports the device."""
        wire = self.take(device)
        try:
            pipe = _Control(wire, device.path)
            index = pipe.descriptor(_DEVICE, 0, 0, 18)[16]
            if not index:
                return b""
            language = int.from_bytes(pipe.descriptor(_STRING, 0, 0, _LONGEST_DESCRIPTOR)[2:4], "little")
            return pipe.descriptor(_STRING, index, language, _LONGEST_DESCRIPTOR)
        finally:
            wire.close()

    def pipe(self, device: UsbDeviceInfo, identity: UsbIdentity, in_endpoint: int) -> RemotePipe:
        """Return the pipe to a device."""
        return RemotePipe(lambda: self.take(device), identity, in_endpoint, self._clock)

    def take(self, device: UsbDeviceInfo) -> UsbipWire:
        """Import a device; return its connection.

        Raises:
            AccessError: Another client has it.
            ProbeNotFoundError: The server does not export it any more.
            TransportError: The server has an error, or does not answer as one.
        """
        return self._import(device.handle.busid)[0]

    def _import(self, busid: str, *, listed: bool = True) -> tuple[UsbipWire, Exported]:
        """Import a device. UNAVAILABLE means that a listed device is busy, and that another one is not there."""
        path = self.prefix + busid
        deadline = self._clock.now() + _BUSY_LIMIT_S
        while True:
            wire = self._connected()
            try:
                with self._answers(wire):
                    return wire, wire.imported(busid)
            except UsbipRefusedError as exc:
                wire.close()
                status = exc.status
                if status == usbip_wire.UNAVAILABLE:
                    status = usbip_wire.BUSY if listed else usbip_wire.NO_DEVICE
                if status != usbip_wire.BUSY or self._clock.now() >= deadline:
                    raise _refusal(status, path) from exc
            except BaseException:
                wire.close()
                raise
            self._clock.sleep(_BUSY_STEP_S)

    def _unlisted(self, busid: str) -> list[Exported]:
        try:
            wire, about = self._import(busid, listed=False)
        except ProbeNotFoundError:
            return []
        wire.close()
        return [about]

    def _info(self, one: Exported) -> UsbDeviceInfo:
        fast = one.speed >= usbip_wire.HIGH_SPEED
        return UsbDeviceInfo(one.vendor, one.product, self.prefix + one.busid, fast, one)

    def _connected(self) -> UsbipWire:
        return UsbipWire(self._place, self._clock)

    @contextmanager
    def _asking(self) -> Iterator[UsbipWire]:
        wire = self._connected()
        try:
            with self._answers(wire):
                yield wire
        finally:
            wire.close()

    @contextmanager
    def _answers(self, wire: UsbipWire) -> Iterator[None]:
        """Turn the errors of a question to the server into ours."""
        try:
            yield
        except (GarbageError, GoneError, SilentError) as exc:
            wire.close()
            message = f"no USB/IP server answers at {self._place}: {exc}"
            if isinstance(exc, GarbageError):
                message = f"what answers at {self._place} does not speak USB/IP: {exc}"
            elif isinstance(exc, SilentError):
                message = f"what listens at {self._place} does not answer as a USB/IP server"
            raise TransportError(message, code=Code.NO_SERVER, hint=START_SERVER) from exc


class _Control:
    """Requests to an imported device on endpoint 0, and the errors of its transfers as ours."""

    def __init__(self, wire: UsbipWire, path: str) -> None:
        self.wire = wire
        self.probe = f"the probe at {path}"

    def descriptor(self, kind: int, index: int, language: int, size: int) -> bytes:
        """Return a descriptor; TransportError if it is not one."""
        data = self.request(0x80, 6, kind << 8 | index, language, size)
        if len(data) < 2 or data[1] != kind or (kind == _DEVICE and len(data) < size):
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
        self._control: Optional[_Control] = None
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
        control = self._control = _Control(self._take(), self._identity.path)
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
            control.descriptor(_DEVICE, 0, 0, 18)
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

    def _opened(self) -> _Control:
        if self._control is None:
            raise ProbeLostError(f"the probe at {self._identity.path} is not open")
        return self._control


def attach(selector: str) -> tuple[RemoteBus, str]:
    """Return the bus of the server that `selector` names, and the selector for a probe on it.

    Raises:
        UsageError: It does not name one.
    """
    place = parse(selector)
    return RemoteBus(place), place.which or _ANY


def _refusal(status: int, path: str) -> Exception:
    if status == usbip_wire.BUSY:
        return AccessError(
            f"the probe at {path} is busy: its server does not give it to this program",
            code=Code.BUSY,
            hint="close the program or the machine that uses the probe; the server's own messages say more",
        )
    if status == usbip_wire.NO_DEVICE:
        return ProbeNotFoundError(f"the server does not export {path}", hint=Hint("see what it exports: {list}"))
    return TransportError(
        f"the server cannot use the probe at {path} (status {status})",
        hint="unplug the probe there, plug it in again, bind it again with `usbip bind`, and retry",
    )


def _order(one: Exported) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", one.busid)]


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

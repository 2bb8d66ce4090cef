"""The ST-LINKs of a USB/IP server: a `UsbBus` and its pipes over TCP, without root and without a kernel module.

Each pipe (usbip_pipe.py) imports its device for as long as it is open. A server hands a device to one client at a
time. So its refusal tells two programs at one probe apart. After a client has gone, Linux's usbipd resets the device,
which takes a moment. So a refusal counts only after _BUSY_LIMIT_S.

Source: Linux, drivers/usb/usbip/stub_dev.c, and a trial with usbipd 2.0 and Linux 6.1, for usbipd (high).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from ..errors import AccessError, Code, ProbeNotFoundError, TransportError
from ..support.clock import Clock, MonotonicClock
from ..words import Hint
from . import usbip_wire
from .base import UsbDeviceInfo, UsbIdentity
from .usbip_pipe import DEVICE, LONGEST_DESCRIPTOR, STRING, RemotePipe, UsbipControl
from .usbip_place import START_SERVER, UsbipPlace, parse
from .usbip_wire import Exported, GarbageError, GoneError, SilentError, UsbipRefusedError, UsbipWire

_VENDOR_ST = 0x0483
_ANY = "stlink"
_BUSID = re.compile(r"\d+-\d+(\.\d+)*")
_BUSY_LIMIT_S = 2.0
_BUSY_STEP_S = 0.05


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
            pipe = UsbipControl(wire, device.path)
            index = pipe.descriptor(DEVICE, 0, 0, 18)[16]
            if not index:
                return b""
            language = int.from_bytes(pipe.descriptor(STRING, 0, 0, LONGEST_DESCRIPTOR)[2:4], "little")
            return pipe.descriptor(STRING, index, language, LONGEST_DESCRIPTOR)
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

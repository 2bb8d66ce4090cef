"""The real pipe to a probe: bulk transfers over libusb, by pyusb. usb_errors.py translates its errors.

This uses only interface 0. ST-LINK/V2-1 and STLINK-V3 are composite, and the system's drivers hold their disk and
serial interfaces. To set the configuration would fail, or take the device from those drivers.

Source: USB 2.0 §9.4.3 and §9.6.7 for the string descriptors.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Optional, Union

import usb.core
import usb.util

from ..errors import (
    AccessError,
    EndpointStallError,
    ProbeLostError,
    TransferSizeError,
    TransportError,
    TransportTimeoutError,
)
from ..support.clock import Clock, MonotonicClock
from ..words import Hint
from . import in_flight, libusb, usb_errors
from .base import UsbDeviceInfo, UsbIdentity

VENDOR_ST = 0x0483

_INTERFACE = 0
_MASS_STORAGE = 8  # interface class; interface 0 of an ST-LINK/V1 has it
_SPEED_HIGH = 3  # libusb.h, enum libusb_speed; faster ones have higher numbers
_GET_DESCRIPTOR = 6  # USB 2.0 table 9-4
_CLASS_REQUEST_TO_INTERFACE = 0x21
_BULK_ONLY_MASS_STORAGE_RESET = 0xFF
_LONGEST_DESCRIPTOR = 254  # even: bLength is a byte and the text is UTF-16
_CONTROL_LIMIT_S = 0.5
_BACK_AFTER_RESET_S = 1.0
_RESET_POLL_S = 0.05


def enumerate_st() -> list[UsbDeviceInfo]:
    """Return every attached device with ST's vendor id, in the order of their paths; opens none.

    Raises:
        AccessError: There is no usable libusb.
    """
    devices = usb.core.find(find_all=True, backend=libusb.backend(), idVendor=VENDOR_ST)
    return [_info(device) for device in sorted(devices, key=lambda device: (device.bus, device.port_numbers or ()))]


def read_serial_descriptor(device: UsbDeviceInfo) -> bytes:
    """Return the raw string descriptor of the serial number, b"" if the device has none.

    It is raw because old ST-LINK firmware puts bytes there that no text decoder keeps. This opens the device for a
    moment.

    Raises:
        AccessError, TransportError: It cannot be opened or does not answer.
    """
    handle = device.handle
    if not handle.iSerialNumber:
        return b""
    try:
        with usb_errors.translated(device, opening=True):
            languages = _string_descriptor(handle, 0, 0)
            language = int.from_bytes(languages[2:4], "little")
            return _string_descriptor(handle, handle.iSerialNumber, language)
    finally:
        usb.util.dispose_resources(handle)


class SystemBus:
    """`UsbBus` of this machine."""

    prefix = ""

    def devices(self) -> list[UsbDeviceInfo]:
        """Return every attached device of ST."""
        return enumerate_st()

    def serial_descriptor(self, device: UsbDeviceInfo) -> bytes:
        """Return the raw string descriptor of the serial number."""
        return read_serial_descriptor(device)

    def pipe(self, device: UsbDeviceInfo, identity: UsbIdentity, in_endpoint: int) -> UsbTransport:
        """Return the pipe to a device."""
        return UsbTransport(device, identity, in_endpoint)


class UsbTransport:
    """`Transport` to one ST-LINK.

    Args:
        device: The device, from `enumerate_st`.
        identity: The value of `identity`; it also recognises the device after a reset.
        in_endpoint: The endpoint that replies come from; interface 0 may have several (one is for trace).
        clock: The real one by default.
    """

    def __init__(
        self, device: UsbDeviceInfo, identity: UsbIdentity, in_endpoint: int, clock: Optional[Clock] = None
    ) -> None:
        self._device = device
        self._identity = identity
        self._preferred_in = in_endpoint
        self._clock = clock or MonotonicClock()
        self._out: Any = None
        self._in: Any = None
        self._stalled: list[Any] = []
        self._detached_driver = False

    @property
    def identity(self) -> UsbIdentity:
        """The device at the other end."""
        return self._identity

    @property
    def clock(self) -> Clock:
        """The clock by which this pipe's waits are measured."""
        return self._clock

    def open(self) -> None:
        """Claim interface 0; if a kernel driver is bound to it, take it from that.

        Raises:
            AccessError: The system does not allow it; the error says why, and what to do.
            ProbeLostError: The device is gone.
        """
        try:
            with usb_errors.translated(self._device, opening=True):
                self._claim()
        except BaseException:
            self.close()
            raise

    def write(self, data: bytes, timeout_s: float) -> None:
        """Send all of `data` as one bulk transfer, or raise."""
        with self._transfer(self._out):
            sent = self._handle.write(self._out, data, _milliseconds(timeout_s))
        if sent != len(data):
            raise _cut_short(sent, len(data), timeout_s)

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return one bulk transfer of exactly `size` bytes.

        This asks for whole packets, so it notices a longer reply to an earlier command, up to the end of its last
        packet. It must not ask for one packet more: after a reply of whole packets that would wait for ever.
        """
        with self._transfer(self._in):
            data = bytes(self._handle.read(self._in, self._whole_packets(size), _milliseconds(timeout_s)))
        if len(data) != size:
            raise TransferSizeError(size, data)
        return data

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        """Have transfers in flight together; raise the error of the first of them that failed."""
        queue = in_flight.queue_of(self._handle, self._clock) if self._out is not None else None
        if queue is None:
            for data in out:
                self.write(data, timeout_s)
            return self.read(reply, timeout_s) if reply else b""
        wanted: list[tuple[int, Union[bytes, int]]] = [(self._out.bEndpointAddress, data) for data in out]
        if reply:
            wanted.append((self._in.bEndpointAddress, self._whole_packets(reply)))
        try:
            outcomes = queue.run(wanted, _milliseconds(timeout_s))
        except in_flight.StuckError as exc:
            raise ProbeLostError(
                f"the probe at {self._identity.path} is lost: the USB library cannot wait for its transfers ({exc})",
                hint=usb_errors.REPLUG,
            ) from exc
        finally:
            if queue.stuck:
                self.close()
        for number, (code, moved) in enumerate(outcomes):
            if code:
                with self._transfer(self._out if number < len(out) else self._in):
                    raise usb.core.USBError(f"libusb error {code}", code)
            if code is not None and number < len(out) and len(moved) != len(out[number]):
                raise _cut_short(len(moved), len(out[number]), timeout_s)
        if reply and len(outcomes[-1].data) != reply:
            raise TransferSizeError(reply, outcomes[-1].data)
        return outcomes[-1].data if reply else b""

    def clear_halt(self) -> None:
        """Clear a STALL on the endpoints that refused a transfer; if none is known, on both.

        Do not clear an endpoint that works: it would start again with data toggle 0. Some firmware resets its own
        toggle only on a stalled endpoint, and would lose the next transfer.

        Raises:
            ProbeLostError: The control pipe does not work, either: the probe is gone.
        """
        with self._transfer():
            try:
                for endpoint in self._stalled or (self._out, self._in):
                    self._handle.clear_halt(endpoint)
                self._stalled = []
            except usb.core.USBError as exc:
                raise ProbeLostError(
                    f"the probe at {self._identity.path} does not answer any more ({exc})", hint=usb_errors.REPLUG
                ) from exc

    def bulk_only_reset(self) -> None:
        """Make a mass-storage device stop its current command, and clear both endpoints.

        Raises:
            EndpointStallError: The device does not know the request.

        Source: USB Mass Storage Class, Bulk-Only Transport 1.0, §3.1 and §5.3.4.
        """
        with self._transfer():
            self._handle.ctrl_transfer(
                _CLASS_REQUEST_TO_INTERFACE,
                _BULK_ONLY_MASS_STORAGE_RESET,
                wIndex=_INTERFACE,
                timeout=_milliseconds(_CONTROL_LIMIT_S),
            )
        self._stalled = []  # after this request both must be cleared
        self.clear_halt()

    def reset(self) -> None:
        """Reset the device on its port, find it again (its address may be new) and claim it; this takes up to a second.

        Raises:
            ProbeLostError: It did not come back to its port.
            AccessError: It came back but cannot be opened.
        """
        try:
            # libusb reports a device as lost if it enumerates again.
            with suppress(ProbeLostError), usb_errors.translated(self._device):
                self._handle.reset()
        finally:
            self.close()
        deadline = self._clock.now() + _BACK_AFTER_RESET_S
        while True:
            try:
                self._device = self._found_again()
                self.open()
                return
            except (
                AccessError,
                TransportError,
            ):  # it is not there yet, or its device file does not have its rights yet
                if self._clock.now() >= deadline:
                    raise
            self._clock.sleep(_RESET_POLL_S)

    def close(self) -> None:
        """Release the device; this is harmless if it is closed or gone."""
        handle = self._handle
        self._out = self._in = None
        self._stalled = []
        try:
            if self._detached_driver:
                self._detached_driver = False
                with suppress(usb.core.USBError, NotImplementedError):
                    usb.util.release_interface(handle, _INTERFACE)
                    handle.attach_kernel_driver(_INTERFACE)
        finally:
            usb.util.dispose_resources(handle)

    @property
    def _handle(self) -> Any:
        return self._device.handle

    def _whole_packets(self, size: int) -> int:
        packet = self._in.wMaxPacketSize
        return int(-(-size // packet) * packet)

    def _claim(self) -> None:
        handle = self._handle
        interface = usb.util.find_descriptor(
            _active_configuration(handle), bInterfaceNumber=_INTERFACE, bAlternateSetting=0
        )
        bulk = [
            endpoint
            for endpoint in interface or ()
            if usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        ]
        outs = [e for e in bulk if usb.util.endpoint_direction(e.bEndpointAddress) == usb.util.ENDPOINT_OUT]
        ins = [e for e in bulk if usb.util.endpoint_direction(e.bEndpointAddress) == usb.util.ENDPOINT_IN]
        if not outs or not ins:
            raise TransportError(
                f"interface 0 of the device at {self._identity.path} is not that of an ST-LINK",
                hint=Hint("see what is attached there: {list}"),
            )
        is_disk = interface.bInterfaceClass == _MASS_STORAGE
        with usb_errors.translated(self._device, opening=True, is_disk=is_disk):
            if sys.platform.startswith("linux") and handle.is_kernel_driver_active(_INTERFACE):
                handle.detach_kernel_driver(_INTERFACE)
                self._detached_driver = True
            usb.util.claim_interface(handle, _INTERFACE)
        self._out = outs[0]
        self._in = next((e for e in ins if e.bEndpointAddress == self._preferred_in), ins[0])

    @contextmanager
    def _transfer(self, endpoint: Any = None) -> Iterator[None]:
        if self._out is None:
            raise ProbeLostError(f"the probe at {self._identity.path} is not open")
        try:
            with usb_errors.translated(self._device):
                yield
        except EndpointStallError:
            if endpoint is not None and endpoint not in self._stalled:
                self._stalled.append(endpoint)
            raise

    def _found_again(self) -> UsbDeviceInfo:
        wanted = self._device
        for device in enumerate_st():
            if (device.path, device.product) == (wanted.path, wanted.product):
                return device
        raise ProbeLostError(f"the probe at {wanted.path} did not come back after a reset", hint=usb_errors.REPLUG)


def _info(device: Any) -> UsbDeviceInfo:
    # If a system does not tell the ports, this is (0,): no real port has that number.
    ports = ".".join(str(port) for port in device.port_numbers or (0,))
    return UsbDeviceInfo(
        vendor=device.idVendor,
        product=device.idProduct,
        path=f"usb:{device.bus}-{ports}",
        high_speed=(device.speed or 0) >= _SPEED_HIGH,
        handle=device,
    )


def _cut_short(moved: int, size: int, timeout_s: float) -> TransportTimeoutError:
    return TransportTimeoutError(f"the probe took {moved} of {size} bytes within {timeout_s:g} s")


def _active_configuration(handle: Any) -> Any:
    try:
        return handle.get_active_configuration()
    except usb.core.USBError as exc:
        if exc.backend_error_code is not None:
            raise
    # pyusb's own error: no configuration is active, so no driver holds an interface, and it is safe to set one.
    handle.set_configuration()
    return handle.get_active_configuration()


def _string_descriptor(handle: Any, index: int, language: int) -> bytes:
    request = usb.util.build_request_type(usb.util.CTRL_IN, usb.util.CTRL_TYPE_STANDARD, usb.util.CTRL_RECIPIENT_DEVICE)
    value = usb.util.DESC_TYPE_STRING << 8 | index
    limit = _milliseconds(_CONTROL_LIMIT_S)
    return bytes(handle.ctrl_transfer(request, _GET_DESCRIPTOR, value, language, _LONGEST_DESCRIPTOR, limit))


def _milliseconds(seconds: float) -> int:
    """Return libusb's form of a time limit; never 0, which means no limit."""
    return max(1, math.ceil(seconds * 1000))

"""A USB bus below pyusb: a backend with devices that misbehave on request, raising what libusb's backend raises."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Optional, Union

import usb.backend
import usb.backend.libusb1
import usb.util

from stm8tool.transport.usb import UsbTransport

Bus = Callable[..., UsbTransport]  # takes devices, and returns the transport to the first

IO, ACCESS, NO_DEVICE, NOT_FOUND, BUSY, TIMEOUT, OVERFLOW, PIPE = -1, -3, -4, -5, -6, -7, -8, -9
NOT_SUPPORTED, OTHER = -12, -99


def fail(code: int) -> None:
    """Raise what pyusb makes of libusb's `code`."""
    usb.backend.libusb1._check(code)


def text_descriptor(text: str) -> bytes:
    """Return the string descriptor of `text`."""
    return bytes([2 + 2 * len(text), 3]) + text.encode("utf-16-le")


SERIAL = "57FF6C064882485533212387"
V2_ENDPOINTS = ((0x81, 64), (0x02, 64), (0x83, 64))
V3_ENDPOINTS = ((0x01, 512), (0x81, 512), (0x82, 512))


@dataclass(eq=False)
class FakeDevice:
    """One device; `replies` and `failures` are consumed from the front.

    Attributes:
        replies: What the IN endpoint has to say: a transfer's bytes, or the libusb code it fails with.
        failures: Calls that fail: the name of a backend method -> libusb codes, one per call.
        drivers: Interfaces that a kernel driver holds.
        reset_to: Address after a reset; None keeps it. `back_after` enumerations later it is there again.
    """

    product: int = 0x3748
    vendor: int = 0x0483
    bus: int = 1
    ports: Optional[tuple[int, ...]] = (2,)
    address: int = 5
    speed: int = 2
    serial: bytes = text_descriptor(SERIAL)
    endpoints: tuple[tuple[int, int], ...] = V2_ENDPOINTS
    interfaces: int = 1
    interface_class: int = 0xFF
    configuration: int = 1
    drivers: set[int] = field(default_factory=set)
    replies: list[Union[bytes, int]] = field(default_factory=list)
    failures: dict[str, list[int]] = field(default_factory=dict)
    reset_to: Optional[int] = None
    back_after: int = 0
    absent: bool = False
    written: list[tuple[int, bytes]] = field(default_factory=list)
    reads: list[tuple[int, int, int]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    open_handles: int = 0
    claimed: set[int] = field(default_factory=set)


def composite_v3(**changes: Any) -> FakeDevice:
    """Return an STLINK-V3SET as Linux has it: disk and serial port held by drivers."""
    return FakeDevice(
        **{"product": 0x374F, "speed": 3, "endpoints": V3_ENDPOINTS, "interfaces": 4, "drivers": {1, 2, 3}, **changes}
    )


class FakeUsb(usb.backend.IBackend):  # type: ignore[misc]
    """The backend."""

    def __init__(self, *devices: FakeDevice) -> None:
        self.devices = list(devices)

    def enumerate_devices(self) -> Iterator[FakeDevice]:
        for device in self.devices:
            if device.absent and device.back_after:
                device.back_after -= 1
                device.absent = bool(device.back_after)
            if not device.absent:
                yield device

    def get_device_descriptor(self, dev: FakeDevice) -> SimpleNamespace:
        return SimpleNamespace(
            **dict.fromkeys(("bDeviceClass", "bDeviceSubClass", "bDeviceProtocol", "iManufacturer", "iProduct"), 0),
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bMaxPacketSize0=64,
            idVendor=dev.vendor,
            idProduct=dev.product,
            bcdDevice=0x0100,
            iSerialNumber=3 if dev.serial else 0,
            bNumConfigurations=1,
            address=dev.address,
            bus=dev.bus,
            port_number=dev.ports[-1] if dev.ports else None,
            port_numbers=dev.ports,
            speed=dev.speed,
        )

    def get_configuration_descriptor(self, dev: FakeDevice, config: int) -> SimpleNamespace:
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=0,
            bNumInterfaces=dev.interfaces,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, dev: FakeDevice, intf: int, alt: int, config: int) -> SimpleNamespace:
        if intf >= dev.interfaces or alt:
            raise IndexError
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=intf,
            bAlternateSetting=0,
            bNumEndpoints=0 if intf else len(dev.endpoints),
            bInterfaceClass=dev.interface_class,
            bInterfaceSubClass=0xFF,
            bInterfaceProtocol=0xFF,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, dev: FakeDevice, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        address, packet = dev.endpoints[ep]
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=address,
            bmAttributes=usb.util.ENDPOINT_TYPE_BULK,
            wMaxPacketSize=packet,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, dev: FakeDevice) -> FakeDevice:
        self._called(dev, "open_device")
        dev.open_handles += 1
        return dev

    def close_device(self, dev_handle: FakeDevice) -> None:
        dev_handle.calls.append("close_device")
        dev_handle.open_handles -= 1

    def get_configuration(self, dev_handle: FakeDevice) -> int:
        return dev_handle.configuration

    def set_configuration(self, dev_handle: FakeDevice, config_value: int) -> None:
        if dev_handle.drivers:
            fail(BUSY)
        self._called(dev_handle, "set_configuration")
        dev_handle.configuration = config_value

    def claim_interface(self, dev_handle: FakeDevice, intf: int) -> None:
        if intf in dev_handle.drivers:
            fail(BUSY)
        self._called(dev_handle, "claim_interface")
        dev_handle.claimed.add(intf)

    def release_interface(self, dev_handle: FakeDevice, intf: int) -> None:
        self._called(dev_handle, "release_interface")
        dev_handle.claimed.discard(intf)

    def is_kernel_driver_active(self, dev_handle: FakeDevice, intf: int) -> bool:
        return intf in dev_handle.drivers

    def detach_kernel_driver(self, dev_handle: FakeDevice, intf: int) -> None:
        self._called(dev_handle, f"detach_kernel_driver({intf})")
        dev_handle.drivers.remove(intf)

    def attach_kernel_driver(self, dev_handle: FakeDevice, intf: int) -> None:
        if intf in dev_handle.claimed:
            fail(BUSY)
        self._called(dev_handle, f"attach_kernel_driver({intf})")
        dev_handle.drivers.add(intf)

    def bulk_write(self, dev_handle: FakeDevice, ep: int, intf: int, data: array[int], timeout: int) -> int:
        self._called(dev_handle, "bulk_write")
        dev_handle.written.append((ep, data.tobytes()))
        return dev_handle.failures.get("short_write", [len(data)]).pop(0)

    def bulk_read(self, dev_handle: FakeDevice, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        self._called(dev_handle, "bulk_read")
        dev_handle.reads.append((ep, len(buff), timeout))
        reply = dev_handle.replies.pop(0) if dev_handle.replies else TIMEOUT
        if isinstance(reply, int):
            fail(reply)
            raise AssertionError("not an error code")
        if len(reply) > len(buff):
            fail(OVERFLOW)
        buff[: len(reply)] = array("B", reply)
        return len(reply)

    def ctrl_transfer(
        self,
        dev_handle: FakeDevice,
        request_type: int,
        request: int,
        value: int,
        language: int,
        data: Any,
        timeout: int,
    ) -> int:
        self._called(dev_handle, "ctrl_transfer")
        if request_type == 0x21:
            assert (request, value, language, len(data)) == (0xFF, 0, 0, 0), "only the bulk-only reset is asked for"
            return 0
        assert (request_type, request, value >> 8) == (0x80, 6, 3), "only string descriptors are asked for"
        index = value & 0xFF
        assert (index, language) in ((0, 0), (3, 0x0409)), "the language of string 0 is used"
        descriptor = (dev_handle.serial if index else b"\x04\x03\x09\x04")[: len(data)]
        data[: len(descriptor)] = array("B", descriptor)
        return len(descriptor)

    def clear_halt(self, dev_handle: FakeDevice, ep: int) -> None:
        self._called(dev_handle, f"clear_halt({ep:#04x})")

    def reset_device(self, dev_handle: FakeDevice) -> None:
        if dev_handle.reset_to is not None:
            dev_handle.address = dev_handle.reset_to
            dev_handle.absent = True
            dev_handle.calls.append("reset_device")
            fail(NOT_FOUND)
        self._called(dev_handle, "reset_device")

    @staticmethod
    def _called(device: FakeDevice, name: str) -> None:
        device.calls.append(name)
        if device.absent:
            fail(NO_DEVICE)
        codes = device.failures.get(name)
        if codes:
            fail(codes.pop(0))

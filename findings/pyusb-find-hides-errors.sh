#!/usr/bin/env bash
# Guess: `usb.core.find(serial_number="A1")` raises an error if no device can be opened for lack of permission. A keyword that does not
#   exist, such as `idVendro`, is an error too.
# Seen: pyusb 1.3.1 returns None in both cases, as if no such device were plugged in. `usb.util.find_descriptor` raises an AttributeError
#   for the same kind of mistake. Reading `device.serial_number` gives the lack of permission as a ValueError about languages.
# Why it matters: a program picks the probe by its serial number. Without a udev rule it says "no probe", and the user checks the cable.
. "$(dirname "$0")/prepare"
python_packages pyusb==1.3.1
expect "by number; by serial number; by a misspelt name; the property" "$("$python" - <<'P'
from types import SimpleNamespace

import usb.backend, usb.core


class Backend(usb.backend.IBackend):
    """One ST-LINK that the user may see and not open."""

    def enumerate_devices(self):
        return [1]

    def get_parent(self, device):
        return None

    def get_device_descriptor(self, device):
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0, bMaxPacketSize0=64,
            idVendor=0x0483, idProduct=0x3748, bcdDevice=0x100, iManufacturer=1, iProduct=2, iSerialNumber=3, bNumConfigurations=1,
            address=5, bus=1, port_number=1, port_numbers=(1,), speed=2,
        )

    def open_device(self, device):
        raise usb.core.USBError("Access denied", -3, 13)


backend = Backend()
device = usb.core.find(idVendor=0x0483, backend=backend)
print(device is not None, usb.core.find(serial_number="A1", backend=backend), usb.core.find(idVendro=0x0483, backend=backend), end=" ")
try:
    print(device.serial_number)
except (ValueError, usb.core.USBError) as error:
    print(type(error).__name__, "langid" in str(error))
P
)" "True None None ValueError True"

#!/usr/bin/env bash
# Guess: `port.write(3)` is a TypeError, or sends the byte 03.
# Seen: pyserial 3.5 sends three bytes of 00. `port.write(True)` sends one 00. pyusb 1.3.1 does the same in `device.write(endpoint, 3)` and
#   as the data of an OUT `ctrl_transfer`.
# Why it matters: `port.write(SYNCHR)` with SYNCHR = 0x7F sends 127 zeros to a boot loader, without a message.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5 pyusb==1.3.1
expect "pyserial: write(3), write(True)" "$("$python" - <<'P'
import os, pty
import serial

master, slave = pty.openpty()
port = serial.Serial(os.ttyname(slave), timeout=1)
for value in (3, True):
    print(port.write(value), os.read(master, 100).hex(), end=" ")
P
)" "3 000000 1 00 "
expect "pyusb: data of a control transfer and of a write of 3" "$("$python" - <<'P'
from types import SimpleNamespace

import usb.backend, usb.core


class Backend(usb.backend.IBackend):
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

    def get_configuration_descriptor(self, device, config):
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0, bmAttributes=0x80,
            bMaxPower=50, extra_descriptors=[],
        )

    def get_interface_descriptor(self, device, interface, alternate, config):
        if alternate or interface:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=1, bInterfaceClass=255,
            bInterfaceSubClass=255, bInterfaceProtocol=255, iInterface=0, extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, device, endpoint, interface, alternate, config):
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=2, bmAttributes=2, wMaxPacketSize=64, bInterval=0, bRefresh=0, bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, device):
        return device

    def close_device(self, handle):
        pass

    claim_interface = release_interface = lambda self, handle, interface: None

    def get_configuration(self, handle):
        return 1

    def ctrl_transfer(self, handle, request_type, request, value, index, data, timeout):
        print(bytes(data).hex(), end=" ")
        return len(data)

    def bulk_write(self, handle, endpoint, interface, data, timeout):
        print(bytes(data).hex(), end=" ")
        return len(data)


device = usb.core.find(idVendor=0x0483, backend=Backend())
print(device.ctrl_transfer(0x40, 1, 0, 0, 3), device.write(2, 3))
P
)" "000000 000000 3 3"

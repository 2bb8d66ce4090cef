"""The descriptors of a USB device, laid out as in USB 2.0 chapter 9."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT, INTERFACE_ASSOCIATION = 1, 2, 3, 4, 5, 11
VENDOR_CLASS, CDC_CLASS, CDC_DATA_CLASS, STORAGE_CLASS, COMPOSITE_CLASS = 0xFF, 0x02, 0x0A, 0x08, 0xEF
BULK, INTERRUPT = 2, 3
IN = 0x80

_INTERRUPT_INTERVAL = 8  # frames, or 2^7 microframes
_LANGUAGE_US = 0x0409


class Endpoint(NamedTuple):
    """One endpoint; IN if bit 7 of its address is set."""

    address: int
    kind: int
    packet: int

    def descriptor(self) -> bytes:
        """Return table 9-13."""
        interval = _INTERRUPT_INTERVAL if self.kind == INTERRUPT else 0
        return struct.pack("<4BHB", 7, ENDPOINT, self.address, self.kind, self.packet, interval)


class Interface(NamedTuple):
    """One interface: class, subclass and protocol, endpoints, and descriptors of its class."""

    number: int
    triple: tuple[int, int, int]
    endpoints: Sequence[Endpoint]
    extra: bytes = b""

    def descriptor(self) -> bytes:
        """Return table 9-12 with all that belongs to it; before CDC control the descriptor that names its data."""
        binding = b""
        if self.triple[0] == CDC_CLASS:
            binding = struct.pack("8B", 8, INTERFACE_ASSOCIATION, self.number, 2, *self.triple, 0)
        own = struct.pack("9B", 9, INTERFACE, self.number, 0, len(self.endpoints), *self.triple, 0)
        return binding + own + self.extra + b"".join(endpoint.descriptor() for endpoint in self.endpoints)


class Descriptors(NamedTuple):
    """All descriptors of a device; `strings` holds whole string descriptors by index."""

    vendor: int
    product: int
    high_speed: bool
    interfaces: Sequence[Interface]
    strings: Mapping[int, bytes]
    triple: tuple[int, int, int] = (0, 0, 0)
    release: int = 0x0100

    def device(self) -> bytes:
        """Return table 9-8; manufacturer, product and serial number are strings 1 to 3."""
        ids = (self.vendor, self.product, self.release)
        return struct.pack("<BBH4B3H4B", 18, DEVICE, 0x0200, *self.triple, 64, *ids, 1, 2, 3, 1)

    def configuration(self) -> bytes:
        """Return table 9-10 with all interfaces: bus powered, 300 mA."""
        body = b"".join(interface.descriptor() for interface in self.interfaces)
        head = struct.pack("<BBH5B", 9, CONFIGURATION, 9 + len(body), len(self.interfaces), 1, 0, 0x80, 150)
        return head + body


def string(units: str) -> bytes:
    """Return a string descriptor, one UTF-16 unit for each character."""
    return bytes([2 + 2 * len(units), STRING]) + codecs.utf_16_le_encode(units)[0]  # loads no module


def strings(manufacturer: str, product: str, serial: str) -> dict[int, bytes]:
    """Return the strings that `Descriptors.device` refers to, and the list of languages."""
    languages = struct.pack("<BBH", 4, STRING, _LANGUAGE_US)
    return {0: languages, 1: string(manufacturer), 2: string(product), 3: string(serial)}

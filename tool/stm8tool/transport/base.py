"""Seam 1: the USB bus, a byte pipe to a probe on it, and the clock that belongs to the pipe.

The real ones are in `transport/usb.py`; the simulator's (`sim/bus.py`, `sim/probe/stlink.py`) stand in the same place.
Everything above waits by `Transport.clock`, so a simulated probe runs in virtual time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..support.clock import Clock


@dataclass(frozen=True)
class UsbDeviceInfo:
    """An attached USB device, as it is known without opening it.

    Attributes:
        vendor: idVendor.
        product: idProduct.
        path: What `--probe` takes to choose it, see `UsbIdentity`.
        high_speed: True on a 480 Mbit/s link.
        handle: What its bus knows it by; nobody else's business.
    """

    vendor: int
    product: int
    path: str
    high_speed: bool
    handle: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class UsbIdentity:
    """What is known of a USB device without talking to the probe behind it.

    Attributes:
        vendor: idVendor.
        product: idProduct.
        serial: Serial number in its normal form (upper-case hex digits), "" if unreadable.
        path: What `--probe` takes to choose it: "usb:BUS-PORT[.PORT…]", the same behind "sim:FOLDER#", "sim:CHIPFILE".
        high_speed: True on a 480 Mbit/s link.
    """

    vendor: int
    product: int
    serial: str
    path: str
    high_speed: bool


class Transport(Protocol):
    """A byte pipe to a probe: one bulk OUT and one bulk IN endpoint of one interface.

    Raises only errors of `stm8tool.errors`: ProbeLostError when the device is gone,
    TransportTimeoutError, EndpointStallError, AccessError; nothing of pyusb.
    """

    @property
    def identity(self) -> UsbIdentity:
        """Who is at the other end; valid before `open`."""

    @property
    def clock(self) -> Clock:
        """The clock by which this pipe's waits are measured."""

    def open(self) -> None:
        """Claim the device. AccessError or ProbeLostError if that fails."""

    def write(self, data: bytes, timeout_s: float) -> None:
        """Send all of `data` as one bulk transfer, or raise."""

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return one bulk transfer of exactly `size` bytes.

        Raises:
            TransferSizeError: the transfer was shorter or longer; it carries what came.
            TransportTimeoutError: nothing came within `timeout_s`.
        """

    def clear_halt(self) -> None:
        """Clear a STALL on the endpoints that refused a transfer."""

    def bulk_only_reset(self) -> None:
        """Make a mass-storage device (ST-LINK/V1) give up the command that runs, and clear both endpoints.

        Raises:
            EndpointStallError: the device does not know the request.
        """

    def reset(self) -> None:
        """Reset the device on its port and claim it again; takes up to a second."""

    def close(self) -> None:
        """Release the device; harmless when it is closed or gone."""


class UsbBus(Protocol):
    """What is attached to one machine: all that `probe/stlink/find.py` needs to choose a probe."""

    @property
    def prefix(self) -> str:
        """What stands before a selector to mean this bus: "", or "sim:FOLDER#"."""

    def devices(self) -> Sequence[UsbDeviceInfo]:
        """Return every attached device with ST's vendor id, in the order of their paths; opens none.

        Raises:
            AccessError: There is no usable USB library.
            UsageError: A simulated bus is not what it should be.
        """

    def serial_descriptor(self, device: UsbDeviceInfo) -> bytes:
        """Return the raw string descriptor of the serial number, b"" if the device has none.

        Raises:
            AccessError, TransportError: The device cannot be opened or does not answer.
        """

    def pipe(self, device: UsbDeviceInfo, identity: UsbIdentity, in_endpoint: int) -> Transport:
        """Return the pipe to a device, which is not open yet.

        Args:
            device: One of `devices`.
            identity: What `identity` of the pipe says.
            in_endpoint: The endpoint that replies come from.
        """

"""Seam 1: the USB bus, a byte pipe to a probe on it, and the clock that belongs to the pipe.

The real ones are in `transport/usb.py`. Those of the simulator (`sim/bus.py`, `sim/probe/stlink.py`) replace them.
All code above this seam waits by `Transport.clock`, so a simulated probe runs in virtual time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..support.clock import Clock


@dataclass(frozen=True)
class UsbDeviceInfo:
    """An attached USB device, with the facts that are known before it is opened.

    Attributes:
        vendor: idVendor.
        product: idProduct.
        path: The value of `--probe` that chooses it, see `UsbIdentity`.
        high_speed: True on a 480 Mbit/s link.
        handle: The bus uses this to find the device; other code must not use it.
    """

    vendor: int
    product: int
    path: str
    high_speed: bool
    handle: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class UsbIdentity:
    """The facts about a USB device that are known before the probe is asked.

    Attributes:
        vendor: idVendor.
        product: idProduct.
        serial: Serial number in its normal form (upper-case hex digits), "" if unreadable.
        path: The value of `--probe` that chooses it: "usb:BUS-PORT[.PORT…]", the same after "sim:FOLDER#", or
            "sim:CHIPFILE".
        high_speed: True on a 480 Mbit/s link.
    """

    vendor: int
    product: int
    serial: str
    path: str
    high_speed: bool


class Transport(Protocol):
    """A byte pipe to a probe: one bulk OUT and one bulk IN endpoint of one interface.

    It raises only errors of `stm8tool.errors`, never those of pyusb: ProbeLostError if the device is gone,
    TransportTimeoutError, EndpointStallError, AccessError.
    """

    @property
    def identity(self) -> UsbIdentity:
        """The device at the other end; valid before `open`."""

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
            TransferSizeError: the transfer was shorter or longer; the error has the received bytes.
            TransportTimeoutError: no data came within `timeout_s`.
        """

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        """Have transfers in flight together: those of `out` in this order, and one that returns `reply` bytes.

        Only what belongs to one command may be in flight together: the command, its data, its reply. A command that
        is sent before the reply of another is here may be lost. With 0 for `reply` there is none.

        Raises:
            The errors of `write` and `read`: that of the first transfer that failed, in their order.
        """

    def clear_halt(self) -> None:
        """Clear a STALL on the endpoints that refused a transfer."""

    def bulk_only_reset(self) -> None:
        """Make a mass-storage device (ST-LINK/V1) stop its current command, and clear both endpoints.

        Raises:
            EndpointStallError: the device does not know the request.
        """

    def reset(self) -> None:
        """Reset the device on its port and claim it again; takes up to a second."""

    def close(self) -> None:
        """Release the device; this is harmless if it is closed or gone."""


class UsbBus(Protocol):
    """The devices of one machine, as `probe/stlink/find.py` needs them to choose a probe."""

    @property
    def prefix(self) -> str:
        """The text before a selector that means this bus: "", or "sim:FOLDER#"."""

    def devices(self) -> Sequence[UsbDeviceInfo]:
        """Return every attached device with ST's vendor id, in the order of their paths; opens none.

        Raises:
            AccessError: There is no usable USB library.
            UsageError: The folder or file of a simulated bus is not valid.
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
            identity: The `identity` of the pipe.
            in_endpoint: The endpoint that replies come from.
        """

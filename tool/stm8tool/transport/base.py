"""Seam 1: a byte pipe to a probe, and the clock that belongs to it.

The real pipe is USB (`transport/usb.py`); the simulator (`sim/stlink.py`) stands in the same place.
Everything above waits by `Transport.clock`, so a simulated probe runs in virtual time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class UsbIdentity:
    """What is known of a USB device without talking to the probe behind it.

    Attributes:
        vendor: idVendor.
        product: idProduct.
        serial: Serial number in its normal form (upper-case hex digits), "" if unreadable.
        path: "usb:BUS-PORT[.PORT…]" or "sim:CHIPFILE": what `--probe` takes to choose it.
        high_speed: True on a 480 Mbit/s link.
    """

    vendor: int
    product: int
    serial: str
    path: str
    high_speed: bool


class Clock(Protocol):
    """A monotonic clock, in seconds."""

    def now(self) -> float:
        """Return the time, in seconds from an arbitrary start."""

    def sleep(self, seconds: float) -> None:
        """Wait at least `seconds` (0 or less: not at all)."""


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

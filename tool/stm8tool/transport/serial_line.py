"""The seam to a serial wire: bytes out, bytes in, parity, two control lines, and the clock that belongs to it.

The real ones are in `transport/serial_port.py`. `sim/serial/line.py` replaces them. Code above this seam waits by
`SerialLine.clock`, so a simulated wire runs in virtual time.
"""

from __future__ import annotations

from typing import Optional, Protocol

from ..support.clock import Clock


class SerialLine(Protocol):
    """One serial wire: 8 data bits and one stop bit.

    It raises only errors of `stm8tool.errors`: ProbeNotFoundError and AccessError when it is opened, and ProbeLostError
    if the adapter disappears.
    """

    @property
    def place(self) -> str:
        """The value of `--probe` that means it."""

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""

    @property
    def sets_parity(self) -> bool:
        """True if `set_parity` has an effect; a raw socket has the parity of the device at its other end."""

    def open(self, baud: int) -> None:
        """Open the port with even parity, and let both control lines rest."""

    def close(self) -> None:
        """Release the port; harmless if it is not open."""

    def set_parity(self, *, even: bool) -> None:
        """Use even parity, or none, from the next byte on."""

    def set_lines(self, *, dtr: Optional[bool] = None, rts: Optional[bool] = None) -> None:
        """Set control lines; True asserts a line, which is a low level at the adapter's pin. None leaves it."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return `size` bytes, or those that came within `timeout_s`."""

    def drop_input(self) -> None:
        """Forget the bytes that have come and were not read."""

"""Seam 2: what a SWIM probe can do, whatever its make and whatever connects it.

A session and `chip/` drive a chip through this. They know nothing of USB or of one probe's commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol

from ..errors import LinkFault
from ..support.clock import Clock

# How a link fails at an address that the chip does not give: such a read may be tried again, and may mean something.
NO_ACCESS = frozenset((LinkFault.SILENT, LinkFault.REFUSED))


@dataclass(frozen=True)
class ProbeInfo:
    """Who the probe is.

    Attributes:
        model: What its maker calls it, as "ST-LINK/V2", "ST-LINK/V2-1", "STLINK-V3".
        firmware: Its version in its maker's form, as "V2J37S7", "V3J7M2B4S1".
        serial: Its serial number; None if it has none, or it could not be read.
        place: What `--probe` takes to mean this probe, as "usb:1-4" or "sim:board.chip".
    """

    model: str
    firmware: str
    serial: Optional[str]
    place: str


class SwimLink(Protocol):
    """One SWIM wire.

    What every method may raise decides what is done about it:

        SwimError               the wire or the chip failed; `fault` says how
        ExchangeError           one exchange with the probe failed, and the link has done what it can about it
        TransportTimeoutError   the probe is silent: `recover` may bring it back
        ProbeLostError          the probe is gone
        ProbeError              the probe cannot do this
    """

    @property
    def info(self) -> ProbeInfo:
        """Who the probe is; valid after `open`."""

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""

    @property
    def has_high_speed(self) -> bool:
        """True if the probe knows the high-speed bit format; else `set_speed` is never asked for it."""

    @property
    def high_speed(self) -> bool:
        """True while the wire runs the high-speed bit format."""

    @property
    def most_written(self) -> int:
        """Most bytes that `wotf` sends in one command."""

    @property
    def exchanges_repeated(self) -> int:
        """How many exchanges with the probe had to be repeated."""

    @property
    def reads_repeated(self) -> int:
        """How many reads of the chip had to be repeated."""

    def open(self) -> None:
        """Claim the probe and put it into SWIM mode, out of whatever mode it was in."""

    def close(self) -> None:
        """Release NRST, leave SWIM mode, release the probe: all of it, whatever fails on the way."""

    def restart(self) -> None:
        """Leave SWIM mode and enter it again; the probe forgets the chip."""

    def recover(self) -> None:
        """Bring a probe that may hang back to the state after `open`, by the strongest means short of unplugging it.

        It may take a second. TransportTimeoutError if the probe stays silent.
        """

    def assert_reset(self) -> None:
        """Hold NRST low."""

    def release_reset(self) -> None:
        """Let NRST go high."""

    def enter(self, first_poll_s: float) -> None:
        """Send the SWIM entry waveform; no status is asked for within `first_poll_s` seconds.

        Success is no proof of a link. Leaves the wire in low speed.
        """

    def resync(self) -> None:
        """Communication reset; leaves the wire in low speed."""

    def system_reset(self) -> None:
        """SRST command: a full reset of the chip's core and peripherals."""

    def set_speed(self, high: bool) -> None:
        """Switch the probe's side of the wire; the chip's CSR.HS comes first."""

    def rotf(self, address: int, size: int) -> bytes:
        """Read `size` bytes (any size; split as the probe needs it) from `address`."""

    def wotf(self, address: int, data: bytes, *, whole: bool = False) -> None:
        """Write `data` (any size; split as the probe needs it) to ascending addresses.

        With `whole` it goes in one command; ProbeError, and nothing is sent, if the probe cannot do that.
        """

    def supply_mv(self) -> Optional[int]:
        """Target supply in millivolts as the probe measures it, None if it cannot. Informative only."""

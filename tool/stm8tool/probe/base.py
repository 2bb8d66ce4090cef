"""Seam 2: the functions of a SWIM probe of any make and with any connection.

A session and `chip/` drive a chip through this. They know nothing of USB or of one probe's commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol

from ..errors import LinkFault
from ..support.clock import Clock

# The faults of a read at an address that the chip does not allow. Such a read may be tried again, or may be a sign.
NO_ACCESS = frozenset((LinkFault.SILENT, LinkFault.REFUSED))


@dataclass(frozen=True)
class ProbeInfo:
    """Which probe it is.

    Attributes:
        model: The maker's name for it, as "ST-LINK/V2", "ST-LINK/V2-1", "STLINK-V3".
        firmware: Its version in its maker's form, as "V2J37S7", "V3J7M2B4S1".
        serial: Its serial number; None if it has none or it could not be read.
        place: The value of `--probe` that means this probe, as "usb:1-4" or "sim:board.chip".
    """

    model: str
    firmware: str
    serial: Optional[str]
    place: str


class SwimLink(Protocol):
    """One SWIM wire.

    The caller reacts to the type of an error. Every method may raise:

        SwimError               the wire or the chip failed; `fault` says how
        ExchangeError           one exchange with the probe failed, even after the link tried again
        TransportTimeoutError   the probe is silent: `recover` may bring it back
        ProbeLostError          the probe is gone
        ProbeError              the probe cannot do this
    """

    @property
    def info(self) -> ProbeInfo:
        """Which probe it is; valid after `open`."""

    @property
    def place(self) -> str:
        """As `ProbeInfo.place`; valid before `open`, too."""

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""

    @property
    def has_high_speed(self) -> bool:
        """True if the probe knows the high-speed bit format; if not, `set_speed(True)` is never called."""

    @property
    def high_speed(self) -> bool:
        """True while the wire runs the high-speed bit format."""

    @property
    def resets_on_entry(self) -> bool:
        """True if `enter` always resets the chip and stalls its CPU; then a running program cannot be attached to."""

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
        """Claim the probe and put it into SWIM mode from any other mode. If this fails, it releases the probe.

        AccessError if the system or another program keeps the tool from it; ProbeNotFoundError if it is not there.
        """

    def close(self) -> None:
        """Release NRST, leave SWIM mode, release the probe: try each step, even if one fails."""

    def restart(self) -> None:
        """Leave SWIM mode and enter it again; the probe forgets the chip."""

    def recover(self) -> None:
        """Bring a probe that may hang back to the state after `open`, by the strongest means except unplugging it.

        It may take a second. TransportTimeoutError if the probe stays silent.
        """

    def assert_reset(self) -> None:
        """Hold NRST low."""

    def release_reset(self) -> None:
        """Let NRST go high."""

    def enter(self, first_poll_s: float) -> None:
        """Send the SWIM entry waveform; wait `first_poll_s` seconds before the first question for the status.

        Success does not prove a link. The wire is in low speed then.
        """

    def resync(self) -> None:
        """Communication reset; the wire is in low speed then."""

    def system_reset(self) -> None:
        """SRST command: a full reset of the chip's core and peripherals."""

    def set_speed(self, high: bool) -> None:
        """Switch the probe's side of the wire; switch the chip's CSR.HS first."""

    def rotf(self, address: int, size: int) -> bytes:
        """Read `size` bytes (any size, in as many commands as needed) from `address`."""

    def wotf(self, address: int, data: bytes, *, whole: bool = False) -> None:
        """Write `data` (any size, in as many commands as needed) to ascending addresses.

        With `whole` it goes in one command; if the probe cannot do that, ProbeError is raised and nothing is sent.
        """

    def supply_mv(self) -> Optional[int]:
        """Supply of the board in millivolts, as the probe measures it; None if it cannot. For information only."""

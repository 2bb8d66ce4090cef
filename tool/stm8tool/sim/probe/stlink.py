"""A simulated ST-LINK on USB: it takes the place of `transport/usb.py`, which reaches a real one.

Here are the bulk transfers, their times, and their faults; `firmware.py` answers the commands.

Time: a host that waits for each transfer before it submits the next one needs a frame for each at full speed. At high
speed it needs 0.2 ms. Transfers that are in flight together share a frame, or need a microframe more each. A frame has
room for 19 packets of 64 bytes. 6 KiB fit into a microframe of high speed.

Source: USB identity as OpenOCD has it. Packets in a frame: USB 2.0 tables 5-9 and 5-10 (high). A transfer at high speed
was measured: 0.125 to 0.25 ms alone, 0.05 to 0.125 ms in a queue (medium). It is our reading that a probe answers
within the frame that brings the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, Optional, Protocol, Union

from stm8tool.errors import EndpointStallError, ProbeLostError, TransferSizeError, TransportTimeoutError
from stm8tool.support.clock import Clock
from stm8tool.transport.base import UsbIdentity
from stm8tool.words import Hint

from ..chip.microcontroller import Microcontroller
from ..clock import VirtualClock
from ..faults import Faults, parse
from ..gap import SimGapError
from ..state import GIVEN, PART_OF_IT, State
from .firmware import Firmware
from .models import MODELS
from .scsi import BulkOnly

FRAME_S = 0.001  # of full speed
FRAME_PACKETS = 19
PACKET_SIZE = 64
ALONE_S, QUEUED_S = 0.0002, 0.000125  # a transfer at high speed
RESET_S = 0.5
_WRITEMEM = b"\xf4\x0a"  # of a probe that is not a disk; the only command with data of its own


class Joining(Protocol):
    """A pipe to a simulated probe, where a transfer may join the one before it."""

    def write(self, data: bytes, timeout_s: float) -> None:
        """Send one bulk OUT transfer."""

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return one bulk IN transfer."""

    def join(self) -> None:
        """Take the next transfer for one that the host submitted together with the one before it."""


def in_flight(pipe: Joining, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
    """Send `out` and return `reply` bytes, as transfers that a host submitted together; see `Transport.exchange`."""
    for number, data in enumerate(out):
        if number:
            pipe.join()
        pipe.write(data, timeout_s)
    if not reply:
        return b""
    pipe.join()
    return pipe.read(reply, timeout_s)


class SimStlink:
    """A `Transport` to a simulated ST-LINK that is wired to `chip`.

    Attributes:
        firmware: The probe itself, with its own switches.
        scsi: Unpacks the commands of a V1; None for all others.
        transfers: Bulk transfers tried so far.
        faults: The faults of the bench; one that happens once is struck off when it has happened.
    """

    STATE = State(
        left={
            **dict.fromkeys(("chip", "firmware", "scsi"), PART_OF_IT),
            **dict.fromkeys(("_clock", "_identity"), GIVEN),
            **dict.fromkeys(
                ("_joins", "_begun_by_write", "_packets"),
                "a transfer of the next program is not in flight with one of this",
            ),
            **dict.fromkeys(("faults", "transfers"), "saved by `store.py`"),
            "plugged": "a probe is plugged in again before the next command",
            **dict.fromkeys(("_halted", "_late"), "the next program that claims the probe begins with clear endpoints"),
        }
    )

    def __init__(
        self,
        chip: Microcontroller,
        model: str = "v2",
        *,
        serial: str = "303030303030303030303031",
        clock: Optional[Clock] = None,
        faults: Union[Faults, Iterable[str]] = (),
        path: str = "sim:",
    ) -> None:
        self.chip = chip
        self.faults = faults if isinstance(faults, Faults) else parse(faults)
        self._clock: Clock = clock or VirtualClock()
        self.firmware = Firmware(chip, model, self.faults, self._clock)
        kind = MODELS[model]
        self.scsi = BulkOnly(self.firmware) if kind.scsi else None
        self._identity = UsbIdentity(0x0483, kind.product, serial, path, kind.high_speed)
        self.transfers = 0
        self.plugged = True
        self._halted = False
        self._late = False
        self._joins = False  # the next transfer is in flight with the one before it
        self._begun_by_write = False  # the transfer before it was a command that data may follow
        self._packets = 0  # of the transfers that are in flight together

    @property
    def identity(self) -> UsbIdentity:
        """The identity of the probe."""
        return self._identity

    @property
    def clock(self) -> Clock:
        """The bench's clock."""
        return self._clock

    def open(self) -> None:
        """Claim the probe."""
        self._require_plug()
        if self.faults.power_switch is not None:
            self.chip.plan_power_cycle(self._clock.now() + self.faults.power_switch / 1000)
            self.faults = self.faults.without("power-switch")
        self.firmware.opened()

    def write(self, data: bytes, timeout_s: float) -> None:
        """Send one bulk OUT transfer."""
        joins = self._joins
        self._transfer(len(data))
        if joins and not self._begun_by_write:
            raise SimGapError("two commands in flight together: no known client does that")
        self._begun_by_write = not joins and data[:2] == _WRITEMEM
        if self.scsi is None:
            self.firmware.receive(data)
        elif self.scsi.owes:
            self._time_out(timeout_s)  # it takes nothing until its reply is fetched
        else:
            with self._halting():
                self.scsi.receive(data)

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return the next bulk IN transfer; one that has another length raises TransferSizeError and is lost."""
        self._transfer(size)
        reply = None
        if not self._times_out():
            with self._halting():
                reply = (self.scsi or self.firmware).reply()
        if reply is None:
            self._time_out(timeout_s)
        if len(reply) != size:
            raise TransferSizeError(size, reply)
        return reply

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        """Have transfers in flight together; see `Transport.exchange`."""
        return in_flight(self, out, reply, timeout_s)

    def join(self) -> None:
        """Take the next transfer for one that the host submitted together with the one before it."""
        self._joins = True

    def settle(self) -> None:
        """Let everything happen that is due, also while the host is silent."""
        self.firmware.settle()

    def clear_halt(self) -> None:
        """Clear a STALL on both endpoints."""
        self._require_plug()
        self._halted = False

    def bulk_only_reset(self) -> None:
        """Take the reset request of the mass-storage class."""
        self._require_plug()
        if self.scsi is None:
            raise SimGapError("a request of the mass-storage class to a probe that is not a disk")
        self.scsi.reset()
        self._halted = False

    def reset(self) -> None:
        """Reset the probe on its port: it starts as if plugged in, and its pins let go."""
        self._require_plug()
        self._clock.sleep(RESET_S)
        self._restart(power_cycle=False)

    def close(self) -> None:
        """Release the probe, which stays as it is."""

    def replug(self) -> None:
        """Pull the probe and plug it in again."""
        self.unplug()
        self.plugged = True

    def unplug(self) -> None:
        """Pull the probe: its pins let go, the target keeps its own supply."""
        self.plugged = False
        self._restart(power_cycle=True)

    def _restart(self, *, power_cycle: bool) -> None:
        self._halted = self._late = False
        self.firmware.restart(power_cycle=power_cycle)
        if self.scsi is not None:
            self.scsi.restart()

    def _require_plug(self) -> None:
        if not self.plugged:
            raise ProbeLostError(
                "the probe was unplugged",
                hint=Hint("plug it in again and repeat the {command}: until then the chip's program may be stopped"),
            )

    def _transfer(self, size: int) -> None:
        """Let a transfer take its time, and have the fault that comes with it."""
        joins, self._joins = self._joins, False
        self._require_plug()
        faults = self.faults
        if faults.unplug_after is not None and self._happens("unplug-after", faults.unplug_after):
            self.unplug()
            self._require_plug()
        if faults.drop_link_after is not None and self._happens("drop-link-after", faults.drop_link_after):
            self.chip.link_lost = True
        if faults.wedged is not None and self._happens("wedged", faults.wedged):
            self._hang()
        if faults.wedged_for_good is not None and self._happens("wedged-for-good", faults.wedged_for_good):
            self.firmware.reset_unwedges = False
            self._hang()
        if faults.timeout_after is not None and self._happens("timeout-after", faults.timeout_after):
            self._late = True
        if faults.stall_after is not None and self._happens("stall-after", faults.stall_after):
            self._halted = True
        self.transfers += 1
        if self.faults.stall_every and self.transfers % self.faults.stall_every == 0:
            self._halted = True
        self._clock.sleep(self._time_of(size, joins=joins))
        if self._halted:
            raise EndpointStallError("the probe stalled the transfer")

    def _time_of(self, size: int, *, joins: bool) -> float:
        """Return how long a transfer takes; one that `joins` others only takes what they left."""
        if self._identity.high_speed:
            return QUEUED_S if joins else ALONE_S
        before = self._packets if joins else 0
        self._packets = before + max(1, -(-size // PACKET_SIZE))
        return FRAME_S * (-(-self._packets // FRAME_PACKETS) - -(-before // FRAME_PACKETS))

    def _hang(self) -> None:
        self.firmware.hang()
        if self.scsi is not None:
            self.scsi.forget()

    @contextmanager
    def _halting(self) -> Iterator[None]:
        """Leave the endpoint halted when the probe stalls a transfer by itself."""
        try:
            yield
        except EndpointStallError:
            self._halted = True
            raise

    def _time_out(self, timeout_s: float) -> NoReturn:
        self._clock.sleep(timeout_s)
        raise TransportTimeoutError(f"the probe did not answer within {timeout_s:g} s")

    def _happens(self, name: str, after: int) -> bool:
        """Return True once, when `after` transfers are through."""
        if self.transfers < after:
            return False
        self.faults = self.faults.without(name)
        return True

    def _times_out(self) -> bool:
        """Return True once: the answer of this IN comes too late and is left for the next."""
        late, self._late = self._late, False
        return late

"""What the probes at a serial port have in common: low speed only, one command after the other, no mode to leave."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Optional

from ..errors import Code, LinkFault, ProbeError, ProbeLostError, SwimError, ToolError
from ..support.clock import Clock
from ..support.interrupts import shield
from ..transport.serial_line import SerialLine
from .base import NO_ACCESS, ProbeInfo

_READ_TRIES = 4

_log = logging.getLogger(__name__)


class SerialProbe(ABC):
    """The common part of each `SwimLink` for a probe at a serial port.

    Args:
        line: The serial line; `open` opens it.

    Attributes:
        name: The kind of probe, for messages.
        most_read: The most bytes that one command reads.
        most_written: The most bytes that one command writes.
        maybe_damage: The faults that a wrong bit can cause: a read is then tried more often.
        has_high_speed: False.
        high_speed: False.
        reads_repeated: How many reads of the chip had to be repeated.
    """

    name: str
    most_read: int
    most_written: int
    maybe_damage: Collection[LinkFault]
    has_high_speed = False
    high_speed = False

    def __init__(self, line: SerialLine) -> None:
        self._line = line
        self._info: Optional[ProbeInfo] = None
        self._failed = False  # a command on SWIM has failed since the last entry
        self.reads_repeated = 0

    @property
    def info(self) -> ProbeInfo:
        """Which probe it is."""
        if self._info is None:
            raise ProbeError("the probe is not open", hint="open it first, for example with `with Session(…)`")
        return self._info

    @property
    def place(self) -> str:
        """The value of `--probe` that means this probe."""
        return self._line.place

    @property
    def clock(self) -> Clock:
        """The clock of the line."""
        return self._line.clock

    def close(self) -> None:
        """Release NRST and the port."""
        with shield():
            try:
                if self._info is not None:
                    self._let_go()
            except ProbeLostError as exc:
                _log.debug("could not release NRST: %s", exc)
            except ToolError as exc:
                _log.warning("could not release NRST: %s; if the program does not run, unplug the probe", exc)
            finally:
                self._info = None
                self._line.close()

    def restart(self) -> None:
        """Let go of the pins: the probe has no mode that it could leave."""
        self._failed = False
        self._let_go()

    def resync(self) -> None:
        """Enter again if a command has failed: these probes have no command that is a communication reset alone.

        The low pulse of the entry is one (UM0470).
        """
        if self._failed:
            self.enter(0.0)

    def set_speed(self, high: bool) -> None:
        """Stay in low speed."""
        if high:
            raise ProbeError(f"{self.name} has low speed only", code=Code.PROBE_LIMIT, hint="use an ST-LINK")

    def rotf(self, address: int, size: int) -> bytes:
        """Read `size` bytes, in as many commands as needed."""
        end, most = address + size, self.most_read
        return b"".join(self._read(start, min(most, end - start)) for start in range(address, end, most))

    def _read(self, address: int, size: int) -> bytes:
        """Read in one command. A read that failed is tried again, more often if a bit may have been wrong."""
        for left in reversed(range(_READ_TRIES)):
            try:
                data = self._read_once(address, size)
            except SwimError as exc:
                self._failed = True
                first_of_two = exc.fault in NO_ACCESS and left == _READ_TRIES - 1
                if not left or not (first_of_two or exc.fault in self.maybe_damage):
                    raise
                _log.debug("%s; trying again", exc)
                continue
            self.reads_repeated += left < _READ_TRIES - 1
            return data
        raise AssertionError("unreachable: the last try returns or raises")

    def wotf(self, address: int, data: bytes, *, whole: bool = False) -> None:
        """Write `data`, in as many commands as needed, or `whole` in one. This never repeats a command."""
        most = self.most_written
        if not data:
            raise ValueError("a WOTF without data")
        if whole and len(data) > most:
            raise ProbeError(
                f"{self.name} takes only {most} bytes at once, and 0x{address:06X} needs {len(data)} in one piece",
                code=Code.PROBE_LIMIT,
                hint="use an ST-LINK",
            )
        for start in range(0, len(data), most):
            try:
                self._write_once(address + start, data[start : start + most])
            except SwimError:
                self._failed = True
                raise

    def supply_mv(self) -> Optional[int]:
        """Return None: the probe does not measure the supply."""
        return None

    @abstractmethod
    def enter(self, first_poll_s: float) -> None:
        """Send the entry waveform."""

    @abstractmethod
    def _let_go(self) -> None:
        """Release NRST, and any other pin."""

    @abstractmethod
    def _read_once(self, address: int, size: int) -> bytes:
        """Read in one command; SwimError if it failed."""

    @abstractmethod
    def _write_once(self, address: int, data: bytes) -> None:
        """Write in one command; SwimError if it failed."""

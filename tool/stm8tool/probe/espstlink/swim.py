"""SWIM through an espstlink, an ESP8266 at a serial port: each method is one of its commands.

Source: as for `bridge`. It has low speed only, and no mode that it must leave. No hardware has confirmed this module.
"""

from __future__ import annotations

import logging
from typing import Optional

from ...errors import Code, LinkFault, ProbeError, ProbeLostError, SwimError, ToolError
from ...support.clock import Clock
from ...support.interrupts import shield
from ...transport.serial_line import SerialLine
from ..base import NO_ACCESS, ProbeInfo
from .bridge import READ, WRITE, Bridge

MODEL = "espstlink"
_SYSTEM_RESET, _NRST, _ENTRY = b"\x00", 0xFD, b"\xfe"
_NRST_LOW, _NRST_RELEASED = 0x01, 0xFF
_MOST = 255
_PLACE_SIZE, _CYCLES_SIZE = 4, 2
_SYNC_CYCLES = range(1200, 1361)  # the maker's library warns of others; 128 clocks of SWIM are 1280 cycles
_CYCLES_A_US = 80
_READ_TRIES = 4

_log = logging.getLogger(__name__)


class EspStlink:
    """`SwimLink` for an espstlink.

    Args:
        line: The serial line; `open` opens it.

    Attributes:
        has_high_speed: False.
        high_speed: False.
        resets_on_entry: False.
        reads_repeated: How many reads of the chip had to be repeated.
    """

    has_high_speed = False
    high_speed = False
    resets_on_entry = False

    def __init__(self, line: SerialLine) -> None:
        self._line = line
        self._bridge = Bridge(line)
        self._info: Optional[ProbeInfo] = None
        self._failed = False  # a command on SWIM has failed since the last entry
        self._warned = False
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

    @property
    def most_written(self) -> int:
        """The most bytes in one command."""
        return _MOST

    @property
    def exchanges_repeated(self) -> int:
        """How many exchanges had to be repeated."""
        return self._bridge.repeated

    # -- open and close ------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open the port, and release NRST, which an earlier run may have left low."""
        self._bridge.open()
        try:
            major, minor = self._bridge.version
            self._info = ProbeInfo(MODEL, f"{major}.{minor}", None, self.place)
            self.restart()
        except BaseException:
            self._line.close()
            raise

    def close(self) -> None:
        """Release NRST and the port."""
        with shield():
            try:
                if self._info is not None:
                    self._move_reset(_NRST_RELEASED)
            except ProbeLostError as exc:
                _log.debug("could not release NRST: %s", exc)
            except ToolError as exc:
                _log.warning("could not release NRST: %s; if the program does not run, unplug the probe", exc)
            finally:
                self._info = None
                self._line.close()

    def restart(self) -> None:
        """Release NRST: an espstlink has no mode that it could leave."""
        self._failed = False
        self._move_reset(_NRST_RELEASED)

    def recover(self) -> None:
        """Reset the ESP8266 by RTS. Its pins let go."""
        self._bridge.restart()
        self._failed = False

    # -- the wire ------------------------------------------------------------------------------------------------

    def _move_reset(self, level: int) -> None:
        if self._bridge.version > (0, 0):  # the first firmware takes the second byte for a command
            self._bridge.ask(bytes((_NRST, level)), 0, repeatable=True)

    def assert_reset(self) -> None:
        """Hold NRST low."""
        if self._bridge.version == (0, 0):
            raise SwimError("firmware 0.0 of the espstlink cannot move NRST", hint="write firmware 0.2 to the ESP8266")
        self._move_reset(_NRST_LOW)

    def release_reset(self) -> None:
        """Let NRST go high."""
        self._move_reset(_NRST_RELEASED)

    def enter(self, first_poll_s: float) -> None:
        """Send the entry waveform. The answer comes when it is over, so the tool asks for no status."""
        try:
            answer = self._bridge.ask(_ENTRY, _CYCLES_SIZE)
        except SwimError:
            self._failed = True
            if not self._bridge.answers():  # one path in its firmware stops answering here (confidence medium)
                _log.debug("the espstlink is silent after an entry that failed: resetting it by RTS")
                self._bridge.restart()
            raise
        self._failed = False
        cycles = int.from_bytes(answer, "big")
        if cycles not in _SYNC_CYCLES and not self._warned:
            self._warned = True
            _log.warning(
                "the chip's answer to the SWIM entry took %.1f µs instead of 16: its clock, or the ESP8266's, is off",
                cycles / _CYCLES_A_US,
            )

    def resync(self) -> None:
        """Enter again if a command has failed: no command of an espstlink is a communication reset.

        The low pulse of the entry is one (UM0470). No client of an espstlink sends one to a link that works.
        """
        if self._failed:
            self.enter(0.0)

    def system_reset(self) -> None:
        """SRST."""
        self._on_swim(_SYSTEM_RESET, 0)

    def set_speed(self, high: bool) -> None:
        """Stay in low speed."""
        if high:
            raise ProbeError("an espstlink has low speed only", code=Code.PROBE_LIMIT, hint="use an ST-LINK")

    def _on_swim(self, request: bytes, size: int, *, repeatable: bool = False) -> bytes:
        try:
            return self._bridge.ask(request, size, repeatable=repeatable)
        except SwimError:
            self._failed = True
            raise

    def rotf(self, address: int, size: int) -> bytes:
        """Read `size` bytes, in as many commands as needed."""
        end = address + size
        return b"".join(self._read(start, min(_MOST, end - start)) for start in range(address, end, _MOST))

    def _read(self, address: int, size: int) -> bytes:
        """Read in one command. A read that failed is tried again, and more often if the chip did answer."""
        request = bytes((READ, size)) + address.to_bytes(3, "big")
        for left in reversed(range(_READ_TRIES)):
            try:
                data = self._on_swim(request, _PLACE_SIZE + size, repeatable=True)[_PLACE_SIZE:]
            except SwimError as exc:
                first_of_two = exc.fault in NO_ACCESS and left == _READ_TRIES - 1
                if not left or not (first_of_two or exc.fault is LinkFault.DAMAGED):
                    raise
                _log.debug("%s; trying again", exc)
                continue
            self.reads_repeated += left < _READ_TRIES - 1
            return data
        raise AssertionError("unreachable: the last try returns or raises")

    def wotf(self, address: int, data: bytes, *, whole: bool = False) -> None:
        """Write `data`, in as many commands as needed, or `whole` in one. This never repeats a command."""
        if not data:
            raise ValueError("a WOTF without data")
        if whole and len(data) > _MOST:
            raise ProbeError(
                f"an espstlink takes only {_MOST} bytes at once, and 0x{address:06X} needs {len(data)} in one piece",
                code=Code.PROBE_LIMIT,
                hint="use an ST-LINK",
            )
        for start in range(0, len(data), _MOST):
            piece = data[start : start + _MOST]
            self._on_swim(bytes((WRITE, len(piece))) + (address + start).to_bytes(3, "big") + piece, _PLACE_SIZE)

    def supply_mv(self) -> Optional[int]:
        """Return None: an espstlink does not measure the supply."""
        return None

"""SWIM through an espstlink, an ESP8266 at a serial port: each method is one of its commands.

Source: as for `bridge`. It has low speed only, and no mode that it must leave. No hardware has confirmed this module.
"""

from __future__ import annotations

import logging

from ...errors import LinkFault, SwimError
from ...transport.serial_line import SerialLine
from ..base import ProbeInfo
from ..serial_probe import SerialProbe
from .bridge import READ, WRITE, Bridge

MODEL = "espstlink"
_SYSTEM_RESET, _NRST, _ENTRY = b"\x00", 0xFD, b"\xfe"
_NRST_LOW, _NRST_RELEASED = 0x01, 0xFF
_MOST = 255
_PLACE_SIZE, _CYCLES_SIZE = 4, 2
_SYNC_CYCLES = range(1200, 1361)  # the maker's library warns of others; 128 clocks of SWIM are 1280 cycles
_CYCLES_A_US = 80

_log = logging.getLogger(__name__)


class EspStlink(SerialProbe):
    """`SwimLink` for an espstlink.

    Args:
        line: The serial line; `open` opens it.

    Attributes:
        resets_on_entry: False.
    """

    name = "an espstlink"
    most_read = most_written = _MOST
    maybe_damage = frozenset({LinkFault.DAMAGED})
    resets_on_entry = False

    def __init__(self, line: SerialLine) -> None:
        super().__init__(line)
        self._bridge = Bridge(line)
        self._warned = False

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

    def _let_go(self) -> None:
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

    def system_reset(self) -> None:
        """SRST."""
        self._on_swim(_SYSTEM_RESET, 0)

    def _on_swim(self, request: bytes, size: int, *, repeatable: bool = False) -> bytes:
        try:
            return self._bridge.ask(request, size, repeatable=repeatable)
        except SwimError:
            self._failed = True
            raise

    def _read_once(self, address: int, size: int) -> bytes:
        request = bytes((READ, size)) + address.to_bytes(3, "big")
        return self._on_swim(request, _PLACE_SIZE + size, repeatable=True)[_PLACE_SIZE:]

    def _write_once(self, address: int, data: bytes) -> None:
        self._on_swim(bytes((WRITE, len(data))) + address.to_bytes(3, "big") + data, _PLACE_SIZE)

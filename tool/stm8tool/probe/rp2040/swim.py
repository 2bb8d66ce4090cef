"""SWIM through an rp2040_swim, an RP2040 at a serial port on USB.

Source: as for `frames`. No hardware has confirmed this module.

Its firmware has one entry: under reset, and it ends with a stalled CPU and SWIM_CSR = 0xA0. It has no SRST and cannot
hold NRST low. So a system reset is another entry. If SWIM_CSR.RST is set, so that the reset ends SWIM, it is a pulse on
NRST. Both need the wire to NRST. The first system reset proves that it is there: CC must have its reset value again.
"""

from __future__ import annotations

import logging

from ...errors import LINK_ERRORS, Code, LinkFault, ProbeError, SwimError
from ...transport.serial_line import SerialLine
from ..base import ProbeInfo
from ..serial_probe import SerialProbe
from . import frames
from .frames import ENTER, MOST, READ, RESET, SET_PINS, SWIM_DEBUG, WRITE, Frames

MODEL = "rp2040_swim"
# SWIM at GPIO2 and NRST at GPIO3, as the firmware has them, with its pull-up on: that does no harm beside another one.
_PINS = bytes((2, 3, 1))
_SWIM_CSR, _CSR_RST, _CSR_OSCOFF = 0x7F80, 0x04, 0x08
_DM_CSR2 = 0x7F99
_CC, _CC_MARK = 0x7F0A, 0x2F  # it is 0x28 after a reset
_SYNC_NS = range(14000, 18001)  # 128 clocks of SWIM are 16 µs; the author saw 16 to 17 µs
_STUCK = "out of range"  # in the firmware's words for a sync that is too long

_log = logging.getLogger(__name__)


class Rp2040(SerialProbe):
    """`SwimLink` for an rp2040_swim. The firmware takes the command for high speed, and then understands no answer.

    Args:
        line: The serial line; `open` opens it.

    Attributes:
        resets_on_entry: True.
    """

    name = "an rp2040_swim"
    most_read = MOST
    most_written = MOST - 6  # address and size; the firmware sends them to the chip in pieces of 64
    maybe_damage = frozenset({LinkFault.DAMAGED, LinkFault.SILENT})  # it says the same of a wrong bit and of silence
    resets_on_entry = True

    def __init__(self, line: SerialLine) -> None:
        super().__init__(line)
        self._frames = Frames(line)
        self._wants_low = False  # NRST should be low; the firmware cannot do that
        self._has_nrst = False  # a reset by NRST was seen
        self._measured = False

    @property
    def exchanges_repeated(self) -> int:
        """How many exchanges had to be repeated."""
        return self._frames.repeated

    # -- open and close ------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open the port, and let go of both pins, which another program may have moved."""
        self._frames.open()
        try:
            self._info = ProbeInfo(MODEL, self._frames.firmware, None, self.place)
            self._has_nrst = self._measured = False
            self.restart()
        except BaseException:
            self._info = None
            self._line.close()
            raise

    def _let_go(self) -> None:
        self._wants_low = False
        self._frames.ask(SET_PINS, _PINS, repeatable=True)

    def recover(self) -> None:
        """Wait until the firmware has dropped what it had of a request, and let go of the pins. Nothing is stronger."""
        self._frames.synchronise()
        self.restart()

    # -- the wire ------------------------------------------------------------------------------------------------

    def assert_reset(self) -> None:
        """Note that NRST should be low: the next entry, or the release, makes a pulse on it."""
        self._wants_low = True

    def release_reset(self) -> None:
        """Make the pulse that `assert_reset` asked for, unless an entry did."""
        if self._wants_low:
            self._wants_low = False
            self._frames.ask(RESET, repeatable=True)

    def enter(self, first_poll_s: float) -> None:
        """Reset the chip, enter, and stall its CPU. The answer comes when all is over: the tool asks for no status."""
        self._wants_low = False
        self._failed = True
        try:
            self._frames.ask(ENTER, repeatable=True)
        except SwimError as exc:
            text = frames.diagnosis(self._debug())
            _log.debug("the entry failed: %s; the firmware says: %s", exc, text)
            if exc.fault is LinkFault.SILENT and _STUCK in text:
                raise SwimError("SWIM stays low after the SWIM entry", fault=LinkFault.STUCK, hint=exc.advice) from exc
            raise
        self._failed = False
        if not self._measured:
            self._measured = True
            self._measure()

    def _debug(self) -> bytes:
        return self._frames.ask(SWIM_DEBUG, size=-1, repeatable=True)

    def _measure(self) -> None:
        took = frames.sync_ns(self._debug())
        if took is not None and took not in _SYNC_NS:
            _log.warning(
                "the chip's answer to the SWIM entry took %.1f µs instead of 16: its clock is off, or the wire is bad",
                took / 1000,
            )

    def system_reset(self) -> None:
        """Reset the chip by its pin: to a stalled CPU, or to a program that runs if SWIM_CSR.RST is set.

        Raises:
            ProbeError: The chip was not reset.
        """
        if self.rotf(_SWIM_CSR, 1)[0] & _CSR_RST:
            self._frames.ask(RESET, repeatable=True)
        elif self._has_nrst:
            self.enter(0.0)
        else:
            self._prove_reset()

    def _prove_reset(self) -> None:
        """Reset the chip, and see that a register of its CPU changes back."""
        before = self.rotf(_CC, 1)
        self.wotf(_CC, bytes([_CC_MARK]))
        self.enter(0.0)
        if self.rotf(_CC, 1)[0] != _CC_MARK:
            self._has_nrst = True
            return
        try:  # the program goes on where the entry has stopped it, and any reset ends SWIM
            self.wotf(_CC, before)
            self.wotf(_DM_CSR2, b"\0")
            self.wotf(_SWIM_CSR, bytes([_CSR_OSCOFF | _CSR_RST]))
        except LINK_ERRORS as exc:
            _log.debug("while the tool let the chip run: %s", exc)
        raise ProbeError(
            "a pulse on NRST does not reset the chip: an rp2040_swim needs that for every work",
            code=Code.PROBE_LIMIT,
            hint="wire GPIO3 of the RP2040 to NRST, without a large capacitor; for a part without NRST use an ST-LINK",
        )

    def _read_once(self, address: int, size: int) -> bytes:
        return self._frames.ask(READ, frames.place(address, size), size, repeatable=True)

    def _write_once(self, address: int, data: bytes) -> None:
        self._frames.ask(WRITE, frames.place(address, len(data)) + data)

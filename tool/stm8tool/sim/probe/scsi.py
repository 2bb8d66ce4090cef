"""A simulated ST-LINK/V1 as a USB disk: it unpacks the probe's commands from SCSI and wraps the answers.

Source: USB Mass Storage Class, Bulk-Only Transport 1.0: valid CBWs §6.2, the thirteen cases of lengths §6.7, the reset
§3.1; SPC for sense data. The wrapped commands and their lengths are from OpenOCD and from clients that replay what ST's
tool sends. No source tells the sense of a V1 or the text of its INQUIRY: those are ours.

The host may announce an answer for a command without one. By §6.7.2 the probe then stalls the data stage or ends it
short. Then comes a CSW with the missing length as residue. OpenOCD announces two bytes for F4 00 and reads the CSW, no
data. That worked with a real V1, so that one sent the CSW at once (medium confidence).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Optional

from stm8tool.errors import EndpointStallError

from ..gap import SimGapError
from ..state import GIVEN, State
from .firmware import Firmware

CBW_SIZE = 31
PASSED, FAILED, PHASE_ERROR = 0, 1, 2
TEST_UNIT_READY, REQUEST_SENSE, INQUIRY = 0x00, 0x03, 0x12
FIRST_VENDOR_COMMAND = 0xC0
READBUF = b"\xf4\x0c"

# Sense key, additional code, qualifier.
NO_SENSE = (0, 0, 0)
INVALID_COMMAND = (5, 0x20, 0)
WAS_RESET = (6, 0x29, 0)

IDENTITY = bytes([0x00, 0x80, 0x00, 0x01, 31, 0, 0, 0]) + b"SIMULATED "  # a removable disk


class _DataStage(NamedTuple):
    """Data that the host announced; `wanted` is False if the command was refused already."""

    tag: bytes
    size: int
    wanted: bool


class BulkOnly:
    """Three stages for each command of `firmware`: CBW, data, CSW.

    Attributes:
        announces_reset: After plug-in and reset the first command is refused with UNIT ATTENTION, as SPC has it.
        knows_reset: The reset request of the class is understood; otherwise it is stalled.
        stalls_missing_data: The probe stalls a data stage that was announced in vain, instead of leaving it out.
        withholds_status: READBUF before there is something to read stays pending, as on V2, instead of ending without
            data; no source describes it for a V1.
    """

    STATE = State(
        left={
            **dict.fromkeys(("_firmware", "announces_reset", "knows_reset"), GIVEN),
            **dict.fromkeys(("stalls_missing_data", "withholds_status"), GIVEN),
            **dict.fromkeys(("_replies", "_stage", "_jammed", "_silent"), "a command ends with its program"),
            "_sense": "no program asks for the sense of another one's command",
        }
    )

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self.announces_reset = False
        self.knows_reset = True
        self.stalls_missing_data = False
        self.withholds_status = True
        self.restart()

    def restart(self) -> None:
        """Begin as after plug-in."""
        self._sense = WAS_RESET if self.announces_reset else NO_SENSE
        self.forget()

    def reset(self) -> None:
        """Take the class's reset: drop the present command and be ready for the next CBW; modes and sense stay."""
        if not self.knows_reset:
            raise EndpointStallError("the probe does not know this request")
        self._firmware.forget()
        self.forget()

    def forget(self) -> None:
        """Drop the present command, and all replies that were not fetched."""
        self._replies: deque[Optional[bytes]] = deque()  # None is a STALL
        self._stage: Optional[_DataStage] = None
        self._jammed = False
        self._silent = False

    @property
    def owes(self) -> bool:
        """True while it takes no OUT transfer, because an IN transfer of its own comes first."""
        return bool(self._replies) or self._silent

    def reply(self) -> Optional[bytes]:
        """Return the next IN transfer, or None while there is nothing to send."""
        self._refuse_when_jammed()
        if not self._replies:
            return None
        reply = self._replies.popleft()
        if reply is None:
            raise EndpointStallError("the probe breaks off the data stage")
        return reply

    def receive(self, data: bytes) -> None:
        """Take one OUT transfer: a CBW, or the data that it announced."""
        self._refuse_when_jammed()
        if self._firmware.wedged:
            return
        if self._stage is not None:
            self._take_data(self._stage, data)
        elif len(data) != CBW_SIZE or data[:4] != b"USBC" or data[13] != 0 or not 1 <= data[14] <= 16:
            self._jammed = True
        else:
            self._take_command(data)

    def _refuse_when_jammed(self) -> None:
        if self._jammed:
            raise EndpointStallError("the probe got no valid CBW and waits for a reset")

    def _take_data(self, stage: _DataStage, data: bytes) -> None:
        self._stage = None
        if not stage.wanted:
            self._end(stage.tag, FAILED, residue=stage.size)
        elif len(data) != stage.size:
            self._firmware.forget()
            self._end(stage.tag, PHASE_ERROR)
        else:
            self._firmware.receive(data)
            self._end(stage.tag, PASSED)

    def _take_command(self, cbw: bytes) -> None:
        tag, size, inward = cbw[4:8], int.from_bytes(cbw[8:12], "little"), bool(cbw[12] & 0x80)
        length = cbw[14]
        block = cbw[15 : 15 + length].ljust(16, b"\0")
        command = block[0]
        if command == REQUEST_SENSE:
            self._answer(tag, size, inward, self._tell_sense()[: block[4]])
        elif command == INQUIRY:
            self._answer(tag, size, inward, IDENTITY[: block[4]])
        elif self._sense == WAS_RESET:
            self._refuse(tag, size, inward)
        elif command == TEST_UNIT_READY:
            self._answer(tag, size, inward, b"")
        elif command < FIRST_VENDOR_COMMAND:
            self._sense = INVALID_COMMAND
            self._refuse(tag, size, inward)
        else:
            self._pass_on(tag, size, inward, block, length)

    def _pass_on(self, tag: bytes, size: int, inward: bool, block: bytes, length: int) -> None:
        """Give a command of ST's own to the firmware."""
        if block[:2] == b"\xf4\x0a" and length < 8 + min(int.from_bytes(block[2:4], "big"), 8):
            raise SimGapError("a WRITEMEM with too little data in its command block")
        self._firmware.receive(block)
        wanted, reply = self._firmware.awaits, self._firmware.reply()
        if wanted:
            if inward or size != wanted:
                self._firmware.forget()
                self._end(tag, PHASE_ERROR)
            else:
                self._stage = _DataStage(tag, size, wanted=True)
        elif reply is None and size and inward:
            self._lack(tag, size, pending=self.withholds_status and block[:2] == READBUF)
        else:
            self._answer(tag, size, inward, reply or b"")

    def _lack(self, tag: bytes, size: int, *, pending: bool) -> None:
        """Have no data for a host that expects `size` bytes."""
        if pending:
            self._silent = True
            return
        if self.stalls_missing_data:
            self._replies.append(None)
        self._end(tag, PASSED, residue=size)

    def _answer(self, tag: bytes, size: int, inward: bool, reply: bytes) -> None:
        """Send `reply` to a host that expects `size` bytes in this direction."""
        if not reply:
            self._end(tag, PHASE_ERROR if size else PASSED)
            return
        if not inward or size < len(reply):
            self._end(tag, PHASE_ERROR)
            return
        self._replies.append(reply)
        self._end(tag, PASSED, residue=size - len(reply))

    def _refuse(self, tag: bytes, size: int, inward: bool) -> None:
        if size and not inward:
            self._stage = _DataStage(tag, size, wanted=False)
            return
        if size:
            self._replies.append(None)
        self._end(tag, FAILED, residue=size)

    def _end(self, tag: bytes, status: int, residue: int = 0) -> None:
        self._replies.append(b"USBS" + tag + residue.to_bytes(4, "little") + bytes([status]))

    def _tell_sense(self) -> bytes:
        key, code, qualifier = self._sense
        self._sense = NO_SENSE
        return bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0])

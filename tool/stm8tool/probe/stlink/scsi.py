"""The framing of ST-LINK/V1, which is a USB disk: a command travels as the command block of a SCSI command.

A CBW (31 bytes) holds the command and the length of the data stage. The data stage may be one bulk OUT or IN. A CSW (13
bytes) ends it with a status. Every CBW has a tag of its own and the CSW returns it, so a late CSW is recognised.

The residue in the CSW is ignored: no working client looks at it, and the length of a reply is known without it.

Source: USB Mass Storage Class, Bulk-Only Transport 1.0, §5 and §6; REQUEST SENSE as in SPC. A V1's use of them:
clients that replay the commands of ST's tool, and OpenOCD (confidence high). A V1 knows the class's reset: medium.
"""

from __future__ import annotations

import logging
import struct
from contextlib import suppress
from typing import Optional

from ...errors import EndpointStallError, ProbeError, TransferSizeError, TransportTimeoutError
from ...transport.base import Transport
from .channel import GET_VERSION, MOST_STALE_REPLIES, VERSION_SIZE, CommandChannel

_CBW = struct.Struct("<4sIIBBB16s")  # signature, tag, length of the data, flags, LUN, length of the block, block
_CSW = struct.Struct("<4sIIB")  # signature, tag, residue, status
_CBW_SIGNATURE, _CSW_SIGNATURE = b"USBC", b"USBS"
_DATA_IN, _DATA_OUT = 0x80, 0x00
_PASSED, _FAILED = 0, 1  # 2 is a phase error: the two sides disagree on the data stage

_SENSE_SIZE = 18
# The full length of a block: a client that works sends all 16 bytes.
_REQUEST_SENSE = bytes([0x03, 0, 0, 0, _SENSE_SIZE]).ljust(16, b"\0")
_UNIT_ATTENTION = 6
_VERSION_LIMIT_S = 0.3  # asked for three times; the answer does not need the chip
_REPLUG = "unplug the probe, plug it in again and retry"

_log = logging.getLogger(__name__)


class ScsiChannel(CommandChannel):
    """Commands wrapped for a disk."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._tag = 0
        self._needs_reset = False  # the probe waits for data or for a reset: it would take a CBW for data

    def _come_into_step(self) -> bytes:
        # If only one side notices a reset, the next transfer is lost: so the last try is without a reset.
        failure: Optional[Exception] = None
        for reset in (self._needs_reset, True, False):
            try:
                return self._ask_version(reset)
            except (EndpointStallError, TransferSizeError, TransportTimeoutError) as exc:
                _log.debug("out of step: %s", exc)
                failure = exc
        raise TransportTimeoutError(f"the probe does not come into step: {failure}") from failure

    def _ask_version(self, reset: bool) -> bytes:
        if reset:
            with suppress(EndpointStallError, TransportTimeoutError):  # it may not know the request
                self.transport.bulk_only_reset()
            self._needs_reset = False
        self._drain()
        version = self._transfer(GET_VERSION, b"", VERSION_SIZE, _VERSION_LIMIT_S)
        if not self._is_version(version):
            raise TransportTimeoutError("the probe answers, but never to the question that was asked")
        return version

    def _transfer(self, command: bytes, data: bytes, reply: int, limit_s: float) -> bytes:
        answer, status = self._run(command, data, reply, limit_s)
        if status == _PASSED:
            return answer
        if status != _FAILED:
            self._needs_reset = True
            raise EndpointStallError(f"the probe and the tool disagree about a data stage (SCSI status {status})")
        sense, status = self._run(_REQUEST_SENSE, b"", _SENSE_SIZE, limit_s)
        if status != _PASSED:
            raise ProbeError("the probe refuses a command and does not say why", hint=_REPLUG)
        key, code, qualifier = sense[2] & 0x0F, sense[12], sense[13]
        reason = f"SCSI sense {key:X}/{code:02X}/{qualifier:02X}"
        if key == _UNIT_ATTENTION:  # it was reset and reports that once, instead of running the command
            raise EndpointStallError(f"the probe was reset ({reason})")
        raise ProbeError(f"the probe refuses a command ({reason})", hint=_REPLUG)

    def _run(self, command: bytes, data: bytes, reply: int, limit_s: float) -> tuple[bytes, int]:
        """Send one command through its three stages; return reply and status."""
        self._tag += 1
        flags = _DATA_IN if reply else _DATA_OUT
        wrapper = _CBW.pack(_CBW_SIGNATURE, self._tag, len(data) or reply, flags, 0, len(command), command)
        self._needs_reset = bool(data)
        self.transport.write(wrapper, limit_s)
        answer = b""
        try:
            if data:
                self.transport.write(data, limit_s)
            elif reply:
                answer = self.transport.read(reply, limit_s)
        except EndpointStallError:
            # In this way a probe breaks off the data stage; the reason is in the CSW.
            self.transport.clear_halt()
            status = self._status(limit_s)
            if status == _PASSED:
                raise
            return b"", status
        return answer, self._status(limit_s)

    def _status(self, limit_s: float) -> int:
        for _ in range(MOST_STALE_REPLIES):
            signature, tag, _, status = _CSW.unpack(self._read_csw(limit_s))
            if signature != _CSW_SIGNATURE:
                self._needs_reset = True
                raise EndpointStallError("the probe sent something that is not the status of a command")
            # A tag that was never sent is accepted: clients that do not compare tags work, too.
            if not 0 < tag < self._tag:
                return int(status)
            _log.debug("dropped the late status of command %d", tag)
        raise TransportTimeoutError("the probe answers, but never to the question that was asked")

    def _read_csw(self, limit_s: float) -> bytes:
        try:
            return self.transport.read(_CSW.size, limit_s)
        except EndpointStallError:
            self.transport.clear_halt()
            return self.transport.read(_CSW.size, limit_s)

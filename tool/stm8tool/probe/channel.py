"""One command and its reply, on ST-LINK V2, V2-1 and V3 (bulk framing), never out of step.

A command is one 16-byte bulk OUT, optionally one more OUT with data, optionally one IN. The IN endpoint
carries no tag, so a reply that comes late would be taken for the next one. While an exchange is not
known to be complete the channel is in doubt; the next exchange first drains what is pending and then
asks questions of known answer (F1: the version, 6 bytes; F5: the mode, 2 bytes) until the answers fit.
A probe answers in order, so whatever was owed has then been paid or dropped.

Source: the framing is that of OpenOCD, stm8flash and logs of real probes (confidence high); a V3 hangs on
commands shorter than 16 bytes (seen, 2021); the late reply was seen to put a well-known client out of step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..errors import EndpointStallError, TransferSizeError, TransportTimeoutError
from ..transport.base import Transport

COMMAND_SIZE = 16
TRANSFER_LIMIT_S = 1.0
DRAIN_LIMIT_S = 0.02
_DRAIN_SIZE = 512  # a whole packet at either USB speed
_MOST_STALE_REPLIES = 64

GET_VERSION = b"\xf1"
GET_MODE = b"\xf5"

_log = logging.getLogger(__name__)


class CommandChannel:
    """Commands to one probe, in step.

    Attributes:
        version_reply: The 6 bytes that F1 answers; empty until the channel was in step once.
        hiccups: How many exchanges had to be repeated.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._in_doubt = True  # whoever used the probe before us may have left a reply behind
        self.version_reply = b""
        self.hiccups = 0

    def exchange(
        self,
        command: bytes,
        *,
        data: bytes = b"",
        reply: int = 0,
        limit_s: float = TRANSFER_LIMIT_S,
        repeatable: bool = True,
    ) -> bytes:
        """Send `command` (padded to 16 bytes), then `data`, and return `reply` bytes.

        Args:
            command: At most 16 bytes.
            data: Sent as a bulk OUT transfer of its own.
            reply: Length of the answer in bytes; 0 for none.
            limit_s: Time limit of each transfer, in seconds.
            repeatable: The command may be sent again after a stall, a short reply or a time-out.

        Raises:
            TransportError: It failed, and again when it was repeated.
        """
        try:
            return self._exchange(command, data, reply, limit_s)
        except (EndpointStallError, TransferSizeError, TransportTimeoutError) as exc:
            if not repeatable:
                raise
            self.hiccups += 1
            _log.debug("command %s: %s; trying again", command.hex(" "), exc)
        return self._exchange(command, data, reply, limit_s)

    def _exchange(self, command: bytes, data: bytes, reply: int, limit_s: float) -> bytes:
        if self._in_doubt:
            self.synchronise()
        self._in_doubt = True
        self.transport.write(command.ljust(COMMAND_SIZE, b"\0"), limit_s)
        if data:
            self.transport.write(data, limit_s)
        answer = self.transport.read(reply, limit_s) if reply else b""
        self._in_doubt = False
        _log.debug("%s%s -> %s", command.hex(" "), f" + {len(data)} bytes" if data else "", answer[:16].hex(" "))
        return answer

    def synchronise(self) -> None:
        """Bring commands and replies back into step.

        Raises:
            TransportTimeoutError: The probe does not answer any more.
        """
        self._drain()
        self.version_reply = self._ask(GET_VERSION, 6, self._is_version)
        self._ask(GET_MODE, 2, lambda answer: True)
        self._in_doubt = False

    def _is_version(self, answer: bytes) -> bool:
        if self.version_reply:
            return answer == self.version_reply
        return answer[2:4] == self.transport.identity.vendor.to_bytes(2, "little")

    def _drain(self) -> None:
        for _ in range(_MOST_STALE_REPLIES):
            try:
                stale = self.transport.read(_DRAIN_SIZE, DRAIN_LIMIT_S)
            except TransferSizeError as exc:
                stale = exc.data
            except EndpointStallError:
                self.transport.clear_halt()
                continue
            except TransportTimeoutError:
                return
            _log.debug("dropped %d stale bytes", len(stale))

    def _ask(self, command: bytes, size: int, fits: Callable[[bytes], bool]) -> bytes:
        """Send `command` and return the first answer that fits; what is owed to earlier commands is dropped."""
        try:
            self.transport.write(command.ljust(COMMAND_SIZE, b"\0"), TRANSFER_LIMIT_S)
        except EndpointStallError:
            self.transport.clear_halt()
            self.transport.write(command.ljust(COMMAND_SIZE, b"\0"), TRANSFER_LIMIT_S)
        for _ in range(_MOST_STALE_REPLIES):
            try:
                answer = self.transport.read(size, TRANSFER_LIMIT_S)
            except TransferSizeError as exc:
                _log.debug("dropped a stale reply of %d bytes", len(exc.data))
                continue
            except EndpointStallError:
                self.transport.clear_halt()
                continue
            if fits(answer):
                return answer
            _log.debug("dropped a stale reply %s", answer.hex(" "))
        raise TransportTimeoutError("the probe answers, but never to what was asked")

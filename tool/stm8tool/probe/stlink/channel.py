"""One command and its reply on an ST-LINK, never out of step, in any framing.

The channel would take a late reply for the next one. So the channel is in doubt until an exchange is known to be
complete. An exchange in doubt first brings commands and replies back into step. The framing knows how commands and
replies travel, and how to do that: `bulk.py` for V2, V2-1 and V3, `scsi.py` for V1.

Source: OpenOCD, stm8flash and logs of real probes (confidence high); a late reply put a well-known client
out of step (seen).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod

from ...errors import EndpointStallError, TransferSizeError, TransportTimeoutError
from ...transport.base import Transport

TRANSFER_LIMIT_S = 1.0
DRAIN_LIMIT_S = 0.005
MOST_STALE_REPLIES = 64
_DRAIN_SIZE = 512  # a whole packet at either USB speed

GET_VERSION = b"\xf1"
VERSION_SIZE = 6
GET_MODE = b"\xf5"
MODE_SIZE = 2

_log = logging.getLogger(__name__)


class CommandChannel(ABC):
    """Commands to one probe, in step.

    Attributes:
        version_reply: The 6 bytes of the reply to F1; empty until the channel was in step once.
        hiccups: How many exchanges had to be repeated.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._in_doubt = True  # an earlier user of the probe may have left a reply in it
        self.version_reply = b""
        self.hiccups = 0

    @property
    def in_step(self) -> bool:
        """True if the probe has answered the last command."""
        return not self._in_doubt

    def exchange(
        self,
        command: bytes,
        *,
        data: bytes = b"",
        reply: int = 0,
        limit_s: float = TRANSFER_LIMIT_S,
        repeatable: bool = True,
    ) -> bytes:
        """Send `command`, then `data`, and return `reply` bytes.

        Args:
            command: At most 16 bytes.
            data: Sent as a bulk OUT transfer of its own; a command has data or a reply, never both.
            reply: Length of the answer in bytes; 0 for none.
            limit_s: Time limit of each transfer, in seconds.
            repeatable: True if the command may be sent again after a stall, a short reply or a time-out.

        Raises:
            TransportError: It failed, and again when it was repeated.
            ProbeError: The probe refused the command (V1 only: the others cannot say so).
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
        answer = self._transfer(command, data, reply, limit_s)
        self._in_doubt = False
        _log.debug("%s%s -> %s", command.hex(" "), f" + {len(data)} bytes" if data else "", answer[:16].hex(" "))
        return answer

    def synchronise(self) -> None:
        """Bring commands and replies back into step.

        Raises:
            TransportTimeoutError: The probe does not answer any more.
        """
        self.version_reply = self._come_into_step()
        self._in_doubt = False

    @abstractmethod
    def _transfer(self, command: bytes, data: bytes, reply: int, limit_s: float) -> bytes:
        """Try one exchange, once."""

    @abstractmethod
    def _come_into_step(self) -> bytes:
        """Make sure that the next reply belongs to the next command; return the reply to F1."""

    def _is_version(self, answer: bytes) -> bool:
        """Tell whether `answer` can be the reply to F1."""
        if self.version_reply:
            return answer == self.version_reply
        return answer[2:4] == self.transport.identity.vendor.to_bytes(2, "little")

    def _drain(self) -> None:
        """Drop the replies that the probe still has."""
        for _ in range(MOST_STALE_REPLIES):
            try:
                stale = self._next(_DRAIN_SIZE, DRAIN_LIMIT_S)
            except TransportTimeoutError:
                return
            _log.debug("dropped %d stale bytes", len(stale))

    def _next(self, size: int, limit_s: float) -> bytes:
        """Return the next IN transfer, even if its length is not `size`; for a STALL, clear it and return b""."""
        try:
            return self.transport.read(size, limit_s)
        except TransferSizeError as exc:
            return exc.data
        except EndpointStallError:
            self.transport.clear_halt()
            return b""

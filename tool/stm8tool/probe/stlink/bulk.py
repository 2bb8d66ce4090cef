"""The framing of ST-LINK V2, V2-1 and V3: a command is one 16-byte bulk OUT, and its reply is one bulk IN.

The transfers of one command are in flight together, as OpenOCD has them. The next command waits for them: one open
firmware drops a command that comes before a reply was fetched.

Replies carry no tag. To come into step, the channel asks questions with known answers (F1: the version, 6 bytes; F5:
the mode, 2 bytes) until the answers fit. A probe answers in order, so all earlier replies have then been dropped. If a
question is not answered, the channel drains pending replies and asks again. One open firmware drops a command that
comes before a reply was fetched.

Source: OpenOCD, stm8flash and logs of real probes (confidence high); a V3 hangs on commands shorter than 16 bytes
(seen, 2021).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ...errors import EndpointStallError, TransportTimeoutError
from .channel import (
    GET_MODE,
    GET_VERSION,
    MODE_SIZE,
    MOST_STALE_REPLIES,
    TRANSFER_LIMIT_S,
    VERSION_SIZE,
    CommandChannel,
)

COMMAND_SIZE = 16
AT_ONCE_LIMIT_S = 0.1

_log = logging.getLogger(__name__)


class BulkChannel(CommandChannel):
    """Commands as bare bulk transfers."""

    def _transfer(self, command: bytes, data: bytes, reply: int, limit_s: float) -> bytes:
        padded = command.ljust(COMMAND_SIZE, b"\0")
        return self.transport.exchange([padded, data] if data else [padded], reply, limit_s)

    def _come_into_step(self) -> bytes:
        if not self.version_reply:  # mostly no reply is pending, and to look for one takes longer than the questions
            try:
                return self._ask_both(AT_ONCE_LIMIT_S)
            except TransportTimeoutError as exc:
                _log.debug("no answer at once: %s", exc)
        self._drain()
        return self._ask_both(TRANSFER_LIMIT_S)

    def _ask_both(self, limit_s: float) -> bytes:
        version = self._ask(GET_VERSION, VERSION_SIZE, self._is_version, limit_s)
        self._ask(GET_MODE, MODE_SIZE, lambda answer: True, limit_s)
        return version

    def _ask(self, command: bytes, size: int, fits: Callable[[bytes], bool], limit_s: float) -> bytes:
        """Send `command` and return the first answer that fits; drop the replies to earlier commands."""
        padded = command.ljust(COMMAND_SIZE, b"\0")
        try:
            self.transport.write(padded, limit_s)
        except EndpointStallError:
            self.transport.clear_halt()
            self.transport.write(padded, limit_s)
        for _ in range(MOST_STALE_REPLIES):
            answer = self._next(size, limit_s)
            if len(answer) == size and fits(answer):
                return answer
            _log.debug("dropped a stale reply of %d bytes: %s", len(answer), answer[:16].hex(" "))
        raise TransportTimeoutError("the probe answers, but never to the question that was asked")

"""READSTATUS: wait until the SWIM command that runs is done, and say what went wrong.

Source: the status codes and the polls of OpenOCD, stm8flash, gmtflasher and ST's own tool (confidence high unless a
comment says otherwise).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from ...errors import Code, LinkFault, SwimError
from .channel import CommandChannel

_READ_STATUS = b"\xf4\x09"

_OK, _BUSY = 0x00, 0x01
_FAULTS = {0x04: LinkFault.SILENT, 0x05: LinkFault.REFUSED, 0x10: LinkFault.STUCK, 0x16: LinkFault.STUCK}
_MEANINGS: Mapping[Optional[LinkFault], tuple[str, Optional[str]]] = {
    LinkFault.SILENT: (
        "the chip does not answer",
        "check SWIM, NRST and GND wires, and that the board has power",
    ),
    LinkFault.REFUSED: (
        "the chip refuses the access",
        "wire NRST (SWIM_RST), and make sure that nothing holds it low; check the supply",
    ),
    LinkFault.STUCK: ("the SWIM line is stuck", "SWIM and GND may be swapped, or SWIM is held low"),
    None: ("the probe reports an unknown error", None),
}

# A chip that is still writing NACKs the next byte, and the probe repeats it: wait long enough for some of that.
# docs/timing.md has a row for each of these times.
_BUSY_SLACK_S = 0.25
_POLL_TRAVEL_S = 0.0005


class StatusPoll:
    """The status of one probe.

    Args:
        channel: The way to the probe.
        step_s: Wait between two polls, in seconds.
    """

    def __init__(self, channel: CommandChannel, step_s: float) -> None:
        self._channel = channel
        self._step_s = step_s
        # On a full-speed bus the poll itself takes at least this long to arrive.
        self._travel_s = 0.0 if channel.transport.identity.high_speed else _POLL_TRAVEL_S

    def finish(self, what: str, expected_s: float, *, asleep: bool = True) -> None:
        """Wait until the running command is done.

        Args:
            what: The command, for the error.
            expected_s: Its computed time on the wire, in seconds.
            asleep: Sleep through that time before the first poll.

        Raises:
            SwimError: The probe reports an error, or stays busy.
        """
        clock = self._channel.transport.clock
        start = clock.now()
        if asleep:
            clock.sleep(expected_s - self._travel_s)
        while True:
            status = self._channel.exchange(_READ_STATUS, reply=4)[0]
            if status == _OK:
                return
            if status != _BUSY:
                # An error stays until the next command: another poll tells nothing new.
                fault = _FAULTS.get(status)
                meaning, hint = _MEANINGS[fault]
                raise SwimError(f"{what}: {meaning} (SWIM status 0x{status:02X})", fault=fault, hint=hint)
            if clock.now() - start > expected_s + _BUSY_SLACK_S:
                raise SwimError(
                    f"{what}: the probe stays busy (SWIM status 0x01)",
                    fault=LinkFault.BUSY,
                    code=Code.PROBE_HUNG,
                    hint="unplug the probe, plug it in again and retry; if it stays so, try another probe",
                )
            clock.sleep(self._step_s)

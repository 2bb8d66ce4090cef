"""The protocol of an rp2040_swim at its serial port: one frame, one answer, each with a number and a checksum.

Source: the description of the protocol and the code of the firmware by its author, of May 2026. It is one program, and
no other client of it was found, so the confidence is low. No hardware has confirmed this module.

A frame has the beginning "RPWS", the version of the protocol, the command, its number, the size of its payload, the
payload, and a CRC-32. In an answer, bit 7 of the command is set and the payload begins with a status. The firmware
drops a frame that is not right, without an answer. It begins anew after 0.5 s without a byte.
"""

from __future__ import annotations

import logging
import struct
import zlib
from typing import NamedTuple, NoReturn, Optional

from ...errors import Code, ExchangeError, LinkFault, ProbeError, SwimError, TransportTimeoutError
from ...transport.serial_line import SerialLine
from ...words import Hint

GET_VERSION, SET_PINS, ENTER, RESET, READ, WRITE, SWIM_DEBUG = 0x01, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0F
MOST = 1024  # bytes of a payload

_BEGINNING, _PROTOCOL, _NAME = b"RPWS", 1, b"rp2040-swim"
_HEAD = struct.Struct("<4sBBHH")
_CRC_SIZE, _STATUS_SIZE, _VERSION_SIZE = 4, 2, 4
_IS_ANSWER = 0x80
_BAUD = 115200  # USB has no speed; 1200 baud would start the RP2040's boot loader
_MOST_FRAMES = 2  # our own frame may come back first
_TRIES = 3
# docs/timing.md has a row for each of these times.
_ANSWER_S = 1.0
_REST_S = 0.3
_QUIET_S = 0.6

_OK, _BAD_FRAME, _BAD_CRC, _BAD_COMMAND, _BAD_ARGUMENT = 0, 1, 2, 3, 4
_SWIM_TIMEOUT, _SWIM_NACK, _TARGET, _UNSUPPORTED, _GUARDED, _INTERNAL = 5, 6, 7, 8, 9, 10
_FAULTS = {
    _SWIM_TIMEOUT: (LinkFault.SILENT, "the chip does not answer"),
    _SWIM_NACK: (LinkFault.REFUSED, "the chip refuses the command"),
    _TARGET: (LinkFault.DAMAGED, "the chip's answer is wrong"),
}
_OF_THE_FRAME = (_BAD_FRAME, _BAD_CRC)
_NOT_KNOWN = (_BAD_COMMAND, _BAD_ARGUMENT, _UNSUPPORTED, _GUARDED)
_WIRE_HINT = "check SWIM at GPIO2 with 4.7 kΩ to 3.3 V, NRST at GPIO3, GND and the supply; keep the wires under 10 cm"
_NOT_THERE_HINT = "check that the port is that of the RP2040, and that rp2040_swim is its firmware; plug it in again"
_HUNG_HINT = Hint("unplug the RP2040 and plug it in again; then repeat the {command}")

_log = logging.getLogger(__name__)


class Rp2040Frame(NamedTuple):
    """A frame that came whole.

    Attributes:
        command: With bit 7 if it is an answer.
        number: Of the request.
        payload: The content.
    """

    command: int
    number: int
    payload: bytes


class Frames:
    """The RP2040 at a serial line.

    Args:
        line: The serial line; `open` opens it.

    Attributes:
        firmware: Its version, as "0.1.0"; valid after `open`.
        repeated: How many exchanges had to be repeated.
    """

    def __init__(self, line: SerialLine) -> None:
        self.line = line
        self.firmware = ""
        self.repeated = 0
        self._number = 0
        self._in_step = False

    def open(self) -> None:
        """Open the port and read the version.

        Raises:
            ProbeError: Nothing at this port answers as an rp2040_swim.
        """
        self.line.open(_BAUD)
        try:
            self.line.set_parity(even=False)
            self.line.set_lines(dtr=True)  # without DTR the firmware neither reads nor answers
            try:
                answer = self._ask_version()
            except (ExchangeError, TransportTimeoutError) as exc:
                raise ProbeError(
                    f"the device at {self.line.place} does not answer as an rp2040_swim: {exc}",
                    code=Code.PROBE_HUNG,
                    hint=_NOT_THERE_HINT,
                ) from exc
            self._check(answer)
        except BaseException:
            self.line.close()
            raise

    def _check(self, answer: bytes) -> None:
        name = answer[_VERSION_SIZE:].partition(b"\0")[0]
        if len(answer) < _VERSION_SIZE or name != _NAME:
            raise ProbeError(
                f"the device at {self.line.place} is not an rp2040_swim: it calls itself "
                f"'{name.decode('ascii', 'replace')}'",
                code=Code.PROBE_REFUSES,
                hint=_NOT_THERE_HINT,
            )
        self.firmware = ".".join(map(str, answer[:3]))
        _log.debug("%s is rp2040_swim %s, protocol %d", self.line.place, self.firmware, answer[3])

    def _ask_version(self) -> bytes:
        """Come into step: wait until the line is quiet if a try fails, and try again."""
        for left in reversed(range(_TRIES)):
            self.line.drop_input()
            try:
                return self._once(GET_VERSION, b"")
            except (ExchangeError, TransportTimeoutError) as exc:
                if not left:
                    raise
                _log.debug("%s; trying again", exc)
            self._rest()
        raise AssertionError("unreachable: the last try returns or raises")

    # -- exchanges -----------------------------------------------------------------------------------------------

    def ask(self, command: int, payload: bytes = b"", size: int = 0, *, repeatable: bool = False) -> bytes:
        """Send a request and return the `size` bytes of its answer.

        Args:
            command: The command.
            payload: Its content.
            size: How many bytes the answer has; -1 if that is not known.
            repeatable: A second time does no harm, so it is sent again if the answer is lost.

        Raises:
            SwimError: The RP2040 tells an error of the wire or the chip.
            ExchangeError: The answer is wrong, or not whole.
            TransportTimeoutError: There is no answer.
            ProbeError: Its firmware does not do this.
        """
        if not self._in_step:
            self.synchronise()
        try:
            return self._sized(command, payload, size)
        except (ExchangeError, TransportTimeoutError) as exc:
            if not repeatable:
                raise
            _log.debug("%s; trying again", exc)
        self.synchronise()
        answer = self._sized(command, payload, size)
        self.repeated += 1
        return answer

    def synchronise(self) -> None:
        """Bring both ends back to the start of a request. A request of which a part was lost is dropped.

        Raises:
            TransportTimeoutError: The RP2040 does not answer.
        """
        self._rest()
        try:
            self._ask_version()
        except (ExchangeError, TransportTimeoutError) as exc:
            raise TransportTimeoutError(f"the rp2040_swim does not answer: {exc}", hint=_HUNG_HINT) from exc

    def _rest(self) -> None:
        """Wait until the firmware has dropped what it had of a frame, and forget what comes meanwhile."""
        self.line.read(MOST + _HEAD.size + _CRC_SIZE, _QUIET_S)
        self.line.drop_input()

    def _sized(self, command: int, payload: bytes, size: int) -> bytes:
        answer = self._once(command, payload)
        if size not in (-1, len(answer)):
            self._in_step = False
            raise ExchangeError(f"the rp2040_swim sent {len(answer)} bytes instead of {size}")
        return answer

    def _once(self, command: int, payload: bytes) -> bytes:
        self._number = (self._number + 1) & 0xFFFF
        self._in_step = False
        head = _HEAD.pack(_BEGINNING, _PROTOCOL, command, self._number, len(payload))
        self.line.write(_sealed(head + payload))
        for _ in range(_MOST_FRAMES):
            frame = self._receive()
            if frame.command & _IS_ANSWER:
                break
            _log.debug("the port returned the command %02x", frame.command)
        else:
            raise ExchangeError("the port only returns what the tool sends")
        if frame.command != command | _IS_ANSWER or frame.number != self._number:
            raise ExchangeError(
                f"the rp2040_swim answered the command {frame.command & 0x7F:02x} with number {frame.number}, not "
                f"{command:02x} with number {self._number}"
            )
        if len(frame.payload) < _STATUS_SIZE:
            raise ExchangeError("the rp2040_swim sent an answer without a status")
        status = int.from_bytes(frame.payload[:_STATUS_SIZE], "little")
        self._in_step = True
        if status != _OK:
            _raise(command, status)
        return frame.payload[_STATUS_SIZE:]

    def _receive(self) -> Rp2040Frame:
        """Return the next frame; TransportTimeoutError if none comes, ExchangeError if it is not right."""
        head = self.line.read(_HEAD.size, _ANSWER_S)
        if not head:
            raise TransportTimeoutError(f"the rp2040_swim did not answer within {_ANSWER_S:g} s", hint=_HUNG_HINT)
        if len(head) < _HEAD.size:
            raise ExchangeError(f"the rp2040_swim sent only {len(head)} bytes: {head.hex(' ')}")
        beginning, protocol, command, number, size = _HEAD.unpack(head)
        if beginning != _BEGINNING or protocol != _PROTOCOL or size > MOST + _STATUS_SIZE:
            raise ExchangeError(f"the answer {head.hex(' ')} is not the beginning of a frame of rp2040_swim")
        rest = self.line.read(size + _CRC_SIZE, _REST_S)
        if len(rest) < size + _CRC_SIZE:
            raise ExchangeError(f"the rp2040_swim sent {len(rest)} bytes of a frame instead of {size + _CRC_SIZE}")
        content = head + rest[:size]
        if _sealed(content) != head + rest:
            raise ExchangeError("the checksum of an answer of the rp2040_swim is wrong")
        return Rp2040Frame(command, number, rest[:size])


def _sealed(content: bytes) -> bytes:
    """Return a frame with its CRC-32."""
    return content + zlib.crc32(content).to_bytes(_CRC_SIZE, "little")


def _raise(command: int, status: int) -> NoReturn:
    if status in _FAULTS:
        fault, text = _FAULTS[status]
        raise SwimError(text, fault=fault, hint=_WIRE_HINT)
    if status in _OF_THE_FRAME:
        raise ExchangeError(f"the rp2040_swim says that the command {command:02x} came damaged")
    if status in _NOT_KNOWN:
        raise ProbeError(
            f"the firmware of the rp2040_swim does not do the command {command:02x} (status {status})",
            code=Code.PROBE_REFUSES,
            hint="write the newest rp2040_swim to the RP2040",
        )
    what = "an error of its own" if status == _INTERNAL else f"the unknown status {status}"
    raise ProbeError(f"the rp2040_swim tells {what}", code=Code.PROBE_HUNG, hint=_HUNG_HINT)


def place(address: int, size: int) -> bytes:
    """Return address and size as the payload of a read or write has them."""
    return struct.pack("<IH", address, size)


def sync_ns(debug: bytes) -> Optional[int]:
    """Return how long the chip's answer to the last entry was, from the answer to SWIM_DEBUG; None if it has none."""
    return int.from_bytes(debug[8:12], "little") if len(debug) >= 12 else None


def diagnosis(debug: bytes) -> str:
    """Return the text of the firmware about its last work on SWIM, from the answer to SWIM_DEBUG."""
    return debug[41 : 41 + debug[40]].decode("ascii", "replace") if len(debug) > 41 else ""

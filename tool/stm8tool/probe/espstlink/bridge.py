"""The serial protocol of an espstlink: one request, one answer.

Source: the description of the protocol by its maker, and stm8flash (confidence high). No hardware has confirmed this
module. An answer begins with the command, then 0x00 or 0xFF. Nothing has a checksum or a length, so a lost byte brings
both ends out of step. The ESP8266 then waits for the rest of a request for ever. Only a reset makes it forget that.
"""

from __future__ import annotations

import logging
from typing import NamedTuple, NoReturn, Optional

from ...errors import Code, ExchangeError, LinkFault, ProbeError, SwimError, TransportTimeoutError
from ...transport.serial_line import SerialLine
from ...words import Hint

READ, WRITE, VERSION = 0x01, 0x02, 0xFF
NEWEST = (0, 2)  # the maker's library refuses a newer one
_BAUDS = (921600, 115200)  # firmware before 0.2 uses the second
_OK, _ERROR = 0x00, 0xFF
_HEAD, _ERROR_SIZE, _VERSION_SIZE = 2, 2, 2
# docs/timing.md has a row for each of these times.
_ANSWER_S = 1.0
_VERSION_S = 0.3
_QUIET_S = 0.05
_LATE_S = 0.3
_PULSE_S = 0.1
_BOOT_S = 0.5
_TRIES = 5
_MOST_LATE = 4096

_FAULTS: dict[int, tuple[Optional[LinkFault], str]] = {
    1: (LinkFault.SILENT, "the chip does not answer"),
    2: (LinkFault.DAMAGED, "the first bit of a byte from the chip is wrong"),
    3: (LinkFault.DAMAGED, "the parity of a byte from the chip is wrong"),
    4: (LinkFault.REFUSED, "the chip refuses the command"),
    5: (LinkFault.SILENT, "the chip does not answer the SWIM entry"),
    6: (LinkFault.STUCK, "SWIM stays low after the SWIM entry"),
    **{20 + bit: (LinkFault.SILENT, "the chip stops in the middle of a byte") for bit in range(9)},
}
_WIRE_HINT = "check SWIM, its pull-up of 1 kΩ, GND and the supply; keep the wires under 10 cm"
_NOT_THERE_HINT = (
    "check that the port is that of the ESP8266, and that espstlink is its firmware; press its reset button"
)
_HUNG_HINT = Hint("press the reset button of the ESP8266, or unplug it and plug it in again; then repeat the {command}")

_log = logging.getLogger(__name__)


class _Request(NamedTuple):
    """A request whose answer is not whole yet, and the size of its answer if it succeeds."""

    data: bytes
    size: int


class Bridge:
    """The ESP8266 at a serial line.

    Args:
        line: The serial line; `open` opens it.

    Attributes:
        version: Of its firmware; valid after `open`.
        repeated: How many exchanges had to be repeated.
    """

    def __init__(self, line: SerialLine) -> None:
        self.line = line
        self.version = (0, 0)
        self.repeated = 0
        self._unanswered: Optional[_Request] = None  # None: both ends are in step

    def open(self) -> None:
        """Open the port at the speed that the firmware uses, and read the version.

        Raises:
            ProbeError: Nothing at this port answers as an espstlink, or its firmware is newer than the tool knows.
        """
        heard = b""
        for reset in (False, True):  # opening the port may reset the ESP8266, so the first tries are patient
            for baud in _BAUDS:
                self.line.open(baud)
                try:
                    self.line.set_parity(even=False)
                    if reset:
                        self._reset()
                    for _ in range(_TRIES):
                        answer = self._ask_version()
                        if self._is_version(answer):
                            _log.debug("%s answers at %d baud", self.line.place, baud)
                            self._check_version(answer)
                            return
                        heard = answer or heard
                except BaseException:
                    self.line.close()
                    raise
                self.line.close()
        what = f"answers {heard[:8].hex(' ')}, which is not the answer of an espstlink" if heard else "does not answer"
        raise ProbeError(
            f"the device at {self.line.place} {what}",
            code=Code.PROBE_HUNG,
            hint=_NOT_THERE_HINT,
        )

    def _check_version(self, answer: bytes) -> None:
        self.version = (answer[2], answer[3])
        self._unanswered = None
        if self.version > NEWEST:
            raise ProbeError(
                f"the espstlink has firmware {answer[2]}.{answer[3]}, and this tool knows versions up to "
                f"{NEWEST[0]}.{NEWEST[1]}: a newer one may use other commands",
                code=Code.PROBE_REFUSES,
                hint=f"write firmware {NEWEST[0]}.{NEWEST[1]} to the ESP8266",
            )

    @staticmethod
    def _is_version(answer: bytes) -> bool:
        return len(answer) == _HEAD + _VERSION_SIZE and answer[:_HEAD] == bytes((VERSION, _OK))

    def _ask_version(self) -> bytes:
        """Ask for the version, and return all that comes until the line is quiet."""
        self.line.drop_input()
        self.line.write(bytes((VERSION,)))
        size = _HEAD + _VERSION_SIZE
        answer = self.line.read(size, _VERSION_S)
        return answer + self._rest() if answer else b""

    def _rest(self) -> bytes:
        """Return what still comes, until the line is quiet."""
        found = b""
        while len(found) < _MOST_LATE:
            more = self.line.read(1, _QUIET_S)
            if not more:
                break
            found += more
        return found

    def _reset(self) -> None:
        """Reset the ESP8266 by RTS, as its boards wire it; without that wire nothing happens."""
        self.line.set_lines(dtr=False, rts=True)
        self.line.clock.sleep(_PULSE_S)
        self.line.set_lines(dtr=False, rts=False)
        self.line.clock.sleep(_BOOT_S)

    # -- exchanges -----------------------------------------------------------------------------------------------

    def ask(self, request: bytes, size: int, *, repeatable: bool = False) -> bytes:
        """Send a request and return the `size` bytes of its answer after the head.

        Args:
            request: The whole request.
            size: How many bytes follow the head of an answer that tells a success.
            repeatable: A second time does no harm, so it is sent again if the answer is lost.

        Raises:
            SwimError: The espstlink tells an error of the wire or the chip.
            ExchangeError: The answer is wrong, or not whole.
            TransportTimeoutError: There is no answer.
        """
        if self._unanswered is not None:
            self.synchronise()
        if not repeatable:
            return self._once(request, size)
        try:
            return self._once(request, size)
        except (ExchangeError, TransportTimeoutError) as exc:
            _log.debug("%s; trying again", exc)
        self.synchronise()
        answer = self._once(request, size)
        self.repeated += 1
        return answer

    def _once(self, request: bytes, size: int) -> bytes:
        self._unanswered = _Request(request, size)
        self.line.write(request)
        head = self.line.read(_HEAD, _ANSWER_S)
        if not head:
            raise TransportTimeoutError(f"the espstlink did not answer within {_ANSWER_S:g} s", hint=_HUNG_HINT)
        if len(head) < _HEAD or head[0] != request[0] or head[1] not in (_OK, _ERROR):
            raise ExchangeError(f"the espstlink answered {head.hex(' ')} to the command {request[0]:02x}")
        wanted = size if head[1] == _OK else _ERROR_SIZE
        rest = self.line.read(wanted, _ANSWER_S) if wanted else b""
        if len(rest) < wanted:
            raise ExchangeError(f"the espstlink sent {len(rest)} bytes instead of {wanted}")
        if head[1] == _ERROR:
            self._unanswered = None
            _raise(int.from_bytes(rest, "big"))
        if request[0] in (READ, WRITE) and rest[:4] != request[1:5]:
            if request[0] == WRITE:
                self._misplaced(request, rest[:4])
            raise ExchangeError(f"the espstlink read {_place(rest)}, not {_place(request[1:])}")
        self._unanswered = None
        return rest

    def _misplaced(self, request: bytes, told: bytes) -> NoReturn:
        """Report a write that went, or may have gone, to another place: a byte changed on the serial wire.

        Without its count, a write of one byte is a whole request for nothing: it did no harm.
        """
        if not told[:1].strip(b"\0") and len(request) == 6:
            raise ExchangeError("the espstlink lost a byte of a write, and wrote nothing")
        raise ProbeError(
            f"a byte was damaged on the serial wire: the espstlink says that it wrote {_place(told)}, not "
            f"{_place(request[1:])}",
            code=Code.PROBE_REFUSES,
            hint=Hint("use another cable or port; then erase the chip and repeat the {command}"),
        )

    # -- back in step --------------------------------------------------------------------------------------------

    def answers(self) -> bool:
        """Tell whether the ESP8266 still answers; call it only if both ends are in step."""
        if self._is_version(self._ask_version()):
            return True
        self._unanswered = _Request(bytes((VERSION,)), _VERSION_SIZE)
        return False

    def restart(self) -> None:
        """Reset the ESP8266, and wait until it answers."""
        self._reset()
        self._settle()

    def synchronise(self) -> None:
        """Bring both ends back to the start of a request, without finishing a broken one if that can be avoided.

        Raises:
            TransportTimeoutError: The ESP8266 does not answer.
            ProbeError: A broken write was finished, at a wrong place.
        """
        open_request = self._unanswered
        late = self.line.read(1, _LATE_S)
        late += self._rest() if late else b""
        if open_request is not None and not _is_whole(late, open_request):
            _log.debug("the espstlink may wait for the rest of a command: resetting it by RTS")
            self._reset()
        self._settle()

    def _settle(self) -> None:
        broken = self._unanswered
        for _ in range(_TRIES):
            answer = self._ask_version()
            if self._is_version(answer):
                self._unanswered = None
                return
            if broken is not None and broken.data[0] == WRITE and answer[:_HEAD] == bytes((WRITE, _OK)):
                told = answer[_HEAD : _HEAD + 4]
                if told != broken.data[1:5]:  # our question was the byte that the write still waited for
                    self._misplaced(broken.data, told)
        raise TransportTimeoutError("the espstlink does not answer", hint=_HUNG_HINT)


def _is_whole(answer: bytes, request: _Request) -> bool:
    """Tell whether an answer that came late is the whole answer to the request."""
    if answer[:1] != request.data[:1] or len(answer) < _HEAD:
        return False
    return len(answer) == _HEAD + (request.size if answer[1] == _OK else _ERROR_SIZE)


def _place(spec: bytes) -> str:
    """Return the text for a number of bytes and an address, as the protocol has them."""
    if len(spec) < 4:
        return "an unknown place"
    return f"{spec[0]} bytes at 0x{int.from_bytes(spec[1:4], 'big'):06X}"


def _raise(code: int) -> NoReturn:
    fault, text = _FAULTS.get(code, (None, f"the espstlink tells the error {code}"))
    raise SwimError(text, fault=fault, hint=_WIRE_HINT)

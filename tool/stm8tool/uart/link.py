"""The commands of the loader over a serial line, each as one exchange that is repeated if that is harmless.

Every command is a byte and its complement. The loader answers ACK or NACK after each part of it. A byte that is lost on
the way leaves the loader in the middle of a frame. `recover` fills that frame until its checksum is wrong.

Source: UM0560 as its clients use it (confidence high); AN2659 has the same frames.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from ..errors import Code, SerialError
from ..transport.serial_line import SerialLine
from ..words import Hint

ACK, NACK, SYNC = 0x79, 0x1F, 0x7F
GET, READ, GO, WRITE, ERASE = 0x00, 0x11, 0x21, 0x31, 0x43
MOST_READ, MOST_WRITTEN = 256, 128

_ANSWER_S = 0.5  # an answer without work; a USB adapter may hold a byte for 16 ms, a network for longer
_SILENT_S = 0.15  # no second byte for so long: the loader waits for its echo
_WRITE_S = 2.5  # 128 bytes one by one take up to 1.1 s
_ERASE_S = 1.0  # and for each sector, which takes 30 ms:
_SECTOR_S = 0.2
_FILL_S = 0.04  # between the bytes that fill a frame
_MOST_FILLED = 300  # the longest frame has 131 bytes
_TRIES = 3
# Answers to syncs after which nothing is left of an old frame: the loader refuses a second sync. One that wants each
# byte back may take every other sync for its NACK.
_BACK = ("NN", "N-N-")

_REFUSED = "check the part name, the supply and the wires"

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class RefusedByLoaderError(SerialError):
    """The loader answered NACK: the address does not exist, or the operation failed."""


class LoaderLink:
    """The loader at the other end of a line, after a sync.

    Attributes:
        line: The wire.
        returns: The host returns each byte of the loader.
        own: The host's own bytes come back to it.
        repeated: How many exchanges had to be repeated.
    """

    def __init__(self, line: SerialLine) -> None:
        self.line = line
        self._last = b""
        self.returns = self.own = False
        self.repeated = 0

    # -- bytes -------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send bytes, and take those that come back, if they do."""
        self._last = data
        self._put(data)

    def _put(self, data: bytes) -> None:
        self.line.write(data)
        if self.own:
            back = self.line.read(len(data), _ANSWER_S)
            if back != data:
                raise damaged(f"{data.hex(' ')} was sent, and {back.hex(' ') or 'nothing'} came back on the wire")

    def receive(self, size: int, timeout_s: float) -> bytes:
        """Return bytes of the loader, and send them back if it wants that; fewer if none comes for `timeout_s`."""
        data = b""
        if not self.returns:
            while len(data) < size:  # 256 bytes at 4800 baud take longer than an answer may
                came = self.line.read(size - len(data), timeout_s)
                if not came:
                    break
                data += came
            return data
        for _ in range(size):
            byte = self.line.read(1, timeout_s)
            if not byte:
                break
            data += byte
            self._put(byte)
        return data

    def _acknowledged(self, what: str, timeout_s: float = _ANSWER_S) -> None:
        """Wait for ACK.

        Raises:
            RefusedByLoaderError: NACK came.
            SerialError: Something else came, or nothing.
        """
        answer = self.receive(1, timeout_s)
        if answer == bytes([NACK]):
            raise RefusedByLoaderError(f"the loader refused {what}", hint=_REFUSED)
        if answer != bytes([ACK]):
            raise damaged(f"the loader answered {what} with {answer.hex() or 'nothing'}")

    def persist(self, job: Callable[[], _Result]) -> _Result:
        """Do a job that is harmless to repeat; after a damaged exchange do it again.

        Raises:
            SerialError: It failed each time, or the loader does not answer any more.
        """
        for attempt in range(_TRIES):
            try:
                result = job()
            except RefusedByLoaderError:
                if attempt == _TRIES - 1:  # a damaged byte looks like a refusal
                    raise
            except SerialError as exc:
                _log.debug("repeating: %s", exc)
                if attempt == _TRIES - 1:
                    raise
                self.recover()
            else:
                self.repeated += attempt
                return result
        raise ValueError("no attempt was made")

    def recover(self) -> None:
        """Bring the loader back to the start of a command.

        The bytes that fill a frame must not complete it. The sum of a frame that lost a byte is that byte. A wrong bit
        leaves that bit. So the sum of the filling is none of these, however many bytes the loader takes.

        Raises:
            SerialError: The loader does not answer.
        """
        line = self.line
        line.drop_input()
        for filling in _fillings(self._last):
            line.write(bytes([filling]))
            if bytes([NACK]) in line.read(1 + self.own, _FILL_S):
                break
        else:
            raise _lost()
        seen = ""
        for _ in range(_MOST_FILLED):
            line.clock.sleep(_FILL_S)
            line.drop_input()
            line.write(bytes([SYNC]))
            answer = line.read(1 + self.own, _FILL_S)
            seen += "N" if bytes([NACK]) in answer else "?" if len(answer) > self.own else "-"
            if seen.endswith(_BACK):
                return
        raise _lost()

    # -- commands ----------------------------------------------------------------------------------------------

    def _command(self, command: int, name: str) -> None:
        """Send a command. The loader knows it, so a refusal means that bytes were lost."""
        self.line.drop_input()  # a frame that was cut short leaves answers behind
        self.send(bytes([command, command ^ 0xFF]))
        try:
            self._acknowledged(f"the command {name}")
        except RefusedByLoaderError as exc:
            raise damaged(f"the loader refused the command {name}") from exc

    def _address(self, address: int) -> None:
        self.send(_checked(address.to_bytes(4, "big")))
        self._acknowledged(f"the address 0x{address:06X}")

    def probe_get(self) -> bytes:
        """Ask GET once, and find out whether the loader waits for its echo; return the bytes that came, or NACK."""
        self.send(bytes([GET, GET ^ 0xFF]))
        first = self.line.read(1, _ANSWER_S)
        if first != bytes([ACK]):
            return first
        second = self.line.read(1, _SILENT_S)
        if not second:
            self.returns = True
            self._put(first)
            return first + self.receive(8, _ANSWER_S)
        return first + second + self.line.read(7, _ANSWER_S)

    def read(self, address: int, size: int) -> bytes:
        """Return up to MOST_READ bytes.

        Raises:
            RefusedByLoaderError: There is no memory at the address.
        """
        self._command(READ, "READ")
        self._address(address)
        self.send(bytes([size - 1, (size - 1) ^ 0xFF]))
        data = self.receive(size + 1, _ANSWER_S)
        if data[:1] == bytes([NACK]):
            raise RefusedByLoaderError(f"the loader refused a read of {size} bytes", hint=_REFUSED)
        if len(data) != size + 1 or data[0] != ACK:
            raise damaged(f"{len(data)} of {size + 1} bytes came")
        return data[1:]

    def write(self, address: int, data: bytes) -> None:
        """Write up to MOST_WRITTEN bytes of one memory; it is not repeated.

        Raises:
            RefusedByLoaderError: There is no memory at the address, or it could not be written.
        """
        self._command(WRITE, "WRITE")
        self._address(address)
        self.send(_checked(bytes([len(data) - 1]) + data))
        self._acknowledged(f"a write at 0x{address:06X}", _WRITE_S)

    def erase(self, sectors: bytes) -> None:
        """Erase sectors by their codes; RefusedByLoaderError if the chip could not."""
        self._command(ERASE, "ERASE")
        self.send(_checked(bytes([len(sectors) - 1]) + sectors))
        self._acknowledged("an erase", _ERASE_S + _SECTOR_S * len(sectors))

    def go(self, address: int) -> None:
        """Start a program; the loader is over."""
        self._command(GO, "GO")
        self._address(address)


def _fillings(frame: bytes) -> Iterator[int]:
    """Yield bytes for the rest of a frame. The sum of the first ones is never one that could complete it."""
    may_be_left = {0, *(1 << bit for bit in range(8)), *frame}
    odd, even = [total for total in range(0xFF, 0, -1) if total not in may_be_left][:2]
    yield odd
    for _ in range(_MOST_FILLED):
        yield odd ^ even


def _checked(data: bytes) -> bytes:
    """Return bytes with their XOR."""
    total = 0
    for byte in data:
        total ^= byte
    return data + bytes([total])


def damaged(what: str) -> SerialError:
    """Return the error for bytes that did not arrive as they were sent."""
    return SerialError(
        f"the link to the loader is damaged: {what}",
        hint=Hint("shorten the wires, check GND and the supply, or use a lower speed: {baud:57600}"),
    )


def _lost() -> SerialError:
    return SerialError(
        "the loader stopped answering in the middle of the job",
        hint="reset the chip and try again; check the wires, GND and the supply",
        code=Code.UART_LINK,
    )

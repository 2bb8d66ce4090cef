"""The host's side of the loader in the chip's RAM: `LoaderLink` a second time, by the frames of `loader.s`.

The checksum of a frame, and those that the chip sends, are CRC-32 as zlib has it. The chip sends it not inverted.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Sequence

from ...chip.flash.blocks import BlockWrite
from ...chip.registers import MODE_BLOCK, MODE_BYTE, MODE_OPTION
from ...errors import ProgramError, SerialError
from ...parts.table import Part
from ..link import ACK, NACK, LoaderLink, RefusedByLoaderError, damaged
from . import AGAIN, START

_WRITE, _SUMS, _READ, _GO = b"WCRG"
_REFUSED = 0xEE
_INVERTED = 0xFFFFFFFF
_BITS = 11  # of a byte on the wire, at most
_OVERHEAD = 10  # bytes of a frame beside its data
_PIECE = 128  # bytes of the loader's code with one checksum
MOST_SUMMED = 256  # bytes with one checksum
_MOST_SUMS = 64  # in one answer: 256 bytes
_AHEAD = 2  # frames before the first answer: the ring of the loader holds one while another is written
RESETS_ITSELF_S = 2.3  # without a good frame it waits for 2.1 s
_ANSWER_S = 0.5  # beside the bytes; 64 checksums take 25 ms, at a clock of 2 MHz eight times as long
_STARTED_S = 0.1  # the same for the first answer
_QUIET_S = 0.25  # the loader gives up a frame after 0.13 s, and says so after 0.04 s of silence
_MOST_NOISE = 600
_FAILURES = 4

_log = logging.getLogger(__name__)


class LoaderInRam(LoaderLink):
    """The loader in RAM at the other end of a line.

    Args:
        before: The link to the loader in the boot ROM, which has started it.
        part: The chip.
        baud: The speed of the wire.
    """

    def __init__(self, before: LoaderLink, part: Part, baud: int) -> None:
        super().__init__(before.line)
        self.repeated = before.repeated
        self._part = part
        self._byte_s = _BITS / baud

    # -- frames ------------------------------------------------------------------------------------------------

    @staticmethod
    def _frame(command: int, address: int, length: int, number: int, data: bytes = b"") -> bytes:
        frame = bytes([command]) + address.to_bytes(3, "big") + bytes([length & 0xFF, number]) + data
        return frame + zlib.crc32(frame).to_bytes(4, "little")

    def _ask(self, frame: bytes, size: int, timeout_s: float = _ANSWER_S) -> bytes:
        """Send a frame and return the bytes after ACK.

        Raises:
            RefusedByLoaderError: The flash controller refused the last write.
            SerialError: Another answer, or too few bytes.
        """
        self.line.drop_input()
        self.line.write(frame)
        answer = self.line.read(1 + size, timeout_s + (len(frame) + size) * self._byte_s)
        if answer[:1] == bytes([_REFUSED]):
            raise _refused()
        if len(answer) != 1 + size or answer[0] != ACK:
            raise damaged(f"the loader in RAM answered {answer[:8].hex() or 'nothing'}, {len(answer)} bytes")
        return answer[1:]

    def recover(self) -> None:
        """Wait until the loader has given up a damaged frame; nothing is sent meanwhile."""
        for _ in range(_MOST_NOISE):
            if not self.line.read(1, _QUIET_S + self._under_way_s):
                return

    @property
    def _under_way_s(self) -> float:
        """How long the frames take that may be under way."""
        return _AHEAD * (self._part.block + _OVERHEAD) * self._byte_s

    # -- commands ----------------------------------------------------------------------------------------------

    def greet(self, code: bytes) -> None:
        """Raise SerialError unless the loader answers, and RAM holds its code."""
        ends = len(code) // _PIECE
        self.persist(lambda: self._require(code[: ends * _PIECE], START, _PIECE, ends))
        rest = code[ends * _PIECE :]
        if rest:
            self.persist(lambda: self._require(rest, START + ends * _PIECE, len(rest), 1))

    def _require(self, code: bytes, address: int, size: int, count: int) -> None:
        if self._sums(address, size, count, _STARTED_S) != [sum_of(piece) for piece in pieces(code, size)]:
            raise damaged("RAM does not hold the loader as it was sent")

    def sums(self, address: int, size: int, count: int) -> list[int]:
        """Return the checksums of `count` pieces of `size` bytes, such as `sum_of` makes them."""
        found: list[int] = []
        while len(found) < count:
            at, most = address + len(found) * size, min(count - len(found), _MOST_SUMS)
            found += self.persist(lambda at=at, most=most: self._sums(at, size, most))  # type: ignore[misc]
        return found

    def _sums(self, address: int, size: int, count: int, timeout_s: float = _ANSWER_S) -> list[int]:
        data = self._ask(self._frame(_SUMS, address, size, count), 4 * count, timeout_s)
        return [int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4)]

    def read(self, address: int, size: int) -> bytes:
        """Return up to 256 bytes."""
        answer = self._ask(self._frame(_READ, address, size, 0), size + 4)
        data, checksum = answer[:size], int.from_bytes(answer[size:], "big")
        if sum_of(data) != checksum:
            raise damaged(f"{size} bytes came with a wrong checksum")
        return data

    def write(self, address: int, data: bytes) -> None:
        """Write up to 128 bytes of flash, EEPROM or option bytes.

        Raises:
            RefusedByLoaderError: The flash controller refused it.
        """
        self._ask(self._write_frame(address, data), 0)
        self.end_write()

    def _write_frame(self, address: int, data: bytes) -> bytes:
        options, block = self._part.options, self._part.block
        if options.start <= address < options.end:
            mode = MODE_OPTION
        else:
            mode = MODE_BLOCK if len(data) == block and address % block == 0 else MODE_BYTE
        return self._frame(_WRITE, address, len(data), mode, data)

    def end_write(self) -> None:
        """Wait until the last write has ended; RefusedByLoaderError if the chip refused it."""
        self._ask(self._frame(_SUMS, START, 1, 1), 4)

    def stream(self, blocks: Sequence[BlockWrite], done: Callable[[int], None]) -> None:
        """Write blocks, while the wire carries the next one. A block that was damaged on the way is sent again.

        Args:
            blocks: The blocks.
            done: Called with the number of blocks that the chip has.

        Raises:
            ProgramError: The flash controller refused a block.
            SerialError: The loader does not answer any more.
        """
        sent = taken = failures = 0
        self.line.drop_input()
        while taken < len(blocks):
            while sent < len(blocks) and sent - taken < _AHEAD:
                self.line.write(self._write_frame(blocks[sent].address, blocks[sent].data))
                sent += 1
            answer = self.line.read(1, _ANSWER_S + self._under_way_s)
            if answer == bytes([ACK]):
                taken += 1
                failures = 0
                done(taken)
                continue
            if answer == bytes([_REFUSED]):
                raise not_written(blocks[max(0, taken - 1)].address)
            failures += 1
            self.repeated += 1
            if failures == _FAILURES:
                raise damaged(f"the loader in RAM answered a block with {answer.hex() or 'nothing'}")
            if answer != bytes([NACK]):  # which it sends after a silence
                self.recover()
            sent = taken
        self._end_of_stream(blocks[-1])

    def _end_of_stream(self, last: BlockWrite) -> None:
        for attempt in range(_FAILURES):
            try:
                self.end_write()
                return
            except RefusedByLoaderError as exc:
                raise not_written(last.address) from exc  # a second question would be answered with ACK
            except SerialError:
                if attempt == _FAILURES - 1:
                    raise
                self.repeated += 1
                self.recover()

    def erase(self, sectors: bytes) -> None:
        """Raise ValueError: `LoaderBlocks` writes blocks of 0x00 instead."""
        raise ValueError(f"the loader in RAM does not know sectors: {sectors.hex()}")

    def go(self, address: int) -> None:
        """Start a program; the loader is over. If only its answer was lost, nothing answers any more."""
        for attempt in range(_FAILURES):
            try:
                self._ask(self._frame(_GO, address, 0, 0), 0)
                return
            except SerialError as exc:
                if attempt == _FAILURES - 1 or isinstance(exc, RefusedByLoaderError):
                    raise
                self.repeated += 1
                self.recover()
                if not self._is_there():
                    return

    def _is_there(self) -> bool:
        try:
            self._sums(START, 1, 1, _STARTED_S)
        except SerialError:
            return False
        return True

    def reset_chip(self) -> None:
        """Let the chip reset itself, so that its boot ROM listens again. If it does not hear, it does that alone."""
        try:
            self._ask(self._frame(_GO, AGAIN, 0, 0), 0)
        except SerialError as exc:
            _log.debug("the loader in RAM does not answer: %s", exc)
            self.line.clock.sleep(RESETS_ITSELF_S)


def sum_of(data: bytes) -> int:
    """Return the checksum of bytes as the chip sends it."""
    return zlib.crc32(data) ^ _INVERTED


def pieces(data: bytes, size: int) -> list[bytes]:
    """Return data in pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def _refused() -> RefusedByLoaderError:
    return RefusedByLoaderError(
        "the flash controller refused a write", hint="check the part name, the supply and the protection of the area"
    )


def not_written(address: int) -> ProgramError:
    """Return the error for a block that the flash controller refused."""
    return ProgramError(
        f"the flash controller refused the block at 0x{address:06X}, or the next one",
        address=address,
        details=[f"block 0x{address:06X} may be damaged"],
        hint="check the part name and the supply; UBC may protect the block",
    )

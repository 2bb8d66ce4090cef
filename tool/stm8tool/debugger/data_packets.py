"""The packets for registers, memory, flash and breakpoints: they move bytes, and the CPU stands still meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Optional

from ..image import Image, Segment
from ..image.segments import clipped, gaps
from . import packets, rsp
from .comparators import AccessKind
from .registers import GDB_SIZE, REGISTERS, Registers
from .target import Target

_WATCHES = {ord("2"): AccessKind.WRITE, ord("3"): AccessKind.READ, ord("4"): AccessKind.EITHER}
_KINDS = b"01234"  # of breakpoints; another one is not supported
_OK = b"OK"


class DataPackets:
    """Answers these packets for one client.

    Args:
        attached: Returns the chip; an error if it is not attached.
    """

    def __init__(self, attached: Callable[[], Target]) -> None:
        self._attached = attached
        self._flashed: Optional[Image] = None  # what vFlashWrite has brought so far
        self._erased: list[tuple[int, int]] = []  # what vFlashErase has named, as (start, end)

    def handlers(self) -> tuple[tuple[bytes, Callable[[bytes], bytes]], ...]:
        """Return what answers a packet, by its beginning."""
        return (
            (b"qCRC:", self._crc),
            (b"vFlashErase:", self._flash_erase),
            (b"vFlashWrite:", self._flash_write),
            (b"vFlashDone", self._flash_done),
            (b"g", self._all_registers),
            (b"G", self._set_all_registers),
            (b"p", self._register),
            (b"P", self._set_register),
            (b"m", self._read),
            (b"M", self._write_hex),
            (b"X", self._write_binary),
            *((b"Z%c" % kind, self._insert) for kind in _KINDS),
            *((b"z%c" % kind, self._remove) for kind in _KINDS),
        )

    # -- registers and memory -----------------------------------------------------------------------------------

    def _all_registers(self, _packet: bytes) -> bytes:
        return self._attached().registers.for_gdb().hex().encode()

    def _set_all_registers(self, packet: bytes) -> bytes:
        data = rsp.unhexed(packet[1:])
        if data is None or len(data) != GDB_SIZE:
            raise packets.MalformedError
        self._attached().registers = Registers.from_gdb(data)
        return _OK

    def _register(self, packet: bytes) -> bytes:
        number = packets.one(packet[1:])
        if number >= len(REGISTERS):
            raise packets.MalformedError
        return self._attached().registers[number].to_bytes(REGISTERS[number].size, "big").hex().encode()

    def _set_register(self, packet: bytes) -> bytes:
        name, _, value = packet[1:].partition(b"=")
        number, data = packets.one(name), rsp.unhexed(value)
        if number >= len(REGISTERS) or data is None or len(data) != REGISTERS[number].size:
            raise packets.MalformedError
        target = self._attached()
        target.registers = target.registers.with_value(number, int.from_bytes(data, "big"))
        return _OK

    def _read(self, packet: bytes) -> bytes:
        address, size = packets.two(packet[1:])
        return self._attached().read(address, min(size, rsp.PACKET_SIZE // 2)).hex().encode()

    def _write_hex(self, packet: bytes) -> bytes:
        where, _, digits = packet[1:].partition(b":")
        data = rsp.unhexed(digits)
        return self._write(where, data)

    def _write_binary(self, packet: bytes) -> bytes:
        where, _, data = packet[1:].partition(b":")
        return self._write(where, data)

    def _write(self, where: bytes, data: Optional[bytes]) -> bytes:
        address, size = packets.two(where)
        if data is None or len(data) != size:
            raise packets.MalformedError
        if data:
            self._attached().write(address, data)
        return _OK

    def _crc(self, packet: bytes) -> bytes:
        address, size = packets.two(packet.partition(b":")[2])
        target = self._attached()
        memories = target.part.readable
        if not any(memory.start <= address and address + size <= memory.end for memory in memories):
            raise packets.MalformedError
        return b"C%x" % packets.crc32(target.read(address, size))

    # -- flash --------------------------------------------------------------------------------------------------

    def _flash_erase(self, packet: bytes) -> bytes:
        """Note it only. Each block is erased when it is programmed, so bytes between the sections stay."""
        address, size = packets.two(packet.partition(b":")[2])
        flash = self._attached().part.flash
        if not flash.start <= address <= address + size <= flash.end:
            return b"E.memtype"
        self._flashed = self._flashed or Image()
        self._erased.append((address, address + size))
        return _OK

    def _flash_write(self, packet: bytes) -> bytes:
        where, colon, data = packet[len(b"vFlashWrite:") :].partition(b":")
        address = packets.one(where)
        flash = self._attached().part.flash
        if not colon or self._flashed is None:
            raise packets.MalformedError
        if not flash.start <= address <= address + len(data) <= flash.end:
            return b"E.memtype"
        self._flashed = self._flashed.overlaid(Image([Segment(address, data)]))
        return _OK

    def _flash_done(self, _packet: bytes) -> bytes:
        image, self._flashed = self._flashed, None
        erased, self._erased = self._erased, []
        if image is not None:
            image = self._with_blank_blocks(image, erased)
            if image.segments:
                self._attached().load(image)
        return _OK

    def _with_blank_blocks(self, image: Image, erased: Iterable[tuple[int, int]]) -> Image:
        """Add 0x00 for the erased bytes in blocks that get no byte, as by GDB's `flash-erase`."""
        part = self._attached().part
        flash, block = part.flash, part.block
        blank = Image()
        for start, end in erased:
            blank = blank.overlaid(Image([Segment(start, bytes(end - start))]))
        written = {
            at
            for segment in image.segments
            for at in range(segment.address - segment.address % block, segment.end, block)
        }
        others = gaps([Segment(at, bytes(block)) for at in sorted(written)], flash.start, flash.end)
        return Image([*image.segments, *clipped(blank.segments, others)])

    # -- breakpoints --------------------------------------------------------------------------------------------

    def _insert(self, packet: bytes) -> bytes:
        kind, address, size = packets.point(packet)
        target = self._attached()
        if kind in _WATCHES:
            target.set_watchpoint(_WATCHES[kind], address, max(1, size))
        else:
            target.set_breakpoint(address, hardware=kind == ord("1"))
        return _OK

    def _remove(self, packet: bytes) -> bytes:
        kind, address, size = packets.point(packet)
        target = self._attached()
        if kind in _WATCHES:
            target.clear_watchpoint(_WATCHES[kind], address, max(1, size))
        else:
            target.clear_breakpoint(address)
        return _OK

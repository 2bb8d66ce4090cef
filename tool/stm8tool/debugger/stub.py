"""The answers to GDB's packets: what each of them does to the chip. No sockets in here.

The replies have the forms of OpenOCD 0.12, which stm8-gdb knows, except where it answers wrongly or not at all: flash
is programmed by vFlash packets, an error has a sentence, a stop tells its watchpoint, and a detach lets the CPU run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import (
    LINK_ERRORS,
    Code,
    ConnectError,
    ImageError,
    SwimError,
    TargetError,
    ToolError,
    UsageError,
)
from ..image import Image, Segment
from ..sim.gap import SimGapError
from . import memory_map, rsp
from .comparators import Access
from .monitor_commands import Monitor
from .registers import GDB_SIZE, REGISTERS, Registers
from .stops import Reason, Stop
from .target import Target

if TYPE_CHECKING:
    from ..chip.running.program import Program

_log = logging.getLogger(__name__)

_SIGINT, _SIGTRAP = 2, 5
_WATCHES = {ord("2"): Access.WRITE, ord("3"): Access.READ, ord("4"): Access.EITHER}
_NAMES = {Access.WRITE: "watch", Access.READ: "rwatch", Access.EITHER: "awatch"}
_OK, _UNKNOWN = b"OK", b""
_STEPS = 16  # of a range step, between two looks at the client
_CRC_POLYNOMIAL = 0x04C11DB7
# Errors after which the server goes on: the client gets the sentence.
_TOLD = (TargetError, ImageError, UsageError, ConnectError)


class _MalformedError(Exception):
    """A packet makes no sense."""


class Settings(NamedTuple):
    """How the server treats a client.

    Attributes:
        reset: The chip is reset when a client comes.
        program: The program that the chip should hold.
    """

    reset: bool = False
    program: Optional[Program] = None


class Stub:
    """What one client after the other can do with the chip.

    Args:
        target: The chip.
        settings: How a client is treated.
        notice: Called with one line for the user.

    Attributes:
        is_running: The client waits for the program to stop.
        wants_acks: Each packet is acknowledged.
        has_ended: The client wants no more.
        is_interrupted: Asked during a range step; True ends it.
    """

    def __init__(self, target: Target, settings: Settings, notice: Callable[[str], None]) -> None:
        self._target = target
        self._settings = settings
        self._notice = notice
        self._monitor = Monitor(target)
        self.is_interrupted: Callable[[], bool] = lambda: False
        self._forget()

    def _forget(self) -> None:
        self.is_running = self.has_ended = False
        self.wants_acks = True
        self._last = Stop(Reason.REQUEST, 0)
        self._features: frozenset[bytes] = frozenset()
        self._why: Optional[ToolError] = None  # the chip could not be attached
        self._flashed: Optional[Image] = None  # what vFlashWrite has brought so far
        self._compared = False

    # -- begin and end of a client ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Halt the chip for a new client; a chip that cannot be halted is told, and the client may unlock or reset it.

        Raises:
            TransportError, ProbeError, AccessError: The probe failed.
        """
        self._forget()
        try:
            self._last = self._target.attach(reset=self._settings.reset)
        except (SwimError, TargetError) as exc:
            self._why = exc
            self._notice(told(exc))

    def end(self) -> None:
        """Let the program run on, without breakpoints; the client has gone."""
        self._target.detach()

    # -- packets ------------------------------------------------------------------------------------------------

    def answer(self, packet: bytes) -> Optional[bytes]:
        """Do what a packet asks for; return the body of the reply. None: it comes when the program stops, or never.

        Raises:
            TransportError, ProbeError, AccessError: The probe failed.
        """
        handler = self._handler(packet)
        if handler is None:
            return _UNKNOWN
        try:
            return handler(packet)
        except _MalformedError:
            return b"E01"
        except _TOLD as exc:
            return self._refused(exc)
        except LINK_ERRORS as exc:
            return self._refused(self._found_again(exc))
        except SimGapError as gap:
            return self._refused(TargetError(f"the simulator does not know this: {gap}", code=Code.DEBUG))

    def _refused(self, exc: ToolError) -> bytes:
        self._notice(told(exc))
        return rsp.failure(told(exc))

    def _found_again(self, exc: ToolError) -> ToolError:
        """Attach again to a chip whose link was lost while it was halted, by a reset perhaps."""
        if not self._target.is_attached:
            return exc
        try:
            stood_still = self._target.find_again()
        except (SwimError, TargetError) as later:
            _log.debug("the chip was lost: %s", later)
            return exc
        if stood_still:
            return exc
        self._last = self._target.halt()
        return TargetError(
            "the chip was reset: it is halted again, at another place",
            hint="its registers and its RAM may have changed",
            code=Code.DEBUG,
        )

    def _handler(self, packet: bytes) -> Optional[Callable[[bytes], Optional[bytes]]]:
        for prefix, handler in self._handlers():
            if packet.startswith(prefix):
                return handler
        return None

    def _handlers(self) -> tuple[tuple[bytes, Callable[[bytes], Optional[bytes]]], ...]:
        """Return what answers a packet, by its beginning; the first that fits counts."""
        return (
            (b"qSupported", self._supported),
            (b"QStartNoAckMode", self._no_acks),
            (b"qXfer:features:read:target.xml:", self._description),
            (b"qXfer:memory-map:read::", self._map),
            (b"qRcmd,", self._rcmd),
            (b"qCRC:", self._crc),
            (b"qAttached", lambda _packet: b"1"),
            (b"qfThreadInfo", lambda _packet: b"l"),
            (b"qsThreadInfo", lambda _packet: b"l"),
            (b"qC", lambda _packet: b"QC0"),
            (b"vCont?", lambda _packet: b"vCont;c;C;s;S;r"),
            (b"vCont;", self._vcont),
            (b"vFlashErase:", self._flash_erase),
            (b"vFlashWrite:", self._flash_write),
            (b"vFlashDone", self._flash_done),
            (b"vKill", self._kill),
            (b"vRun", self._run),
            (b"vAttach", self._why_stopped),
            (b"?", self._why_stopped),
            (b"!", lambda _packet: _OK),
            (b"H", lambda _packet: _OK),
            (b"T", lambda _packet: b"E01"),
            (b"g", self._all_registers),
            (b"G", self._set_all_registers),
            (b"p", self._register),
            (b"P", self._set_register),
            (b"m", self._read),
            (b"M", self._write_hex),
            (b"X", self._write_binary),
            (b"c", self._continue),
            (b"C", self._continue_with_signal),
            (b"s", self._step),
            (b"S", self._step_with_signal),
            (b"R", self._run),
            (b"Z", self._insert),
            (b"z", self._remove),
            (b"D", self._detach),
            (b"k", self._kill),
        )

    # -- about the server ---------------------------------------------------------------------------------------

    def _supported(self, packet: bytes) -> bytes:
        self._features = frozenset(packet.partition(b":")[2].split(b";"))
        return (
            f"PacketSize={rsp.PACKET_SIZE:x};qXfer:memory-map:read+;qXfer:features:read+;QStartNoAckMode+;"
            "vContSupported+;swbreak+;hwbreak+"
        ).encode()

    def _no_acks(self, _packet: bytes) -> bytes:
        self.wants_acks = False
        return _OK

    def _description(self, packet: bytes) -> bytes:
        return self._piece(memory_map.target_description(), packet)

    def _map(self, packet: bytes) -> bytes:
        return self._piece(memory_map.memory_map(self._target.part), packet)

    @staticmethod
    def _piece(document: bytes, packet: bytes) -> bytes:
        offset, length = _two(packet.rpartition(b":")[2])
        return memory_map.piece(document, offset, min(length, rsp.PACKET_SIZE - 1))

    def _rcmd(self, packet: bytes) -> bytes:
        line = rsp.unhexed(packet.partition(b",")[2])
        if line is None:
            raise _MalformedError
        text = self._monitor.run(line.decode("utf-8", "replace"))
        if self._target.is_attached:
            self._why = None
        shown = (text + "\n" if text else "").encode("utf-8", "replace")[: rsp.PACKET_SIZE // 2]
        return shown.hex().encode() or _OK

    # -- registers and memory -----------------------------------------------------------------------------------

    def _attached(self) -> Target:
        """Return the chip, if it is attached; else raise what happened when the client came."""
        if self._why is not None and not self._target.is_attached:
            raise self._why
        return self._target

    def _all_registers(self, _packet: bytes) -> bytes:
        return self._attached().registers.for_gdb().hex().encode()

    def _set_all_registers(self, packet: bytes) -> bytes:
        data = rsp.unhexed(packet[1:])
        if data is None or len(data) != GDB_SIZE:
            raise _MalformedError
        self._attached().registers = Registers.from_gdb(data)
        return _OK

    def _register(self, packet: bytes) -> bytes:
        number = _one(packet[1:])
        if number >= len(REGISTERS):
            raise _MalformedError
        return self._attached().registers[number].to_bytes(REGISTERS[number].size, "big").hex().encode()

    def _set_register(self, packet: bytes) -> bytes:
        name, _, value = packet[1:].partition(b"=")
        number, data = _one(name), rsp.unhexed(value)
        if number >= len(REGISTERS) or data is None or len(data) != REGISTERS[number].size:
            raise _MalformedError
        target = self._attached()
        target.registers = target.registers.with_value(number, int.from_bytes(data, "big"))
        return _OK

    def _read(self, packet: bytes) -> bytes:
        address, size = _two(packet[1:])
        return self._attached().read(address, min(size, rsp.PACKET_SIZE // 2)).hex().encode()

    def _write_hex(self, packet: bytes) -> bytes:
        where, _, digits = packet[1:].partition(b":")
        data = rsp.unhexed(digits)
        return self._write(where, data)

    def _write_binary(self, packet: bytes) -> bytes:
        where, _, data = packet[1:].partition(b":")
        return self._write(where, data)

    def _write(self, where: bytes, data: Optional[bytes]) -> bytes:
        address, size = _two(where)
        if data is None or len(data) != size:
            raise _MalformedError
        if data:
            self._attached().write(address, data)
        return _OK

    def _crc(self, packet: bytes) -> bytes:
        address, size = _two(packet.partition(b":")[2])
        target = self._attached()
        memories = target.part.readable
        if not any(memory.start <= address and address + size <= memory.end for memory in memories):
            raise _MalformedError
        return b"C%x" % _crc32(target.read(address, size))

    # -- flash --------------------------------------------------------------------------------------------------

    def _flash_erase(self, packet: bytes) -> bytes:
        """Note it only: each block is erased when it is programmed, and bytes between the sections stay."""
        address, size = _two(packet.partition(b":")[2])
        flash = self._attached().part.flash
        if not flash.start <= address <= address + size <= flash.end:
            return b"E.memtype"
        self._flashed = self._flashed or Image()
        return _OK

    def _flash_write(self, packet: bytes) -> bytes:
        where, colon, data = packet[len(b"vFlashWrite:") :].partition(b":")
        address = _one(where)
        flash = self._attached().part.flash
        if not colon or self._flashed is None:
            raise _MalformedError
        if not flash.start <= address <= address + len(data) <= flash.end:
            return b"E.memtype"
        self._flashed = self._flashed.overlaid(Image([Segment(address, data)]))
        return _OK

    def _flash_done(self, _packet: bytes) -> bytes:
        image, self._flashed = self._flashed, None
        if image is not None and image.segments:
            self._attached().load(image)
            self._last = Stop(Reason.RESET, self._target.registers.pc)
            self._compared = False
        return _OK

    # -- run control --------------------------------------------------------------------------------------------

    def _why_stopped(self, _packet: bytes) -> bytes:
        if not self._target.is_attached:
            return b"W00"  # GDB then has no process, but can still send `monitor` commands
        return b"S%02x" % _signal(self._last) if self._target.is_halted else b"S00"

    def _vcont(self, packet: bytes) -> Optional[bytes]:
        action = packet[len(b"vCont;") :].partition(b";")[0].partition(b":")[0]
        kind, rest = action[:1], action[1:]
        if kind in (b"c", b"C"):
            return self._go(None)
        if kind in (b"s", b"S"):
            return self._go_step(None)
        if kind == b"r":
            return self._go_step(_two(rest))
        return _UNKNOWN

    def _continue(self, packet: bytes) -> Optional[bytes]:
        return self._go(packet[1:])

    def _continue_with_signal(self, packet: bytes) -> Optional[bytes]:
        return self._go(packet.partition(b";")[2])

    def _step(self, packet: bytes) -> Optional[bytes]:
        self._move_to(packet[1:])
        return self._go_step(None)

    def _step_with_signal(self, packet: bytes) -> Optional[bytes]:
        self._move_to(packet.partition(b";")[2])
        return self._go_step(None)

    def _move_to(self, text: Optional[bytes]) -> None:
        if text:
            target = self._attached()
            target.registers = target.registers._replace(pc=_one(text) & 0xFFFFFF)

    def _go(self, address: Optional[bytes]) -> Optional[bytes]:
        target = self._attached()
        self._move_to(address)
        self._compare()
        if target.is_halted:
            target.resume()
        self.is_running = True  # a stop that came at once is seen by the next look
        return None

    def _go_step(self, within: Optional[tuple[int, int]]) -> Optional[bytes]:
        target = self._attached()
        self._compare()
        if not target.is_halted:
            self.is_running = True
            return None
        stop = target.step() if within is None else target.step_range(*within, self._goes_on)
        if stop is None:
            self.is_running = True
            return None
        return self._stop_reply(stop)

    def _goes_on(self) -> bool:
        """Look now and then whether the client ends a range step."""
        self._steps = (getattr(self, "_steps", 0) + 1) % _STEPS
        return bool(self._steps) or not self.is_interrupted()

    def _compare(self) -> None:
        """Tell once if the chip holds another program than the client believes."""
        program = self._settings.program
        if program is None or self._compared or not self._target.is_halted:
            return
        self._compared = True
        try:
            program.require_in(self._target.link, self._target.part, set())
        except TargetError as exc:
            self._notice(told(exc))

    def poll(self) -> Optional[bytes]:
        """Look at the running program; return the stop reply, if it has stopped.

        Raises:
            TransportError, ProbeError, AccessError: The probe failed.
        """
        try:
            stop = self._target.poll()
        except _TOLD as exc:
            self.is_running = False
            return self._refused(exc)
        except SimGapError as gap:
            self.is_running = False
            return self._refused(TargetError(f"the simulator does not know this: {gap}", code=Code.DEBUG))
        return None if stop is None else self._stop_reply(stop)

    def interrupt(self) -> Optional[bytes]:
        """Stop the program, because the client sent Ctrl-C; return the stop reply, or None if it comes later."""
        if not self.is_running:
            return None
        stop = self._target.halt_soon()
        return None if stop is None else self._stop_reply(stop)

    def _stop_reply(self, stop: Stop) -> bytes:
        self._last = stop
        self.is_running = False
        more = ""
        condition = stop.condition
        if stop.reason is Reason.WATCH and condition is not None and condition.access in _NAMES:
            more = f"{_NAMES[condition.access]}:{condition.first:x};"
        elif stop.reason is Reason.HARDWARE and b"hwbreak+" in self._features:
            more = "hwbreak:;"
        elif stop.reason is Reason.SOFTWARE and b"swbreak+" in self._features:
            more = "swbreak:;"
        return f"T{_signal(stop):02x}{more}".encode()

    def _run(self, _packet: bytes) -> bytes:
        """Begin the program again: it is halted before its first instruction."""
        self._last = self._attached().reset()
        return b"S%02x" % _signal(self._last)

    def _detach(self, _packet: bytes) -> bytes:
        self._target.detach()
        self.has_ended = True
        return _OK

    def _kill(self, packet: bytes) -> Optional[bytes]:
        """Let the program run: a chip cannot be killed."""
        self._target.detach()
        self.has_ended = True
        return _OK if packet.startswith(b"v") else None

    # -- breakpoints --------------------------------------------------------------------------------------------

    def _insert(self, packet: bytes) -> bytes:
        kind, address, size = _point(packet)
        target = self._attached()
        if kind in _WATCHES:
            target.set_watchpoint(_WATCHES[kind], address, max(1, size))
        else:
            target.set_breakpoint(address, hardware=kind == ord("1"))
        return _OK

    def _remove(self, packet: bytes) -> bytes:
        kind, address, size = _point(packet)
        target = self._attached()
        if kind in _WATCHES:
            target.clear_watchpoint(_WATCHES[kind], address, max(1, size))
        else:
            target.clear_breakpoint(address)
        return _OK


def told(exc: ToolError) -> str:
    """Return an error in one line: the sentence, the hint, the code."""
    hint = f" (hint: {exc.hint})" if exc.hint else ""
    return f"{exc}{hint} {exc.code}"


def _signal(stop: Stop) -> int:
    return _SIGINT if stop.reason in (Reason.REQUEST, Reason.RESET) else _SIGTRAP


def _one(text: bytes) -> int:
    value = rsp.number(text)
    if value is None:
        raise _MalformedError
    return value


def _two(text: bytes) -> tuple[int, int]:
    values = rsp.numbers(text)
    if values is None:
        raise _MalformedError
    return values


def _point(packet: bytes) -> tuple[int, int, int]:
    """Return the kind, the address and the size in a packet of a breakpoint."""
    kind, _, rest = packet[1:].partition(b",")
    if len(kind) != 1 or kind not in b"01234":
        raise _MalformedError
    return (kind[0], *_two(rest.partition(b";")[0]))


def _crc32(data: bytes) -> int:
    """Return the checksum that GDB uses: not reflected, and not inverted at the end."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = value << 1 ^ (_CRC_POLYNOMIAL if value & 0x80000000 else 0)
            value &= 0xFFFFFFFF
    return value

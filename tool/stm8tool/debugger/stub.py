"""The answers to GDB's packets: what each of them does to the chip. No sockets in here.

The replies have the forms of OpenOCD 0.12, which stm8-gdb knows. Four things are different. Flash is programmed by
vFlash packets, an error has a sentence, a stop tells its watchpoint, and a detach lets the CPU run.
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
    TargetError,
    ToolError,
    UsageError,
)
from ..sim.gap import SimGapError
from ..words import COMMAND_LINE
from . import memory_map, packets, rsp
from .comparators import AccessKind
from .data_packets import DataPackets
from .monitor_commands import Monitor
from .stops import Reason, Stop
from .target import Target, not_attached, not_simulated

if TYPE_CHECKING:
    from ..chip.running.program import Program

_log = logging.getLogger(__name__)

_SIGINT, _SIGTRAP = 2, 5
_NAMES = {AccessKind.WRITE: "watch", AccessKind.READ: "rwatch", AccessKind.EITHER: "awatch"}
_OK, _UNKNOWN = b"OK", b""
_NO_MEMORY = b"E0E"  # the number of OpenOCD; in the reply to `m` an older GDB takes a sentence for wrong digits
_NO_ANNEX = b"E00"
_STEPS = 16  # of a range step, between two looks at the client
# Errors after which the server goes on: the client gets the sentence.
_TOLD = (TargetError, ImageError, UsageError, ConnectError)


class Settings(NamedTuple):
    """How the server treats a client.

    Attributes:
        reset: The chip is reset when a client comes.
        program: The program that the chip should hold.
    """

    reset: bool = False
    program: Optional[Program] = None


class Stub:
    """The chip as one client after the other uses it.

    Args:
        target: The chip.
        settings: How a client is treated.
        notice: Called with one line for the user.

    Attributes:
        is_running: The client waits for the program to stop.
        wants_acks: Each packet is acknowledged.
        has_ended: The client wants no more, and does not stay.
        is_interrupted: Asked during a range step; True ends it.
        said: Lines for the client that go before the next reply.
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
        self.said: list[str] = []
        self.wants_acks = True
        self._features: frozenset[bytes] = frozenset()
        self._why: Optional[ToolError] = None  # the chip could not be attached
        self._data = DataPackets(self._attached)
        self._compared = False
        self._steps = 0
        self._stays = False  # the client stays connected after a detach or a kill

    # -- begin and end of a client ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Halt the chip for a new client; a chip that cannot be halted is told, and the client may unlock or reset it.

        Raises:
            TransportError, ProbeError, AccessError: The probe failed.
        """
        self._forget()
        try:
            self._target.attach(reset=self._settings.reset)
        except (*LINK_ERRORS, TargetError) as exc:
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
        except packets.MalformedError:
            return b"E01"
        except _TOLD as exc:
            reply = self._refused(exc)
        except LINK_ERRORS as exc:
            reply = self._refused(self._found_again(exc))
        except SimGapError as gap:
            reply = self._refused(not_simulated(gap))
        takes_a_sentence = b"error-message+" in self._features or not packet.startswith(b"m")
        return reply if takes_a_sentence else _NO_MEMORY

    def _refused(self, exc: ToolError) -> bytes:
        self._notice(told(exc))
        return rsp.failure(told(exc))

    def _found_again(self, exc: ToolError) -> ToolError:
        """Attach again to a chip whose link was lost while it was halted, by a reset perhaps."""
        if not self._target.is_attached:
            return exc
        if self._target.is_asleep:
            return TargetError(
                "the chip sleeps in HALT, so its memory cannot be reached",
                code=Code.TARGET_SILENT,
                hint="let the debugger reset it (`monitor reset halt` in GDB), or wait until its program wakes up",
            )
        try:
            stood_still = self._target.find_again()
        except (*LINK_ERRORS, TargetError) as later:
            _log.debug("the chip was lost: %s", later)
            return exc
        if stood_still:
            return exc
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
            *self._data.handlers(),
            (b"qSupported", self._supported),
            (b"QStartNoAckMode", self._no_acks),
            (b"qXfer:features:read:target.xml:", self._description),
            (b"qXfer:features:read:", lambda _packet: _NO_ANNEX),
            (b"qXfer:memory-map:read::", self._map),
            (b"qXfer:memory-map:read:", lambda _packet: _NO_ANNEX),
            (b"qRcmd,", self._rcmd),
            (b"qAttached", lambda _packet: b"1"),
            (b"qfThreadInfo", lambda _packet: b"l"),
            (b"qsThreadInfo", lambda _packet: b"l"),
            (b"qC", lambda _packet: b"QC0"),
            (b"vCont?", lambda _packet: b"vCont;c;C;s;S;r"),
            (b"vCont;", self._vcont),
            (b"vKill", self._kill),
            (b"vRun", self._run),
            (b"vAttach", self._attach),
            (b"?", self._why_stopped),
            (b"!", self._stay),
            (b"H", lambda _packet: _OK),
            (b"T", lambda _packet: b"E01"),
            (b"c", self._continue),
            (b"C", self._continue_with_signal),
            (b"s", self._step),
            (b"S", self._step_with_signal),
            (b"R", self._restart),
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
        offset, length = packets.two(packet.rpartition(b":")[2])
        return memory_map.piece(document, offset, min(length, rsp.PACKET_SIZE - 1))

    def _rcmd(self, packet: bytes) -> bytes:
        line = rsp.unhexed(packet.partition(b",")[2])
        if line is None:
            raise packets.MalformedError
        try:
            text = self._monitor.run(line.decode("utf-8", "replace"))
        except (*LINK_ERRORS, *_TOLD) as exc:  # GDB shows no sentence in the reply to this packet
            shown = told(self._found_again(exc) if isinstance(exc, LINK_ERRORS) else exc)
            self._notice(shown)
            if not self.is_running:  # else it was told just now
                self.said.append(shown)
            return b"E01"
        if self._target.is_attached:
            self._why = None
        reply = (text + "\n" if text else "").encode("utf-8", "replace")[: rsp.PACKET_SIZE // 2]
        return reply.hex().encode() or _OK

    # -- run control -------------------------------------------------------------------------------------------

    def _attached(self) -> Target:
        """Return the chip, if it is attached; else raise what happened when the client came, or that it was let go."""
        if not self._target.is_attached:
            raise self._why or not_attached()
        return self._target

    def _why_stopped(self, _packet: bytes) -> bytes:
        if not self._target.is_attached:
            return b"W00"  # GDB then has no process, but can still send `monitor` commands
        return b"S%02x" % _signal(self._target.halt()) if self._target.is_halted else b"S00"

    def _vcont(self, packet: bytes) -> Optional[bytes]:
        action = packet[len(b"vCont;") :].partition(b";")[0].partition(b":")[0]
        kind, rest = action[:1], action[1:]
        if kind in (b"c", b"C"):
            return self._go(None)
        if kind in (b"s", b"S"):
            return self._go_step(None)
        if kind == b"r":
            return self._go_step(packets.two(rest))
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
            target.registers = target.registers._replace(pc=packets.one(text) & 0xFFFFFF)

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
        self._steps = (self._steps + 1) % _STEPS
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
        except (*LINK_ERRORS, *_TOLD) as exc:
            self.is_running = False
            return self._refused(exc)
        except SimGapError as gap:
            self.is_running = False
            return self._refused(not_simulated(gap))
        return None if stop is None else self._stop_reply(stop)

    def interrupt(self) -> Optional[bytes]:
        """Stop the program, because the client sent Ctrl-C; return the stop reply, or None if it comes later."""
        if not self.is_running:
            return None
        stop = self._target.halt_soon()
        return None if stop is None else self._stop_reply(stop)

    def _stop_reply(self, stop: Stop) -> bytes:
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

    # -- begin and end of the program ---------------------------------------------------------------------------

    def _stay(self, _packet: bytes) -> bytes:
        """Keep the connection when the program is let go: GDB's `run` kills the program and begins it again."""
        self._stays = True
        return _OK

    def _run(self, _packet: bytes) -> bytes:
        """Begin the program again: it is halted before its first instruction."""
        target = self._target
        stop = target.reset() if target.is_attached else target.attach(reset=True)
        self._why = None
        return b"S%02x" % _signal(stop)

    def _restart(self, packet: bytes) -> None:
        """Begin the program again; the manual of GDB has no reply to this packet."""
        self._run(packet)

    def _attach(self, packet: bytes) -> bytes:
        if not self._target.is_attached:
            self._target.attach()
            self._why = None
        return self._why_stopped(packet)

    def _detach(self, _packet: bytes) -> bytes:
        self._let_go()
        return _OK

    def _kill(self, packet: bytes) -> Optional[bytes]:
        """Let the program run: a chip cannot be killed."""
        self._let_go()
        return _OK if packet.startswith(b"v") else None

    def _let_go(self) -> None:
        self._target.detach()
        self.is_running = False
        self.has_ended = not self._stays


def told(exc: ToolError) -> str:
    """Return an error in one line: the sentence, the hint, the code."""
    advice = exc.hint_in(COMMAND_LINE)
    hint = f" (hint: {advice})" if advice else ""
    return f"{exc}{hint} {exc.code}"


def _signal(stop: Stop) -> int:
    return _SIGINT if stop.reason in (Reason.REQUEST, Reason.RESET) else _SIGTRAP

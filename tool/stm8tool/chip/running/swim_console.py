"""The console of a running program: text out of one ring in RAM, and text into another one.

    with SwimConsole(link, part) as console:
        while True:
            show(console.read())
            console.write(typed)

A reset of the chip, a new program or a lost link does not end it: `read` attaches again, and tells it by `notice`. An
upload does not end it, either: `read` lends the probe to the command that asks for it, see `lending.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Optional

from ...errors import LINK_ERRORS, Code, ConnectError, LinkFault, SwimError, TargetError, ToolError
from ...parts.table import Part
from ...probe.base import SwimLink
from ...support.clock import Clock
from ...support.handover import Offer
from ...support.interrupts import shield
from ...words import Hint
from . import attach, rings
from .lending import Lender, Turn
from .program import Program
from .rings import HEADER, IN_MAGIC, IN_SYMBOL, OUT_MAGIC, OUT_SYMBOL, Header, Ring

_log = logging.getLogger(__name__)

_BLINKS = 3  # reads that find no ring, before it is looked for again: the chip may be starting
_AGAIN_S = 0.05  # between two tries to attach
_PATIENCE_S = 30.0  # how long a chip that answered before may stay silent
_ENTRY_S = 1.0  # how long the first attaching may fail
_START_S = 0.25  # how long a program may take from its reset to its first ring
_NO_CONSOLE_ANY_MORE = "the program shows no console in its RAM any more; waiting for it"


class SwimConsole:
    """The two rings of a chip whose program runs.

    Args:
        link: An open probe.
        part: The chip.
        program: The program that should run; without it the rings are looked for in RAM.
        notice: Called with one line for the user, such as "the chip was reset".
        reload: Returns the program after another command has used the probe: that may have been an upload.
        offer: What other commands ask for the probe by.
    """

    def __init__(
        self,
        link: SwimLink,
        part: Part,
        program: Optional[Program] = None,
        notice: Callable[[str], None] = lambda text: None,
        reload: Optional[Callable[[], Program]] = None,
        offer: Optional[Offer] = None,
    ) -> None:
        self._link = link
        self._part = part
        self._program = program
        self._notice = notice
        self._reload = reload
        self._lender = Lender(link, offer, notice)
        self._ran = False  # the CPU was seen to run: if it is stalled later, a reset in the middle of an entry did that
        self._compared: set[int] = set()  # where the flash was seen to hold the program
        self._out: Optional[Ring] = None
        self._in: Optional[Ring] = None
        self._old: set[int] = set()  # the rings of the program before: RAM may still hold them
        self._tail = 0  # of `out`, as this console wrote it last
        self._unsure: Optional[int] = None  # the tail that the chip may still have: the link was lost at the write
        self._dropped = 0
        self._full = False  # the last read found much: the next one reads header and data at once
        self._blinks = 0
        self._silent_since: Optional[float] = None
        self._is_waiting = False  # the user was told that the chip does not answer, or shows no console

    def __enter__(self) -> SwimConsole:
        """Attach and find the rings.

        Raises:
            ConnectError: The running chip does not answer.
            TargetError: Another program runs, it has no console, or its CPU is stopped.
        """
        try:
            self._enter()
        except BaseException:
            self._leave()
            raise
        return self

    def _enter(self, *, again: bool = False) -> None:
        clock = self._link.clock
        end = clock.now() + _ENTRY_S
        while True:  # a program that resets itself again and again ends SWIM each time
            try:
                attach.attach(self._link)
                if self._ran:
                    attach.let_run(self._link)
                self._begin(again=again)
                return
            except ConnectError:
                if clock.now() > end:
                    raise
            except LINK_ERRORS as exc:
                if isinstance(exc, SwimError) and exc.fault is LinkFault.REFUSED:
                    raise TargetError(
                        "the chip does not let its memory be read: it is read-protected, or it sleeps in HALT",
                        code=Code.NO_CONSOLE,
                        hint=Hint("a read-protected chip shows no console: {unlock} erases it and opens it"),
                    ) from exc
                if clock.now() > end:
                    raise
            clock.sleep(_AGAIN_S)

    def _begin(self, *, again: bool) -> None:
        if attach.is_stalled(self._link):
            raise TargetError(
                "the CPU of the chip is stopped, so its program does not run",
                code=Code.NO_CONSOLE,
                hint=Hint("let it run first: {reset}"),
            )
        self._ran = True
        if self._program is not None:
            self._require_program(self._program, again=again)
        end = self._link.clock.now() + _START_S
        while not self._locate():
            if self._link.clock.now() > end:
                if again:
                    self._tell_wait(_NO_CONSOLE_ANY_MORE)
                    return
                raise self._nothing_found()
            self._link.clock.sleep(_AGAIN_S)

    def _require_program(self, program: Program, *, again: bool) -> None:
        try:
            program.require_in(self._link, self._part, self._compared)
        except TargetError as exc:
            if not again:
                raise
            self._notice(f"{exc}; its console is looked for in RAM")
            self._program = None

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Detach; the program runs on."""
        if not self._lender.is_away:
            self._leave()

    def _leave(self) -> None:
        if self._ran:
            with shield(), suppress(ToolError):  # a chip that does not answer was not stalled by this console
                if self._silent_since is not None:  # something may have ended an entry in its middle
                    attach.attach(self._link)
                attach.let_run(self._link)
        attach.detach(self._link)

    # -- the two directions ---------------------------------------------------------------------------------

    def read(self) -> bytes:
        """Return what the program has written since the last call; it may be nothing.

        Raises:
            ConnectError: The chip stayed silent for half a minute.
            TransportError, ProbeError: The probe failed.
        """
        if not self.give_way():
            return b""
        try:
            return self._drain() if self._is_attached() else b""
        except ConnectError:
            raise
        except LINK_ERRORS as exc:
            self._lose(exc)
            return b""

    def write(self, data: bytes) -> int:
        """Give the program as many bytes of `data` as have room in its ring now; return how many."""
        if self._in is None or self._silent_since is not None or self._lender.is_away or not data:
            return 0
        try:
            return self._fill(self._in, data)
        except LINK_ERRORS as exc:
            self._lose(exc)
            return 0

    def give_way(self) -> bool:
        """Lend the probe if another command needs it; tell whether it is here. `read` does this, too.

        Raises:
            AccessError, TransportError, ProbeError: The probe cannot be taken back.
            TargetError: The chip is read-protected now, or its CPU is stopped.
        """
        turn = self._lender.look(self._leave)
        if turn is Turn.BACK:
            self._come_back()
        return turn is not Turn.AWAY

    def _come_back(self) -> None:
        """Attach to a chip that another command has used. It may hold another program, or another build of this one."""
        self._ran = self._full = self._is_waiting = False
        self._old = {ring.address for ring in (self._out, self._in) if ring is not None}
        self._out = self._in = self._silent_since = None
        self._blinks = 0
        self._compared.clear()
        try:
            self._program = self._reload() if self._reload else self._program
        except ToolError as exc:
            self._notice(f"{exc}; the console is looked for in RAM")
            self._program = None
        try:
            self._enter(again=True)
        except LINK_ERRORS as exc:
            self._lose(exc)

    def _lose(self, exc: ToolError) -> None:
        _log.debug("the console lost the chip: %s", exc)
        if self._silent_since is None:
            self._silent_since = self._link.clock.now()

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""
        return self._link.clock

    @property
    def takes_input(self) -> bool:
        """True if the program has a ring for input."""
        return self._in is not None

    def _drain(self) -> bytes:
        ring = self._out
        if ring is None:
            if self._locate():
                self._tell_back("the program shows its console again")
            return b""
        size = HEADER + ring.size * self._full
        memory = self._link.rotf(ring.address, size)
        raw = rings.header_of(memory, OUT_MAGIC, ring)
        if raw is not None and not self._continues(raw, ring):  # a reset, or a wrong bit: read it again
            memory = self._link.rotf(ring.address, HEADER)
            raw = rings.header_of(memory, OUT_MAGIC, ring)
        if raw is None:
            self._blink()
            return b""
        self._blinks = 0
        header = self._restarted(raw, ring)
        self._tell_dropped(header.dropped)
        if not header.waiting:
            self._full = False
            if raw.tail != header.tail:
                self._acknowledge(ring, raw, header.tail)
            return b""
        if len(memory) == HEADER:
            memory += self._link.rotf(ring.data, ring.size)
        self._full = header.waiting > ring.size // 4
        found = rings.taken(memory[HEADER:], header)
        self._acknowledge(ring, raw, header.head)
        return found

    def _acknowledge(self, ring: Ring, seen: Header, tail: int) -> None:
        """Tell the program how far its text was read."""
        self._tail = tail
        try:
            self._link.wotf(ring.address + rings.TAIL, bytes([tail]))
            self._unsure = None
        except LINK_ERRORS as exc:  # the bytes are good; whether the chip knows that they were read is not known
            self._unsure = seen.tail
            self._lose(exc)

    def _continues(self, header: Header, ring: Ring) -> bool:
        """Tell whether the counters follow those of the last read."""
        read = self._tail - header.tail & 0xFF
        return read <= header.waiting <= ring.capacity and (not read or header.tail == self._unsure)

    def _restarted(self, header: Header, ring: Ring) -> Header:
        """Return counters that make sense. Those of a chip that was reset begin at 0 again."""
        if self._continues(header, ring):
            return header._replace(tail=self._tail)
        self._notice("the chip was reset")
        self._dropped = 0
        # The start code has set both to 0. This console may have written its tail after that.
        fresh = header._replace(tail=0)
        return fresh if fresh.waiting <= ring.capacity else header._replace(tail=header.head)

    def _tell_dropped(self, count: int) -> None:
        lost = count - self._dropped & 0xFF
        self._dropped = count
        if lost:
            self._notice(f"the ring was full: the program dropped {lost} bytes, or {lost} and a multiple of 256")

    def _fill(self, ring: Ring, data: bytes) -> int:
        header = rings.header_of(self._link.rotf(ring.address, HEADER), IN_MAGIC, ring)
        if header is None or header.waiting > ring.capacity:
            return 0
        piece = data[: ring.capacity - header.waiting]
        at = header.head & ring.size - 1
        first = piece[: ring.size - at]
        if piece:
            self._link.wotf(ring.data + at, first)
            if piece[len(first) :]:
                self._link.wotf(ring.data, piece[len(first) :])
            self._link.wotf(ring.address + rings.HEAD, bytes([header.head + len(piece) & 0xFF]))
        return len(piece)

    # -- resets and other programs --------------------------------------------------------------------------

    def _blink(self) -> None:
        self._blinks += 1
        if self._blinks >= _BLINKS:
            self._blinks = 0
            self._out = self._in = None
            if not self._locate():
                self._tell_wait(_NO_CONSOLE_ANY_MORE)

    def _is_attached(self) -> bool:
        """Attach again if the chip was lost; False if it is still silent, ConnectError if it is so for too long."""
        if self._silent_since is None:
            return True
        clock = self._link.clock
        try:
            attach.attach(self._link)
            attach.let_run(self._link)
            if self._program is not None:  # nothing is read if all of it was compared before
                self._require_program(self._program, again=True)
        except ConnectError:
            if clock.now() - self._silent_since > _PATIENCE_S:
                raise
            self._tell_wait("the chip does not answer; trying again")
            clock.sleep(_AGAIN_S)
            return False
        self._silent_since = None
        self._tell_back("the chip answers again")
        return True

    def _tell_wait(self, text: str) -> None:
        if not self._is_waiting:
            self._notice(text)
        self._is_waiting = True

    def _tell_back(self, text: str) -> None:
        if self._is_waiting:
            self._notice(text)
        self._is_waiting = False

    def _locate(self) -> bool:
        """Find the rings; True if there is one for output."""
        outs, ins = self._found(OUT_MAGIC, OUT_SYMBOL), self._found(IN_MAGIC, IN_SYMBOL)
        if len(outs) > 1:
            raise TargetError(
                f"the RAM holds {len(outs)} rings, perhaps one of an earlier program",
                code=Code.NO_CONSOLE,
                hint="give the program's ELF, which says where its ring is",
            )
        self._out = outs[0] if outs else None
        self._in = ins[0] if len(ins) == 1 else None
        if self._out is None:
            return False
        header = rings.header_of(self._link.rotf(self._out.address, HEADER), OUT_MAGIC, self._out)
        self._tail, self._dropped, self._unsure = (header.tail, header.dropped, None) if header else (0, 0, None)
        if header and header.waiting == self._out.capacity:
            self._dropped = 0  # it is full, so what was dropped follows its text: the next read tells it
        return True

    def _found(self, magic: bytes, symbol: str) -> list[Ring]:
        ram = self._part.ram
        symbols = self._program.symbols if self._program else None
        if symbols is None:
            found = rings.find(self._link.rotf(ram.start, ram.size), ram.start, magic)
            return [ring for ring in found if ring.address not in self._old] or found
        address = symbols.get(symbol)
        if address is None or not ram.start <= address <= ram.end - HEADER:
            return []
        size = min(HEADER + 256, ram.end - address)
        return [ring for ring in rings.find(self._link.rotf(address, size), address, magic) if ring.address == address]

    def _nothing_found(self) -> TargetError:
        program = self._program
        if program is not None and program.symbols is not None and OUT_SYMBOL not in program.symbols:
            return TargetError(
                f"{program.name} has no console: its program uses no function of swim_console.h",
                code=Code.NO_CONSOLE,
                hint="call swim_puts or swim_putchar, build and upload it",
            )
        return TargetError(
            "the running program shows no console in its RAM",
            code=Code.NO_CONSOLE,
            hint="upload a program that uses swim_console.h; the ELF must be that of the program in the chip",
        )

"""The console of a running program: text out of one ring in RAM, and text into another one.

    with SwimConsole(link, part) as console:
        while True:
            show(console.read())
            console.write(typed)

A reset of the chip, a new program or a lost link does not end it: `read` attaches again, and tells it by `notice`. An
upload does not end it, either: `read` lends the probe to the command that asks for it, see `lending.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Optional

from ...errors import LINK_ERRORS, Code, ConnectError, TargetError, ToolError
from ...parts.table import Part
from ...probe.base import SwimLink
from ...support.clock import Clock
from ...support.handover import Offer
from . import rings
from .attachment import AGAIN_S, Attachment
from .lending import Turn
from .program import Program
from .rings import HEADER, IN_MAGIC, IN_SYMBOL, OUT_MAGIC, OUT_SYMBOL, Header, Ring

_BLINKS = 3  # reads that find no ring, before it is looked for again: the chip may be starting
_START_S = 0.25  # how long a program may take from its reset to its first ring
_DROPPED_EVERY_S = 1.0  # between two notices of dropped bytes; our choice
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

    Attributes:
        doubtful: How many bytes of text were in RAM at the begin, and may be of an earlier program: an upload does not
            change them. 0 if the ELF of the program says where its ring is.
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
        self._attachment = Attachment(link, part, notice, Code.NO_CONSOLE, offer)
        self._compared: set[int] = set()  # where the flash was seen to hold the program
        self._out: Optional[Ring] = None
        self._in: Optional[Ring] = None
        self._old: set[int] = set()  # the rings of the program before: RAM may still hold them
        self._tail = 0  # of `out`, as this console wrote it last
        self._unsure: Optional[int] = None  # the tail that the chip may still have: the link was lost at the write
        self._dropped = 0
        self._untold = 0  # dropped bytes that the user was not told of yet
        self._lost = 0  # dropped bytes in all
        self._told_dropped_at: Optional[float] = None
        self.doubtful = 0
        self._waiting = 0  # bytes in the ring, when it was found
        self._full = False  # the last read found much: the next one reads header and data at once
        self._blinks = 0

    def __enter__(self) -> SwimConsole:
        """Attach and find the rings.

        Raises:
            ConnectError: The running chip does not answer.
            TargetError: Another program runs, it has no console, or its CPU is stopped.
        """
        try:
            self._attachment.enter(self._begin)
        except BaseException:
            self._attachment.leave()
            raise
        return self

    def _begin(self) -> None:
        if self._program is not None:
            self._program.require_in(self._link, self._part, self._compared)
        if not self._appears():
            raise self._nothing_found()
        if self._program is None or self._program.symbols is None:
            self.doubtful = self._waiting

    def _begin_again(self) -> None:
        """Do what `_begin` does, but tell and go on where a program without a console, or another one, runs."""
        self._require_program()
        if not self._appears():
            self._attachment.tell_wait(_NO_CONSOLE_ANY_MORE)

    def _require_program(self) -> None:
        """Forget the program if it is not in the chip. Nothing is read if all of it was compared before."""
        if self._program is not None:
            try:
                self._program.require_in(self._link, self._part, self._compared)
            except TargetError as exc:
                self._notice(f"{exc}; its console is looked for in RAM")
                self._program = None

    def _appears(self) -> bool:
        """Find the rings; the program may still be starting."""
        end = self._link.clock.now() + _START_S
        while not self._locate():
            if self._link.clock.now() > end:
                return False
            self._link.clock.sleep(AGAIN_S)
        return True

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Detach; the program runs on."""
        self._attachment.leave()
        if self._untold:
            self._tell_untold()

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
            if not self._attachment.is_attached():
                return b""
            self._require_program()
            return self._drain()
        except ConnectError:
            raise
        except LINK_ERRORS as exc:
            self._attachment.lose(exc)
            return b""

    def write(self, data: bytes) -> int:
        """Give the program as many bytes of `data` as have room in its ring now; return how many."""
        if self._in is None or self._attachment.is_lost or self._attachment.is_away or not data:
            return 0
        try:
            return self._fill(self._in, data)
        except LINK_ERRORS as exc:
            self._attachment.lose(exc)
            return 0

    def give_way(self) -> bool:
        """Lend the probe if another command needs it; tell whether it is here. `read` does this, too.

        Raises:
            AccessError, TransportError, ProbeError: The probe cannot be taken back.
            TargetError: The chip is read-protected now, or its CPU is stopped.
        """
        turn = self._attachment.look()
        if turn is Turn.BACK:
            self._come_back()
        return turn is not Turn.AWAY

    def _come_back(self) -> None:
        """Attach to a chip that another command has used. It may hold another program, or another build of this one."""
        self._old = {ring.address for ring in (self._out, self._in) if ring is not None}
        self._out = self._in = None
        self._full = False
        self._blinks = 0
        self._compared.clear()
        try:
            self._program = self._reload() if self._reload else self._program
        except ToolError as exc:
            self._notice(f"{exc}; the console is looked for in RAM")
            self._program = None
        try:
            self._attachment.enter(self._begin_again)
        except LINK_ERRORS as exc:
            self._attachment.lose(exc)

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""
        return self._link.clock

    @property
    def lost(self) -> int:
        """How many bytes the program dropped because its ring was full; there may be multiples of 256 more."""
        return self._lost

    @property
    def takes_input(self) -> bool:
        """True if the program has a ring for input."""
        return self._in is not None

    def _drain(self) -> bytes:
        ring = self._out
        if ring is None:
            if self._locate():
                self._attachment.tell_back("the program shows its console again")
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
            self._attachment.lose(exc)

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
        self._untold += lost
        self._lost += lost
        told_at = self._told_dropped_at
        if self._untold and (told_at is None or self._link.clock.now() - told_at >= _DROPPED_EVERY_S):
            self._tell_untold()

    def _tell_untold(self) -> None:
        lost, self._untold = self._untold, 0
        is_first = self._told_dropped_at is None
        advice = "; a larger SWIM_CONSOLE_OUT_SIZE loses less, see docs/console.md" if is_first else ""
        self._told_dropped_at = self._link.clock.now()
        dropped = f"the program dropped {lost} bytes, or {lost} and a multiple of 256"
        self._notice(f"the ring was full: {dropped}{advice} {Code.RING_FULL}")

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
                self._attachment.tell_wait(_NO_CONSOLE_ANY_MORE)

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
        self._waiting = header.waiting if header else 0
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
        ring = rings.ring_at(address, self._link.rotf(address, HEADER), ram.end, magic)
        return [] if ring is None else [ring]

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

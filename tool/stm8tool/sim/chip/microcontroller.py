"""The simulated STM8: a chip, and SWIM as the probe sees it.

Source: UM0470 (entry, frames, SWIM_CSR, SRST). If the manual is silent, the habits of clients count: SWIM_CSR.RST, the
communication reset, a stalled CPU after reset.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Optional

from .memory_map import SWIM_OFF
from .powered import RST, SAFE_MASK, SWIM_DM, PoweredChip

SWIM_CSR = 0x7F80
NO_ACCESS, HS, OSCOFF, HSIT, PRI = 0x40, 0x10, 0x08, 0x02, 0x01
WRITABLE = SAFE_MASK | SWIM_DM | HS | OSCOFF | RST | PRI

SRST_S = 0.00005  # NRST low after a SWIM system reset as clients saw it
SLOWEST_HZ = 1_000_000  # below this CPU clock replies come too late for an ST-LINK; the limit itself is ours
HEADER_BYTES = 5  # of ROTF and WOTF: the command, a length, three bytes of address


class Answer(enum.Enum):
    """The answer that a probe sees on the wire."""

    ACK = "ack"
    NACK = "nack"
    SILENT = "silent"
    STUCK = "stuck"


class Microcontroller(PoweredChip):
    """One STM8 on its board: SWIM reaches its memories, its registers and its CPU."""

    def _line(self) -> Optional[Answer]:
        """Return the answer of the wire for any command, or None if the chip answers."""
        if self._faults.swim_stuck_low:
            return Answer.STUCK
        silent = not self.powered or self._faults.swim_open or self.link_lost or self.map.cfg_gcr & SWIM_OFF
        if self._halted and (self.csr & OSCOFF or not self.swim_active):
            silent = True  # SWIM has no clock
        return Answer.SILENT if silent else None

    @property
    def _halted(self) -> bool:
        """True in HALT: the bus is closed, and SWIM has a clock only if it was active before and OSCOFF is 0."""
        return self.debug.sleep == "HALT" and self.running

    def enter(self, began: float, now: float) -> Answer:
        """Take the entry waveform, the whole of it; on an active SWIM it is a communication reset."""
        self.settle(began)
        self.link_lost = self.link_lost and not self._reset_line_low
        answer = self._line()
        self.settle(now)
        answer = answer or self._line()
        if answer is None and began < self._powered_since:
            answer = Answer.SILENT
        if answer is None:
            self.swim_active = True
            if not self.switches.entry_keeps_hs:
                self.csr &= ~HS
        return answer or Answer.ACK

    def comm_reset(self, now: float) -> Answer:
        """Take a communication reset: back to low speed; no client sets the other bits of SWIM_CSR again."""
        self.settle(now)
        answer = self._line()
        if answer is None and self.swim_active:
            if not self.switches.resync_keeps_hs:
                self.csr &= ~HS
            return Answer.ACK
        return answer or Answer.SILENT

    def _listen(self, now: float, high_speed: bool, frames: int) -> Optional[Answer]:
        """Take the first `frames` of a command; return how they fail, or None."""
        self.settle(now)
        answer = self._line()
        if answer is None and (not self.swim_active or bool(self.csr & HS) != high_speed):
            return Answer.SILENT
        if answer is None and self.noise.passes(frames) < frames:
            return Answer.NACK
        return answer

    def system_reset(self, now: float, high_speed: bool) -> Answer:
        """Take SRST; without SWIM_DM it is acknowledged and ignored."""
        answer = self._listen(now, high_speed, 1)
        if answer is None and self.csr & SWIM_DM:
            self._reset(now)
            if not self._reset_line_low:
                self._starts_at = now + SRST_S + self.switches.start_s
        return answer or Answer.ACK

    def rotf(self, address: int, size: int, now: float, high_speed: bool, byte_s: float = 0.0) -> tuple[Answer, bytes]:
        """Read `size` bytes (1..255) on the fly; they come `byte_s` apart, the first at `now`."""
        answer = self._listen(now, high_speed, HEADER_BYTES)
        if answer is None and address == SWIM_CSR and size == 1:
            return Answer.ACK, self.noise.spoil(bytes([self._read_csr()]))
        answer = answer or self._memory_answer(address, size)
        if answer is None and self.map.cpu_hz < SLOWEST_HZ:
            answer = Answer.SILENT
        data = bytearray()
        while answer is None and len(data) < size:
            runs = self._executes
            if runs:
                self._catch_up(now + len(data) * byte_s)
            piece = self.map.read(address + len(data), 1 if runs else size - len(data), now)
            if runs:
                self._steal()
            data += piece or b""
            answer = Answer.NACK if piece is None else None
            if runs and self._waits:
                data += self._read_ram(address + len(data), [now + at * byte_s for at in range(len(data), size)])
        return answer or Answer.ACK, self.noise.spoil(data)

    def wotf(self, address: int, data: bytes, now: float, byte_s: float, high_speed: bool) -> tuple[Answer, int]:
        """Write `data` on the fly; its bytes come `byte_s` apart, the first at `now`.

        Returns:
            The answer and how many bytes were acknowledged.
        """
        answer = self._listen(now, high_speed, HEADER_BYTES)
        if answer is not None:
            return answer, 0
        passing = self.noise.passes(len(data))
        if address == SWIM_CSR and len(data) == 1:
            if passing:
                self._write_csr(data[0])
        else:
            answer = self._memory_answer(address, len(data))
            if answer is not None:
                return answer, 0
            answer, done = self._write(address, data[:passing], now, byte_s)
            if answer is not Answer.ACK:
                return answer, done
        return Answer.ACK if passing == len(data) else Answer.NACK, passing

    def _write(self, address: int, data: bytes, now: float, byte_s: float) -> tuple[Answer, int]:
        done = 0
        while done < len(data):
            at = now + done * byte_s
            self._catch_up(at)
            if not self.powered:
                return Answer.SILENT, done
            was_running = self.running
            runs = was_running and self._executes
            count = self.map.write(address + done, data[done : done + 1 if runs else None], at, byte_s, was_running)
            if runs:
                self._steal()
            if self.running != was_running:
                self._run(at)
            if count is None:
                return Answer.NACK, done
            done += count
            if runs and self._waits and not self.processor.looks_at(address + done - 1):
                moments = [now + at * byte_s for at in range(done, len(data))]
                done += self._write_ram(address + done, data[done:], moments)
        return Answer.ACK, done

    # A CPU that waits in a loop is not run for each byte of RAM that it does not look at.

    def _catch_up(self, now: float) -> None:
        """Let everything happen that is due before an access; afterwards a loop of the CPU may have ended."""
        if self._processor is not None:
            self._processor.was_disturbed()
        self.settle(now)

    @property
    def _waits(self) -> bool:
        return self._processor is not None and self._processor.waits

    def _moments_in_ram(self, address: int, moments: Sequence[float]) -> Sequence[float]:
        """Return the moments of an access byte by byte which reach RAM while nothing else is planned in the chip."""
        moments = moments[: max(0, self.ram.end - address)]
        planned = (self._nrst.follows_at, self._pin_at, self._clock_at, self._hsit_at)
        if self._switching or not moments or any(at is not None and at <= moments[-1] for at in planned):
            return ()
        return moments

    def _read_ram(self, address: int, moments: Sequence[float]) -> bytes:
        moments = self._moments_in_ram(address, moments)
        count, self.executed_to = self.processor.wait_on(self.executed_to, moments, ())
        return self.map.read(address, count, self.executed_to) or b"" if count else b""

    def _write_ram(self, address: int, data: bytes, moments: Sequence[float]) -> int:
        moments = self._moments_in_ram(address, moments)
        count, self.executed_to = self.processor.wait_on(
            self.executed_to, moments, range(address, address + len(moments))
        )
        if count:
            self.map.write(address, data[:count], self.executed_to, 0.0, True)
        return count

    def _steal(self) -> None:
        """Take the bus from a CPU that executes, for one access."""
        self.executed_to += self.switches.stolen_cycles / self.map.cpu_hz

    def _memory_answer(self, address: int, size: int) -> Optional[Answer]:
        """Return how an access beyond SWIM's own registers fails, or None."""
        if not self.csr & SWIM_DM:
            return Answer.SILENT
        if self._reset_line_low and self.switches.debug_module_in_reset and self.debug.is_module(address, size):
            return None
        return Answer.NACK if self.in_reset or self._halted else None

    def _read_csr(self) -> int:
        closed = self.switches.no_access_bit and (self.in_reset or self._halted or self.options.rop)
        return self.csr | HSIT * self._hsit | NO_ACCESS * closed

    def _write_csr(self, value: int) -> None:
        """Take a new SWIM_CSR."""
        self.csr = value & WRITABLE
        if self.switches.hs_waits_for_hsit and not self._hsit:
            self.csr &= ~HS

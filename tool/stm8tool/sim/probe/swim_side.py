"""The SWIM side of a simulated ST-LINK: the commands that move its pins, and the work on the wire.

Source: as for `firmware.py`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Optional

from ..chip.microcontroller import SRST_S, Answer, Microcontroller
from ..chip.wire import BIT_S, BUSY, NO_ANSWER, OK, STATUS, Job, Pulse, Transfer
from ..faults import Faults
from ..gap import SimGapError
from .models import Model

BUFFER_SIZE = 0x1800
V1_MOST_WRITTEN = 514  # of ST's own tool, in captures
SRST_BITS = 6
SYNC_S = 16e-6
EARLY_POLL_S = 0.0065
ENTRY_SILENCE_S = 0.010  # log I178: BUSY at 0 and 10 ms, 04 by 20..30 ms


@dataclass
class PendingWrite:
    """A WRITEMEM whose data are not all here."""

    address: int
    size: int
    data: bytearray


class SwimSide:
    """The pins of a probe, its status, its buffer, and the replies that wait."""

    def __init__(self, chip: Microcontroller, model: Model, faults: Faults) -> None:
        self._chip = chip
        self._model = model
        self._faults = faults
        self._open_firmware = faults.open_firmware
        self.optimistic_status = faults.open_firmware
        self.early_poll_breaks_entry = faults.early_poll
        self.counts_bytes = not faults.no_count
        self.silence_s = 0.1 if faults.open_firmware else 0.01
        self._buffer_limit = BUFFER_SIZE if faults.clone_buffer is None else faults.clone_buffer
        self._entry_s = 0.007 if faults.open_firmware else 0.0093
        self._pin_moves = 0

    def _let_go(self) -> None:
        """Begin as after plug-in: nothing is under way."""
        self.status = OK
        self._count = 0
        self.high_speed = False
        self.stale = False
        self._spoilt_by_speed = False
        self._job: Optional[Job] = None
        self._storm = 0
        self._replies: deque[bytes] = deque()
        self._buffer: Optional[bytes] = None
        self._write: Optional[PendingWrite] = None

    def _settle(self, now: float) -> None:
        """Let the wire catch up with the clock."""
        job, self._job = self._job, None  # a gap in the simulator ends the work, so that the rest can be saved
        answer = job.advance(now) if job else None
        if job is None or answer is None:
            self._job = job
            return
        self._count = job.moved(now)
        self.status = STATUS[answer]
        if self._open_firmware and answer is not Answer.ACK:
            self.status = NO_ANSWER  # it has no other code, and takes a low line for a NACK
        if isinstance(job, Pulse):
            if self.optimistic_status:
                self.status = OK
        elif isinstance(job, Transfer) and answer is Answer.ACK and not job.writes:
            self._buffer = bytes(job.data)

    def _abort(self, now: float) -> None:
        """Cut the work on the wire, silently."""
        if self._job is not None:
            self._job.abort(now)
        self._job = None
        self._buffer = None
        self._storm = 0

    def _begin(self, job: Job) -> None:
        self._job = job
        self._storm = self._faults.busy_storm or 0

    def _speed(self, command: bytes, now: float) -> None:
        """Switch the probe's speed; in the middle of a transfer it spoils that."""
        if self._job is not None:
            self._abort(now)
            self.status = NO_ANSWER
        self.high_speed = bool(command[2])

    def _reset_line(self, command: bytes, now: float) -> None:
        self._abort(now)
        self._chip.set_nrst(command[1] == 0x07, now)
        self.status, self._count = OK, 0
        self._pin_moves += 1
        if self._faults.nrst_error_every and self._pin_moves % self._faults.nrst_error_every == 0:
            self.status = NO_ANSWER

    def _pulse(self, command: bytes, now: float) -> None:
        """ENTER_SEQ, GEN_RST or RESET: the first and last leave the probe in low speed."""
        self._abort(now)
        silence_s = 0.0 if self.optimistic_status else ENTRY_SILENCE_S
        if command[1] == 0x05:
            fast = self.high_speed
            length = SRST_BITS * BIT_S[fast] + SRST_S
            self._begin(Pulse(now, length, lambda t: self._chip.system_reset(t, fast), silence_s))
            return
        self.high_speed = False
        if command[1] == 0x06:
            self._begin(Pulse(now, 2 * SYNC_S, self._chip.comm_reset, silence_s))
            return
        entry = Pulse(now, self._entry_s, lambda t: self._chip.enter(now, t), silence_s)
        entry.spoilt = self.stale or self._spoilt_by_speed
        self._begin(entry)

    def _status(self) -> bytes:
        busy = self._job is not None or self._storm > 0
        count = self._count if self.counts_bytes else 0
        return bytes([BUSY if busy else self.status]) + count.to_bytes(3, "little")

    def _read_status(self, command: bytes, now: float) -> None:
        job = self._job
        if job is not None:
            self._count = job.moved(now)
        if isinstance(job, Pulse) and self.early_poll_breaks_entry and job.age(now) < EARLY_POLL_S:
            job.spoilt = True
        self._replies.append(self._status())
        if job is None and self._storm:
            self._storm -= 1

    def _target(self, command: bytes) -> tuple[int, int]:
        """Return address and size of a memory command."""
        size = int.from_bytes(command[2:4], "big")
        address = int.from_bytes(command[4:8], "big")
        if not 0 < size <= self._buffer_limit:
            raise SimGapError(f"a transfer of {size} bytes; the buffer has {self._buffer_limit}")
        if command[1] == 0x0A and self._model.scsi and size > V1_MOST_WRITTEN:
            raise SimGapError(f"a write of {size} bytes; a V1 was seen to take {V1_MOST_WRITTEN}, never more")
        if self._open_firmware or self._faults.clone_16bit_address:
            address &= 0xFFFF
        return address, size

    def _read_memory(self, command: bytes, now: float) -> None:
        self._abort(now)
        address, size = self._target(command)
        self._transfer(now, address, size, None)

    def _read_buffer(self, command: bytes, now: float) -> None:
        """Answer READBUF, once; without a finished READMEM the IN stays pending."""
        if self._buffer is not None and self._job is None and not self._storm:
            self._replies.append(self._buffer)
            self._buffer = None

    def _write_memory(self, command: bytes, now: float) -> None:
        self._abort(now)
        address, size = self._target(command)
        self._write = PendingWrite(address, size, bytearray())
        self._take_rest(self._write, command[8:], now)

    def _take_rest(self, write: PendingWrite, data: bytes, now: float) -> None:
        """Take data of a WRITEMEM; they go to the wire once all are here."""
        write.data += data[: write.size - len(write.data)]
        if len(write.data) < write.size:
            return
        self._write = None
        self._transfer(now, write.address, write.size, bytes(write.data))

    def _transfer(self, now: float, address: int, size: int, data: Optional[bytes]) -> None:
        fast, silence_s = self.high_speed, self.silence_s
        self._begin(Transfer(self._chip, now, address, size, data, high_speed=fast, silence_s=silence_s))

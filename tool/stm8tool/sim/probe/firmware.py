"""The firmware of a simulated ST-LINK: commands in, replies and SWIM signals out.

Source: the commands as stm8flash, OpenOCD and an open probe firmware use or implement them, and logs of real exchanges.
There is no public manual. Every command that they do not describe raises SimGapError.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from stm8tool.support.clock import Clock

from ..chip.microcontroller import SRST_S, Answer, Microcontroller
from ..chip.wire import BIT_S, BUSY, NO_ANSWER, OK, STATUS, Job, Pulse, Transfer
from ..faults import Faults
from ..gap import SimGapError
from ..rules import BYTE, FLAG, number
from ..state import GIVEN, State
from .models import DEBUG, DFU, MASS, MODELS, SWIM

COMMAND_SIZE = 16
BUFFER_SIZE = 0x1800
V1_MOST_WRITTEN = 514  # of ST's own tool, in captures
SRST_BITS = 6
SYNC_S = 16e-6
EARLY_POLL_S = 0.0065
ENTRY_SILENCE_S = 0.010  # log I178: BUSY at 0 and 10 ms, 04 by 20..30 ms
OPEN_FIRMWARE_WORD = 0x2947
_FOR_ONE_CLIENT = "a command ends with its program"


@dataclass
class _Write:
    """A WRITEMEM whose data are not all here."""

    address: int
    size: int
    data: bytearray


class Firmware:
    """One probe from the USB side of its controller to its pins.

    Attributes:
        mode: Byte 0 of the reply to F5; `plugged` in MODELS after plug-in.
        high_speed: The probe's own idea of the SWIM speed.
        optimistic_status: ENTER_SEQ, GEN_RST and RESET report 00 although the chip did not answer.
        early_poll_breaks_entry: A status poll in the first 6.5 ms of ENTER_SEQ spoils it (one clone).
        counts_bytes: Status bytes 1..3 count the bytes moved; otherwise they are 0. Both were seen.
        reset_unwedges: A USB reset frees a wedged V3. The log says only "until replugged".
        stale_mode_breaks_entry: A probe found in SWIM mode gives no entry pulses until it has left that mode (I182).
        silence_s: How long the probe waits for a byte that does not come; ~0.1 s in open firmware.
        word: Bytes 0..1 of the reply to F1.
    """

    STATE = State(
        {
            "mode": number(0, 3),
            **dict.fromkeys(("_mode_byte", "status"), BYTE),
            "_count": number(0, 0xFFFF),
            **dict.fromkeys(("high_speed", "wedged", "_spoilt_by_speed"), FLAG),
        },
        left={
            **dict.fromkeys(("_chip", "_model", "_faults", "_clock", "_open_firmware"), GIVEN),
            **dict.fromkeys(("optimistic_status", "early_poll_breaks_entry", "counts_bytes", "word"), GIVEN),
            **dict.fromkeys(("stale_mode_breaks_entry", "silence_s", "_buffer_limit", "_entry_s"), GIVEN),
            "reset_unwedges": "a probe that hangs for good is plugged in again before the board is saved",
            **dict.fromkeys(("_job", "_storm", "_replies", "_buffer", "_write"), _FOR_ONE_CLIENT),
            "stale": "set when the next program claims the probe",
            "_pin_moves": "`nrst-error-every` counts from the start of each command",
        },
    )

    def __init__(self, chip: Microcontroller, model: str, faults: Faults, clock: Clock) -> None:
        self._chip = chip
        self._model = MODELS[model]
        self._faults = faults
        self._clock = clock
        chip.faults = faults
        chip.meet(clock.now())
        self._open_firmware = faults.open_firmware
        self.optimistic_status = faults.open_firmware
        self.early_poll_breaks_entry = False
        self.counts_bytes = True
        self.reset_unwedges = True
        self.stale_mode_breaks_entry = not faults.open_firmware
        self.silence_s = 0.1 if faults.open_firmware else 0.01
        self._buffer_limit = BUFFER_SIZE if faults.clone_buffer is None else faults.clone_buffer
        self._entry_s = 0.007 if faults.open_firmware else 0.0093
        self.word = self._choose_word()
        self.wedged = False
        self._pin_moves = 0
        self._plug_in()

    def _choose_word(self) -> int:
        if self._open_firmware:
            return OPEN_FIRMWARE_WORD
        if self._faults.swimless_firmware:
            return self._model.swimless_word
        return self._model.old_word if self._faults.old_firmware else self._model.word

    def _plug_in(self) -> None:
        self.mode, self._mode_byte = self._model.plugged
        self.status = OK
        self._count = 0
        self.high_speed = False
        self.stale = False
        self._spoilt_by_speed = False
        self._job: Optional[Job] = None
        self._storm = 0
        self._replies: deque[bytes] = deque()
        self._buffer: Optional[bytes] = None
        self._write: Optional[_Write] = None

    # -- USB side -------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A program claimed the probe; if the probe is in SWIM mode, that is the stale mode of I178 and I182."""
        self.stale = self.stale_mode_breaks_entry and self.mode == SWIM

    def restart(self, *, power_cycle: bool) -> None:
        """Start again, after a USB reset or after a plug was pulled; this cuts the work on the wire.

        A probe that hangs and is not freed by the reset does not notice it; its pins stay as they are.
        """
        now = self._clock.now()
        if self.wedged and not (power_cycle or self.reset_unwedges):
            return
        self.wedged = False
        self._settle(now)
        self._abort(now)
        self._plug_in()
        self._chip.set_nrst(False, now)

    def hang(self) -> None:
        """Hang: commands are taken and not answered; the work on the wire is cut, the pins stay."""
        now = self._clock.now()
        self._settle(now)
        self._abort(now)
        self.forget()
        self.wedged = True

    def rest(self) -> None:
        """Finish the work on the wire, as if the probe were left alone for a long time."""
        self._settle(float("inf"))
        self.forget()

    def reply(self) -> Optional[bytes]:
        """Return the next IN transfer, or None while there is nothing to send."""
        return self._replies.popleft() if self._replies else None

    @property
    def awaits(self) -> int:
        """How many bytes of a WRITEMEM are still to come."""
        return self._write.size - len(self._write.data) if self._write else 0

    def forget(self) -> None:
        """Drop a WRITEMEM whose data did not come, and replies that were not fetched."""
        self._write = None
        self._replies.clear()

    def receive(self, data: bytes) -> None:
        """Take one OUT transfer: a command, or the rest of a WRITEMEM."""
        if self.wedged:
            return
        now = self._clock.now()
        self._settle(now)
        if self._write is not None:
            self._take_rest(self._write, data, now)
            return
        if len(data) > COMMAND_SIZE:
            raise SimGapError(f"a command of {len(data)} bytes")
        if len(data) < COMMAND_SIZE and self._model.extended is not None:
            self._wedge(data)
            return
        if self._replies and self._open_firmware:
            return  # lost: it reads no command while data wait
        self._command(data.ljust(COMMAND_SIZE, b"\0"), now)

    def _wedge(self, data: bytes) -> None:
        """A V3 got a short command: READSTATUS answers 2 bytes, then nothing does."""
        if data[:2] == b"\xf4\x09":
            self._replies.append(self._status()[:2])
        self.wedged = True

    # -- commands -------------------------------------------------------------------------------------------

    def _command(self, command: bytes, now: float) -> None:
        first = command[0]
        if first == 0xF4:
            self._swim_command(command, now)
        elif first == 0xF1:
            self._replies.append(self.word.to_bytes(2, "big") + self._ids())
        elif first == 0xF5:
            self._replies.append(bytes([self.mode, self._mode_byte]))
        elif first == 0xFB:
            self._extended_version()
        elif first == 0xF7:
            self._voltage(now)
        elif command[:2] == b"\xf3\x07":
            if self.mode == DFU and not self._open_firmware:
                self.mode = MASS
        elif command[:2] == b"\xf2\x21":
            if self.mode == DEBUG:
                self.mode = MASS
        else:
            raise SimGapError(f"the command {command[:2].hex(' ')} is not modelled")

    def _ids(self) -> bytes:
        return bytes([0x83, 0x04]) + self._model.product.to_bytes(2, "little")

    def _extended_version(self) -> None:
        if self._open_firmware:
            return
        if self._model.extended is None:
            raise SimGapError("FB on a probe that is not a V3")
        head = bytearray(self._model.extended)
        if self._faults.swimless_firmware:
            head[1] = 0
        if self._faults.old_firmware:
            head[2] = 1
        self._replies.append(bytes(head) + self._ids())

    def _voltage(self, now: float) -> None:
        """Answer F7; not in DFU mode, and not by the open firmware. No source has F7 sent to MxSy firmware."""
        if self.mode == DFU or self._open_firmware or not self._model.measures:
            return
        self._chip.settle(now)
        supply_mv = self._chip.supply_mv
        if self._faults.fake_voltage is not None:
            supply_mv = self._faults.fake_voltage
        reference = 1500 if supply_mv or self._faults.fake_voltage is None else 0
        measured = round(supply_mv * reference / 2400)
        self._replies.append(reference.to_bytes(4, "little") + measured.to_bytes(4, "little"))

    def _swim_command(self, command: bytes, now: float) -> None:
        """Take F4 xx; outside SWIM mode the probe drives no SWIM pin and does not answer."""
        if self._faults.swimless_firmware:
            raise SimGapError("a SWIM command to firmware without SWIM")
        sub = command[1]
        if sub == 0x00:
            self._enter_mode()
        elif self.mode == SWIM:
            handler = _SWIM_COMMANDS.get(sub)
            if handler is None:
                raise SimGapError(f"the command F4 {sub:02X} is not modelled")
            handler(self, command, now)
        elif sub == 0x03 and self._model.extended is not None:
            self._spoilt_by_speed = True  # a speed before F4 00 made the session on a V3 fail (OpenOCD, 2021)

    def _enter_mode(self) -> None:
        if self.mode == DFU and not self._open_firmware:
            return
        if self.mode != SWIM:
            self.stale = False
        self.mode = SWIM
        if self._model.extended is None:
            self._mode_byte = 1 if self._open_firmware else 0
        if self._open_firmware:
            self.status = OK  # the genuine firmware leaves an old error in place

    def _leave_mode(self, command: bytes, now: float) -> None:
        self._abort(now)
        self._spoilt_by_speed = False
        if not self._open_firmware:
            self.mode = MASS

    def _capability(self, command: bytes, now: float) -> None:
        self._replies.append(bytes(8) if self._open_firmware else self._model.capability)

    def _buffer_size(self, command: bytes, now: float) -> None:
        self._replies.append(self._buffer_limit.to_bytes(2, "little"))

    # -- SWIM -----------------------------------------------------------------------------------------------

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
        self._write = _Write(address, size, bytearray())
        self._take_rest(self._write, command[8:], now)

    def _take_rest(self, write: _Write, data: bytes, now: float) -> None:
        """Take data of a WRITEMEM; they go to the wire once all are here."""
        write.data += data[: write.size - len(write.data)]
        if len(write.data) < write.size:
            return
        self._write = None
        self._transfer(now, write.address, write.size, bytes(write.data))

    def _transfer(self, now: float, address: int, size: int, data: Optional[bytes]) -> None:
        fast, silence_s = self.high_speed, self.silence_s
        self._begin(Transfer(self._chip, now, address, size, data, high_speed=fast, silence_s=silence_s))


_SWIM_COMMANDS: dict[int, Callable[[Firmware, bytes, float], None]] = {
    0x01: Firmware._leave_mode,
    0x02: Firmware._capability,
    0x03: Firmware._speed,
    0x04: Firmware._pulse,
    0x05: Firmware._pulse,
    0x06: Firmware._pulse,
    0x07: Firmware._reset_line,
    0x08: Firmware._reset_line,
    0x09: Firmware._read_status,
    0x0A: Firmware._write_memory,
    0x0B: Firmware._read_memory,
    0x0C: Firmware._read_buffer,
    0x0D: Firmware._buffer_size,
}

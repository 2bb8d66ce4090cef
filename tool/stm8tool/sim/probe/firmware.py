"""The firmware of a simulated ST-LINK: commands in, replies and SWIM signals out.

Source: the commands as stm8flash, OpenOCD and an open probe firmware use or implement them, and logs of real exchanges.
There is no public manual. Every command that they do not describe raises SimGapError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from stm8tool.support.clock import Clock

from ..chip.microcontroller import Microcontroller
from ..chip.wire import OK
from ..faults import Faults
from ..gap import SimGapError
from ..rules import BYTE, FLAG, number
from ..state import GIVEN, State
from .models import DEBUG, DFU, MASS, MODELS, SWIM
from .swim_side import SwimSide

COMMAND_SIZE = 16
OPEN_FIRMWARE_WORD = 0x2947
_FOR_ONE_CLIENT = "a command ends with its program"


class Firmware(SwimSide):
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
        super().__init__(chip, MODELS[model], faults)
        self._clock = clock
        chip.faults = faults
        chip.meet(clock.now())
        self.reset_unwedges = True
        self.stale_mode_breaks_entry = not faults.open_firmware
        self.word = self._choose_word()
        self.wedged = False
        self._plug_in()

    def _choose_word(self) -> int:
        if self._open_firmware:
            return OPEN_FIRMWARE_WORD
        if self._faults.swimless_firmware:
            return self._model.swimless_word
        return self._model.old_word if self._faults.old_firmware else self._model.word

    def _plug_in(self) -> None:
        self.mode, self._mode_byte = self._model.plugged
        self._let_go()

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

    def settle(self) -> None:
        """Let everything happen that is due. Work on the wire takes the chip along, as far as it has come."""
        now = self._clock.now()
        self._settle(now)
        if self._job is None:
            self._chip.settle(now)

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

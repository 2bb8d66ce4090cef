"""The firmware rp2040_swim: an RP2040 that moves SWIM and NRST of a simulated chip for a host at its USB.

Source: the code of that firmware, of May 2026 (one program, so confidence medium), and the Pico SDK for its serial port
(high). No hardware has confirmed it. What a user of the protocol notices:

* A frame with a wrong CRC, number of bytes, version or beginning gets no answer. The firmware reads a head of 10 bytes.
  If that is not one, it takes the next 10 bytes for a head. After 0.5 s without a byte it begins anew.
* It returns the number of a request and never looks at it.
* It only knows the entry under reset, which ends with a stalled CPU. No command is SRST, or holds NRST low.
* A read or write reaches the chip in pieces of 64 bytes. A byte that the chip refuses is not sent again.
* A byte from the chip with a wrong parity looks as if the chip were silent.
* The chip can be set to high speed, but nothing is understood then.
* Without DTR the serial port carries nothing. At 1200 baud it restarts the RP2040, without the firmware.

Our readings: if the chip refuses a read, it does so at the last byte of the address. There this firmware sees no
difference to silence. Each answer comes 1 ms late, and a byte takes 2 µs on USB. The gap between two bytes is 20 µs.
Bytes that come without DTR are lost here; a real one keeps some of them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Optional

from ..chip.microcontroller import HSIT, SWIM_CSR, Answer, Microcontroller
from ..gap import SimGapError
from .wire import Sent, Started

MAGIC, PROTOCOL = 0x53575052, 1
NAME, FIRMWARE = b"rp2040-swim\0", (0, 1, 0)
GET_VERSION, SET_PINS, SET_SPEED, ENTER, RESET = 0x01, 0x02, 0x03, 0x04, 0x05
READ, WRITE, READ_AGAIN, WRITE_AGAIN = 0x06, 0x07, 0x08, 0x09  # each of both has two numbers
VERIFY, LAST_ERROR, SWIM_DEBUG, WAVEFORM, RELEASE = 0x0C, 0x0D, 0x0F, 0x10, 0x12
OK, BAD_COMMAND, BAD_ARGUMENT, SWIM_TIMEOUT, SWIM_NACK, TARGET, UNSUPPORTED = 0, 3, 4, 5, 6, 7, 8
_WORK_OF_ITS_OWN = {
    0x0A: "erases flash",
    0x0B: "writes a block",
    0x0E: "sends test bits",
    0x11: "writes an option byte",
}
_TEXTS = {
    BAD_COMMAND: "bad command",
    BAD_ARGUMENT: "bad argument",
    SWIM_TIMEOUT: "swim timeout",
    SWIM_NACK: "swim nack",
    TARGET: "target error",
    UNSUPPORTED: "unsupported",
}

_HEAD = struct.Struct("<IBBHH")
_CRC = struct.Struct("<I")
_MOST = 1024
_PIECE = 64
_PINS = (2, 3)
_BOOTSEL_BAUD = 1200
_LONGEST_DELAY_MS = 60000
_CSR_FIRST, _CSR_DM, _CSR_HS, _CSR_NO_ACCESS = 0xA0, 0x20, 0x10, 0x40
_DM_CSR2, _STALL = 0x7F99, 0x08
_STALL_TRIES, _STALL_STEP_S = 3, 0.0005

USB_BYTE_S = 2e-6
_PATIENCE_S = 0.5
_LATE_S = 0.001
_BIT_S = 2.75e-6
_BYTE_S = 11 * _BIT_S + 20e-6
_COMMAND_S = 6 * _BIT_S + 20e-6
_HELD_S, _PULSE_S, _SETTLE_S = 0.002, 0.020, 0.001
_ENTRY_S = 10e-6 + 6016e-6
_SYNC_S, _SYNC_NS = 16e-6, 16000
_SYNC_WAIT_S, _ACK_WAIT_S, _READ_WAIT_S = 0.020, 0.002, 0.005


class Rp2040Firmware:
    """One RP2040 with this firmware.

    Args:
        chip: The chip at its pins.
        now: The present time.
    """

    even_parity = hears_itself = False

    def __init__(self, chip: Microcontroller, now: float) -> None:
        self._chip = chip
        self._frame = bytearray()
        self._heard_at = self._now = now
        self._synced = self._high = False
        self._pins = _PINS
        self._csr: Optional[int] = None  # as it was read last
        self._last_error = b"none"
        self._diagnosis = b"lazy; not initialized"
        self._answers = self._number = 0
        self._commands: dict[int, Callable[[bytes], tuple[int, bytes]]] = {
            GET_VERSION: lambda _: (OK, bytes((*FIRMWARE, PROTOCOL)) + NAME),
            SET_PINS: self._set_pins,
            SET_SPEED: self._set_speed,
            ENTER: lambda _: (self._enter(), b""),
            RESET: lambda _: self._reset(),
            READ: self._read,
            READ_AGAIN: self._read,
            WRITE: self._write,
            WRITE_AGAIN: self._write,
            VERIFY: lambda _: (UNSUPPORTED, b""),
            LAST_ERROR: lambda _: (OK, self._last_error),
            SWIM_DEBUG: lambda _: (OK, self._debug()),
            WAVEFORM: self._waveform,
            RELEASE: lambda _: self._release(),
        }

    def follows(self, baud: int) -> bool:
        """Tell whether it understands bytes at this speed: USB has none, but one restarts the RP2040."""
        return baud != _BOOTSEL_BAUD

    works = False

    def sent(self) -> list[Sent]:
        """Return nothing: it only answers."""
        return []

    def settle(self, now: float) -> None:
        """Let the chip go on."""
        self._chip.settle(now)

    def pull(self, low: bool, now: float) -> Optional[Started]:
        """Do nothing: no line of the serial port resets an RP2040."""
        return None

    def take(self, byte: Optional[int], now: float) -> list[Sent]:
        """Take a byte from the host; return the bytes that it sends."""
        if byte is None:
            return []
        if now - self._heard_at > _PATIENCE_S:
            self._frame.clear()
        self._heard_at = self._now = now
        self._frame.append(byte)
        request = self._whole()
        if request is None:
            return []
        command, number, payload = request
        status, answer = self._answer(command, payload)
        if status != OK:
            answer, self._last_error = b"", _TEXTS[status].encode()
        self._chip.settle(self._now)
        if self._chip.faults.rp2040_silent:
            return []
        return [Sent(one, self._now + _LATE_S) for one in self._framed(command | 0x80, number, status, answer)]

    def _whole(self) -> Optional[tuple[int, int, bytes]]:
        """Return command, number and payload of a request once it is there; drop what is not one."""
        frame = self._frame
        if len(frame) < _HEAD.size:
            return None
        magic, protocol, command, number, size = _HEAD.unpack_from(frame)
        if magic != MAGIC or protocol != PROTOCOL or size > _MOST:
            frame.clear()
            return None
        if len(frame) < _HEAD.size + size + _CRC.size:
            return None
        content, (crc,) = bytes(frame[: -_CRC.size]), _CRC.unpack(frame[-_CRC.size :])
        frame.clear()
        return (command, number, content[_HEAD.size :]) if crc == zlib.crc32(content) else None

    def _framed(self, command: int, number: int, status: int, answer: bytes) -> bytes:
        faults = self._chip.faults
        self._answers += 1
        if faults.rp2040_old_number and self._answers % faults.rp2040_old_number == 0:
            number = self._number
        else:
            self._number = number
        content = _HEAD.pack(MAGIC, PROTOCOL, command, number, 2 + len(answer)) + struct.pack("<H", status) + answer
        wrong = faults.rp2040_bad_crc and self._answers % faults.rp2040_bad_crc == 0
        return content + _CRC.pack(zlib.crc32(content) ^ bool(wrong))

    def _answer(self, command: int, payload: bytes) -> tuple[int, bytes]:
        if command in _WORK_OF_ITS_OWN:
            raise SimGapError(f"the simulated rp2040_swim does not have the command that {_WORK_OF_ITS_OWN[command]}")
        do = self._commands.get(command)
        return do(payload) if do else (BAD_COMMAND, b"")

    # -- pins ----------------------------------------------------------------------------------------------------

    def _set_pins(self, payload: bytes) -> tuple[int, bytes]:
        if len(payload) < 3:
            return BAD_ARGUMENT, b""
        self._pins = (payload[0], payload[1])
        self._high = False
        self._move_nrst(low=False)
        return OK, b""

    def _move_nrst(self, *, low: bool) -> None:
        self._chip.set_nrst(low and self._pins[1] == _PINS[1], self._now)

    @property
    def _is_wired(self) -> bool:
        return self._pins[0] == _PINS[0]

    def _release(self) -> tuple[int, bytes]:
        self._move_nrst(low=False)
        self._synced = False
        return OK, b""

    def _reset(self) -> tuple[int, bytes]:
        self._move_nrst(low=True)
        self._now += _PULSE_S
        return self._release()

    def _waveform(self, payload: bytes) -> tuple[int, bytes]:
        """Send the entry alone, and forget the chip."""
        if len(payload) < 4:
            return BAD_ARGUMENT, b""
        delay_ms = int.from_bytes(payload[:4], "little")
        if delay_ms > _LONGEST_DELAY_MS:
            return BAD_ARGUMENT, b""
        self._now += delay_ms / 1000
        self._synced = False
        self._move_nrst(low=True)
        self._now += _HELD_S
        self._send_entry()
        self._move_nrst(low=False)
        return OK, b""

    # -- the entry -----------------------------------------------------------------------------------------------

    def _send_entry(self) -> Answer:
        began, self._now = self._now, self._now + _ENTRY_S
        return self._chip.enter(began, self._now) if self._is_wired else Answer.SILENT

    def _enter(self) -> int:
        self._synced = self._high = False
        self._csr = None
        self._move_nrst(low=True)
        self._now += _HELD_S
        status = self._sync(self._send_entry()) or self._begin()
        if status != OK:
            self._move_nrst(low=False)
        return status

    def _sync(self, answer: Answer) -> int:
        """Measure the answer to an entry or to a communication reset."""
        if answer is Answer.ACK:
            self._now += _SYNC_S
            self._synced, self._high, self._diagnosis = True, False, b"ok"
            return OK
        stuck = answer is Answer.STUCK
        self._now += 0.0 if stuck else _SYNC_WAIT_S
        self._diagnosis = b"sync width out of range" if stuck else b"response timeout"
        return SWIM_TIMEOUT

    def _begin(self) -> int:
        """Do the rest of an entry: SWIM_CSR, the end of the reset, a communication reset, and the stall of the CPU."""
        status = self._send(SWIM_CSR, bytes([_CSR_FIRST])) or self._look_at_csr()
        if status != OK:
            return status
        self._move_nrst(low=False)
        self._now += _SETTLE_S
        self._now += _SYNC_S
        return self._sync(self._chip.comm_reset(self._now)) or self._look_at_csr() or self._stall()

    def _look_at_csr(self) -> int:
        status, data = self._get(SWIM_CSR, 1)
        if status != OK:
            return status
        self._csr = data[0]
        return OK if data[0] & _CSR_DM else TARGET

    def _stall(self) -> int:
        for left in reversed(range(_STALL_TRIES)):
            status, data = self._get(_DM_CSR2, 1)
            if status == OK and self._send(_DM_CSR2, bytes([data[0] | _STALL])) == OK:
                return OK
            self._now += _STALL_STEP_S if left else 0.0
        return SWIM_TIMEOUT

    def _set_speed(self, payload: bytes) -> tuple[int, bytes]:
        if not payload or payload[0] > 1:
            return BAD_ARGUMENT, b""
        self._high = False
        if not payload[0]:
            return OK, b""
        status, data = self._get(SWIM_CSR, 1)
        if status != OK:
            return status, b""
        self._csr = data[0]
        if not data[0] & HSIT:
            return UNSUPPORTED, b""
        status = self._send(SWIM_CSR, bytes([(data[0] | _CSR_FIRST | _CSR_HS) & ~_CSR_NO_ACCESS]))
        self._high = status == OK
        return status, b""

    # -- the bus -------------------------------------------------------------------------------------------------

    def _hears(self) -> bool:
        """Tell whether a command can be sent so that the chip understands it."""
        if self._synced and (self._high or not self._is_wired):
            self._now += _ACK_WAIT_S
        return self._synced and self._is_wired and not self._high

    def _get(self, address: int, size: int) -> tuple[int, bytes]:
        """Do one ROTF."""
        if not self._hears():
            return SWIM_TIMEOUT, b""
        noise = self._chip.noise
        every = noise.faults.bit_flip_every
        wrong = every is not None and noise.read % every + size >= every
        self._now += _COMMAND_S + 4 * _BYTE_S
        answer, data = self._chip.rotf(address & 0xFFFFFF, size, self._now, False, _BYTE_S)
        self._now += len(data) * _BYTE_S
        self._chip.settle(self._now)
        if answer is Answer.ACK and self._chip.powered and not wrong:
            return OK, data
        self._now += _READ_WAIT_S
        return SWIM_TIMEOUT, b""

    def _send(self, address: int, data: bytes) -> int:
        """Do one WOTF."""
        if not self._hears():
            return SWIM_TIMEOUT
        self._now += _COMMAND_S + 4 * _BYTE_S
        answer, through = self._chip.wotf(address & 0xFFFFFF, data, self._now + _BYTE_S, _BYTE_S, False)
        self._now += through * _BYTE_S
        if answer is Answer.ACK:
            return OK
        self._now += _BYTE_S if answer is Answer.NACK else _ACK_WAIT_S
        return SWIM_NACK if answer is Answer.NACK else SWIM_TIMEOUT

    def _read(self, payload: bytes) -> tuple[int, bytes]:
        if len(payload) < 6:
            return BAD_ARGUMENT, b""
        address, size = struct.unpack_from("<IH", payload)
        if size > _MOST:
            return BAD_ARGUMENT, b""
        found = b""
        while len(found) < size:
            status, data = self._get(address + len(found), min(_PIECE, size - len(found)))
            if status != OK:
                return status, b""
            found += data
        return OK, found

    def _write(self, payload: bytes) -> tuple[int, bytes]:
        if len(payload) < 6:
            return BAD_ARGUMENT, b""
        address, size = struct.unpack_from("<IH", payload)
        data = payload[6:]
        if size != len(data):
            return BAD_ARGUMENT, b""
        for start in range(0, size, _PIECE):
            status = self._send(address + start, data[start : start + _PIECE])
            if status != OK:
                return status, b""
        return OK, b""

    def _debug(self) -> bytes:
        """Return what the firmware tells about the last entry; its own fields, in their order."""
        width_ns = _SYNC_NS if self._synced else 0
        flags = bytes((self._synced, self._high, self._csr is not None, self._csr or 0))
        times = struct.pack("<IIII", width_ns // 1000, width_ns, width_ns // 128, width_ns // 16)
        entry = bytes((0, 1, 4, 4)) + struct.pack("<I", 6016)
        stage = bytes((10 if self._synced else 11, self._synced, self._synced, 0))
        reset = struct.pack("<II", width_ns // 1000, width_ns)
        return flags + times + entry + stage + reset + bytes([len(self._diagnosis)]) + self._diagnosis

"""The firmware of an espstlink: an ESP8266 that moves SWIM and NRST of a simulated chip for a host at its UART.

Source: the description of the protocol by its maker, and what two clients send (confidence high). No hardware has
confirmed it. Where the sources say nothing, these are our readings:

* A frame that is not whole waits for its bytes for ever: the protocol has no time limit.
* A byte with another speed than the ESP8266's own is lost.
* A refused byte is sent again and again. If the chip never takes it, the ESP8266's watchdog restarts the ESP8266. No
  source gives the time.
* A read or write of no bytes succeeds.
* If the serial wire damages bytes, a command may reach an address that the simulator does not know. The chip is silent
  then.
* The text of its boot ROM at 74880 baud arrives as a few wrong bytes.
"""

from __future__ import annotations

from typing import Optional

from ..chip.microcontroller import SRST_S, Answer, Microcontroller
from ..faults import Faults
from ..gap import SimGapError
from .wire import Sent, Started

SRST, READ, WRITE, NRST, ENTRY, VERSION = 0x00, 0x01, 0x02, 0xFD, 0xFE, 0xFF
FASTEST_BAUD, OLD_BAUD = 921600, 115200
OLDEST_FAST = 2  # firmware 0.2; before it the ESP8266 uses the old speed
NEWEST = 2
_NRST_LOW, _NRST_HIGH, _NRST_INPUT = 0x01, 0x00, 0xFF
_OK, _ERROR = 0x00, 0xFF
_NO_BIT, _BAD_HEADER, _PARITY, _NACK, _NO_SYNC, _SYNC_STUCK = 1, 2, 3, 4, 5, 6
_UNKNOWN = 1  # the code of an unknown command
_SYNC_CYCLES = 1280  # of 80 MHz: 128 clocks of SWIM
_BIT_S = 2.75e-6
_BYTE_S = 11 * _BIT_S + 2.5e-6  # it leaves a gap after each byte
_COMMAND_S = 6 * _BIT_S + 2.5e-6
_ENTRY_S = 16e-6 + 4 * 1e-3 + 4 * 0.5e-3 + 16e-6
_SILENCE_S = 0.0003  # how long it waits for a bit
_RETRY_S = 0.0005  # between two looks of the simulator whether the chip takes a byte now
_WATCHDOG_S = 2.0
_BOOT_TEXT_S, _BOOT_S = 0.05, 0.3
_BOOT_TEXT = bytes((0x02, 0x9E, 0xE0, 0x00, 0xFC))
_BANNER = b"\r\nESP-STLINK\r\n"


def speed_of(faults: Faults) -> int:
    """Return the speed of the UART."""
    return OLD_BAUD if _minor(faults) < OLDEST_FAST else FASTEST_BAUD


def _minor(faults: Faults) -> int:
    return NEWEST if faults.esp_version is None else faults.esp_version


class EspFirmware:
    """One ESP8266 with this firmware. It is reset when it is plugged in, and by DTR or RTS.

    Args:
        chip: The chip at its pins.
        now: The present time.
    """

    even_parity = hears_itself = False

    def __init__(self, chip: Microcontroller, now: float) -> None:
        self._chip = chip
        self._frame = bytearray()
        self._deaf = False
        self._held = False  # its reset line is low
        self._ready_at = now

    def follows(self, baud: int) -> bool:
        """Tell whether it understands bytes at this speed."""
        return baud == speed_of(self._chip.faults)

    works = False

    def sent(self) -> list[Sent]:
        """Return nothing: it only answers."""
        return []

    def settle(self, now: float) -> None:
        """Let the chip go on."""
        self._chip.settle(now)

    def pull(self, low: bool, now: float) -> Optional[Started]:
        """Drive or release the reset line of the ESP8266."""
        if self._chip.faults.esp_no_reset:
            return None
        self._frame.clear()
        self._held, self._deaf = low, False
        self._chip.set_nrst(False, now)
        self._chip.settle(now)
        return None if low else Started(now, self._boot(now))

    def _boot(self, now: float) -> list[Sent]:
        """Start again: the pins let go. Return what it sends while it starts."""
        self._frame.clear()
        self._deaf = False
        self._chip.set_nrst(False, now)
        self._ready_at = now + _BOOT_S
        text = [Sent(byte, now + _BOOT_TEXT_S) for byte in _BOOT_TEXT]
        return [*text, *(Sent(byte, self._ready_at) for byte in _BANNER)]

    def take(self, byte: Optional[int], now: float) -> list[Sent]:
        """Take a byte from the host, None for a damaged one; return the bytes that it sends."""
        if byte is None or self._held or self._deaf or now < self._ready_at:
            return []
        self._frame.append(byte)
        if not self._is_whole():
            return []
        frame, self._frame = bytes(self._frame), bytearray()
        try:
            return self._answer(frame, now)
        except SimGapError:
            faults = self._chip.faults
            if faults.uart_lost is None and faults.uart_garbage is None:
                raise
            return [Sent(frame[0], now), *_failed(now + _SILENCE_S, _NO_BIT)]

    def _is_whole(self) -> bool:
        frame = self._frame
        if frame[0] == READ:
            return len(frame) == 5
        if frame[0] == WRITE:
            return len(frame) >= 5 and len(frame) == 5 + frame[1]
        return len(frame) == 2 if frame[0] == NRST and self._has_nrst else True

    @property
    def _has_nrst(self) -> bool:
        return _minor(self._chip.faults) > 0

    # -- commands ----------------------------------------------------------------------------------------------

    def _answer(self, frame: bytes, now: float) -> list[Sent]:
        command = frame[0]
        receipt = Sent(command, now)
        if self._chip.faults.esp_silent:
            return [receipt]
        if command == SRST:
            return [receipt, *self._reset_over_swim(now)]
        if command == READ:
            return [receipt, *self._read(frame, now)]
        if command == WRITE:
            return [receipt, *self._write(frame, now)]
        if command == NRST and self._has_nrst:
            return [receipt, *self._move_nrst(frame[1], now)]
        if command == ENTRY:
            return [receipt, *self._enter(now)]
        if command == VERSION:
            return [receipt, *_done(now, bytes((0, _minor(self._chip.faults))))]
        return [receipt, *_failed(now, _UNKNOWN)]

    def _reset_over_swim(self, now: float) -> list[Sent]:
        end = now + _COMMAND_S
        answer = self._chip.system_reset(end, False)
        if answer is Answer.ACK:
            return _done(end + SRST_S)
        return _failed(end + _SILENCE_S, _NACK if answer is Answer.NACK else _NO_BIT)

    def _move_nrst(self, level: int, now: float) -> list[Sent]:
        """Drive NRST low, drive it high, or let a pull-up have it."""
        if level in (_NRST_LOW, _NRST_HIGH, _NRST_INPUT):
            self._chip.set_nrst(level == _NRST_LOW, now)
        return _done(now)

    def _enter(self, now: float) -> list[Sent]:
        end = now + _ENTRY_S
        answer = self._chip.enter(now, end)
        if answer is Answer.ACK:
            return _done(end, _SYNC_CYCLES.to_bytes(2, "big"))
        self._deaf = self._chip.faults.esp_deaf
        return _failed(end + _SILENCE_S, _SYNC_STUCK if answer is Answer.STUCK else _NO_SYNC)

    def _read(self, frame: bytes, now: float) -> list[Sent]:
        count, address = frame[1], int.from_bytes(frame[2:5], "big")
        begins = now + _COMMAND_S + 4 * _BYTE_S
        if not count:
            return _done(begins, frame[1:5])
        deadline = begins + _WATCHDOG_S
        noise = self._chip.noise
        every = noise.faults.bit_flip_every
        wrong = every is not None and noise.read % every + count >= every
        while True:
            answer, data = self._chip.rotf(address, count, begins, False, _BYTE_S)
            end = begins + len(data) * _BYTE_S
            self._chip.settle(end)
            if answer is not Answer.NACK:
                break
            if begins >= deadline:
                return self._boot(begins)
            begins += _RETRY_S
        if not self._chip.powered or answer is Answer.SILENT:
            return _failed(end + _SILENCE_S, _NO_BIT)
        if answer is Answer.STUCK:
            return _failed(end + _SILENCE_S, _BAD_HEADER)
        return _failed(end, _PARITY) if wrong else _done(end, frame[1:5] + data)

    def _write(self, frame: bytes, now: float) -> list[Sent]:
        address, data = int.from_bytes(frame[2:5], "big"), frame[5:]
        begins = now + _COMMAND_S + 4 * _BYTE_S
        deadline = begins + _WATCHDOG_S
        while data:
            answer, through = self._chip.wotf(address, data, begins + _BYTE_S, _BYTE_S, False)
            address, data = address + through, data[through:]
            begins += (through + 1) * _BYTE_S
            if answer is Answer.ACK:
                break
            if answer is not Answer.NACK:
                return _failed(begins + _SILENCE_S, _BAD_HEADER if answer is Answer.STUCK else _NO_BIT)
            if begins >= deadline:
                return self._boot(begins)
            begins += _RETRY_S
        return _done(begins, frame[1:5])


def _done(at: float, payload: bytes = b"") -> list[Sent]:
    return [Sent(byte, at) for byte in (_OK, *payload)]


def _failed(at: float, code: int) -> list[Sent]:
    return [Sent(byte, at) for byte in (_ERROR, code >> 8, code & 0xFF)]

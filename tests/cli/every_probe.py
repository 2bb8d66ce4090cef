"""Every kind of probe that is not an ST-LINK, with a plain chip at its end, for `test_every_probe.py`.

A new kind of probe adds a row to `PROBES`: the beginning of its selectors, and a function. The function puts a script
in place of the wire. The script calls the methods of a `PlainChip`: `enter`, `resync`, `system_reset`, `read`, `write`
and `move_nrst`. `tests/cli/second_probe.py` shows how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Union
from zlib import crc32

import pytest

from cli.plain_chip import Facts, PlainChip, RefusedError, SilentError
from cli.second_probe import SELECTOR, SecondProbe, attach
from clocks import StandingClock
from stm8tool.transport import serial_port
from stm8tool.transport.serial_port import SerialPort


class ProbeOnBench(NamedTuple):
    """A probe with a chip.

    Attributes:
        selector: The value of `--probe` that means it.
        chip: The chip at its end.
    """

    selector: str
    chip: PlainChip


def _wire(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> ProbeOnBench:
    return ProbeOnBench(SELECTOR, attach(monkeypatch, SecondProbe(facts)).chip)


class PlainEspstlink:
    """An ESP8266 with firmware 0.2 at a serial port of 921600 baud: whole requests in, answers out."""

    def __init__(self, chip: PlainChip) -> None:
        self.chip = chip
        self.waiting = b""
        self.speed = 0

    def take(self, request: bytes) -> None:
        if self.speed == 921600:
            self.waiting += request[:1] + self._done(request)

    def _done(self, request: bytes) -> bytes:
        command, address = request[0], int.from_bytes(request[2:5], "big")
        try:
            if command == 0x00:
                self.chip.system_reset()
                return b"\x00"
            if command == 0x01:
                return b"\x00" + request[1:] + self.chip.read(address, request[1], False)
            if command == 0x02:
                assert len(request) == 5 + request[1]
                self.chip.write(address, request[5:], False)
                return b"\x00" + request[1:5]
            if command == 0xFD:
                self.chip.move_nrst(low=request[1] == 1)
                return b"\x00"
            if command == 0xFE:
                self.chip.enter()
                return b"\x00\x05\x00"
            return b"\x00\x00\x02" if command == 0xFF else b"\xff\x00\x01"
        except SilentError:
            return b"\xff\x00\x01"
        except RefusedError:
            return b"\xff\x00\x04"

    def give(self, size: int) -> bytes:
        given, self.waiting = self.waiting[:size], self.waiting[size:]
        return given


class PlainRp2040:
    """An RP2040 with rp2040_swim at a serial port: whole frames in, answers out, while DTR is asserted."""

    def __init__(self, chip: PlainChip) -> None:
        self.chip = chip
        self.waiting = b""
        self.dtr = self.in_step = False

    def take(self, frame: bytes) -> None:
        if self.dtr and crc32(frame[:-4]).to_bytes(4, "little") == frame[-4:]:
            command, payload = frame[5], frame[10:-4]
            assert frame[:5] == b"RPWS\x01"
            assert int.from_bytes(frame[8:10], "little") == len(payload)
            status, answer = self._done(command, payload)
            size = (2 + len(answer)).to_bytes(2, "little")
            content = b"RPWS\x01" + bytes([command | 0x80]) + frame[6:8] + size + bytes([status, 0]) + answer
            self.waiting += content + crc32(content).to_bytes(4, "little")

    def _done(self, command: int, payload: bytes) -> tuple[int, bytes]:
        address, size = int.from_bytes(payload[:4], "little"), int.from_bytes(payload[4:6], "little")
        try:
            if command in (0x02, 0x04, 0x05):  # new pins, the entry, a pulse on NRST
                self.in_step = False
                self.chip.move_nrst(low=command != 0x02)
                if command == 0x04:
                    self._enter()
                self.chip.move_nrst(low=False)
                return 0, b""
            if command in (0x08, 0x09) and not self.in_step:
                return 5, b""
            if command == 0x08:
                return 0, self.chip.read(address, size, False)
            if command == 0x09:
                assert size == len(payload) - 6
                self.chip.write(address, payload[6:], False)
                return 0, b""
            known = {0x01: bytes((0, 1, 0, 1)) + b"rp2040-swim\0", 0x0F: bytes(8) + (16400).to_bytes(4, "little")}
            return (0, known[command]) if command in known else (3, b"")
        except SilentError:
            return 5, b""
        except RefusedError:
            return 6, b""

    def _enter(self) -> None:
        self.chip.enter()
        self.chip.write(0x7F80, b"\xa0", False)
        self.chip.move_nrst(low=False)
        self.chip.resync()
        self.in_step = True
        assert self.chip.read(0x7F80, 1, False)[0] & 0x20
        self.chip.write(0x7F99, b"\x08", False)

    def give(self, size: int) -> bytes:
        given, self.waiting = self.waiting[:size], self.waiting[size:]
        return given


def _in_place_of_a_port(
    monkeypatch: pytest.MonkeyPatch, time: StandingClock, device: Union[PlainEspstlink, PlainRp2040]
) -> None:
    monkeypatch.setattr(serial_port, "MonotonicClock", lambda: time)
    monkeypatch.setattr(SerialPort, "open", lambda _port, baud: setattr(device, "speed", baud))
    monkeypatch.setattr(SerialPort, "close", lambda _port: None)
    monkeypatch.setattr(SerialPort, "set_parity", lambda _port, even: None)
    monkeypatch.setattr(SerialPort, "set_lines", lambda _port, dtr, rts=None: setattr(device, "dtr", dtr))
    monkeypatch.setattr(SerialPort, "drop_input", lambda _port: device.give(len(device.waiting)))
    monkeypatch.setattr(SerialPort, "write", lambda _port, data: device.take(data))
    monkeypatch.setattr(SerialPort, "read", lambda _port, size, _timeout_s: device.give(size))


def _espstlink(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> ProbeOnBench:
    time = StandingClock()
    esp = PlainEspstlink(PlainChip(facts, time.now))
    _in_place_of_a_port(monkeypatch, time, esp)
    return ProbeOnBench("espstlink:/dev/ttyUSB0", esp.chip)


def _rp2040(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> ProbeOnBench:
    time = StandingClock()
    pico = PlainRp2040(PlainChip(facts, time.now))
    _in_place_of_a_port(monkeypatch, time, pico)
    return ProbeOnBench("rp2040:/dev/ttyACM0", pico.chip)


PROBES: dict[str, Callable[[pytest.MonkeyPatch, Facts], ProbeOnBench]] = {
    "wire:": _wire,
    "espstlink:": _espstlink,
    "rp2040:": _rp2040,
}

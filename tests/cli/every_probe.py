"""Every kind of probe that is not an ST-LINK, with a plain chip at its end, for `test_every_probe.py`.

A new kind of probe adds a row to `PROBES`: the beginning of its selectors, and a function. The function puts a script
in place of the wire. The script calls the methods of a `PlainChip`: `enter`, `resync`, `system_reset`, `read`, `write`
and `move_nrst`. `tests/cli/second_probe.py` shows how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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


def _espstlink(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> ProbeOnBench:
    time = StandingClock()
    esp = PlainEspstlink(PlainChip(facts, time.now))
    monkeypatch.setattr(serial_port, "MonotonicClock", lambda: time)
    monkeypatch.setattr(SerialPort, "open", lambda _port, baud: setattr(esp, "speed", baud))
    monkeypatch.setattr(SerialPort, "close", lambda _port: None)
    monkeypatch.setattr(SerialPort, "set_parity", lambda _port, even: None)
    monkeypatch.setattr(SerialPort, "set_lines", lambda _port, **_lines: None)
    monkeypatch.setattr(SerialPort, "drop_input", lambda _port: esp.give(len(esp.waiting)))
    monkeypatch.setattr(SerialPort, "write", lambda _port, data: esp.take(data))
    monkeypatch.setattr(SerialPort, "read", lambda _port, size, _timeout_s: esp.give(size))
    return ProbeOnBench("espstlink:/dev/ttyUSB0", esp.chip)


PROBES: dict[str, Callable[[pytest.MonkeyPatch, Facts], ProbeOnBench]] = {
    "wire:": _wire,
    "espstlink:": _espstlink,
}

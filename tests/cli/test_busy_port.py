"""Two programs at one serial port: the second one gets an error, and the first one notices nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from stm8tool.cli.main import main
from stm8tool.transport.serial_port import SerialPort

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Windows has no pseudo terminals, and itself refuses a port in use"
)


class Terminal(NamedTuple):
    """A pseudo terminal: the end that a device has, and the name of the other end."""

    device: int
    name: str


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    import tty

    device, other = os.openpty()
    tty.setraw(other)
    yield Terminal(device, os.ttyname(other))
    os.close(other)
    os.close(device)


@pytest.mark.parametrize("kind", ["serial", "espstlink", "rp2040"])
def test_a_port_that_another_program_has_is_busy_and_stays_as_it_was(
    kind: str, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    import termios

    first = SerialPort(terminal.name, f"serial:{terminal.name}")
    first.open(57600)
    try:
        before = termios.tcgetattr(terminal.device)
        assert main(["--probe", f"{kind}:{terminal.name}", "--part", "stm8s208mb", "info"]) == 7
        said = capsys.readouterr().err.splitlines()
        assert said[-1] == f"error: another program uses {kind}:{terminal.name} [E-BUSY]"
        assert said[-2] == "hint: close the serial monitor and other programs that use the port"
        assert termios.tcgetattr(terminal.device) == before
        first.write(b"to the device")
        assert os.read(terminal.device, 100) == b"to the device"
        os.write(terminal.device, b"back")
        assert first.read(4, 10.0) == b"back"
    finally:
        first.close()


def test_a_port_is_free_again_when_its_program_has_closed_it(terminal: Terminal) -> None:
    for _ in range(2):
        port = SerialPort(terminal.name, f"serial:{terminal.name}")
        port.open(115200)
        port.close()

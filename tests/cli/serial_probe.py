"""A simulated board at an espstlink or an rp2040_swim, which are probes at a serial port."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

import pytest

from cli.desk import STM8S, program
from stm8tool.cli.main import main
from stm8tool.transport import serial_port

CONTENT = program(700)
STLINK, ESPSTLINK, RP2040 = "sim:b.chip", "espstlink:sim:b.chip", "rp2040:sim:b.chip"


def board(*faults: str, part: str = STM8S, locked: bool = False) -> None:
    """Make the board, in `b.chip`."""
    words = ["sim", "create", "b.chip", "--part", part, *(["--locked"] if locked else [])]
    assert main([*words, *(word for fault in faults for word in ("--fault", fault))]) == 0


def tool(probe: str, *words: str, part: str = STM8S) -> int:
    """Run a command over a probe; return its exit code."""
    return main(["--probe", probe, "--part", part, *words])


def holds(image: str, part: str = STM8S) -> bool:
    """Tell whether the board holds an image, by an ST-LINK of the simulator."""
    return tool(STLINK, "verify", image, part=part) == 0


def has_ports(monkeypatch: pytest.MonkeyPatch, adapters: Iterable[str], built_in: Iterable[str] = ()) -> None:
    """Let this machine have these serial ports: adapters on USB, and those that are built in."""
    ids = [(name, 0x1A86) for name in adapters] + [(name, None) for name in built_in]
    listed = [SimpleNamespace(device=name, description="a port", vid=vid, pid=vid) for name, vid in ids]
    monkeypatch.setattr(serial_port, "_listed", lambda: listed)

"""A part and commands for the tests of chip files."""

from __future__ import annotations

from stm8tool.parts.table import find_part
from stm8tool.transport.base import Transport

S103 = find_part("stm8s103f3")
LIMIT_S = 1.0


def send(transport: Transport, *commands: str) -> None:
    for command in commands:
        transport.write(bytes.fromhex(command).ljust(16, b"\0"), LIMIT_S)

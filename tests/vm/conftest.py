"""One virtual machine for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stm8tool.image import Segment, save
from vm.image import MissingError
from vm.machine import Machine

_DATA = bytes(n * 7 % 256 for n in range(600))
_LOOP = bytes.fromhex("20 FE")  # at 0x8083, where the reset vector leads
PROGRAM = bytes.fromhex("82 00 80 83") + _DATA[:0x7F] + _LOOP + _DATA[0x81:]


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    try:
        machine = Machine()
    except MissingError as exc:
        pytest.exit(str(exc), returncode=1)
    with machine:
        save(machine.io / "firmware.hex", [Segment(0x8000, PROGRAM)])
        yield machine

"""Regions, records and refusals for the tests of image files."""

from __future__ import annotations

from pathlib import Path

import pytest

from stm8tool.errors import ImageError
from stm8tool.image import load
from stm8tool.parts.table import Region

FLASH = Region("flash", 0x8000, 0x2000)
EEPROM = Region("eeprom", 0x4000, 640)

END = ":00000001FF"


def record(address: int, data: bytes, kind: int = 0) -> str:
    """One Intel HEX record, written here a second time."""
    body = bytes([len(data), address >> 8, address & 0xFF, kind]) + data
    return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"


RESET = record(0x8000, b"\x82\x00\x80\x80")


def write(path: Path, *lines: str, eol: str = "\n") -> Path:
    path.write_bytes(eol.join([*lines, ""]).encode("latin-1"))
    return path


def refusal(path: Path, base: int | None = None) -> ImageError:
    with pytest.raises(ImageError) as caught:
        load([path], base)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return caught.value

"""Debian's uCsim: run it on commands, and take apart what it prints."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Optional

_STATE = re.compile(
    r"Flags= 0x(..).*?A= 0x(..).*?X= 0x(....).*?Y= 0x(....).*?SP= 0x(....).*?\n0x([0-9a-f]+)", re.DOTALL
)
_DUMP = re.compile(r"0x0[0-9a-f]{4} +((?:[0-9a-f]{2} ){64})")  # uCsim mixes its echo of the commands in


def simulator() -> Optional[str]:
    """Return the program, or None where there is none; SDCC before 4.2 calls it sstm8."""
    return shutil.which("sstm8") or shutil.which("ucsim_stm8")


def hex_text(memory: bytes, start: int) -> str:
    """Return Intel HEX, with type-04 records."""
    lines, upper = [], -1
    for at in range(0, len(memory), 32):
        address = start + at
        if address >> 16 != upper:
            upper = address >> 16
            lines.append(_record(4, 0, upper.to_bytes(2, "big")))
        lines.append(_record(0, address & 0xFFFF, memory[at : at + 32]))
    return "\n".join([*lines, ":00000001FF", ""])


def _record(kind: int, address: int, data: bytes) -> str:
    body = bytes([len(data), address >> 8, address & 255, kind]) + data
    return f":{body.hex()}{-sum(body) & 255:02x}".upper()


def talk(lines: list[str], folder: Path) -> str:
    """Run uCsim on commands; return what it prints."""
    (folder / "commands").write_text("\n".join([*lines, "quit", ""]))
    program = simulator()
    assert program
    with (folder / "commands").open() as commands:
        done = subprocess.run(
            [program, "-q", "-b", "-t", "S208"], stdin=commands, capture_output=True, timeout=300, check=False
        )
    return done.stdout.decode("latin-1")


def split(output: str) -> list[str]:
    return re.split(r"(?=V-IHINZC)", output)[1:]


def registers(piece: str) -> Optional[tuple[int, ...]]:
    """Return PC, A, X, Y, SP, CC as `step` prints them."""
    state = _STATE.search(piece)
    if not state:
        return None
    flags, a, x, y, sp, pc = (int(value, 16) for value in state.groups())
    return pc, a, x, y, sp, flags


def dumped(piece: str) -> bytes:
    """Return what the `dump` commands print."""
    return b"".join(bytes.fromhex(match[1]) for match in _DUMP.finditer(piece))

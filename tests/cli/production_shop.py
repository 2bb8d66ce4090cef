"""A place where `produce` programs simulated boards: its job file, its sockets and its log."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.desk import Desk, program
from stm8tool.parts.table import find_part
from stm8tool.sim import store

PART = find_part("stm8s103f3")
SERIAL = '[serial_number]\naddress = 0x4000\nformat = "u32"\nfile = "next.txt"\n'


def furnish(desk: Desk) -> None:
    """Put an image and a counter on a desk, and the sockets A and B with a blank chip in each."""
    desk.hex("firmware.hex", (0x8000, program(300)))
    Path("next.txt").write_text("41\n", encoding="ascii")
    for name in "ab":
        board(name)


def board(name: str, *, faults: Sequence[str] = (), locked: bool = False) -> None:
    """Put a new board into a socket."""
    store.create(f"{name}.chip", PART, "v3", faults=faults, locked=locked, overwrite=True)


def job(more: str = "", *, sockets: str = "ab", head: str = "", start: str = "enter") -> str:
    """Write a job file; return its name."""
    listed = "".join(f'[[socket]]\nname = "{name.upper()}"\nprobe = "sim:{name}.chip"\n' for name in sockets)
    top = f'part = "stm8s103f3"\nimage = "firmware.hex"\nlog = "log.jsonl"\nstart = "{start}"\n{head}'
    Path("job.toml").write_text(top + more + listed, encoding="utf-8")
    return "job.toml"


def events(kind: str, file: str = "log.jsonl") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in Path(file).read_text(encoding="ascii").splitlines()]
    return [event for event in found if event["event"] == kind]


def type_in(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text), isatty=lambda: False))

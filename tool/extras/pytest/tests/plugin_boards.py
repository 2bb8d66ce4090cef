"""Programs for simulated boards. They come from the checkout's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "tests"))

from cli.desk import talking  # noqa: E402

# Text for the console, then a loop that counts at 0x10.
TALKING = talking(b"hello\n")[:-2] + bytes.fromhex("3C1020FC")
OTHER = talking(b"bye\n")[:-2] + bytes.fromhex("3C1020FC")

Make = Callable[..., str]

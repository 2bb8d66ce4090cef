"""Plain values in and out of an object, for the chip file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def dump(owner: object, names: Sequence[str]) -> dict[str, Any]:
    """Return the named attributes; bytes become hex text."""
    values = {name.lstrip("_"): getattr(owner, name) for name in names}
    return {name: bytes(v).hex() if isinstance(v, (bytes, bytearray)) else v for name, v in values.items()}


def restore(owner: object, names: Sequence[str], saved: dict[str, Any]) -> None:
    """Set the named attributes from what `dump` returned; their types stay as they are."""
    for name in names:
        value, now = saved[name.lstrip("_")], getattr(owner, name)
        setattr(owner, name, type(now)(bytes.fromhex(value)) if isinstance(now, (bytes, bytearray)) else value)

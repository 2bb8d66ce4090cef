"""The facts that `stm8tool list` shows about each probe of any kind, as rows of a table and as keys of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

_HEAD = ("MODEL", "SERIAL", "PATH", "FIRMWARE")


class ListedProbe(NamedTuple):
    """One probe; the names are the keys of `list --json` and stay as they are.

    Attributes:
        model: The name that the user knows, "STLINK-V3SET".
        serial: Normal form; None if it could not be read.
        serial_unique: False if it is missing or clones share it.
        path: The value for `--probe`: "usb:BUS-PORT", "sim:FOLDER#usb:BUS-PORT", "sim:CHIPFILE".
        vendor: USB id, four hex digits; None if the probe is not on USB.
        product: USB id, four hex digits; None if the probe is not on USB.
        firmware: Its maker's form, "V2J37S7"; None if it was not asked for, or not answered.
        problem: The reason why it cannot be used, a sentence; None if nothing is known without a chip.
        hint: The advice.
    """

    model: str
    serial: Optional[str]
    serial_unique: bool
    path: str
    vendor: Optional[str] = None
    product: Optional[str] = None
    firmware: Optional[str] = None
    problem: Optional[str] = None
    hint: Optional[str] = None


class ProbeList(NamedTuple):
    """The attached probes, and a text for each other device that the user may have meant."""

    probes: list[ListedProbe]
    others: Sequence[str]


def table(probes: Sequence[ListedProbe], others: Sequence[str], looked_for: Sequence[str]) -> list[str]:
    """Return lines for the user; a problem and its advice stand below their probe.

    Args:
        probes: The attached probes.
        others: As in `ProbeList`.
        looked_for: The names of the kinds of probes that were looked for.
    """
    if not probes:
        return [f"no {' and no '.join(looked_for)} is attached", *(f"  seen instead: {other}" for other in others)]
    rows = [_HEAD, *map(_cells, probes)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    shown = lines[:1]
    for line, probe in zip(lines[1:], probes):
        shown += [line, *(f"  {text}" for text in (probe.problem, probe.hint) if text)]
    return shown


def _cells(probe: ListedProbe) -> tuple[str, ...]:
    serial = probe.serial or "unknown"
    if probe.serial and not probe.serial_unique:
        serial += " (not unique)"
    return probe.model, serial, probe.path, probe.firmware or "-"

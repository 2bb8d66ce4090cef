"""What `stm8tool list` tells of each probe, as rows of a table and as keys of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

from ..errors import AccessError, ProbeError, TransportError
from ..transport.base import Transport, UsbIdentity
from . import find, identify, stlink_version
from .usb_ids import MODELS, V1_PRODUCT

_HEAD = ("MODEL", "SERIAL", "PATH", "FIRMWARE")


class ListedProbe(NamedTuple):
    """One probe; the names are the keys of `list --json` and stay as they are.

    Attributes:
        model: What the product id says, "STLINK-V3SET".
        serial: Normal form; None if it could not be read.
        serial_unique: False if it is missing or one that clones share.
        path: What `--probe` takes, "usb:BUS-PORT" or "sim:CHIPFILE".
        vendor: USB id, four hex digits.
        product: USB id, four hex digits.
        firmware: ST's form, "V2J37S7"; None where it was not asked for, or not answered.
        problem: Why it cannot be used, a sentence; None as far as can be told without a chip.
        hint: What helps.
    """

    model: str
    serial: Optional[str]
    serial_unique: bool
    path: str
    vendor: str
    product: str
    firmware: Optional[str]
    problem: Optional[str]
    hint: Optional[str]


def attached() -> tuple[list[ListedProbe], Sequence[str]]:
    """Return the attached ST-LINKs, and a text for each other device of ST; AccessError as `find.survey`."""
    probes, others = find.survey()
    return [_listed(probe) for probe in probes], others


def simulated(transport: Transport) -> ListedProbe:
    """Return the probe of a simulated board."""
    return _asked(transport, _unasked(transport.identity))


def table(probes: Sequence[ListedProbe], others: Sequence[str]) -> list[str]:
    """Return lines for the user; a problem and what helps stand below their probe."""
    if not probes:
        return ["no ST-LINK is attached", *(f"  seen instead: {other}" for other in others)]
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


def _listed(probe: find.FoundProbe) -> ListedProbe:
    row = _unasked(probe.identity)
    if probe.problem:
        return row._replace(problem=probe.problem, hint=probe.hint)
    return _asked(find.open_found(probe), row)


def _unasked(identity: UsbIdentity) -> ListedProbe:
    return ListedProbe(
        model=MODELS[identity.product].name,
        serial=identity.serial or None,
        serial_unique=find.is_unique(identity.serial),
        path=identity.path,
        vendor=f"{identity.vendor:04x}",
        product=f"{identity.product:04x}",
        firmware=None,
        problem=None,
        hint=None,
    )


def _asked(transport: Transport, row: ListedProbe) -> ListedProbe:
    """Complete a row by asking the probe, which stays in its mode."""
    product = transport.identity.product
    if product == V1_PRODUCT:
        return row  # to ask would take it away from the system's disk driver
    try:
        version = identify.ask(transport)
    except (AccessError, ProbeError, TransportError) as exc:
        return row._replace(problem=str(exc), hint=exc.hint)
    row = row._replace(firmware=str(version))
    obstacle = stlink_version.obstacle(version, product)
    if obstacle is None:
        return row
    return row._replace(problem=f"the {row.model} at {row.path} {obstacle.problem}", hint=obstacle.hint)

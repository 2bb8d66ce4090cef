"""The facts that `stm8tool list` shows about each probe, as rows of a table and as keys of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

from ...errors import Code, ProbeError, ToolError
from ...transport.base import UsbBus
from ...words import LIBRARY, Words
from . import find, identify
from . import version as stlink_version
from .usb_ids import V1_PRODUCT

_HEAD = ("MODEL", "SERIAL", "PATH", "FIRMWARE")


class ListedProbe(NamedTuple):
    """One probe; the names are the keys of `list --json` and stay as they are.

    Attributes:
        model: The name for the product id, "STLINK-V3SET".
        serial: Normal form; None if it could not be read.
        serial_unique: False if it is missing or clones share it.
        path: The value for `--probe`: "usb:BUS-PORT", "sim:FOLDER#usb:BUS-PORT", "sim:CHIPFILE".
        vendor: USB id, four hex digits.
        product: USB id, four hex digits.
        firmware: ST's form, "V2J37S7"; None if it was not asked for, or not answered.
        problem: The reason why it cannot be used, a sentence; None if nothing is known without a chip.
        hint: The advice.
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


class FirmwareAnswer(NamedTuple):
    """The answer of a probe to the question for its firmware.

    Attributes:
        version: The answer; None if it was not asked or did not answer.
        error: The reason why it cannot be used; None if nothing is known without a chip.
    """

    found: find.FoundProbe
    version: Optional[stlink_version.Version]
    error: Optional[ToolError]


def attached(bus: UsbBus, words: Words = LIBRARY) -> tuple[list[ListedProbe], Sequence[str]]:
    """Return the attached ST-LINKs, and a text for each other device of ST; errors as `find.survey`."""
    probes, others = find.survey(bus)
    return [row(ask(probe, bus), words) for probe in probes], others


def ask(found: find.FoundProbe, bus: UsbBus) -> FirmwareAnswer:
    """Ask a probe for its firmware; it stays in its mode.

    An ST-LINK/V1 is not asked: that would take it away from the system's disk driver.
    """
    if not found.model.obstacle and (found.error or found.device.product == V1_PRODUCT):
        return FirmwareAnswer(found, None, found.error)
    try:
        version = identify.ask(find.pipe_to(found, bus))
    except ToolError as exc:  # a simulated probe may have a damaged file, too
        return FirmwareAnswer(found, None, exc)
    return FirmwareAnswer(found, version, _without_swim(found, version))


def table(probes: Sequence[ListedProbe], others: Sequence[str]) -> list[str]:
    """Return lines for the user; a problem and its advice stand below their probe."""
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


def row(answer: FirmwareAnswer, words: Words) -> ListedProbe:
    """Return the row of a probe, in the words of a vocabulary."""
    found, version, error = answer
    return ListedProbe(
        model=found.model.name,
        serial=found.serial or None,
        serial_unique=found.unique_serial,
        path=found.device.path,
        vendor=f"{found.device.vendor:04x}",
        product=f"{found.device.product:04x}",
        firmware=None if version is None else str(version),
        problem=None if error is None else str(error),
        hint=error.hint_in(words) if error else None,
    )


def _without_swim(found: find.FoundProbe, version: stlink_version.Version) -> Optional[ProbeError]:
    obstacle = stlink_version.obstacle(version, found.device.product)
    if obstacle is None:
        return None
    message = f"the {found.model.name} at {found.device.path} {obstacle.problem}"
    return ProbeError(message, code=Code.PROBE_NO_SWIM, hint=obstacle.hint)

"""The attached ST-LINKs for `stm8tool list`, each with its firmware, or the reason why it cannot be used."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ...errors import Code, ProbeError, ToolError
from ...transport.base import UsbBus
from ...words import LIBRARY, Words
from ..listing import ListedProbe, ProbeList
from . import find, identify
from . import version as stlink_version
from .usb_ids import V1_PRODUCT


class FirmwareAnswer(NamedTuple):
    """The answer of a probe to the question for its firmware.

    Attributes:
        version: The answer; None if it was not asked or did not answer.
        error: The reason why it cannot be used; None if nothing is known without a chip.
    """

    found: find.FoundProbe
    version: Optional[stlink_version.Version]
    error: Optional[ToolError]


def attached(bus: UsbBus, words: Words = LIBRARY) -> ProbeList:
    """Return the attached ST-LINKs, and a text for each other device of ST; errors as `find.survey`."""
    probes, others = find.survey(bus)
    return ProbeList([row(ask(probe, bus), words) for probe in probes], others)


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

"""A selector, such as "stlink" or "sim:board.chip": the bus that it is about, and the probe that it means there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .probe.base import SwimLink
    from .transport.base import UsbBus

_log = logging.getLogger(__name__)

SIM_PREFIX = "sim:"


def bus_of(selector: str) -> tuple[UsbBus, str]:
    """Return the bus that `selector` is about, and what it says of the probe; a simulated one loads no USB library."""
    if selector.startswith(SIM_PREFIX):
        from .sim import bus

        return bus.attach(selector[len(SIM_PREFIX) :])
    from .probe import find

    return find.system_bus(), selector


def open_link(selector: str) -> SwimLink:
    """Return the probe that `selector` means, not open yet."""
    from .probe import find
    from .probe.stlink.swim import Stlink

    bus, wanted = bus_of(selector)
    probe = find.find(wanted, bus)
    note = find.substitution(wanted, probe)
    if note:
        _log.warning("%s", note)
    return Stlink(find.open_found(probe, bus))

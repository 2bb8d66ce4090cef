"""Find the probe that a selector means. A selector is the value of `--probe`, such as "stlink" or "sim:board.chip".

The word before its first colon names the kind of probe. A selector without such a word means an ST-LINK on this
machine's USB.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .probe.base import SwimLink
    from .transport.base import UsbBus

_log = logging.getLogger(__name__)

SIM_PREFIX = "sim:"


def open_link(selector: str) -> SwimLink:
    """Return the probe that `selector` means; `open` on it claims the probe."""
    kind, colon, _ = selector.partition(":")
    return LINKS.get(kind.strip().lower() + colon, _stlink)(selector)


def bus_of(selector: str) -> tuple[UsbBus, str]:
    """Return the bus of an ST-LINK, and the rest of `selector`. A simulated ST-LINK loads no USB library."""
    if selector.startswith(SIM_PREFIX):
        from .sim import bus

        return bus.attach(selector[len(SIM_PREFIX) :])
    from .probe.stlink import find

    return find.system_bus(), selector


def _stlink(selector: str) -> SwimLink:
    from .probe.stlink import find
    from .probe.stlink.swim import Stlink

    bus, wanted = bus_of(selector)
    probe = find.find(wanted, bus)
    note = find.substitution(wanted, probe)
    if note:
        _log.warning("%s", note)
    return Stlink(find.pipe_to(probe, bus))


# A probe of another kind adds a row: the start of its selectors, and the function that returns its link.
LINKS: dict[str, Callable[[str], SwimLink]] = {"usb:": _stlink, SIM_PREFIX: _stlink}

"""Find the probe that a selector means. A selector is the value of `--probe`, such as "stlink" or "sim:board.chip".

The word before its first colon names the kind of probe. A selector without such a word means an ST-LINK on this
machine's USB, or a serial port if it is the name of one. "usbip:" means an ST-LINK of a USB/IP server. At a serial port
there is no probe: the loader in the chip's boot ROM does the work (`uart/`).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Optional

from .errors import UsageError
from .words import LIBRARY, Hint

if TYPE_CHECKING:
    from .probe.base import SwimLink
    from .probe.listing import ListedProbe, ProbeList
    from .transport.base import UsbBus
    from .transport.serial_line import SerialLine
    from .words import Words

_log = logging.getLogger(__name__)

SIM_PREFIX = "sim:"
SERIAL_PREFIX = "serial:"
ESPSTLINK_PREFIX = "espstlink:"
RP2040_PREFIX = "rp2040:"
USBIP_PREFIX = "usbip:"
# What every program that is made with the Pico SDK has by default, for an RP2040 and an RP2350: not only rp2040_swim.
_PICO_VENDOR, _PICO_PRODUCTS = 0x2E8A, (0x000A, 0x0009)
_SERIAL_URLS = ("socket://", "rfc2217://")
_SERIAL_NAME = re.compile(r"(\\\\\.\\)?COM\d+|/dev/.+", re.IGNORECASE)


class ProbeKind(NamedTuple):
    """A kind of probe.

    Attributes:
        open: Takes a selector and returns the link of the probe. It raises an error if there is no such probe. `open`
            of the link claims the probe.
        attached: Takes a selector and the words for hints, and returns the attached probes for `stm8tool list`. If it
            raises an error, `list` shows no probe of any kind. So it returns no probe if its library is not installed.
        name: What users call such a probe; `list` says it if it finds none.
        is_stlink: The doctor examines the USB and every ST-LINK on it.
        is_hidden: The tool cannot see such a probe without asking it. `list` shows the places where one can be, if the
            user names the kind.
    """

    open: Callable[[str], SwimLink]
    attached: Callable[[str, Words], ProbeList]
    name: str
    is_stlink: bool = False
    is_hidden: bool = False


def open_link(selector: str) -> SwimLink:
    """Return the probe that `selector` means; `open` on it claims the probe."""
    return kind_of(selector).open(selector)


def kind_of(selector: str) -> ProbeKind:
    """Return the kind of probe that `selector` means."""
    return _named_kind(selector) or STLINK


def place_of(selector: str) -> str:
    """Return the place of the probe that `selector` means, as `ProbeInfo.place` has it, without opening the probe.

    Raises:
        TransportError, AccessError, UsageError: There is no such probe.
    """
    return selector.strip() if is_serial(selector) else open_link(selector).place


def is_serial(selector: str) -> bool:
    """Tell whether `selector` means a serial port, and so the loader in the chip's boot ROM."""
    wanted = selector.strip()
    return wanted.lower().startswith((SERIAL_PREFIX, *_SERIAL_URLS)) or _SERIAL_NAME.fullmatch(wanted) is not None


def is_usbip(selector: str) -> bool:
    """Tell whether `selector` means an ST-LINK of a USB/IP server."""
    return selector.strip().lower().startswith(USBIP_PREFIX)


def serial_line(selector: str) -> SerialLine:
    """Return the serial line that `selector` means; `open` on it opens the port."""
    name = selector.strip()
    if name.lower().startswith(SERIAL_PREFIX):
        name = name[len(SERIAL_PREFIX) :]
    if name.startswith(SIM_PREFIX):
        from .sim.serial.line import SimLine

        return SimLine(name[len(SIM_PREFIX) :], selector)
    from .transport.serial_port import SerialPort

    return SerialPort(name, selector)


def _visible() -> list[ProbeKind]:
    """Return the kinds whose attached probes the tool can see."""
    return [kind for kind in dict.fromkeys(KINDS.values()) if not kind.is_hidden]


def attached(selector: str, words: Words = LIBRARY) -> ProbeList:
    """Return the attached probes of the kind that `selector` names, or of every kind, for `stm8tool list`.

    If it names a serial port, too, only that one is returned.

    Raises:
        AccessError: The tool cannot look for them.
        UsageError: It names a port that no system lists.
    """
    from .probe.listing import ProbeList

    if is_serial(selector):
        return ProbeList(*_rows_of(selector, *serial_ports(), SERIAL_PREFIX))
    named = _named_kind(selector)
    if named and named.is_hidden:
        prefix = selector.partition(":")[0].strip().lower() + ":"
        return ProbeList(*_rows_of(selector, *named.attached(selector, words), prefix))
    found = [kind.attached(selector, words) for kind in ([named] if named else _visible())]
    return ProbeList([probe for one in found for probe in one.probes], [other for one in found for other in one.others])


def looked_for(selector: str) -> list[str]:
    """Return the names of the kinds of probes that `attached` looks for; if it looks for a port, also its name."""
    port = _port_in(selector)
    if is_serial(selector):
        return [f"serial port {port}".rstrip()]
    named = _named_kind(selector)
    if named and named.is_hidden:
        return [f"{named.name} {port}".rstrip()]
    return [kind.name for kind in ([named] if named else _visible())]


def _port_in(selector: str) -> str:
    """Return the name of the serial port in `selector`; empty if it names none."""
    wanted = selector.strip()
    word, _, name = wanted.partition(":")
    named = _named_kind(wanted)
    is_prefixed = f"{word.lower()}:" == SERIAL_PREFIX or (named is not None and named.is_hidden)
    return name.strip() if is_prefixed else wanted if is_serial(wanted) else ""


def _rows_of(
    selector: str, rows: list[ListedProbe], others: Sequence[str], prefix: str
) -> tuple[list[ListedProbe], Sequence[str]]:
    """Return the row of the port in `selector`, or all rows if it names none. `prefix` stands before a port in a row.

    If there is no such row, the result has the other ports: the user may have meant one of them.
    """
    port = _port_in(selector)
    if not port:
        return rows, others
    if port.startswith(SIM_PREFIX) or "://" in port:
        raise UsageError(
            f"{port} is not a serial port of this machine, so no list has it",
            hint=Hint("`info` with {probe:{place}} tells whether a chip answers there", place=selector.strip()),
        )
    wanted = [row for row in rows if _is_port(row.path[len(prefix) :], port)]
    if wanted:
        return wanted, ()
    return [], [*(f"{row.path}, {row.model}" for row in rows), *others]


def _is_port(listed: str, wanted: str) -> bool:
    """Tell whether two names mean one port. On Linux udev makes links to it, such as those in /dev/serial/by-id."""
    if os.name == "nt":
        return listed.lower() == wanted.lower().removeprefix("\\\\.\\")
    return os.path.realpath(listed) == os.path.realpath(wanted)


def _named_kind(selector: str) -> Optional[ProbeKind]:
    """Return the kind that the first word of `selector` names; None if it names none."""
    word, colon, _ = selector.partition(":")
    name = word.strip().lower()
    return KINDS.get(name + (":" if f"{name}:" in (ESPSTLINK_PREFIX, RP2040_PREFIX) else colon))


def bus_of(selector: str) -> tuple[UsbBus, str]:
    """Return the bus of an ST-LINK, and the rest of `selector`. A simulated ST-LINK loads no USB library."""
    if selector.startswith(SIM_PREFIX):
        from .sim import bus

        return bus.attach(selector[len(SIM_PREFIX) :])
    if is_usbip(selector):
        from .transport import usbip

        return usbip.attach(selector)
    from .probe.stlink import find

    return find.system_bus(), selector


def serial_ports(prefix: str = SERIAL_PREFIX) -> ProbeList:
    """Return the serial ports of this machine, for `stm8tool list --probe serial:`.

    Args:
        prefix: What stands before the name of a port in `--probe`.
    """
    from .probe.listing import ListedProbe, ProbeList
    from .transport.serial_port import ports

    rows = [ListedProbe(text, None, False, prefix + name) for name, text in ports()]
    return ProbeList(rows, ())


def _stlink(selector: str) -> SwimLink:
    from .probe.stlink import find
    from .probe.stlink.swim import Stlink

    bus, wanted = bus_of(selector)
    probe = find.find(wanted, bus)
    note = find.substitution(wanted, probe)
    if note:
        _log.warning("%s", note)
    return Stlink(find.pipe_to(probe, bus))


def _stlinks(selector: str, words: Words) -> ProbeList:
    from .probe.stlink import find, listing

    bus, wanted = bus_of(selector)
    if wanted.strip():  # stm8flash-compat lists all without a name
        find.require_name(wanted.strip())
    return listing.attached(bus, words)


def _espstlink(selector: str) -> SwimLink:
    from .probe.espstlink.swim import EspStlink

    name = selector.partition(":")[2].strip()
    if name.startswith(SIM_PREFIX):
        from .sim.serial.devices import ESPSTLINK
        from .sim.serial.line import SimLine

        return EspStlink(SimLine(name[len(SIM_PREFIX) :], selector, ESPSTLINK))
    from .transport.serial_port import SerialPort, only_port

    name = name or only_port(ESPSTLINK_PREFIX)
    return EspStlink(SerialPort(name, ESPSTLINK_PREFIX + name))


def _espstlinks(_selector: str, _words: Words) -> ProbeList:
    return serial_ports(ESPSTLINK_PREFIX)


def _rp2040(selector: str) -> SwimLink:
    from .probe.rp2040.swim import Rp2040

    name = selector.partition(":")[2].strip()
    if name.startswith(SIM_PREFIX):
        from .sim.serial.devices import RP2040
        from .sim.serial.line import SimLine

        return Rp2040(SimLine(name[len(SIM_PREFIX) :], selector, RP2040))
    from .transport.serial_port import SerialPort, only_port, usb_ports

    name = name or only_port(RP2040_PREFIX, [port.name for port in usb_ports(_PICO_VENDOR, _PICO_PRODUCTS)])
    return Rp2040(SerialPort(name, RP2040_PREFIX + name))


def _rp2040s(_selector: str, _words: Words) -> ProbeList:
    from .probe.listing import ListedProbe, ProbeList
    from .transport.serial_port import ports, usb_ports

    found = usb_ports(_PICO_VENDOR, _PICO_PRODUCTS)
    rows = [
        ListedProbe(
            port.text,
            port.serial,
            port.serial is not None,
            RP2040_PREFIX + port.name,
            f"{_PICO_VENDOR:04x}",
            f"{port.product:04x}",
        )
        for port in found
    ]
    known = [port.name for port in found]
    return ProbeList(rows, [f"{RP2040_PREFIX}{name}, {text}" for name, text in ports() if name not in known])


STLINK = ProbeKind(_stlink, _stlinks, "ST-LINK", is_stlink=True)

# A probe of another kind adds a row: the beginning of its selectors, and its functions.
KINDS: dict[str, ProbeKind] = {
    "usb:": STLINK,
    SIM_PREFIX: STLINK,
    ESPSTLINK_PREFIX: ProbeKind(_espstlink, _espstlinks, "serial port", is_hidden=True),
    RP2040_PREFIX: ProbeKind(_rp2040, _rp2040s, "RP2040", is_hidden=True),
    USBIP_PREFIX: STLINK,
}

"""Check everything between this program and a chip, from top to bottom. The result is a list of findings.

Each step goes as far as it can: a failure stops only the steps that depend on it. A finding is `Mark.OK` only if the
thing was seen to work. `doctor/page.py` makes a page and a JSON document from the findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Optional

from ..errors import Code, ToolError
from ..parts.table import Part
from ..probe.stlink import find, listing
from ..probe.stlink.swim import Stlink
from ..selector import bus_of, is_serial, kind_of, open_link
from ..session import PowerCycle
from ..words import spoken
from .chip import about_chip, named_part
from .findings import Diagnosis, Finding, Mark, bad, not_seen, warnings_heard
from .machine import python, tool, usb_library
from .uart import at_serial_port
from .visit import Visit, use

if TYPE_CHECKING:
    from ..transport.base import UsbBus
    from ..uart.settings import SerialSettings

_CANNOT_BE_OPENED = (Code.DRIVER_MISSING, Code.DRIVER_WRONG, Code.PERMISSION, Code.BUSY, Code.PROBE_LOADER)


def examine(
    selector: str,
    part_name: Optional[str],
    power_cycle: Optional[PowerCycle] = None,
    *,
    write_test: bool = False,
    serial: Optional[SerialSettings] = None,
) -> Diagnosis:
    """Check everything. This writes nothing to the chip's flash and EEPROM, and the chip's program runs afterwards.

    Args:
        selector: The value of `--probe`.
        part_name: The value of `--part`. Without it the doctor cannot check protection and option bytes.
        power_cycle: See `Session`.
        write_test: Measure how long a block takes; it programs a blank block and erases it again.
        serial: The choices for a serial port.
    """
    with warnings_heard(told_by_findings=(Code.WEAK_LINK, Code.NO_HIGH_SPEED)) as heard:
        part, about_part = named_part(part_name)
        findings = [python(), tool(), *usb_library(selector)]
        if is_serial(selector):
            findings += at_serial_port(selector, part, about_part, serial)
        elif not any(finding.error for finding in findings):
            examined = _stlink_and_chip if kind_of(selector).is_stlink else _probe_and_chip
            findings += examined(selector, part, about_part, power_cycle, write_test)
        else:
            findings += [not_seen("probe", "needs the USB library"), about_part]
    findings += [Finding("warning", Mark.NOTE, text) for text in heard]
    return Diagnosis(selector, part_name, findings)


# -- the probe -------------------------------------------------------------------------------------------------------


def _probe_and_chip(
    selector: str, part: Optional[Part], about_part: Finding, power_cycle: Optional[PowerCycle], write_test: bool
) -> Iterator[Finding]:
    """Yield the findings about a probe that is not an ST-LINK, and about the chip."""
    seen = use(lambda: open_link(selector), part, power_cycle, write_test)
    if seen.probe:
        text = f"{seen.probe.model} at {seen.probe.place}"
        yield Finding("probe", Mark.OK, text, facts={"path": seen.probe.place, "substitute": False})
        yield _firmware(seen)
    elif seen.error:
        yield bad("probe", seen.error)
        yield not_seen("firmware", "needs the probe")
    yield from about_chip(part, about_part, seen)


def _stlink_and_chip(
    selector: str, part: Optional[Part], about_part: Finding, power_cycle: Optional[PowerCycle], write_test: bool
) -> Iterator[Finding]:
    """Yield the findings about the devices on the USB, the chosen ST-LINK, and the chip."""
    try:
        bus, wanted = bus_of(selector)
        probes, others = find.survey(bus)
    except ToolError as exc:
        yield bad("probe", exc)
        yield about_part
        return
    chosen, error = None, None
    try:
        chosen = find.choose(wanted, probes, others, prefix=bus.prefix)
    except ToolError as exc:
        error = exc
    seen = Visit()
    if chosen is not None:
        pipe_to = partial(find.pipe_to, chosen, bus)
        seen = use(lambda: Stlink(pipe_to()), part, power_cycle, write_test)
    for probe in probes:
        yield _chosen_device(probe, seen) if probe is chosen else _other_device(probe, bus)
    for other in others:
        yield Finding("usb-other", Mark.NOTE, f"made by STMicroelectronics, but not a probe: {other}")
    if chosen is None:
        yield Finding("probe", Mark.BAD, str(error), error=error)  # without its details: the lines above have them
        yield about_part
        return
    note = find.substitution(wanted, chosen)
    which = note or ("the only one" if len(probes) == 1 else f"chosen by '{wanted}'")
    text = f"{chosen.model.name} at {chosen.device.path}, {which}"
    mark = Mark.OK if seen.probe else Mark.NOTE  # a chosen probe may not work
    yield Finding("probe", mark, text, facts={"path": chosen.device.path, "substitute": note is not None})
    yield _firmware(seen)
    yield from about_chip(part, about_part, seen)


def _chosen_device(probe: find.FoundProbe, seen: Visit) -> Finding:
    firmware = seen.probe.firmware if seen.probe else None
    facts = (
        listing.row(listing.FirmwareAnswer(probe, None, probe.error), spoken())._replace(firmware=firmware)._asdict()
    )
    error = None if seen.probe else seen.error
    if error is None:
        return Finding("usb-device", Mark.OK, f"{probe.name}: can be opened", facts=facts)
    facts.update(problem=str(error), hint=error.hint_in(spoken()))
    if error.code in _CANNOT_BE_OPENED:
        return bad("usb-device", error, prefix=f"{probe.name}: ", facts=facts)
    return Finding("usb-device", Mark.NOTE, f"{probe.name}: see below", facts=facts)


def _other_device(probe: find.FoundProbe, bus: UsbBus) -> Finding:
    """Return a note about a probe that is not the chosen one. Its problems do not count."""
    row = listing.row(listing.ask(probe, bus), spoken())
    state = row.problem or (f"firmware {row.firmware}" if row.firmware else "not asked: the system uses it as a disk")
    return Finding("usb-device", Mark.NOTE, f"{probe.name}: {state}", facts=row._asdict())


def _firmware(seen: Visit) -> Finding:
    if seen.probe is None:
        if seen.error and seen.error.code not in _CANNOT_BE_OPENED:
            return bad("firmware", seen.error)
        return not_seen("firmware", "needs the probe")
    probe = seen.probe
    facts = {"model": probe.model, "firmware": probe.firmware, "swim": seen.swim}
    if seen.swim is None:
        return Finding("firmware", Mark.OK, f"{probe.firmware} of the probe {probe.model}", facts=facts)
    return Finding("firmware", Mark.OK, f"{probe.firmware} of an {probe.model}, SWIM version {seen.swim}", facts=facts)

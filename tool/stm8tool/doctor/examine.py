"""Check everything between this program and a chip, from top to bottom. The result is a list of findings.

Each step goes as far as it can: a failure stops only the steps that depend on it. A finding is `Mark.OK` only if the
thing was seen to work. `doctor/page.py` makes a page and a JSON document from the findings.
"""

from __future__ import annotations

import struct
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from .. import __version__
from ..api import Chip
from ..chip import wording
from ..chip.facts import ChipInfo
from ..chip.link.diagnose import least_supply_mv, supply_is_low
from ..chip.link.quality import Quality
from ..chip.options import ubc
from ..errors import (
    AccessError,
    Code,
    FamilyMismatchError,
    LinkFault,
    ReadoutProtectedError,
    SwimError,
    TargetError,
    ToolError,
)
from ..parts.table import Part, find_part
from ..probe.stlink import find, listing
from ..probe.stlink.swim import Stlink
from ..selector import SIM_PREFIX, bus_of
from ..session import Connection, PowerCycle, Session
from ..support import deps
from ..words import COMMAND_LINE, Hint
from . import block_times
from .findings import Diagnosis, Finding, Mark, bad, not_seen, warnings_heard

if TYPE_CHECKING:
    from ..probe.base import ProbeInfo
    from ..transport.base import UsbBus

_CANNOT_BE_OPENED = (Code.DRIVER_MISSING, Code.DRIVER_WRONG, Code.PERMISSION, Code.BUSY, Code.PROBE_LOADER)
_SIMULATED = "not needed: the probe is simulated"
# Values of a probe that does not see the board's supply; confidence high, from reports.
_NOT_WIRED_MV = range(1400)
_ITS_OWN_MV = range(3150, 3350)


@dataclass
class _Visit:
    """The results of one session with the chosen probe, which may have ended early."""

    probe: Optional[ProbeInfo] = None
    swim: int = 0  # version of the firmware's SWIM
    supply_mv: Optional[int] = None
    connection: Optional[Connection] = None
    quality: Quality = field(default_factory=Quality)
    no_high_speed: bool = False
    nrst: Optional[Finding] = None
    block_times: Optional[Finding] = None
    chip: Optional[ChipInfo] = None
    locked: Optional[ReadoutProtectedError] = None
    error: Optional[ToolError] = None  # the reason if it ended early


def examine(
    selector: str, part_name: Optional[str], power_cycle: Optional[PowerCycle] = None, *, write_test: bool = False
) -> Diagnosis:
    """Check everything. This writes nothing to the chip's flash and EEPROM, and the chip's program runs afterwards.

    Args:
        selector: The value of `--probe`.
        part_name: The value of `--part`. Without it the doctor cannot check protection and option bytes.
        power_cycle: See `Session`.
        write_test: Measure how long a block takes; it programs a blank block and erases it again.
    """
    with warnings_heard(told_by_findings=(Code.WEAK_LINK, Code.NO_HIGH_SPEED)) as heard:
        part, about_part = _part(part_name)
        findings = [_python(), _tool(), *_library(selector)]
        if not any(finding.error for finding in findings):
            findings += _probe_and_chip(selector, part, about_part, power_cycle, write_test)
        else:
            findings += [not_seen("probe", "needs the USB library"), about_part]
    findings += [Finding("warning", Mark.NOTE, text) for text in heard]
    return Diagnosis(selector, part_name, findings)


# -- this machine ----------------------------------------------------------------------------------------------------


def _python() -> Finding:
    bits = 8 * struct.calcsize("P")
    version = ".".join(map(str, sys.version_info[:3]))
    system = sysconfig.get_platform()
    facts = {"version": version, "bits": bits, "executable": sys.executable, "system": system}
    return Finding("python", Mark.OK, f"{version}, {bits} bits, {sys.executable}, on {system}", facts=facts)


def _tool() -> Finding:
    folder = str(Path(__file__).parents[1])
    return Finding("tool", Mark.OK, f"{__version__}, {folder}", facts={"version": __version__, "folder": folder})


def _library(selector: str) -> Iterator[Finding]:
    """Yield the findings about the Python packages and libusb."""
    if selector.startswith(SIM_PREFIX):
        yield Finding("packages", Mark.NOTE, _SIMULATED)
        yield Finding("usb-library", Mark.NOTE, _SIMULATED)
        return
    try:
        deps.require("usb")
    except AccessError as exc:
        yield bad("packages", exc)
        yield not_seen("usb-library", "needs the packages")
        return
    packages = deps.installed()
    texts = [f"{name} {found[0]}" if found else f"{name} missing" for name, found in packages.items()]
    places = {name: found and {"version": found[0], "folder": str(found[1])} for name, found in packages.items()}
    folders = sorted({str(found[1]) for found in packages.values() if found})
    yield Finding("packages", Mark.OK, f"{', '.join(texts)}, {', '.join(folders)}", facts=places)
    from ..transport import libusb

    try:
        library = libusb.loaded()
    except AccessError as exc:
        yield bad("usb-library", exc, facts={"path": None, "origin": None, "passed_over": list(exc.details)})
        return
    facts = {"path": library.place.path, "origin": library.place.origin, "passed_over": list(library.passed_over)}
    yield Finding(
        "usb-library",
        Mark.OK,
        f"{library.place.path} ({library.place.origin})",
        [f"passed over: {line}" for line in library.passed_over],
        facts,
    )


# -- the probe -------------------------------------------------------------------------------------------------------


def _probe_and_chip(
    selector: str, part: Optional[Part], about_part: Finding, power_cycle: Optional[PowerCycle], write_test: bool
) -> Iterator[Finding]:
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
    seen = _use(chosen, bus, part, power_cycle, write_test) if chosen else _Visit()
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
    yield from _chip(part, about_part, seen)


def _chosen_device(probe: find.FoundProbe, seen: _Visit) -> Finding:
    firmware = seen.probe.firmware if seen.probe else None
    facts = (
        listing.row(listing.FirmwareAnswer(probe, None, probe.error), COMMAND_LINE)
        ._replace(firmware=firmware)
        ._asdict()
    )
    error = None if seen.probe else seen.error
    if error is None:
        return Finding("usb-device", Mark.OK, f"{probe.name}: can be opened", facts=facts)
    facts.update(problem=str(error), hint=error.hint_in(COMMAND_LINE))
    if error.code in _CANNOT_BE_OPENED:
        return bad("usb-device", error, prefix=f"{probe.name}: ", facts=facts)
    return Finding("usb-device", Mark.NOTE, f"{probe.name}: see below", facts=facts)


def _other_device(probe: find.FoundProbe, bus: UsbBus) -> Finding:
    """Return a note about a probe that is not the chosen one. Its problems do not count."""
    row = listing.row(listing.ask(probe, bus), COMMAND_LINE)
    state = row.problem or (f"firmware {row.firmware}" if row.firmware else "not asked: the system uses it as a disk")
    return Finding("usb-device", Mark.NOTE, f"{probe.name}: {state}", facts=row._asdict())


def _firmware(seen: _Visit) -> Finding:
    if seen.probe is None:
        if seen.error and seen.error.code not in _CANNOT_BE_OPENED:
            return bad("firmware", seen.error)
        return not_seen("firmware", "needs the probe")
    probe = seen.probe
    facts = {"model": probe.model, "firmware": probe.firmware, "swim": seen.swim}
    return Finding("firmware", Mark.OK, f"{probe.firmware} of an {probe.model}, SWIM version {seen.swim}", facts=facts)


def _use(
    found: find.FoundProbe, bus: UsbBus, part: Optional[Part], power_cycle: Optional[PowerCycle], write_test: bool
) -> _Visit:
    """Open the probe, connect, look at the chip, and leave both as every command does."""
    seen = _Visit()
    try:
        link = Stlink(find.pipe_to(found, bus))
        session = Session(link, part, power_cycle)
        with Chip(lambda: session, part) as chip:
            seen.probe, seen.swim = link.info, link.version.swim
            seen.supply_mv = chip.supply_mv
            try:
                seen.chip = chip.info()
                if seen.chip.protection and seen.chip.protection.locked:
                    chip.options()  # looks again, and raises the error that every other command would raise
                    raise SwimError(
                        "two reads of the read protection differ", fault=LinkFault.DAMAGED, hint="shorten the wires"
                    )
            except ReadoutProtectedError as exc:
                seen.locked = exc
            finally:
                seen.connection, seen.quality = session.connection, session.quality
                seen.no_high_speed = session.no_high_speed
            if write_test:
                seen.block_times = block_times.look(session, part, locked=seen.locked is not None)
            seen.nrst = _nrst(session, part, power_cycle)
    except ToolError as exc:
        seen.error = exc
    return seen


def _nrst(session: Session, part: Optional[Part], power_cycle: Optional[PowerCycle]) -> Finding:
    """Tell whether NRST is wired. This is the last check, because the tool must connect again after it."""
    if part and not part.has_nrst:
        return Finding("nrst", Mark.NOTE, f"the {part.name} has no such pin", facts={"works": None})
    if power_cycle:
        return not_seen("nrst", "this check would release a chip that was caught at power-on")
    try:
        works = session.connect().reset_line_works()
    except ToolError as exc:  # everything else is known by now
        return Finding("nrst", Mark.NOTE, f"not known: {exc}", facts={"works": None})
    if works:
        return Finding("nrst", Mark.OK, "it resets the chip", facts={"works": True})
    text = "not seen to reset the chip: its wire is missing, or the chip does not show it"
    return Finding("nrst", Mark.NOTE, text, facts={"works": False})


# -- the chip --------------------------------------------------------------------------------------------------------


def _part(name: Optional[str]) -> tuple[Optional[Part], Finding]:
    if name is None:
        return None, Finding(
            "part", Mark.NOTE, "not named; with --part the doctor also checks protection and option bytes"
        )
    try:
        part = find_part(name)
    except ToolError as exc:
        return None, bad("part", exc)
    facts = {"name": part.name, "confidence": part.confidence, "source": part.source}
    # No STM8 has an ID that would confirm it.
    return part, Finding("part", Mark.NOTE, f"{part.name} (figures of {part.confidence} confidence)", facts=facts)


def _chip(part: Optional[Part], about_part: Finding, seen: _Visit) -> Iterator[Finding]:
    if seen.probe is None:
        yield not_seen("link", "needs the probe")
        yield about_part
        return
    yield _supply(part, seen.supply_mv)
    connection, error = seen.connection, seen.error
    if connection is None:
        yield bad("link", error) if error else not_seen("link", "needs the probe")
        yield about_part
        return
    yield Finding("link", Mark.OK, f"connected {connection.recipe}", facts={"recipe": connection.recipe})
    yield _speed(connection, seen.no_high_speed)
    yield _quality(seen.quality)
    if seen.nrst:
        yield seen.nrst
    yield about_part
    yield _family(part, connection, error)
    if seen.chip and part:
        yield from _memories(part, seen.chip, seen.locked)
    if seen.block_times:
        yield seen.block_times
    if error and not isinstance(error, FamilyMismatchError):
        yield bad("chip", error)


def _supply(part: Optional[Part], supply_mv: Optional[int]) -> Finding:
    """Report the supply that the probe measures. It does not prove that there is a supply, or that there is none."""
    least_mv = least_supply_mv(part)
    details = []
    if supply_mv is not None and supply_mv in _NOT_WIRED_MV:
        details.append(
            "this does not prove that the board has no power: "
            "a probe whose VDD pin is not wired shows 0 V or about 1.2 V"
        )
    elif supply_mv is not None and supply_mv in _ITS_OWN_MV:
        details.append("this does not prove that the board has power: some clones show their own 3.3 V")
    elif supply_is_low(supply_mv, least_mv):
        details.append(f"if this is right, writes may fail: the chip needs {least_mv / 1000:.2f} V or more")
    return Finding(
        "supply",
        Mark.NOTE,
        wording.supply(supply_mv),
        details,
        {"millivolts": supply_mv, "least_millivolts": least_mv},
    )


def _speed(connection: Connection, no_high_speed: bool) -> Finding:
    text = wording.speed(connection.high_speed)
    if not connection.high_speed:
        text += ", which works and is slower"
    if no_high_speed:
        text += (
            f": the chip never allowed high speed (HSIT stays 0); certain option bytes cause this {Code.NO_HIGH_SPEED}"
        )
    mark = Mark.OK if connection.high_speed else Mark.NOTE
    return Finding("speed", mark, text, facts={"high": connection.high_speed, "refused_by_chip": no_high_speed})


def _quality(quality: Quality) -> Finding:
    weak = quality.summary()
    if weak is None:
        return Finding("quality", Mark.OK, "nothing had to be repeated", facts=quality._asdict())
    return Finding("quality", Mark.NOTE, f"{weak}; {quality.advice()} {Code.WEAK_LINK}", facts=quality._asdict())


def _family(part: Optional[Part], connection: Connection, error: Optional[ToolError]) -> Finding:
    facts = {
        "seen": connection.seen.register_map,
        "named": part.flash_regs if part else None,
    }
    if isinstance(error, FamilyMismatchError):
        return bad("family", error, facts=facts)
    agrees = part is not None and connection.seen.register_map == part.flash_regs
    text = wording.FAMILIES[connection.seen.register_map] + (", which fits the named part" if agrees else "")
    return Finding("family", Mark.OK if agrees else Mark.NOTE, text, facts=facts)


def _memories(part: Part, chip: ChipInfo, locked: Optional[ReadoutProtectedError]) -> Iterator[Finding]:
    """Yield protection, option bytes and unique ID."""
    if chip.protection is None:
        return
    facts: dict[str, Any] = {"locked": chip.protection.locked, "evidence": chip.protection.evidence}
    if chip.protection.locked:
        unsure = Finding("protection", Mark.NOTE, "seen once, but not at the second look: see below", facts=facts)
        yield bad("protection", locked, facts=facts) if locked else unsure
        yield not_seen("options", "not readable because of read protection")
        return
    yield Finding("protection", Mark.OK, wording.protection(chip.protection), facts=facts)
    value = wording.ubc_in_force(chip.options)
    if value is not None:
        area = ubc.protected(part, value)
        facts = {"value": value, "protected_bytes": area.size if area else 0}
        yield Finding("ubc", Mark.NOTE, wording.write_protection(value, area), facts=facts)
    yield _options(chip)
    if chip.unique_id is None:
        yield Finding("unique-id", Mark.NOTE, "this part has none", facts={"hex": None})
    else:
        text = chip.unique_id.hex().upper()
        yield Finding("unique-id", Mark.OK, text, facts={"hex": text})


def _options(chip: ChipInfo) -> Finding:
    facts = [
        {
            "name": state.option.name,
            "address": state.option.address,
            "value": state.value,
            "complement": state.complement,
            "complement_matches": state.consistent,
            "factory": list(state.option.accepted),
            "at_factory": state.is_factory,
        }
        for state in chip.options
    ]
    table = wording.option_table(chip.options)
    damaged = ", ".join(state.option.name for state in chip.options if not state.consistent)
    if damaged:
        error = TargetError(
            f"these option bytes do not match their complements, and the chip uses its defaults for them: {damaged}",
            code=Code.OPTIONS_CORRUPT,
            hint=Hint(
                "check that {part} names the chip; {unlock} writes them again, which erases nothing on an open chip"
            ),
        )
        return bad("options", error, details=table, facts={"bytes": facts})
    changed = ", ".join(state.option.name for state in chip.options if not state.is_factory)
    text = f"complements match; changed: {changed}" if changed else "complements match; all at factory values"
    return Finding("options", Mark.OK, text, table, {"bytes": facts})

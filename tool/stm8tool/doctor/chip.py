"""The findings about the chip and the link to it, made from the results of a session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ..chip import wording
from ..chip.facts import ChipInfo
from ..chip.link.diagnose import least_supply_mv, supply_is_low
from ..chip.link.quality import Quality
from ..chip.options import ubc
from ..errors import Code, FamilyMismatchError, ReadoutProtectedError, TargetError, ToolError
from ..parts.table import Part, find_part
from ..session import Connection
from ..words import Hint
from .findings import Finding, Mark, bad, not_seen
from .visit import Visit

# Values of a probe that does not see the board's supply; confidence high, from reports.
_NOT_WIRED_MV = range(1400)
_ITS_OWN_MV = range(3150, 3350)


def named_part(name: Optional[str]) -> tuple[Optional[Part], Finding]:
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


def about_chip(part: Optional[Part], about_part: Finding, seen: Visit) -> Iterator[Finding]:
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
    yield options_finding(chip)
    if chip.unique_id is None:
        yield Finding("unique-id", Mark.NOTE, "this part has none", facts={"hex": None})
    else:
        text = chip.unique_id.hex().upper()
        yield Finding("unique-id", Mark.OK, text, facts={"hex": text})


def options_finding(chip: ChipInfo) -> Finding:
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

"""The findings about a serial port and the loader of the chip there, from one visit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..chip import wording
from ..errors import FamilyMismatchError, SerialError, ToolError
from ..parts.table import Part
from ..selector import serial_line
from ..uart.chip import UartChip
from ..uart.settings import SerialSettings
from .chip import options_finding
from .findings import Finding, Mark, bad, not_seen


def at_serial_port(
    selector: str, part: Optional[Part], about_part: Finding, settings: Optional[SerialSettings]
) -> Iterator[Finding]:
    """Yield the findings. The chip is reset, and its program runs afterwards."""
    findings: list[Finding] = []
    chip = UartChip(lambda: serial_line(selector), part, settings or SerialSettings())
    try:
        with chip:
            findings += _looked_at(chip, part, about_part)
    except SerialError as exc:
        if not findings:
            yield Finding("port", Mark.OK, f"{selector}: can be opened", facts={"path": selector})
            findings.append(about_part)
            yield bad("loader", exc)
        else:
            findings.append(bad("loader", exc))
    except FamilyMismatchError as exc:
        yield Finding("port", Mark.OK, f"{selector}: can be opened", facts={"path": selector})
        yield bad("family", exc)
        findings.append(about_part)
    except ToolError as exc:
        yield bad("port", exc)
        yield not_seen("loader", "needs the port")
        findings.append(about_part)
    yield from findings


def _looked_at(chip: UartChip, part: Optional[Part], about_part: Finding) -> Iterator[Finding]:
    """Yield what a loader that answers shows."""
    probe, info = chip.probe, chip.info()
    yield Finding("port", Mark.OK, f"{probe.place}: can be opened", facts={"path": probe.place})
    how = chip.how_connected(info)
    yield Finding("loader", Mark.OK, f"{probe.firmware}, {how}", facts={"firmware": probe.firmware, "how": how})
    quality = chip.quality
    weak = quality.summary()
    mark = Mark.OK if weak is None else Mark.NOTE
    yield Finding("quality", mark, weak or "nothing had to be repeated", facts=quality._asdict())
    yield about_part
    yield Finding("family", Mark.OK, wording.FAMILIES[info.seen.register_map], facts={"seen": info.seen.register_map})
    if part is None or info.protection is None:
        return
    facts = {"locked": False, "evidence": info.protection.evidence}
    yield Finding("protection", Mark.OK, wording.protection(info.protection), facts=facts)
    yield options_finding(info)

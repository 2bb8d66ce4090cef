"""From what was seen to one cause: a table."""

from __future__ import annotations

from typing import Optional

import pytest

from stm8tool.chip.link.diagnose import Evidence, Rung, blame_supply, conclude, least_supply_mv, supply_line
from stm8tool.errors import Code, LinkFault, ProgramError, ToolError
from stm8tool.parts.table import find_part
from stm8tool.words import COMMAND_LINE, said

SILENT = Rung("under reset", "SWIM entry: the chip does not answer", LinkFault.SILENT)
STUCK = Rung("under reset", "SWIM entry: the SWIM line is stuck", LinkFault.STUCK)
BUSY = Rung("under reset", "SWIM entry: the probe stays busy", LinkFault.BUSY)
DAMAGED = Rung("under reset", "SWIM_CSR reads 0x21, but 0xA0 was written: the link is not good", LinkFault.DAMAGED)
IN_RESET = Rung("under reset", "write to 0x007F99: the chip refuses the access", LinkFault.REFUSED, proven=True)
NO_BUS = IN_RESET._replace(hsit=True)
HUNG = Rung("under reset", "the probe did not answer within 1 s", None, of_probe=True)
S103 = 2950


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (Evidence([SILENT]), Code.TARGET_SILENT),
        (Evidence([SILENT], supply_mv=3300, least_mv=S103), Code.TARGET_SILENT),
        (Evidence([SILENT], supply_mv=1200, least_mv=S103), Code.TARGET_SILENT),
        (Evidence([SILENT], supply_mv=0), Code.TARGET_UNPOWERED),
        (Evidence([SILENT], supply_mv=999), Code.TARGET_UNPOWERED),
        (Evidence([SILENT], supply_mv=2400, least_mv=S103), Code.SUPPLY_LOW),
        (Evidence([SILENT], supply_mv=2400), Code.TARGET_SILENT),
        (Evidence([IN_RESET], supply_mv=2400, least_mv=S103), Code.SUPPLY_LOW),
        (Evidence([SILENT, STUCK, SILENT]), Code.SWIM_STUCK),
        (Evidence([STUCK], supply_mv=0), Code.SWIM_STUCK),
        (Evidence([STUCK, IN_RESET]), Code.RESET_LOW),
        (Evidence([IN_RESET, SILENT]), Code.RESET_LOW),
        (Evidence([IN_RESET], supply_mv=0), Code.RESET_LOW),
        (Evidence([IN_RESET], has_nrst=False), Code.RESET_LOW),
        (Evidence([NO_BUS, IN_RESET]), Code.LINK_LOST),
        (Evidence([SILENT._replace(fault=LinkFault.REFUSED), SILENT]), Code.LINK_LOST),
        (Evidence([SILENT._replace(fault=LinkFault.REFUSED)], has_nrst=False), Code.LINK_LOST),
        (Evidence([BUSY, BUSY]), Code.PROBE_HUNG),
        (Evidence([BUSY, SILENT]), Code.TARGET_SILENT),
        (Evidence([SILENT, DAMAGED]), Code.LINK_LOST),
        (Evidence([HUNG, SILENT]), Code.TARGET_SILENT),
        (Evidence([SILENT], answered=True), Code.LINK_LOST),
        (Evidence([SILENT], answered=True, let_run=True), Code.SWIM_DISABLED),
        (Evidence([SILENT], answered=True, let_run=True, supply_mv=0), Code.TARGET_UNPOWERED),
        (Evidence([SILENT], has_nrst=False), Code.SWIM_DISABLED),
        (Evidence([SILENT], has_nrst=False, supply_mv=0), Code.TARGET_UNPOWERED),
        (Evidence([SILENT], watched=True), Code.TARGET_SILENT),
        (Evidence([SILENT], watched=True, has_nrst=False), Code.SWIM_DISABLED),
        (Evidence([]), Code.TARGET_SILENT),
    ],
)
def test_the_evidence_names_the_cause(seen: Evidence, code: Code) -> None:
    found = conclude(seen)
    assert found.code is code


@pytest.mark.parametrize("seen", [Evidence([SILENT], has_nrst=False), Evidence([SILENT], answered=True, let_run=True)])
def test_silence_blames_the_program_as_a_likelihood_and_goes_on_with_the_wires(seen: Evidence) -> None:
    found = conclude(seen)
    assert "most likely" in found.message
    assert seen.answered or "looks the same: check GND" in str(found.hint)
    assert found.message
    assert found.hint


def test_a_silent_chip_is_looked_for_at_ground_first_and_at_its_program_last() -> None:
    hint = said(conclude(Evidence([SILENT])).hint, COMMAND_LINE) or ""
    places = [hint.index(word) for word in ("GND", "SWIM", "power", "program", "NRST", "--power-cycle")]
    assert places == sorted(places)


def test_a_part_without_nrst_is_never_told_to_wire_it() -> None:
    for seen in (
        Evidence([SILENT], has_nrst=False),
        Evidence([IN_RESET], has_nrst=False),
        Evidence([SILENT], has_nrst=False, answered=True, let_run=True),
        Evidence([SILENT], has_nrst=False, watched=True),
    ):
        assert "wire NRST" not in str(conclude(seen).hint)


@pytest.mark.parametrize(
    ("part", "least_mv"), [("stm8s103f3", 2950), ("stm8af6223", 3000), ("stm8l151k4", 1650), ("stm8l101f3", 1650)]
)
def test_what_a_family_needs_is_that_of_its_datasheets(part: str, least_mv: int) -> None:
    assert least_supply_mv(find_part(part)) == least_mv


def test_without_a_part_the_least_demanding_chip_is_assumed() -> None:
    assert least_supply_mv(None) == 1650


@pytest.mark.parametrize(
    ("supply_mv", "code"),
    [
        (None, Code.WRITE_UNFINISHED),
        (0, Code.WRITE_UNFINISHED),  # the chip answers, so it is the figure that is wrong
        (1200, Code.WRITE_UNFINISHED),
        (2400, Code.SUPPLY_LOW),
        (3300, Code.WRITE_UNFINISHED),
    ],
)
def test_a_write_that_fails_is_blamed_on_a_low_supply_only(supply_mv: Optional[int], code: Code) -> None:
    failure: ToolError = ProgramError("the write did not finish", hint="check VCAP")
    blamed = blame_supply(failure, supply_mv, S103)
    assert blamed.code is code
    assert blamed.supply_mv == (supply_mv if code is Code.SUPPLY_LOW else None)
    assert (failure.code, failure.hint) == (Code.WRITE_UNFINISHED, "check VCAP")
    assert "VCAP" in (blamed.hint or "")
    assert ("2.40 V" in (blamed.hint or "")) == (code is Code.SUPPLY_LOW)


def test_an_unlock_that_did_not_take_keeps_its_code_whatever_the_supply() -> None:
    failure = ProgramError("the unlock did not work", code=Code.UNLOCK_FAILED)
    blamed = blame_supply(failure, 2400, S103)
    assert blamed.code is Code.UNLOCK_FAILED
    assert "2.40 V" in (blamed.hint or "")


def test_the_figure_of_a_probe_whose_vdd_is_not_wired_says_so() -> None:
    assert "not wired" in supply_line(1200)
    assert "not wired" not in supply_line(0)
    assert "not wired" not in supply_line(3250)

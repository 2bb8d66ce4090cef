"""Where sources disagree: every disagreement is about a figure of ours, and every difference from stm8flash is named.

stm8flash_parts.csv holds its figures, by its own names for parts (`-p`, in boards `stm8flash_target`), and our parts.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from stm8tool.errors import UnknownPartError
from stm8tool.parts import table as devices
from stm8tool.parts.table import Part, disagreements, find_part, known_parts, names_meant


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


DISAGREEMENTS = rows_of(Path(devices.__file__).parent / "data" / "disagreements.csv")
STM8FLASH = rows_of(Path(__file__).parent / "stm8flash_parts.csv")


def figure(part: Part, name: str) -> str:
    """Return a figure as the table of disagreements has it: of a memory its size, or where it begins."""
    starts = {
        "boot_rom": part.boot_rom and f"0x{part.boot_rom.start:04X}",
        "unique_id": part.unique_id and f"0x{part.unique_id:04X}",
    }
    if name in starts:
        return starts[name] or ""
    value = getattr(part, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value.size if isinstance(value, devices.Region) else value)


@pytest.mark.parametrize("row", DISAGREEMENTS, ids=lambda row: f"{row['parts']} {row['figure']}")
def test_a_disagreement_is_about_a_figure_as_it_stands_in_the_table(row: dict[str, str]) -> None:
    for pattern in row["parts"].split():
        assert [part for part in known_parts() if re.fullmatch(pattern.replace("?", ".").replace("*", ".*"), part.name)]
    concerned = [
        part
        for part in known_parts()
        if any(vars(other) == {k: v for k, v in row.items() if k != "parts"} for other in disagreements(part))
    ]
    assert {figure(part, row["figure"]) for part in concerned} == {row["here"]}
    assert row["elsewhere"] != row["here"]
    assert row["who"]
    assert row["why"]


# Two are uncertain, and two name parts with unlike option bytes.
REFUSED = ("stm8splnb1", "stm8tl5??4", "stlux???a", "stnrg???a")


@pytest.mark.parametrize("row", STM8FLASH, ids=lambda row: row["name"])
def test_a_name_of_stm8flash_means_the_same_parts_here(row: dict[str, str]) -> None:
    members = row["parts"].split()
    meant = names_meant(row["name"], [part.name for part in known_parts()])
    assert set(members) <= set(meant) != set()
    if row["name"] in REFUSED:
        with pytest.raises(UnknownPartError) as error:
            find_part(row["name"])
        assert error.value.hint
    else:
        assert find_part(row["name"]).name in members


def test_the_list_of_stm8flash_has_no_name_twice() -> None:
    names = [row["name"] for row in STM8FLASH]
    assert sorted(names) == sorted(set(names))
    assert set(REFUSED) <= set(names)


@pytest.mark.parametrize("row", STM8FLASH, ids=lambda row: row["name"])
def test_every_difference_from_stm8flash_is_named_as_a_disagreement(row: dict[str, str]) -> None:
    meant = names_meant(row["name"], [part.name for part in known_parts()])
    for part in (part for part in known_parts() if part.name in meant):
        named = {other.figure: other.elsewhere for other in disagreements(part) if "stm8flash" in other.who}
        ours = {
            "flash": part.flash.size,
            "eeprom": part.eeprom.size if part.eeprom else 0,
            "ram": part.ram.size,
            "block": part.block,
        }
        assert {name: row[name] for name, value in ours.items() if int(row[name]) != value} == named
        assert row["rop"] in ("", "stm8s" if part.aa_locks else "stm8l")

"""`stm8tool parts`: the list, one part whole, and the form for programs."""

from __future__ import annotations

import re

import pytest

from cli.desk import Desk
from stm8tool.parts.table import disagreements, known_parts, option_table


def test_every_part_is_in_the_list_with_its_sizes_and_how_sure_they_are(desk: Desk) -> None:
    result = desk.run("parts")
    head, *lines, total = result.out.splitlines()
    assert (result.code, result.err) == (0, "")
    assert head.split() == ["PART", "FLASH", "EEPROM", "RAM", "BLOCK", "CONFIDENCE"]
    unsure = sum(bool(part.uncertain) for part in known_parts())
    assert total == f"{len(known_parts())} parts, {unsure} of them too uncertain to program"
    for part, line in zip(known_parts(), lines):
        eeprom = str(part.eeprom.size) if part.eeprom else "-"
        assert line.split()[:5] == [part.name, str(part.flash.size), eeprom, str(part.ram.size), str(part.block)]
        assert line.split()[5].startswith(part.confidence)
        assert line.endswith(f"cannot be programmed: {part.uncertain}") == bool(part.uncertain)
    assert len(lines) == len(known_parts())


def test_one_part_is_shown_whole(desk: Desk) -> None:
    for part in known_parts():
        lines = desk.run("parts", part.name).out.splitlines()
        text = "\n".join(lines)
        assert lines[0] == part.name
        assert f"sources:     {part.source}" in lines
        assert part.notes in text
        assert f"0x{part.flash.end - 1:06X}, {part.flash.size} bytes, in blocks of {part.block}" in text
        assert part.uncertain in text
        assert sum(line.startswith("disagreed: ") for line in lines) == len(disagreements(part))
        shown = [line.split()[0] for line in lines if line.startswith("  ")]
        assert shown == ([] if part.uncertain else [option.name for option in option_table(part)])


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize("words", ["stm8s103?3", "stm8s103 flash=8K", "stm8s103f3 stm8s103k3"])
def test_a_pattern_or_a_filter_narrows_the_list(desk: Desk, words: str) -> None:
    lines = desk.run("parts", *words.split()).out.splitlines()
    assert [line.split()[0] for line in lines] == ["PART", "STM8S103F3", "STM8S103K3", "2"]


def test_json_has_an_array_also_for_one_part(desk: Desk) -> None:
    (part,) = desk.result("parts", "stm8s103f3p6")["parts"]
    assert (part["part"], part["flash"]["size"], part["rop"]["aa"]) == ("STM8S103F3", 8192, "locks")
    assert len(desk.result("parts")["parts"]) == len(known_parts())


@pytest.mark.parametrize("word", ["stm9", "colour=red", "flash=big"])
def test_a_word_that_means_nothing_is_refused(desk: Desk, word: str) -> None:
    result = desk.run("parts", word)
    assert result.code == 2
    assert result.hint


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("stm8s130", "STM8S103F2 or STM8S103F3 or STM8S103K3"),  # two characters are swapped
        ("stm8s103f33", "STM8S103F3"),
        ("stm8l52c6", "STM8L152C4 or STM8L152C6 or STM8L152C8 or STM8L052C6"),
    ],
)
def test_a_name_with_a_slip_gets_the_same_near_names_from_every_command(desk: Desk, word: str, near: str) -> None:
    assert desk.run("parts", word).hint == f"hint: did you mean {near}? `stm8tool parts` lists all"
    assert desk.run("--part", word, "info").hint == f"hint: did you mean {near}?"
    assert desk.run("sim", "create", "new.chip", "--part", word).hint == f"hint: did you mean {near}?"


def test_the_beginning_of_a_name_gets_the_names_that_begin_so(desk: Desk) -> None:
    assert desk.run("--part", "stm8s103", "info").hint == "hint: did you mean STM8S103F2 or STM8S103F3 or STM8S103K3?"


@pytest.mark.parametrize("word", ["family=stm8x", "density="])
def test_a_word_that_no_part_has_is_refused_with_the_known_ones(desk: Desk, word: str) -> None:
    result = desk.run("parts", word)
    assert result.reason == f"error: {word}: no part has this {word.partition('=')[0]} [E-USAGE]"
    assert re.fullmatch(r"hint: known: \w[-+\w]*(, \w[-+\w]*)+", result.hint)

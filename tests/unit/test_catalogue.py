"""Looking parts up: which parts words mean, and that all of a part is told."""

from __future__ import annotations

import json

import pytest

from stm8tool.chip.registers import BY_MAP
from stm8tool.cli.catalogue import facts, select
from stm8tool.errors import Code, UnknownPartError, UsageError
from stm8tool.parts.table import Part, find_part, known_parts, option_table


def names(*words: str) -> list[str]:
    return [part.name for part in select(words)]


def test_without_words_every_part_is_meant() -> None:
    assert select([]) == list(known_parts())


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["stm8s103"], ["STM8S103F2", "STM8S103F3", "STM8S103K3"]),
        (["stm8s103", "flash=8K"], ["STM8S103F3", "STM8S103K3"]),
        (["stm8s903k3", "stm8s103f3p6"], ["STM8S103F3", "STM8S903K3"]),
        (
            ["family=stm8l", "block=64", "eeprom=1-256", "flash=0x2000"],
            ["STM8L050J3", "STM8L051F3", *(f"STM8L151{pins}3" for pins in "CFGK")],
        ),
        (["stm8s", "eeprom=128", "ram=2k-6K", "density=HIGH"], ["STM8S007C8"]),
        (["stm8l101", "eeprom=0", "flash=2K"], ["STM8L101F1"]),
        (["confidence=low", "family=STM8S"], ["STM8SPLNB1"]),
    ],
)
def test_names_add_and_filters_narrow(words: list[str], expected: list[str]) -> None:
    assert names(*words) == expected


@pytest.mark.parametrize("words", [["stm9"], ["stm8s103", "stm9"], ["stm8s103", "block=128"], ["flash=1-2"], [""]])
def test_words_that_mean_no_part_are_refused(words: list[str]) -> None:
    with pytest.raises(UnknownPartError) as error:
        select(words)
    assert error.value.code is Code.PART_UNKNOWN
    assert error.value.hint


@pytest.mark.parametrize("word", ["size=8K", "=", "flash=", "flash=big", "flash=8K-", "block=-64", "flash=8M"])
def test_a_filter_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(UsageError) as error:
        select([word])
    assert error.value.hint


@pytest.mark.parametrize("part", known_parts(), ids=lambda part: part.name)
def test_all_of_a_part_can_be_told_to_a_program(part: Part) -> None:
    known = json.loads(json.dumps(facts(part)))
    assert known["part"] == part.name
    assert known["flash"] == {"start": part.flash.start, "size": part.flash.size}
    assert known["registers"] == {"map": part.flash_regs, **BY_MAP[part.flash_regs]._asdict()}
    assert known["rop"]["aa"] == ("locks" if part.aa_locks else "opens")
    assert "; ".join(known["sources"]) == part.source
    assert known["uncertain"] == (part.uncertain or None)
    expected = [] if part.uncertain else [option.name for option in option_table(part)]
    assert [option["name"] for option in known["option_bytes"]] == expected


def test_a_part_is_told_with_what_is_disagreed_about_it() -> None:
    assert facts(find_part("stm8l101f3"))["disagreements"] == [
        {"figure": "ram", "here": "1536", "elsewhere": "1535", "who": "stm8flash", "why": "stm8flash is off by one"}
    ]

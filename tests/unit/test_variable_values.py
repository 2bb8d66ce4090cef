"""The values of variables: from the bytes of a chip to a text, and back."""

from __future__ import annotations

import struct
from typing import Optional

import pytest

from stm8tool.dwarf.expressions import place_of
from stm8tool.dwarf.types import ValueTextError, bytes_of, character_of, leaves, text_of_value, value_of
from stm8tool.dwarf.variables import Variables
from unit.variable_dies import debug_data


@pytest.fixture(scope="module")
def variables() -> Variables:
    return Variables(debug_data())


@pytest.mark.parametrize(
    ("text", "data", "value", "shown"),
    [
        ("counter", "FFD8", -40, "-40"),
        ("big", "80000001", 0x80000001, "2147483649"),
        ("ratio", struct.pack(">f", 1.5).hex(), 1.5, "1.5"),
        ("ready", "01", True, "true"),
        ("gain", "41", 65, "65"),
        ("gain", "20", 32, "32"),
        ("pm", "0020", 0x20, "0x0020"),
        ("temp", "00010002FFFF0004", [1, 2, -1, 4], "[1, 2, -1, 4]"),
        ("grid", "414243444546", [[65, 66, 67], [68, 69, 70]], "[[65, 66, 67], [68, 69, 70]]"),
        ("motor.flags.a", "FD", 5, "5"),
        ("motor.flags.level", "BCFE", 0x2BC, "700"),  # the low byte first
        (
            "motor",
            "FFFF05BC0200070020",
            {"speed": -1, "flags": {"a": 5, "level": 700}, "history": [7], "next": 0x20},
            "{speed: -1, flags: {a: 5, level: 700}, history: [7], next: 0x0020}",
        ),
    ],
)
def test_bytes_of_the_chip_become_a_value(
    variables: Variables, text: str, data: str, value: object, shown: str
) -> None:
    place = place_of(text, variables)
    found = value_of(place.type, bytes.fromhex(data), place.bits)
    assert found == value
    assert text_of_value(place.type, found) == shown


@pytest.mark.parametrize(("value", "shown"), [(65, "'A'"), (39, '"\'"'), (32, ""), (127, ""), (True, ""), (None, "")])
def test_a_number_may_be_a_character(variables: Variables, value: Optional[int], shown: str) -> None:
    assert character_of(place_of("gain", variables).type, value) == shown
    assert character_of(place_of("counter", variables).type, value) == ""


def test_a_structure_has_its_numbers_as_leaves(variables: Variables) -> None:
    found = [(leaf.suffix, leaf.offset, leaf.size) for leaf in leaves(place_of("motor", variables).type)]
    assert found == [
        (".speed", 0, 2),
        (".flags.a", 2, 1),
        (".flags.level", 3, 2),
        (".history[0]", 5, 2),
        (".next", 7, 2),
    ]


@pytest.mark.parametrize(
    ("text", "value", "data"),
    [
        ("counter", "-40", "FFD8"),
        ("counter", "0x7fff", "7FFF"),
        ("counter", "007", "0007"),
        ("gain", "255", "FF"),
        ("gain", "'A'", "41"),
        ("gain", "0b101", "05"),
        ("ratio", "1.5", struct.pack(">f", 1.5).hex()),
        ("ratio", "2", struct.pack(">f", 2).hex()),
        ("ready", "true", "01"),
        ("ready", "0", "00"),
        ("pm", "0x20", "0020"),
        ("motor.flags.a", "7", "07"),
        ("motor.flags.level", "700", "BC02"),
    ],
)
def test_a_text_becomes_bytes(variables: Variables, text: str, value: str, data: str) -> None:
    place = place_of(text, variables)
    assert bytes_of(place.type, value, place.bits) == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("text", "value", "limits"),
    [
        ("counter", "32768", "from -32768 to 32767"),
        ("gain", "256", "from 0 to 255"),
        ("gain", "-1", "from 0 to 255"),
        ("gain", "1.5", "whole number"),
        ("gain", "one", "whole number"),
        ("gain", "", "whole number"),
        ("ready", "2", "from 0 to 1"),
        ("motor.flags.a", "8", "from 0 to 7"),
        ("ratio", "1e40", "1.5 or 2e-3"),
        ("ratio", "half", "1.5 or 2e-3"),
        ("temp", "1", "one at a time"),
        ("motor", "1", "one at a time"),
    ],
)
def test_a_value_that_does_not_fit_says_which_do(variables: Variables, text: str, value: str, limits: str) -> None:
    place = place_of(text, variables)
    with pytest.raises(ValueTextError, match=limits):
        bytes_of(place.type, value, place.bits)

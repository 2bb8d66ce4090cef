"""How much of the flash a value of UBC protects: the manuals' figures, and the simulator's own reading of them."""

from __future__ import annotations

import pytest

from stm8tool.chip.options.ubc import is_reserved, largest, protected, value_for
from stm8tool.parts.table import all_parts, find_part
from stm8tool.sim.chip.options import ubc_size


@pytest.mark.parametrize(
    ("part", "value", "size"),
    [
        ("stm8s103f3", 0x01, 64),  # datasheet of the STM8S103, option byte description
        ("stm8s103f3", 0x02, 128),
        ("stm8s103f3", 0xFF, 8192),
        ("stm8s105k4", 0x01, 1024),  # RM0016 figure 10: pages 0 and 1
        ("stm8s105k4", 0x02, 2048),
        ("stm8s105k4", 0x03, 2560),
        ("stm8s208mb", 0xFE, 128 * 1024),
        ("stm8l101f3", 0x01, 128),  # RM0013 figure 5: the vectors
        ("stm8l101f3", 0x83, 192),  # bit 7 is forced to 0
        ("stm8l151k4", 0x01, 128),
        ("stm8l152m8", 0x01, 256),
    ],
)
def test_a_value_protects_what_the_manual_says(part: str, value: int, size: int) -> None:
    area = protected(find_part(part), value)
    assert area is not None
    assert (area.start, area.size) == (0x8000, size)


def test_the_factory_value_protects_nothing() -> None:
    assert [protected(part, 0) for part in all_parts()] == [None] * len(all_parts())


def test_both_readings_of_the_manuals_agree_for_every_part_and_value() -> None:
    for part in all_parts():
        for value in range(256):
            area = protected(part, value)
            assert (area.size if area else 0) == ubc_size(part, value), (part.name, value)


def test_the_value_for_a_size_protects_that_much_and_the_one_below_does_not() -> None:
    for part in all_parts():
        for size in (1, 64, 65, 512, 1024, part.flash.size - part.flash.size // 4):
            value = value_for(part, size)
            area = value and protected(part, value)
            if not value or not area:
                pytest.fail(f"{part.name} cannot protect {size} bytes")
            below = protected(part, value - 1)
            assert area.size >= size
            assert below is None or below.size < size or is_reserved(part, value - 1)
            assert not is_reserved(part, value)
        assert value_for(part, 0) == 0


def test_the_largest_size_has_a_value_and_one_byte_more_has_none() -> None:
    for part in all_parts():
        value = value_for(part, largest(part))
        area = value and protected(part, value)
        assert area
        assert area.size == largest(part)
        assert value_for(part, largest(part) + 1) is None


def test_what_the_manuals_give_no_meaning_is_reserved() -> None:
    assert [is_reserved(find_part("stm8s208mb"), value) for value in (0x00, 0xFE, 0xFF)] == [False, False, True]
    assert [is_reserved(find_part("stm8s105k6"), value) for value in (0x3E, 0x3F)] == [False, True]
    assert [is_reserved(find_part("stm8l101f3"), value) for value in (0x7F, 0x80)] == [False, True]
    assert not is_reserved(find_part("stm8s103f3"), 0xFF)

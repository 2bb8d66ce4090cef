"""Images: what files become, which files are refused and with what words, and what is saved."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stm8tool.errors import ImageError, UsageError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Region
from unit.image_texts import EEPROM, FLASH

# --- segments ---------------------------------------------------------------------------------------------------------


def test_segments_are_sorted_and_neighbours_joined() -> None:
    joined = Image([Segment(0x8004, b"cd"), Segment(0x9000, b"x"), Segment(0x8000, b"abcd"), Segment(0x7000, b"")])
    assert joined.segments == (Segment(0x8000, b"abcdcd"), Segment(0x9000, b"x"))
    assert joined.size == 7
    assert joined.crc32 == zlib.crc32(b"abcdcdx")


@pytest.mark.parametrize(
    ("address", "data"), [(-5, b"abc"), (-1, b""), ("0x8000", b"a"), (0x8000, "text"), (0x8000, 7)]
)
def test_a_segment_that_can_lie_nowhere_is_refused(address: Any, data: Any) -> None:
    with pytest.raises(UsageError) as error:
        Segment(address, data)
    assert error.value.hint


@pytest.mark.parametrize("view", [lambda buffer: buffer, memoryview], ids=["bytearray", "memoryview"])
def test_a_segment_copies_bytes_that_may_change(view: Callable[[bytearray], Any]) -> None:
    buffer = bytearray(b"abc")
    segment = Segment(0x8000, view(buffer))
    buffer[0] = 0
    assert segment == Segment(0x8000, b"abc")


@pytest.mark.parametrize(
    ("second", "where"),
    [
        (Segment(0x8003, b"defg"), "0x008003"),
        (Segment(0x8001, b"bc"), "0x008001..0x008002"),
        (Segment(0x8000, b"abcd"), "0x008000..0x008003"),
    ],
)
def test_an_overlap_is_refused_even_if_the_bytes_agree(second: Segment, where: str) -> None:
    with pytest.raises(ImageError, match=rf"overlaps at {where}$"):
        Image([Segment(0x8000, b"abcd"), second])


@given(st.dictionaries(st.integers(0, 200), st.integers(0, 255)))
def test_an_image_holds_exactly_the_bytes_it_was_made_of(memory: dict[int, int]) -> None:
    made = Image(Segment(address, bytes([value])) for address, value in memory.items())
    assert {s.address + i: byte for s in made.segments for i, byte in enumerate(s.data)} == memory
    assert all(low.end < high.address for low, high in zip(made.segments, made.segments[1:]))


def test_a_slice_is_what_lies_in_the_region() -> None:
    whole = Image([Segment(0x3FFE, b"abcd"), Segment(0x9FFF, b"xy")])
    assert whole.slice(EEPROM) == (Segment(0x4000, b"cd"),)
    assert whole.slice(FLASH) == (Segment(0x9FFF, b"x"),)
    assert whole.slice(Region("ram", 0, 1024)) == ()


@given(st.dictionaries(st.integers(0, 99), st.integers(0, 255)), st.integers(0, 99), st.integers(1, 99))
def test_slices_below_in_and_above_a_region_make_up_the_image(memory: dict[int, int], start: int, size: int) -> None:
    whole = Image(Segment(address, bytes([value])) for address, value in memory.items())
    regions = [Region("below", 0, start), Region("in", start, size), Region("above", start + size, 1000)]
    assert Image(piece for region in regions for piece in whole.slice(region)).segments == whole.segments


def test_data_inside_the_memories_passes_up_to_their_last_byte() -> None:
    Image([Segment(0x4000, bytes(640)), Segment(0x8000, bytes(0x2000))]).check_inside([FLASH, EEPROM])
    Image().check_inside([FLASH])


def test_an_image_larger_than_the_flash_names_what_does_not_fit() -> None:
    with pytest.raises(ImageError) as error:
        Image([Segment(0x8000, bytes(0x2010))]).check_inside([FLASH, EEPROM])
    assert str(error.value) == (
        "the image has data at 0x00A000..0x00A00F, outside eeprom 0x004000..0x00427F and flash 0x008000..0x009FFF"
    )


def test_every_range_outside_the_memories_is_listed() -> None:
    lost = Image([Segment(0x3FFF, bytes(642)), Segment(0x8000, b"ok"), Segment(0x1000000, b"far")])
    with pytest.raises(ImageError, match=r"data at 0x003FFF \(and 2 more\), outside eeprom") as error:
        lost.check_inside([FLASH, EEPROM])
    assert error.value.details == ("outside: 0x003FFF", "outside: 0x004280", "outside: 0x1000000..0x1000002")


MEMORY = st.dictionaries(st.integers(0, 60), st.integers(0, 255))


def image_of(memory: dict[int, int]) -> Image:
    return Image(Segment(address, bytes([value])) for address, value in memory.items())


def memory_of(whole: Image) -> dict[int, int]:
    return {s.address + i: byte for s in whole.segments for i, byte in enumerate(s.data)}


@given(MEMORY, MEMORY)
def test_an_overlay_replaces_bytes_and_adds_bytes_and_leaves_the_others(
    below: dict[int, int], above: dict[int, int]
) -> None:
    assert memory_of(image_of(below).overlaid(image_of(above))) == {**below, **above}


@given(MEMORY, st.integers(0, 60), st.integers(1, 60), st.integers(0, 255))
def test_a_fill_adds_what_is_missing_in_its_region(memory: dict[int, int], start: int, size: int, value: int) -> None:
    filled = image_of(memory).filled(Region("range", start, size), value)
    assert memory_of(filled) == {**dict.fromkeys(range(start, start + size), value), **memory}


def test_nothing_is_inside_no_memory() -> None:
    with pytest.raises(ImageError, match=r"0x008000, outside any memory$"):
        Image([Segment(0x8000, b"x")]).check_inside([])

"""`--patch` and `--fill`: what they mean, what they do to an image, and which are refused."""

from __future__ import annotations

import pytest

from stm8tool.errors import ImageError, UsageError
from stm8tool.image import Image, Segment, edits
from stm8tool.parts.table import Region

FLASH = Region("flash", 0x8000, 16)


@pytest.mark.parametrize(
    ("text", "address", "data"),
    [
        ("0x4000=01", 0x4000, b"\x01"),
        ("16384=01ff", 0x4000, b"\x01\xff"),
        ("0x8000=82 00 80 80", 0x8000, b"\x82\x00\x80\x80"),
        ("0xFFFFFF=AB", 0xFFFFFF, b"\xab"),
    ],
)
def test_a_patch_is_an_address_and_bytes(text: str, address: int, data: bytes) -> None:
    assert edits.patch(text) == Segment(address, data)


@pytest.mark.parametrize(
    "text",
    ["", "0x4000", "0x4000=", "=01", "0x4000=1", "0x4000=0x01", "0x4000=hello", "here=01", "-1=01", "0x1000000=01"],
)
def test_another_patch_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as error:
        edits.patch(text)
    assert error.value.hint


def test_a_long_change_is_not_shown_whole() -> None:
    with pytest.raises(UsageError) as patched:
        edits.patch("0x4000=" + "0" * 5001)
    with pytest.raises(UsageError) as filled:
        edits.fill("0" * 5000, FLASH)
    assert max(map(len, map(str, (patched.value, filled.value)))) < 120


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("0xFF", FLASH, 0xFF),
        ("0", FLASH, 0),
        ("0x9000:0x10=0x9d", Region("range", 0x9000, 16), 0x9D),
        ("36864:16=157", Region("range", 0x9000, 16), 0x9D),
    ],
)
def test_a_fill_is_a_byte_and_perhaps_a_range(text: str, region: Region, value: int) -> None:
    assert edits.fill(text, FLASH) == (region, value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "FF", "256", "-1", "=0", "0x9000=0", "0x9000:=0", ":16=0", "0x9000:16=", "0x9000:16=256", "0x9000:0=0"),
        *("0x9000:-1=0", "0xFFFFFF:2=0", "0:0xFFFFFFFFFF=0", "0x9000:16:16=0"),
    ],
)
def test_another_fill_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as error:
        edits.fill(text, FLASH)
    assert error.value.hint


def test_a_patch_wins_over_the_file_and_a_fill_over_neither() -> None:
    edited = edits.apply(
        Image([Segment(0x8000, b"abcd")]), [Segment(0x8002, b"XX"), Segment(0x8008, b"Y")], [(FLASH, 0x2E)]
    )
    assert edited.segments == (Segment(0x8000, b"abXX....Y......."),)


def test_the_first_of_two_fills_wins() -> None:
    edited = edits.apply(Image(), [], [(Region("range", 0x8004, 2), 0x31), (Region("range", 0x8002, 6), 0x32)])
    assert edited.segments == (Segment(0x8002, b"221122"),)


def test_two_patches_of_one_address_are_refused_and_both_named() -> None:
    with pytest.raises(ImageError, match="overlaps at 0x008001") as error:
        edits.apply(Image(), [edits.patch("0x8000=0102"), edits.patch("0x8001=03")])
    assert error.value.details == ("patch 0x8000=0102: 0x008000..0x008001", "patch 0x8001=03: 0x008001")

"""ST-LINK version words as real probes answer them."""

from __future__ import annotations

import pytest

from stm8tool.probe.stlink_version import decode, decode_extended, model_name, needs_extended_query


@pytest.mark.parametrize(
    ("reply", "product", "text", "swim"),
    [
        ("24 44 83 04 48 37", 0x3748, "V2J17S4", 4),
        ("27 47 83 04 48 37", 0x3748, "V2J29S7", 7),
        ("29 47 83 04 48 37", 0x3748, "V2J37S7", 7),
        ("2B 47 83 04 48 37", 0x3748, "V2J45S7", 7),
        ("26 4D 83 04 4B 37", 0x374B, "V2J25M13", 0),
    ],
)
def test_logged_version_words_decode_to_what_their_tools_printed(
    reply: str, product: int, text: str, swim: int
) -> None:
    version = decode(bytes.fromhex(reply), product)
    assert str(version) == text
    assert version.swim == swim


@pytest.mark.parametrize(
    ("upper", "lower", "text", "swim"),
    [
        (18, 7, "V2M18S7", 7),  # the old rule of STM8 boards
        (22, 7, "V2M22S7", 7),
        (23, 7, "V2J23M7", 0),
        (25, 7, "V2M25S7", 7),
        (29, 12, "V2M29S12", 12),
        (29, 18, "V2J29M18", 0),
        (25, 6, "V2J25M6", 0),
    ],
)
def test_a_v21_word_reads_as_swim_flavour_only_inside_its_ranges(upper: int, lower: int, text: str, swim: int) -> None:
    word = 2 << 12 | upper << 6 | lower
    version = decode(word.to_bytes(2, "big") + bytes.fromhex("83 04 4B 37"), 0x374B)
    assert (str(version), version.swim) == (text, swim)


def test_a_v3_word_of_zeros_asks_for_the_extended_version() -> None:
    assert needs_extended_query(bytes.fromhex("30 00 83 04 4F 37"))
    assert not needs_extended_query(bytes.fromhex("29 47 83 04 48 37"))


def test_the_extended_version_has_its_numbers_in_the_order_v_swim_jtag_msd_bridge() -> None:
    version = decode_extended(bytes([3, 1, 7, 2, 4, 0, 0, 0, 0x83, 0x04, 0x4F, 0x37]))
    assert str(version) == "V3J7M2B4S1"
    assert model_name(version, 0x374F) == "STLINK-V3"


def test_a_v21_is_named_by_its_product_id_not_by_its_word() -> None:
    version = decode(bytes.fromhex("26 4D 83 04 4B 37"), 0x374B)
    assert model_name(version, 0x374B) == "ST-LINK/V2-1"
    assert model_name(version, 0x3748) == "ST-LINK/V2"

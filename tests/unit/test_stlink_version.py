"""ST-LINK version words as real probes answer them."""

from __future__ import annotations

import pytest

from stm8tool.probe.stlink.version import advice, decode, decode_extended, model_name, needs_extended_query, obstacle


@pytest.mark.parametrize(
    ("reply", "product", "text", "swim"),
    [
        ("24 44 83 04 48 37", 0x3748, "V2J17S4", 4),
        ("27 47 83 04 48 37", 0x3748, "V2J29S7", 7),
        ("29 47 83 04 48 37", 0x3748, "V2J37S7", 7),
        ("2B 47 83 04 48 37", 0x3748, "V2J45S7", 7),
        ("26 4D 83 04 4B 37", 0x374B, "V2J25M13", 0),
        ("13 44 83 04 44 37", 0x3744, "V1J13S4", 4),
    ],
)
def test_version_words_decode_to_what_their_tools_print(reply: str, product: int, text: str, swim: int) -> None:
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


@pytest.mark.parametrize(
    ("reply", "product", "words"),
    [
        ("26 4D 83 04 4B 37", 0x374B, "has the firmware for STM32 boards (V2J25M13), which has no SWIM"),
        ("2B 40 83 04 48 37", 0x3748, "(firmware V2J45S0) has no SWIM: it can program STM32 only"),
    ],
)
def test_firmware_without_swim_is_an_obstacle_with_a_remedy(reply: str, product: int, words: str) -> None:
    found = obstacle(decode(bytes.fromhex(reply), product), product)
    assert found is not None
    assert found.problem == words
    assert found.hint


@pytest.mark.parametrize(
    ("word", "product", "advised"),
    [
        (0x2444, 0x3748, True),  # V2J17S4
        (0x2543, 0x3748, True),  # V2J21S3
        (0x2544, 0x3748, False),  # V2J21S4
        (0x2707, 0x374B, False),  # a V2-1 has no J
        (0x1344, 0x3744, False),
    ],
)
def test_an_update_is_advised_below_v2j21s4_only(word: int, product: int, advised: bool) -> None:
    version = decode(word.to_bytes(2, "big") + bytes(4), product)
    assert obstacle(version, product) is None
    assert bool(advice(version, product)) == advised

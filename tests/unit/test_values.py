"""Numbers as a user types them: which are one, and how a message shows what is none."""

from __future__ import annotations

import pytest

from stm8tool.errors import UsageError
from stm8tool.support.values import address, number, shortened, size


@pytest.mark.parametrize(
    ("text", "value"), [("0x8000", 32768), ("0xaBcD", 0xABCD), ("32768", 32768), ("0", 0), ("-1", -1)]
)
def test_a_number_is_decimal_or_hex(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "1_0", "0x0_1", "٣", "0x٣", "０", "²", "0b1", "0o7", "0X10", " 1", "1\n", "+1", "--1", "0x", "8000h", "1.0"],
)
def test_no_other_form_that_python_has_is_a_number(text: str) -> None:
    for meaning in (number, size, address):
        with pytest.raises(UsageError, match="is not a number") as error:
            meaning(text)
        assert error.value.hint


@pytest.mark.parametrize("digit", ["9", "x", "-"])
def test_a_long_input_is_no_number_and_is_not_shown_whole(digit: str) -> None:
    with pytest.raises(UsageError) as error:
        number(digit * 5000)
    assert str(error.value) == f"'{digit * 40}…' is not a number"


def test_sizes_are_in_bytes_or_kilobytes() -> None:
    assert [size(text) for text in ("640", "0x200", "8K", "8k")] == [640, 512, 8192, 8192]


def test_what_is_shortened_is_what_is_too_long() -> None:
    assert [len(shortened("a" * length)) for length in (0, 40, 41)] == [0, 40, 41]
    assert shortened("a" * 41).endswith("…")

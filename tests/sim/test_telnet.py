"""The server's side of RFC 2217, by the bytes of a client that asks before it sets."""

from __future__ import annotations

import pytest

from stm8tool.sim.serial.telnet import Telnet


def answer(telnet: Telnet, command: str) -> str:
    """Send a command for the port; return the number and the value of the answer."""
    telnet.answers.clear()
    assert telnet.take(bytes.fromhex(f"fffa2c{command}fff0")) == b""
    said = telnet.answers.hex()
    assert said.startswith("fffa2c")
    assert said.endswith("fff0")
    return said[6:-4]


@pytest.mark.parametrize(
    ("asked", "before", "setting", "after"),
    [
        ("0100000000", "650001c200", "0100002580", "6500002580"),  # the speed
        ("0200", "6608", "0208", "6608"),  # data bits
        ("0300", "6701", "0303", "6703"),  # parity
        ("0400", "6801", "0401", "6801"),  # stop bits
        ("0507", "6909", "0508", "6908"),  # DTR
        ("050a", "690c", "050b", "690b"),  # RTS
        ("0500", "6901", "0501", "6901"),  # flow control
        ("0504", "6906", "0506", "6906"),  # break
    ],
)
def test_a_setting_is_told_and_a_question_changes_nothing(asked: str, before: str, setting: str, after: str) -> None:
    moved: list[tuple[str, bool]] = []
    telnet = Telnet(lambda name, asserted: moved.append((name, asserted)))
    assert answer(telnet, asked) == before
    assert moved == []
    assert answer(telnet, setting) == after
    assert answer(telnet, asked) == after


def test_a_question_leaves_the_parity_even() -> None:
    telnet = Telnet(lambda _name, _asserted: None)
    answer(telnet, "0303")
    answer(telnet, "0300")
    assert telnet.even


def test_a_value_may_hold_the_bytes_that_end_a_command() -> None:
    telnet = Telnet(lambda _name, _asserted: None)
    assert answer(telnet, "010000fffff0") == "650000fffff0"
    assert telnet.baud == 0xFFF0

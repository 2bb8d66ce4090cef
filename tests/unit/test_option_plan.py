"""What a request for option bytes comes to: bytes, refusals, dangers, and the order of writing."""

from __future__ import annotations

from typing import Optional

import pytest

from stm8tool.chip.options.bytes import OptionState
from stm8tool.chip.options.plan import Change, Danger, factory, hazards, requested, write_order
from stm8tool.errors import Code, UsageError
from stm8tool.parts.table import Part, find_part, option_table


def states_of(part: Part, **held: int) -> list[OptionState]:
    """Return the option bytes of a chip, at factory values except `held`."""
    states = []
    for option in option_table(part):
        value = held.get(option.name, option.default)
        states.append(OptionState(option, value, value ^ 0xFF if option.complement else None))
    return states


def asked(name: str, *texts: str, **held: int) -> dict[str, int]:
    """Return the bytes that a request comes to."""
    part = find_part(name)
    return {change.option.name: change.value for change in requested(part, states_of(part, **held), texts)}


def dangers_of(name: str, *texts: str, **held: int) -> set[Danger]:
    part = find_part(name)
    return {warned.danger for warned in hazards(part, requested(part, states_of(part, **held), texts))}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("stm8s103f3", "AFR=0x01", {"AFR": 0x01}),
        ("stm8s103f3", "afr=129", {"AFR": 0x81}),
        ("stm8s103f3", "AFR.AFR7=1", {"AFR": 0x80}),
        ("stm8s103f3", "HSECNT=0xB4", {"HSECNT": 0xB4}),
        ("stm8s103f3", "CLK.PRSC=3", {"CLK": 0x03}),
        ("stm8s103f3", "UBC=0x02", {"UBC": 0x02}),
        ("stm8s103f3", "UBC=1K", {"UBC": 0x10}),
        ("stm8s103f3", "UBC=65", {"UBC": 0x02}),  # rounded up to pages of 64 bytes
        ("stm8s103f3", "UBC=8K", {"UBC": 0x80}),
        ("stm8s105k4", "UBC=512", {"UBC": 0x01}),  # two pages of 512 at least
        ("stm8s105k6", "UBC=32K", {"UBC": 0x3E}),
        ("stm8l151k4", "UBC=1024", {"UBC": 0x08}),
        ("stm8l101f3", "UBC=8128", {"UBC": 0x7F}),
        ("stm8l101f3", "UBC=all", {"UBC": 0x7F}),  # its last page always stays free
        ("stm8l152r8", "UBC=All", {"UBC": 0xFF}),
        ("stm8s103f3", "UBC=all", {"UBC": 0x80}),
        ("stm8l101f3", "DATASIZE=0x20", {"DATASIZE": 0x20}),
        ("stm8l151k4", "BOR.BOR_TH=4", {"BOR": 0x08}),
        ("stm8s103f3", "UBC=none", {}),
    ],
)
def test_a_request_comes_to_a_byte(name: str, text: str, value: dict[str, int]) -> None:
    assert asked(name, text) == value


def test_fields_of_one_byte_add_up_and_the_other_bits_stay() -> None:
    assert asked("stm8s103f3", "MISC.LSI_EN=1", "MISC.HSITRIM=1", MISC=0x01) == {"MISC": 0x19}
    assert asked("stm8s103f3", "MISC.LSI_EN=0", MISC=0x09) == {"MISC": 0x01}


def test_reserved_bits_that_a_chip_has_set_stay_unless_the_whole_byte_is_given() -> None:
    assert asked("stm8s103f3", "MISC.LSI_EN=1", MISC=0x80) == {"MISC": 0x88}
    assert asked("stm8s103f3", "MISC=0x08", MISC=0x80) == {"MISC": 0x08}


def test_reserved_bits_of_a_byte_without_its_complement_are_no_excuse_to_set_them() -> None:
    part = find_part("stm8s103f3")
    states = [s._replace(value=0x80) if s.option.name == "MISC" else s for s in states_of(part)]
    with pytest.raises(UsageError, match="reserved"):
        requested(part, states, ["MISC=0x80"])
    assert [change.value for change in requested(part, states, ["MISC.LSI_EN=1"])] == [0x08]


@pytest.mark.parametrize(
    ("name", "texts", "message", "code"),
    [
        ("stm8s103f3", ["UBC"], "is not OPTION=VALUE", Code.USAGE),
        ("stm8s103f3", ["UBC="], "is not OPTION=VALUE", Code.USAGE),
        ("stm8s103f3", ["=1"], "is not OPTION=VALUE", Code.USAGE),
        ("stm8s103f3", [".AFR0=1"], "is not OPTION=VALUE", Code.USAGE),
        ("stm8s103f3", ["WAITSTATE=1"], "no option byte WAITSTATE", Code.USAGE),
        ("stm8s103f3", ["NAFR=1"], "no option byte NAFR", Code.USAGE),
        ("stm8s103f3", ["0x4804=1"], "no option byte 0x4804", Code.USAGE),
        ("stm8s103f3", ["MISC.IWDG=1"], "no field IWDG", Code.USAGE),
        ("stm8s103f3", ["MISC.=1"], "no field", Code.USAGE),
        ("stm8s103f3", ["MISC.LSI_EN=2"], "from 0 to 1", Code.USAGE),
        ("stm8s103f3", ["AFR=0x100"], "0x00 to 0xFF", Code.USAGE),
        ("stm8s103f3", ["AFR=-1"], "0x00 to 0xFF", Code.USAGE),
        ("stm8s103f3", ["AFR=on"], "is not a number", Code.USAGE),
        ("stm8s103f3", ["AFR=1", "AFR=2"], "set twice", Code.USAGE),
        ("stm8s103f3", ["MISC=1", "MISC.LSI_EN=0"], "set twice", Code.USAGE),
        ("stm8s103f3", ["HSECNT=0x12"], "has no value 0x12", Code.USAGE),
        ("stm8s103f3", ["MISC=0x20"], "reserved", Code.USAGE),
        ("stm8s103f3", ["ROP=0x12"], "ROP has no value 0x12", Code.USAGE),
        ("stm8s103f3", ["UBC=9K"], "cannot protect such an area", Code.USAGE),
        ("stm8s103f3", ["UBC=-1"], "cannot protect such an area", Code.USAGE),
        ("stm8l152r8", ["UBC=64K"], "cannot protect such an area", Code.USAGE),  # 255 of its 256 pages at most
        ("stm8l101f3", ["UBC=8K"], "cannot protect such an area", Code.USAGE),
        ("stm8s208mb", ["UBC=0xFF"], "cannot protect such an area", Code.USAGE),  # reserved
        ("stm8s105k4", ["UBC=0x3E"], "cannot protect such an area", Code.USAGE),  # more than its 16 KB
        ("stm8l101f3", ["UBC=0x80"], "cannot protect such an area", Code.USAGE),
        ("stm8s208mb", ["UBC.UBC=0xFF"], "cannot protect such an area", Code.USAGE),  # as a field no less
        ("stm8l101f3", ["DATASIZE=0x21"], "has no value 0x21", Code.USAGE),
        ("stm8l101f2", ["DATASIZE=1"], "stays 0", Code.USAGE),
        ("stm8s105k4", ["RESERVED_480B=1"], "never written", Code.DANGEROUS_WRITE),
        ("stm8s105k4", ["RESERVED_480B=0"], "never written", Code.DANGEROUS_WRITE),
        ("stm8l152r8", ["PCODESIZE=1"], "never written", Code.DANGEROUS_WRITE),
        ("stm8l151k4", ["RESERVED_4807=0"], "never written", Code.DANGEROUS_WRITE),
        ("stm8af5288", ["TMU=5"], "permanent", Code.DANGEROUS_WRITE),
        ("stm8af5288", ["TMU=0xF5"], "permanent", Code.DANGEROUS_WRITE),
        ("stm8af5288", ["TMU.TMU=5"], "permanent", Code.DANGEROUS_WRITE),
        ("stm8af5288", ["TMU=1"], "has no value", Code.USAGE),
        ("stm8af5288", ["TMU_KEY1=0xFF"], "not valid keys", Code.USAGE),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_makes_no_sense_or_ruins_a_chip_is_refused(name: str, texts: list[str], message: str, code: Code) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        asked(name, *texts)
    assert caught.value.code is code


@pytest.mark.parametrize(("name", "text", "most"), [("stm8l152r8", "64K", 65280), ("stm8l101f3", "8K", 8128)])
def test_the_hint_names_the_largest_area_which_may_be_asked_for(name: str, text: str, most: int) -> None:
    with pytest.raises(UsageError) as caught:
        asked(name, f"UBC={text}")
    assert f"bytes up to {most}, all (that many)" in (caught.value.hint or "")
    assert asked(name, f"UBC={most}") == asked(name, "UBC=all")


@pytest.mark.parametrize(
    ("name", "text", "held", "danger"),
    [
        ("stm8s103f3", "ROP=0xAA", {}, Danger.LOCK),
        ("stm8l101f3", "ROP=0xAA", {}, Danger.LOCK),
        ("stm8l151k4", "ROP=0x00", {}, Danger.LOCK),
        ("stm8s103f3", "MISC.IWDG_HW=1", {}, Danger.WATCHDOG),
        ("stm8s208mb", "WDG=0x02", {}, Danger.WATCHDOG),
        ("stm8l101f3", "IWDG=0x01", {}, Danger.WATCHDOG),
        ("stm8l151k4", "WDG.WWDG_HW=1", {}, Danger.WATCHDOG),
        ("stm8l151k4", "BOR=0x09", {}, Danger.BROWNOUT),
        ("stm8l151k4", "BOR.BOR_TH=1", {"BOR": 0x01}, Danger.BROWNOUT),
        ("stm8l151k4", "BOR.BOR_ON=1", {"BOR": 0x04}, Danger.BROWNOUT),
        ("stm8l151k4", "BOR.BOR_ON=1", {}, None),
        ("stm8l151k4", "BOR.BOR_TH=4", {}, None),  # it stays off
        ("stm8l151k4", "BOR.BOR_TH=1", {"BOR": 0x05}, None),
        ("stm8af5288", "TMU_KEY3=0x12", {}, Danger.TMU),
        ("stm8af5288", "TMU_KEY3=0x00", {"TMU_KEY3": 0x12}, Danger.TMU),
        ("stm8af5288", "TMU_MAXATT=0x01", {}, Danger.TMU),
        ("stm8af5288", "WDG.HSITRIM=1", {}, Danger.UNCERTAIN),
        ("stm8l152r8", "UBC=1K", {}, Danger.UNCERTAIN),
        ("stlux385", "GENCFG=0x01", {}, Danger.UNCERTAIN),
        ("stm8s103f3", "MISC.IWDG_HW=0", {"MISC": 0x04}, None),
        ("stm8s103f3", "MISC.LSI_EN=1", {"MISC": 0x04}, None),
        ("stm8l152r8", "UBC=none", {"UBC": 0x04}, None),
        ("stlux385", "CLKCTL=0x09", {"CLKCTL": 0x01}, None),
        ("stm8s103f3", "AFR=0xFF", {}, None),
    ],
)
def test_a_danger_is_named(name: str, text: str, held: dict[str, int], danger: Optional[Danger]) -> None:
    assert dangers_of(name, text, **held) == ({danger} if danger else set())


def test_a_watchdog_goes_off_first_and_on_last() -> None:
    part = find_part("stm8l151k4")

    def order(*texts: str, **held: int) -> list[str]:
        changes = requested(part, states_of(part, **held), texts)
        return [change.option.name for change in write_order(part, changes)]

    assert order("WDG=1", "UBC=2", "CLK=3") == ["UBC", "CLK", "WDG"]
    assert order("WDG=0", "UBC=2", "CLK=3", WDG=5) == ["WDG", "UBC", "CLK"]
    assert order("WDG=2", "UBC=2", "CLK=3") == ["UBC", "WDG", "CLK"]


def test_factory_values_leave_alone_what_only_an_unlock_may_touch() -> None:
    part = find_part("stm8af5288")
    states = states_of(part, AFR=0x01, TMU_KEY1=0x12)
    assert [(change.option.name, change.value) for change in factory(part, states)] == [("AFR", 0x00)]


def test_a_change_is_done_only_where_value_and_complement_are_right() -> None:
    part = find_part("stm8s103f3")
    afr = next(state for state in states_of(part) if state.option.name == "AFR")
    change = Change(afr, 0x01)
    assert not change.is_done([afr])
    assert not change.is_done([afr._replace(value=0x01)])
    assert change.is_done([afr._replace(value=0x01, complement=0xFE)])

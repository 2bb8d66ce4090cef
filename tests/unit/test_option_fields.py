"""The fields of option bytes: every one for itself, against a second reading of the manuals, and a spoilt table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from stm8tool.parts import option_fields
from stm8tool.parts import table as devices
from stm8tool.parts.option_fields import Field, fields_of
from stm8tool.parts.table import OptionByte, Part, all_parts, find_part, option_table

DATA = Path(devices.__file__).parent / "data"

# A second reading: datasheets of STM8S103 and S208, STM8L151x4/6, STM8L101, "option byte description", and Versaloon.
BITS = [
    ("stm8s103f3", "MISC", {"WWDG_HALT": 0x01, "WWDG_HW": 0x02, "IWDG_HW": 0x04, "LSI_EN": 0x08, "HSITRIM": 0x10}),
    ("stm8s105k4", "CLK", {"PRSC": 0x03, "CKAWUSEL": 0x04, "EXTCLK": 0x08}),
    ("stm8s208mb", "WDG", {"WWDG_HALT": 0x01, "WWDG_HW": 0x02, "IWDG_HW": 0x04, "LSI_EN": 0x08}),
    ("stm8s208mb", "WAITSTATE", {"WAITSTATE": 0x01}),
    ("stm8l151k4", "WDG", {"IWDG_HW": 0x01, "IWDG_HALT": 0x02, "WWDG_HW": 0x04, "WWDG_HALT": 0x08}),
    ("stm8l151k4", "CLK", {"HSECNT": 0x03, "LSECNT": 0x0C}),
    ("stm8l151k4", "BOR", {"BOR_ON": 0x01, "BOR_TH": 0x0E}),
    ("stm8l101f3", "IWDG", {"IWDG_HW": 0x01, "IWDG_HALT": 0x02}),
    ("stm8af5288", "TMU", {"TMU": 0x0F}),
]


def option_of(name: str, option_name: str) -> tuple[Part, OptionByte]:
    part = find_part(name)
    return part, next(option for option in option_table(part) if option.name == option_name)


def field_of(name: str, option_name: str, field_name: str) -> Field:
    return next(field for field in fields_of(*option_of(name, option_name)) if field.name == field_name)


@pytest.mark.parametrize("part", all_parts(), ids=lambda part: part.name)
def test_the_fields_of_an_option_are_its_eight_bits_and_put_gives_back_what_of_took(part: Part) -> None:
    for option in option_table(part):
        fields = fields_of(part, option)
        for byte in (0x00, 0x5A, 0xA5, 0xFF):
            built = 0xFF ^ byte
            for field in fields:
                built = field.put(built, field.of(byte))
            assert built == byte
        names = [field.name for field in fields if not field.reserved]
        assert len(names) == len(set(names))
        assert names or option.policy in ("never", "after-unlock")


@pytest.mark.parametrize(("name", "option", "masks"), BITS, ids=[f"{n}.{o}" for n, o, _ in BITS])
def test_the_bits_agree_with_a_second_reading_of_the_manuals(name: str, option: str, masks: dict[str, int]) -> None:
    fields = fields_of(*option_of(name, option))
    held = {f.name: f.put(0, f.largest) for f in fields if not f.reserved}
    assert held == masks, f"BITS has other bits of {option} of the {name}: read the manual again, change one of them"


def test_the_stabilization_times_of_hse_are_those_of_the_datasheets() -> None:
    hse = field_of("stm8s103f3", "HSECNT", "HSECNT")
    assert [value for value in range(256) if hse.allows(value)] == [0x00, 0xB4, 0xD2, 0xE1]
    assert hse.meaning(0xB4) == "HSE starts within 128 cycles"


def test_a_field_whose_values_are_not_listed_takes_all_that_fit() -> None:
    ubc = field_of("stm8s103f3", "UBC", "UBC")
    assert ubc.allows(0xFF)
    assert not ubc.allows(0x100)
    assert not ubc.allows(-1)


def test_what_the_bits_of_stlux_and_stnrg_mean_is_uncertain() -> None:
    for name in ("stlux385", "stnrg388a"):
        part = find_part(name)
        sure = {f.name for option in option_table(part) for f in fields_of(part, option) if not f.uncertain}
        assert sure == {"ROP", "OPTBL"}


def test_every_row_is_used_and_says_where_it_comes_from() -> None:
    with (DATA / "option_fields.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    layouts = {part.option_layout for part in all_parts()}
    for row in rows:
        assert row["source"], f"option_fields.csv: {row['option']} {row['field']}: write its source"
        for pattern in row["layouts"].split():
            assert [name for name in layouts if fnmatchcase(name, pattern)], pattern


@pytest.fixture
def other_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tables to spoil, in place of the real ones."""
    for table in DATA.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    monkeypatch.setattr(devices, "_DATA", tmp_path)
    option_fields._load_fields.cache_clear()
    yield tmp_path
    option_fields._load_fields.cache_clear()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("MISC,HSITRIM,4,", "MISC,HSITRIM,3,"),  # an overlap and a gap
        ("MISC,,7..5,", "MISC,,7..6,"),  # a gap
        ("MISC,LSI_EN,3,0=", "MISC,LSI_EN,3,2="),  # does not fit
        ("HSECNT,HSECNT,7..0,0x00=", "HSECNT,HSECNT,7..0,0x01="),  # the factory value has no meaning
        ("stm8s-low stm8s-medium,MISC,HSITRIM", "stm8s-low stm8s-medium,MISK,HSITRIM"),
        ("Versaloon,high", "Versaloon,perhaps"),
        ("MISC,,7..5,,", "MISC,,7..5,0=nothing,"),  # reserved bits have no values
    ],
)
def test_a_row_that_cannot_be_right_is_not_used(other_tables: Path, right: str, wrong: str) -> None:
    table = other_tables / "option_fields.csv"
    text = table.read_text(encoding="utf-8")
    assert right in text
    table.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^option_fields\.csv: "):
        [fields_of(part, option) for part in all_parts() for option in option_table(part)]

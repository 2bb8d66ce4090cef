"""The device table: every row for itself, against a second reading of the manuals, and by name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from few_parts import DATA, FEW, tables_in
from stm8tool.errors import UnknownPartError
from stm8tool.parts.table import Part, all_parts, find_part, known_parts, names_meant, option_table

# A second reading, by hand, of the block sizes: RM0016 and the STM8S datasheets, RM0013, PM0054, by part name.
# (name pattern, density, block, EEPROM sizes that exist in this group)
BLOCKS_BY_NAME = [
    (r"STM8S(001|003|103|903)..", "low", 64, {128, 640}),
    (r"STM8S(005|105)..", "medium", 128, {128, 1024}),
    (r"STM8S(007|207|208)..", "high", 128, {128, 1024, 1536, 2048}),
    (r"STM8AF62(13|23|23A|26)", "low", 64, {640}),
    (r"STM8AF6126", "medium", 128, {384}),
    (r"STM8AF6[12]4[68]", "medium", 128, {512}),
    (r"STM8AF6[12]6[68]|STM8AF6366", "medium", 128, {1024}),
    (r"STM8AF5[12].[689A]|STM8AF6[12](69|[789A].)|STM8AF6388", "high", 128, {1024, 1536, 2048}),
    (r"STM8L(101..|001J3)", "low", 64, {0}),
    (r"STM8L(050J3|051F3|151.[23])", "low", 64, {256}),
    (r"STM8L052C6", "medium", 128, {256}),
    (r"STM8L15[12][CGK][46]|STM8AL3[1L][346][68]", "medium", 128, {1024}),
    (r"STM8L15[12]R6", "medium+", 128, {1024}),
    (r"STM8L052R8", "high", 128, {256}),
    (r"STM8L(15[12]|162).8|STM8AL3(1|L)E?8[89A]", "high", 128, {2048}),
    (r"STLUX(285A|325A|383A|385A?)|STNRG[238][28]8A", "medium-class", 128, {1024}),
]

BOARD_MCUS = [
    "stm8s208mbt6",
    "stm8s207k8t6",
    "stm8s208rbt6",
    "stm8s105k6t6",
    "stm8s003f3p6",
    "stm8s105k4t6",
    "stm8s103f3p6",
    "stm8s105c6t6",
    "stm8l152c6t6",
    "stm8s003k3t6",
    "stm8l152r8t6",
    "stm8af5288t",
    "stm8al3l68t",
    "stm8s001j3m3",
    "stm8l001j3m3",
    "stm8l050j3m3",
    "stm8s903k3t6",
    "stm8s005k6t6",
    "stm8s207rbt6",
    "stm8l051f3p6",
    "stm8l101f3p6",
    "stm8l151k4t6",
    "stm8l151g6u6",
    "stm8s207mbt6",
]


def rows_of(file: str) -> list[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def each_part() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("part", all_parts(), ids=lambda part: part.name)


def test_the_table_is_sorted_and_has_no_part_twice() -> None:
    names = [row["part"] for row in rows_of("devices.csv")]
    assert names == sorted(set(names)), "devices.csv: sort the rows by part, and keep one row of each part"
    assert [part.name for part in all_parts()] == names


@each_part()
def test_every_part_has_the_memories_of_its_family(part: Part) -> None:
    assert part.flash.start == 0x8000
    assert part.flash.size in {2048, 4096, 8192, 16384, 32768, 49152, 65536, 98304, 131072}
    assert part.ram.start == 0
    assert part.ram.size in {1024, 1536, 2048, 3072, 4096, 6144}
    assert part.options.start == 0x4800
    if part.eeprom is not None:
        assert part.eeprom.start == {"stm8s": 0x4000, "stm8l": 0x1000}[part.flash_regs]
        assert part.eeprom.end <= part.options.start
    if part.boot_rom is not None:
        assert (part.boot_rom.start, part.boot_rom.size) == (0x6000, 2048)


@each_part()
def test_no_memories_of_a_part_overlap(part: Part) -> None:
    regions = sorted([part.ram, *part.memories, *filter(None, [part.boot_rom])], key=lambda region: region.start)
    assert all(low.end <= high.start for low, high in zip(regions, regions[1:]))


@each_part()
def test_every_part_says_where_its_figures_come_from(part: Part) -> None:
    assert part.source, f"devices.csv: {part.name}: write the source of the figures"
    assert part.confidence in {"high", "medium"}, f"devices.csv: {part.name}: confidence is high or medium"


@each_part()
def test_the_controller_belongs_to_the_family(part: Part) -> None:
    assert part.flash_regs == ("stm8l" if part.family in {"STM8L", "STM8AL"} else "stm8s")
    stm8l_with_the_old_rop = part.name.startswith(("STM8L101", "STM8L001"))
    assert part.aa_locks == (stm8l_with_the_old_rop or part.flash_regs == "stm8s")


@each_part()
def test_the_block_agrees_with_a_second_reading_of_the_manuals(part: Part) -> None:
    """A part that no row names, as a new one, has to be like some part of its series that a row does name."""
    named = [reading for pattern, *reading in BLOCKS_BY_NAME if re.fullmatch(pattern, part.name)]
    assert len(named) <= 1
    readings = named or [reading for pattern, *reading in BLOCKS_BY_NAME if pattern.startswith(part.name[:5])]
    eeprom = part.eeprom.size if part.eeprom else 0
    missing = f"BLOCKS_BY_NAME has no row for {part.name}: read density, block and EEPROM in the manual, and add one"
    assert [sizes for density, block, sizes in readings if (density, block) == (part.density, part.block)], missing
    assert any(
        eeprom in sizes for density, block, sizes in readings if (density, block) == (part.density, part.block)
    ), missing


@each_part()
def test_the_unique_id_lies_where_its_family_has_it(part: Part) -> None:
    expected = {"STM8S": {0x4865, 0x48CD}, "STM8AF": {0x4865}, "STM8L": {0x4925, 0x4926}, "STM8AL": {0x4926}}
    assert part.unique_id is None or part.unique_id in expected[part.family]


@each_part()
def test_a_part_without_an_nrst_pin_is_one_in_an_so8_package(part: Part) -> None:
    assert part.has_nrst == (re.fullmatch(r"STM8.\d{3}J\d", part.name) is None)


@each_part()
def test_the_options_lie_in_the_option_area_and_do_not_overlap(part: Part) -> None:
    options = option_table(part)
    bytes_used = [option.address + i for option in options for i in range(2 if option.complement else 1)]
    assert bytes_used == sorted(set(bytes_used))
    assert part.options.start <= bytes_used[0]
    assert bytes_used[-1] < part.options.end
    assert len({option.name for option in options}) == len(options)


@each_part()
def test_the_first_option_is_rop_and_its_factory_value_is_open(part: Part) -> None:
    rop, *others = option_table(part)
    assert (rop.name, rop.address, rop.policy, rop.complement) == ("ROP", 0x4800, "rop", False)
    assert (rop.default == 0xAA) != part.aa_locks
    assert all(option.policy != "rop" for option in others)


@each_part()
def test_0x4807_is_never_written_on_the_stm8l_map(part: Part) -> None:
    at_4807 = [option.policy for option in option_table(part) if option.address == 0x4807]
    assert at_4807 == (["never"] if part.flash_regs == "stm8l" else ["normal"])


@each_part()
def test_complements_exist_on_the_stm8s_map_only(part: Part) -> None:
    ubc = option_table(part)[1]
    assert ubc.name == "UBC"
    assert ubc.complement == (part.flash_regs == "stm8s")
    assert ubc.address == {"stm8s": 0x4801, "stm8l": 0x4802}[part.flash_regs]


def test_every_layout_is_used_and_every_option_says_where_it_comes_from() -> None:
    rows = rows_of("options.csv")
    assert {row["layout"] for row in rows} == {part.option_layout for part in all_parts()}
    order = sorted(rows, key=lambda row: (row["layout"], row["address"]))
    assert rows == order, "options.csv: sort the rows by layout, then by address"
    for row in rows:
        what = f"options.csv: {row['layout']}: {row['name']}"
        assert row["source"], f"{what}: write its source"
        assert row["confidence"] in {"high", "medium"}, f"{what}: confidence is high or medium"
    assert all(row["complement"] in {"yes", "no"} for row in rows)


@pytest.mark.parametrize(
    ("name", "image", "boot_option"),
    [
        # As an unlock leaves the option area: what ST's own tool writes, and the datasheets' factory values.
        ("STM8S103F3", "00 00FF 00FF 00FF 00FF 00FF", "----"),
        ("STM8S105C6", "00 00FF 00FF 00FF 00FF 00FF 00FF 00FF", "00FF"),
        ("STM8S208RB", "00 00FF 00FF 00FF 00FF 00FF 00FF 00FF", "00FF"),
        ("STM8AF52AA", "00 00FF 00FF 00FF 00FF 00FF 00FF 00FF -- 0000000000000000 C7", "00FF"),
        ("STLUX385A", "00 00FF 00FF 28D7 09F6 00FF ---- 00FF 00FF 00FF 10EF 01FE", "00FF"),
        ("STNRG328A", "00 00FF 00FF 28D7 8976 00FF 00FF 00FF 00FF 1FE0 7A85 01FE", "00FF"),
        ("STM8L101F3", "00 -- 00 00 ------ 00 00", "----"),
        ("STM8L151K4", "AA -- 00 -------- 00 00 00 00 00 00", "----"),
        ("STM8L050J3", "AA -- 00 -------- 00 00 00 01 00 00", "----"),
        ("STM8L152R8", "AA -- 00 -------- 00 00 00 00 00 00", "----"),
        ("STM8AL3L88", "AA -- 00 -------- 00 00 00 01 00 00", "----"),
    ],
)
def test_the_factory_options_are_those_of_the_manuals(name: str, image: str, boot_option: str) -> None:
    area = {}
    for option in option_table(find_part(name)):
        area[option.address] = f"{option.default:02X}"
        if option.complement:
            area[option.address + 1] = f"{option.default ^ 0xFF:02X}"
    assert area.pop(0x487E, "--") + area.pop(0x487F, "--") == boot_option
    held = "".join(area.get(address, "--") for address in range(0x4800, max(area) + 1))
    assert held == image.replace(" ", ""), (
        f"the table above has another image of {name}: read the manual again, change one of them"
    )


def test_both_factory_values_of_the_brown_out_option_are_accepted() -> None:
    bor = {option.name: option for option in option_table(find_part("STM8L151K4"))}["BOR"]
    assert (bor.default, bor.accepted) == (0x00, (0x00, 0x01))


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("STM8S103F3", "STM8S103F3"),
        ("stm8s103f3", "STM8S103F3"),
        (" stm8s103f3 ", "STM8S103F3"),
        ("STM8S103F3P6TR", "STM8S103F3"),
        ("STM8S103K3T3C", "STM8S103K3"),
        ("STM8S105C6T6", "STM8S105C6"),
        ("STM8S001J3M3TR", "STM8S001J3"),
        ("stm8l151k4t6", "STM8L151K4"),
        ("STM8L101F2U6ATR", "STM8L101F2"),
        ("STM8AF5288TC", "STM8AF5288"),
        ("STM8AF6266ITCX", "STM8AF6266"),
        ("STM8AF6223A", "STM8AF6223A"),
        ("STM8AL318ATCY", "STM8AL318A"),
        ("STM8AL31E8ATCY", "STM8AL31E8A"),
        ("stm8s208mbt6", "STM8S208MB"),
        ("STM8S208MBT6B", "STM8S208MB"),
        ("STLUX385", "STLUX385"),
        ("STLUX385ATR", "STLUX385A"),
        ("STNRG388ATR", "STNRG388A"),
    ],
)
def test_names_and_order_codes_resolve_to_their_part(name: str, part: str) -> None:
    assert find_part(name).name == part


@each_part()
def test_no_part_is_taken_for_another_with_or_without_a_package(part: Part) -> None:
    tail = "TR" if part.family in {"STLUX", "STNRG"} else "T6TR"
    assert find_part(part.name) == find_part(part.name.lower() + tail) == part


@pytest.mark.parametrize("mcu", BOARD_MCUS)
def test_the_mcu_of_every_board_resolves(mcu: str) -> None:
    assert mcu.upper().startswith(find_part(mcu).name)


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("stm8s103?3", "STM8S103F3"),
        ("stm8l151?6", "STM8L151C6"),
        ("stm8af52a?", "STM8AF52A6"),
        ("stm8s103?3p6", "STM8S103F3"),
        ("STM8S103?3P6TR", "STM8S103F3"),
        ("stm8l151?6u6", "STM8L151C6"),
        ("stm8af?223pc", "STM8AF6223"),
        ("stm8af?223apc", "STM8AF6223A"),
    ],
)
def test_a_pattern_of_parts_that_are_programmed_alike_resolves(pattern: str, part: str) -> None:
    assert find_part(pattern).name == part


@pytest.mark.usefixtures("few_parts")
def test_the_part_of_a_pattern_has_no_more_eeprom_than_any_of_its_parts() -> None:
    members = [part.eeprom for part in all_parts() if re.fullmatch("STM8S208.B", part.name)]
    assert {eeprom.size for eeprom in members if eeprom} == {1536, 2048}
    eeprom = find_part("stm8s208?b").eeprom
    assert eeprom is not None
    assert eeprom.size == 1536


@pytest.mark.usefixtures("few_parts")
def test_a_pattern_of_unlike_parts_is_refused_with_a_choice() -> None:
    with pytest.raises(UnknownPartError, match="programmed differently") as error:
        find_part("stlux???a")
    assert error.value.hint == "choose one of STLUX285A, STLUX325A, STLUX383A, STLUX385A"


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    "name", ["STM8S103F4", "STM8S103F", "STM8S103F3X6", "stm8s103f3p6!", "STM8S104F3", "stm8s103?3x6", "stm8s103?3?"]
)
def test_an_unknown_part_is_refused_with_near_names(name: str) -> None:
    with pytest.raises(UnknownPartError, match=re.escape(f"unknown part '{name}'")) as error:
        find_part(name)
    assert error.value.exit_code == 2
    assert error.value.hint is not None
    assert "STM8S103F3" in error.value.hint


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize("name", ["", "?", "stm8", "atmega328p", "STM8S103F3\n6", "??????????p6!"])
def test_a_name_that_is_nothing_like_a_part_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(UnknownPartError, match="unknown part"):
        find_part(name)


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stm8tl52f4", "ROP"),
        ("STM8TL53C4U6", "ROP"),
        ("stm8tl5??4", "ROP"),
        ("STM8SPLNB1P6", "block"),
        ("STWBC", "option bytes"),
        ("stwbc-ep", "option bytes"),
    ],
)
def test_a_part_with_uncertain_facts_is_named_as_such(name: str, reason: str) -> None:
    with pytest.raises(UnknownPartError, match=f"the tool does not know .* well enough to program it: .*{reason}"):
        find_part(name)


def test_every_part_that_is_known_is_listed_and_those_of_the_second_table_are_uncertain() -> None:
    names = [part.name for part in known_parts()]
    assert names == sorted(set(names))
    unsure = [part for part in known_parts() if part.uncertain]
    assert {part.name for part in unsure} == set(names) - {part.name for part in all_parts()}
    assert {part.name for part in unsure} == {row["part"] for row in rows_of("uncertain.csv")} != set()


@pytest.mark.parametrize("part", [part for part in known_parts() if part.uncertain], ids=lambda part: part.name)
def test_an_uncertain_part_says_what_is_known_of_it_and_why_it_is_uncertain(part: Part) -> None:
    assert (part.confidence, part.option_layout) == ("low", "")
    assert part.source
    assert part.notes
    assert part.uncertain in {row["reason"] for row in rows_of("uncertain.csv") if row["part"] == part.name}


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("stm8s103", ["STM8S103F2", "STM8S103F3", "STM8S103K3"]),
        ("STM8S103F3P6TR", ["STM8S103F3"]),
        ("stm8s10?f?", ["STM8S103F2", "STM8S103F3"]),
        ("stlux385", ["STLUX385"]),
        ("stwbc*", ["STWBC", "STWBC-EP", "STWBC-MC", "STWBC-WA"]),
        ("*", sorted(FEW)),
        ("stm9", []),
        ("", []),
        ("[s]tm8s103f3", []),
        ("?", []),
    ],
)
def test_a_word_means_a_part_a_beginning_or_a_pattern(word: str, names: list[str]) -> None:
    assert names_meant(word, [part.name for part in known_parts()]) == names


def test_a_region_prints_as_its_address_range() -> None:
    assert str(find_part("STM8S103F3").flash) == "flash 0x008000..0x009FFF"


def test_memories_come_by_address() -> None:
    assert [memory.name for memory in find_part("STM8S103F3").memories] == ["eeprom", "options", "flash"]
    assert [memory.name for memory in find_part("STM8L101F3").memories] == ["options", "flash"]


@pytest.fixture
def other_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tables to spoil, in place of the real ones."""
    for table in DATA.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    with tables_in(tmp_path, monkeypatch):
        yield tmp_path


@pytest.mark.parametrize(
    ("table", "right", "wrong"),
    [
        ("devices.csv", "0x8000,8192,64,0x4000,640", "0x8000,8192,96,0x4000,640"),
        ("devices.csv", "0x8000,8192,64,0x4000,640", "0x8000,8200,64,0x4000,640"),
        ("devices.csv", "64,yes,stm8s,,0,0x4865,yes", "64,stm8s,stm8s,,0,0x4865,yes"),
        ("devices.csv", "64,yes,stm8s,,0,0x4865,yes", "64,yes,stm8,,0,0x4865,yes"),
        ("devices.csv", "0x4865,yes,stm8s-low", "0x4865,yes,stm8s-lower"),
        ("devices.csv", "0x4865,yes,stm8s-low", "0x4865,,stm8s-low"),
        ("options.csv", "stm8s-low,AFR,0x4803,0x00,yes,normal", "stm8s-low,AFR,0x4803,0x00,yes,often"),
        ("options.csv", "stm8l-bor01,BOR,0x480A,0x01", "stm8l-bor01,BOR,0x480A,0x02"),
    ],
)
def test_a_row_that_cannot_be_right_is_not_used(other_tables: Path, table: str, right: str, wrong: str) -> None:
    text = (DATA / table).read_text(encoding="utf-8")
    assert right in text
    (other_tables / table).write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^(devices|options)\.csv: "):
        [option_table(part) for part in all_parts()]

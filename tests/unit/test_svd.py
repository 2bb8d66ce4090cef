"""misc/svd: what a debugger shows as registers, against the tables, the address space and the flasher's constants."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache

import pytest

from pio import BOARDS, ROOT, load
from stm8tool.chip import registers
from stm8tool.parts.table import find_part

make_svd = load(ROOT / "misc" / "svd" / "make_svd.py")
FILES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "misc" / "svd").glob("*.svd")}
REGISTERS = make_svd._rows("registers.csv")
PERIPHERALS = (range(0x5000, 0x5800), range(0x7F00, 0x8000))  # RM0016, RM0031: "GPIO and peripheral", "CPU/SWIM/ITC"


def number(element: ET.Element, tag: str) -> int:
    return int(element.findtext(tag, ""), 0)


@cache
def read(name: str) -> dict[int, tuple[str, ET.Element]]:
    """Return address -> PERIPHERAL_REGISTER and its element; an address that two of them claim is an error."""
    found: dict[int, tuple[str, ET.Element]] = {}
    for peripheral in ET.fromstring(FILES[name]).iter("peripheral"):
        for register in peripheral.iter("register"):
            address = number(peripheral, "baseAddress") + number(register, "addressOffset")
            assert address not in found, f"{address:#x}"
            found[address] = (f"{peripheral.findtext('name')}_{register.findtext('name')}", register)
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_register_has_an_address_of_its_own_inside_the_peripheral_space(name: str) -> None:
    found = read(name)
    assert len(found) > 100
    assert all(any(address in space for space in PERIPHERALS) for address in found)
    names = [name for name, _ in found.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", FILES)
def test_the_fields_of_a_register_share_no_bit_and_fit_into_a_byte(name: str) -> None:
    for register, element in read(name).values():
        taken = 0
        for field in element.iter("field"):
            mask = ((1 << number(field, "bitWidth")) - 1) << number(field, "bitOffset")
            assert 0 < mask < 0x100, register
            assert not taken & mask, register
            taken |= mask


@pytest.mark.parametrize("name", FILES)
def test_every_address_of_the_address_blocks_is_a_register_and_belongs_to_one_peripheral(name: str) -> None:
    addresses = []
    for peripheral in ET.fromstring(FILES[name]).iter("peripheral"):
        base = number(peripheral, "baseAddress")
        for block in peripheral.iter("addressBlock"):
            first = base + number(block, "offset")
            addresses += range(first, first + number(block, "size"))
    assert sorted(addresses) == sorted(read(name))


@pytest.mark.parametrize("name", FILES)
def test_a_value_after_a_reset_is_a_byte_that_no_pin_decides(name: str) -> None:
    values = {
        register: int(value, 0)
        for register, element in read(name).values()
        if (value := element.findtext("resetValue"))
    }
    assert len(values) > 100
    assert all(0 <= value < 0x100 for value in values.values())
    assert values["ITC_SPR1"] == 0xFF
    assert {"GPIOA_ODR", "FLASH_CR1"} <= values.keys()
    assert "GPIOA_IDR" not in values


def test_a_row_says_how_sure_it_is() -> None:
    doubtful = {row["block"]: row["register"] for row in REGISTERS if row["confidence"] != "H"}
    assert {row["confidence"] for row in REGISTERS} == {"H", "M"}
    assert doubtful == {"RTC_L8": "SSRL", "CLK_CAN": "CANCCR", "AES": "DOUTR", "RI_L3": "IOMR4"}  # the last of each


L_ALL = {
    "DMA1_C3_CR": 0x5093,
    "DMA1_C3_PARH": 0x5096,
    "DMA1_C3_M0ARL": 0x509A,
    "SYSCFG_RMPCR1": 0x509E,
    "I2C1_PECR": 0x521E,
    "RI_ICR1": 0x5431,
    "COMP_CSR5": 0x5444,
}
L_PLUS = {
    "DMA1_C3_M0EAR": 0x5098,
    "SYSCFG_RMPCR3": 0x509D,
    "WFE_CR4": 0x50A9,
    "EXTI_CR4": 0x50AA,
    "EXTI_CONF2": 0x50AB,
    "CLK_PCKENR3": 0x50D0,
    "RTC_SSRH": 0x5157,
    "RTC_SSRL": 0x5158,
    "RTC_SHIFTRH": 0x515A,
    "RTC_ALRMASSRH": 0x5164,
    "RTC_ALRMASSMSKR": 0x5166,
    "RTC_CALRH": 0x516A,
    "RTC_TCR1": 0x516C,
    "RTC_TCR2": 0x516D,
    "CSSLSE_CSR": 0x5190,
    "I2C1_OAR2": 0x5215,
}
NOT_LOW = {
    "TIM1_DCR1": 0x52D1,
    "TIM1_DCR2": 0x52D2,
    "TIM1_DMAR": 0x52D3,
    "DAC_CH1CR1": 0x5380,
    "DAC_CH1DORL": 0x53AD,
    "LCD_CR1": 0x5400,
    "LCD_RAM13": 0x5419,
}
HIGH = {"DAC_CH2CR2": 0x5383, "DAC_CH2DORL": 0x53B1, "AES_CR": 0x53D0, "LCD_PM5": 0x5409, "LCD_RAM21": 0x5421}
ROUTES_4 = {"RI_CR": 0x5450, "RI_IOSR4": 0x5457}
CAN_CLOCK = {"CLK_CANCCR": 0x50CB}


@pytest.mark.parametrize(
    ("name", "present", "absent"),
    [
        ("stm8l151x3", {**L_ALL, **L_PLUS, **ROUTES_4}, {**NOT_LOW, **HIGH}),
        ("stm8l152x6", {**L_ALL, **NOT_LOW}, {**L_PLUS, **HIGH, **ROUTES_4}),
        ("stm8l152x8", {**L_ALL, **L_PLUS, **NOT_LOW, **HIGH}, ROUTES_4),
        ("stm8l101", {"COMP_CR": 0x5300, "COMP_CCS": 0x5302}, {**L_ALL, **L_PLUS, **NOT_LOW, **HIGH}),
        *((name, CAN_CLOCK, {}) for name in ("stm8s103", "stm8s105", "stm8s207", "stm8s208")),
        *((name, {}, CAN_CLOCK) for name in ("stm8s903", "stm8af622x")),
    ],
)
def test_what_only_some_densities_have_is_in_their_files_only(
    name: str, present: dict[str, int], absent: dict[str, int]
) -> None:
    """The addresses as STM8_headers and ST's library have them, not from the tables that the files are made from."""
    found = {register: address for address, (register, _) in read(name).items()}
    assert {register: found.get(register) for register in present} == present
    assert not absent.keys() & found.keys()


def test_every_block_is_used_and_every_file_is_known() -> None:
    rows = make_svd._rows("peripherals.csv")
    assert {block for row in rows for block in row["block"].split()} == {row["block"] for row in REGISTERS}
    assert {name for row in rows for name in row["files"].split()} == set(make_svd.DEVICES)


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_shows_the_flash_controller_and_the_clock_divider_that_the_flasher_uses(board: str) -> None:
    part = find_part(BOARDS[board]["build"]["mcu"])
    path = BOARDS[board]["debug"].get("svd_path")
    assert (path is None) == (part.family in ("STLUX", "STNRG"))
    if path:
        names = {name: address for address, (name, _) in read(path.removesuffix(".svd")).items()}
        known = registers.BY_MAP[part.flash_regs]._asdict()
        clock = known.pop("clk_ckdivr")
        assert {name: names.get(f"FLASH_{name.upper()}") for name in known} == known
        assert names["CLK_CKDIVR"] == clock

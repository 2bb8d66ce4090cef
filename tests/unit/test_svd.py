"""misc/svd: what a debugger shows as registers, against the tables, the address space and the flasher's constants."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache

import pytest

from pio import BOARDS, ROOT, load
from stm8tool.devices import find_part
from stm8tool.target import registers

make_svd = load(ROOT / "misc" / "svd" / "make_svd.py")
FILES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "misc" / "svd").glob("*.svd")}
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


def test_what_is_committed_is_what_the_script_writes() -> None:
    assert {name: make_svd.text(name) for name in make_svd.DEVICES} == FILES


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
def test_an_address_block_holds_its_registers(name: str) -> None:
    for peripheral in ET.fromstring(FILES[name]).iter("peripheral"):
        (block,) = peripheral.iter("addressBlock")
        assert max(number(r, "addressOffset") for r in peripheral.iter("register")) == number(block, "size") - 1


def test_every_block_is_used_and_every_file_is_known() -> None:
    rows = make_svd._rows("peripherals.csv")
    assert {row["block"] for row in rows} == {row["block"] for row in make_svd._rows("registers.csv")}
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

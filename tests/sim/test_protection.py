"""Option bytes, read-out protection, UBC and what ruins a chip: RM0016 4.5, PM0054 4, datasheets."""

from __future__ import annotations

import pytest

from sim.bench import DM_CSR2, ENDLESS, OK, REFUSED, Bench
from stm8tool.parts.table import all_parts, find_part, option_table
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.chip.options import ubc_size
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.switches import Switches

EOP, WR_PG_DIS, ROP = 0x04, 0x01, 0x80
LOCKING = {"stm8s103f3": 0xAA, "stm8s208rb": 0xAA, "stm8l101f3": 0xAA, "stm8l151k4": 0x00}
PARTS = list(LOCKING)


def ready(part: str = "stm8s103f3", *, locked: bool = False, **options: Switches) -> Bench:
    bench = Bench(part, "v3", locked=locked, program=ENDLESS + bytes([0x82]) * 250, **options).connect(fast=True)
    bench.unlock()
    return bench


def start_again(bench: Bench) -> None:
    """Reset without leaving SWIM; the option bytes are loaded, HSIT may have gone."""
    assert bench.do("F4 05") == OK
    assert bench.do("F4 06") == OK
    bench.clock.sleep(0.001)
    bench.unlock()


# -- option bytes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_a_new_chip_has_its_factory_options(part: str) -> None:
    bench = Bench(part).connect()
    for option in option_table(bench.chip.part):
        assert bench.byte(option.address) == option.default
        if option.complement:
            assert bench.byte(option.address + 1) == option.default ^ 0xFF


@pytest.mark.parametrize("step", ["no keys", "no OPT", "complete"])
def test_an_option_byte_needs_dukr_and_opt(step: str) -> None:
    bench = Bench().connect()
    if step != "no keys":
        bench.register("DUKR", 0xAE, 0x56)
    done = bench.program(0x4803, b"\x01", 0x00 if step == "no OPT" else 0x80) & EOP
    assert bool(done) == (step == "complete")
    assert bench.byte(0x4803) == (1 if done else 0)


def test_option_bytes_take_effect_at_the_next_reset() -> None:
    bench = ready()
    assert bench.option(0x4801, 0x02) & EOP
    assert bench.option(0x4802, 0xFD) & EOP
    assert bench.byte(0x505D) == 0x00
    assert bench.program(0x8000, bytes(64)) & (EOP | WR_PG_DIS) == EOP
    start_again(bench)
    assert bench.byte(0x505D) == 0x02
    assert bench.byte(0x505E) == 0xFD
    assert bench.program(0x8000, bytes(64)) & (EOP | WR_PG_DIS) == WR_PG_DIS


def test_a_wrong_complement_means_the_default_and_hsit_stays_0() -> None:
    bench = ready()
    assert bench.option(0x4801, 0x7F) & EOP
    start_again(bench)
    assert bench.byte(0x7F80) & 0x02 == 0
    assert bench.byte(0x505D) == 0x00
    assert bench.program(0x8000, bytes(64)) & EOP


def test_block_modes_on_option_bytes_are_a_gap() -> None:
    bench = ready()
    bench.mode(0x81)
    with pytest.raises(SimGapError):
        bench.write(0x4800, 0)


# -- read-out protection -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_the_lock_value_locks_at_the_next_reset(part: str) -> None:
    bench = ready(part)
    assert bench.option(0x4800, LOCKING[part]) & EOP
    assert bench.byte(0x8000) == 0x82
    assert bench.byte(0x4800) == LOCKING[part]
    start_again(bench)
    assert bench.read(0x8000, 128) == bytes([0x71]) * 128


@pytest.mark.parametrize("part", PARTS)
def test_a_locked_chip_reads_0x71(part: str) -> None:
    bench = Bench(part, locked=True, program=ENDLESS).connect()
    assert bench.read(0x8000, 300) == bytes([0x71]) * 300
    eeprom = bench.chip.part.eeprom
    if eeprom:
        assert bench.read(eeprom.start, 64) == bytes([0x71]) * 64
    assert bench.iapsr() & ROP
    assert bench.write(0x0100, 0x33) == OK
    assert bench.byte(0x0100) == 0x33


def test_every_part_can_be_locked() -> None:
    for part in all_parts():
        chip = Microcontroller(part, locked=True)
        assert chip.options.rop, part.name
        assert not Microcontroller(part).options.rop, part.name


@pytest.mark.parametrize(
    ("part", "hides", "value"),
    [
        ("stm8s103f3", None, 0x71),
        ("stm8s103f3", False, 0xAA),
        ("stm8l151k4", None, 0x00),
        ("stm8l151k4", True, 0x71),
    ],
)
def test_the_option_area_of_a_locked_chip_has_two_readings(part: str, hides: bool, value: int) -> None:
    bench = Bench(part, locked=True, switches=Switches(rop_hides_options=hides)).connect()
    assert bench.byte(0x4800) == value


@pytest.mark.parametrize("part", PARTS)
def test_under_rop_only_the_rop_byte_is_writable(part: str) -> None:
    bench = ready(part, locked=True)
    assert bench.program(0x8000, bytes(bench.block)) & (EOP | WR_PG_DIS) == WR_PG_DIS
    address = bench.chip.options.table[1].address
    assert bench.option(address, 0x01) & (EOP | WR_PG_DIS) == WR_PG_DIS
    assert bench.chip.options.byte(address) != 0x01
    assert bench.chip.flash.data[0] == 0x82


def test_a_write_under_rop_may_be_refused_on_the_wire_instead() -> None:
    bench = ready(locked=True, switches=Switches(rop_write_nacks=True))
    bench.mode(0x01)
    assert bench.write(0x8000, *bytes(64)) == REFUSED


def test_with_rop_the_cpu_of_medium_and_high_density_cannot_be_started() -> None:
    for part, state in (("stm8s105k4", "stalled"), ("stm8s208rb", "stalled"), ("stm8s103f3", "running")):
        bench = ready(part, locked=True)
        assert bench.write(DM_CSR2, 0x00) == OK
        assert bench.state == state


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s208rb", "stm8l101f3"])
def test_stm8s_unlock_erases_everything_and_shows_wr_pg_dis_once(part: str) -> None:
    bench = ready(part, locked=True)
    bench.mode(0x80)
    assert bench.write(0x4800, 0x00) == OK
    assert bench.iapsr() & WR_PG_DIS
    assert not bench.iapsr() & WR_PG_DIS
    bench.clock.sleep(0.01)
    assert bench.iapsr() & (EOP | ROP) == EOP
    assert not any(bench.chip.flash.data)
    assert not any(bench.read(0x4800, 32))
    assert set(bench.chip.flash.wear) == {1}
    for option in option_table(bench.chip.part):
        if option.complement:
            assert bench.option(option.address, option.default) & EOP
            assert bench.option(option.address + 1, option.default ^ 0xFF) & EOP
    start_again(bench)
    assert bench.byte(0x7F80) & 0x02
    assert bench.byte(0x8000) == 0x00
    assert bench.program(0x8000, bytes(bench.block)) & EOP


def test_without_the_rewrite_of_the_complements_hsit_stays_0_after_an_unlock() -> None:
    bench = ready(locked=True)
    bench.option(0x4800, 0x00)
    start_again(bench)
    assert bench.byte(0x7F80) & 0x02 == 0
    assert bench.byte(0x8000) == 0x00


def test_stm8l_unlock_needs_the_opening_value_twice() -> None:
    bench = ready("stm8l151k4", locked=True)
    assert bench.option(0x4800, 0xAA) & EOP
    assert not any(bench.chip.flash.data)
    assert bench.byte(0x4800) == 0x00
    assert bench.option(0x4800, 0xAA) & EOP
    start_again(bench)
    assert bench.byte(0x8000) == 0x00
    assert bench.byte(0x4800) == 0xAA


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("part", PARTS)
def test_a_second_write_of_the_rop_byte_programs_it_or_erases_once_more(part: str, again: bool) -> None:
    bench = ready(part, locked=True, switches=Switches(rop_write_erases_again=again))
    value = 0xAA if part == "stm8l151k4" else 0x00
    for erases in (1, 1 + again):
        assert bench.option(0x4800, value) & EOP
        assert set(bench.chip.flash.wear) == {erases}
    assert bench.byte(0x4800) == value
    start_again(bench)
    assert bench.byte(0x8000) == 0x00
    bench.option(0x4800, value)
    assert set(bench.chip.flash.wear) == {1 + again}, "after the reset it is a byte like others"


def test_a_reset_inside_the_global_erase_is_counted() -> None:
    bench = ready(locked=True, switches=Switches(global_erase_s=0.5))
    bench.mode(0x80)
    assert bench.write(0x4800, 0x00) == OK
    assert bench.do("F4 05") == OK
    assert bench.do("F4 06") == OK
    assert bench.chip.controller.erases_cut == 1


@pytest.mark.parametrize("hides", [False, True])
def test_the_boot_rom_may_be_hidden_until_the_reset_behind_the_erase(hides: bool) -> None:
    bench = ready("stm8s208rb", locked=True, switches=Switches(rop_hides_boot_rom=hides))
    shown = {0x71} if hides else set(bytes(n * 7 + 1 & 0xFF for n in range(64)))
    assert set(bench.read(0x6000, 64)) == shown
    bench.option(0x4800, 0x00)
    assert set(bench.read(0x6000, 64)) == shown
    start_again(bench)
    assert len(set(bench.read(0x6000, 64))) == 64


def test_stm8l_with_the_opening_value_written_once_is_locked_again_after_reset() -> None:
    bench = ready("stm8l151k4", locked=True)
    assert bench.option(0x4800, 0xAA) & EOP
    start_again(bench)
    assert bench.byte(0x8000) == 0x71


@pytest.mark.parametrize("to_default", [True, False])
def test_stm8l_options_after_the_global_erase_are_a_switch(to_default: bool) -> None:
    bench = ready("stm8l151f3", locked=True, switches=Switches(options_erase_to_default=to_default))
    bench.option(0x4800, 0xAA)
    assert bench.byte(0x480A) == (0x01 if to_default else 0x00)


@pytest.mark.parametrize("relocks", [False, True])
def test_the_lock_value_on_a_locked_stm8s_erases_and_then_locks(relocks: bool) -> None:
    bench = ready(locked=True, switches=Switches(lock_write_relocks=relocks))
    bench.option(0x4800, 0xAA)
    assert not any(bench.chip.flash.data)
    start_again(bench)
    assert bench.byte(0x8000) == (0x71 if relocks else 0x00)
    bench.option(0x4800, 0xAA)
    start_again(bench)
    assert bench.byte(0x8000) == (0x00 if relocks and not bench.chip.options.rop else 0x71)


def test_the_global_erase_may_take_long_and_refuses_everything_meanwhile() -> None:
    bench = ready(locked=True, switches=Switches(global_erase_s=1.5))
    bench.mode(0x80)
    assert bench.write(0x4800, 0x00) == OK
    assert bench.write(0x4800, 0x00) == REFUSED
    assert bench.try_read(0x8000) == REFUSED
    bench.clock.sleep(1.4)
    assert not bench.iapsr() & EOP
    bench.clock.sleep(0.1)
    assert bench.iapsr() & EOP


def test_a_reset_during_the_global_erase_leaves_the_chip_locked() -> None:
    bench = ready(locked=True, switches=Switches(global_erase_s=1.5))
    bench.mode(0x80)
    assert bench.write(0x4800, 0x00) == OK
    start_again(bench)
    assert bench.byte(0x8000) == 0x71


# -- UBC ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "value", "size"),
    [
        ("stm8s103f3", 0x00, 0),
        ("stm8s103f3", 0x01, 64),
        ("stm8s103f3", 0x7F, 127 * 64),
        ("stm8s103f3", 0x80, 8192),
        ("stm8s103f3", 0xFF, 8192),
        ("stm8s105k6", 0x01, 1024),
        ("stm8s105k6", 0x02, 2048),
        ("stm8s105k6", 0x3E, 32768),
        ("stm8s208rb", 0x03, 5 * 512),
        ("stm8s208rb", 0xFE, 131072),
        ("stm8l101f3", 0x01, 128),
        ("stm8l101f3", 0x02, 128),
        ("stm8l101f3", 0x03, 192),
        ("stm8l101f3", 0xFF, 127 * 64),
        ("stm8l151c3", 0x01, 64),
        ("stm8l151c3", 0x7F, 8192),
        ("stm8l151k4", 0x02, 256),
        ("stm8l151c6", 0xFF, 255 * 128),
        ("stm8l152r8", 0x01, 256),
        ("stm8l152r8", 0xFF, 255 * 256),
    ],
)
def test_ubc_protects_as_many_bytes_as_its_family_says(part: str, value: int, size: int) -> None:
    assert ubc_size(find_part(part), value) == size


@pytest.mark.parametrize("mode", [0x00, 0x01, 0x10, 0x20, 0x40])
def test_a_write_below_the_ubc_is_ignored_and_shows_wr_pg_dis(mode: int) -> None:
    bench = ready()
    bench.option(0x4801, 0x01)
    bench.option(0x4802, 0xFE)
    start_again(bench)
    size = {0x00: 1, 0x20: 4, 0x40: 4}.get(mode, 64)
    assert bench.program(0x8000, bytes(size), mode) & (EOP | WR_PG_DIS) == WR_PG_DIS
    assert bench.byte(0x8000) == 0x82
    assert not bench.iapsr() & WR_PG_DIS
    assert bench.byte(bench.registers["CR2"]) == 0x00
    assert bench.program(0x8040, bytes(size), mode) & (EOP | WR_PG_DIS) == EOP


def test_on_l101_datasize_turns_the_top_pages_into_data() -> None:
    bench = ready("stm8l101f3")
    bench.option(0x4803, 0x02)
    assert bench.do("F4 05") == OK
    bench.clock.sleep(0.001)
    bench.register("PUKR", 0x56, 0xAE)
    assert bench.program(0x9F40, bytes([5]) * 64) & EOP
    assert not bench.program(0x9F80, bytes([5]) * 64) & EOP
    bench.register("DUKR", 0xAE, 0x56)
    assert bench.program(0x9F80, bytes([5]) * 64) & EOP


# -- what must never be done -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "address", "value"),
    [
        ("stm8l151k4", 0x4807, 0x01),
        ("stm8l101f3", 0x4807, 0xFF),
        ("stm8l152r8", 0x4807, 0xAA),
        ("stm8af5288", 0x480B, 0x15),
        ("stm8s103f3", 0x4810, 0x00),
        ("stm8s103f3", 0x487E, 0x55),
        ("stm8l101f3", 0x4804, 0xFF),
    ],
)
def test_what_bricks_a_real_chip_bricks_this_one(part: str, address: int, value: int) -> None:
    bench = ready(part)
    assert bench.chip.bricked is None
    bench.option(address, value)
    assert bench.chip.bricked is not None
    start_again(bench)
    assert bench.byte(0x8000) == 0x71
    for _ in range(2):
        assert bench.option(0x4800, 0xAA if part == "stm8l151k4" else 0x00) & (EOP | WR_PG_DIS) == WR_PG_DIS
    start_again(bench)
    assert bench.byte(0x8000) == 0x71
    assert bench.chip.flash.data[0] == 0x82


def test_the_same_bytes_with_harmless_values_do_no_harm() -> None:
    for part, address, value in (("stm8l151k4", 0x4807, 0x00), ("stm8af5288", 0x480B, 0x00), ("stm8s105k4", 0x480B, 0)):
        bench = ready(part)
        assert bench.option(address, value) & EOP
        assert bench.chip.bricked is None

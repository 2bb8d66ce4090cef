"""The flash controllers: RM0016 4, RM0013, PM0054 5, PM0047 2.3, and what was seen on real chips."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.bench import DM_CSR2, OK, REFUSED, Bench
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.switches import Switches

PUL, DUL, EOP, HVOFF, WR_PG_DIS = 0x02, 0x08, 0x04, 0x40, 0x01
STANDARD, FAST, ERASE, WORD, BYTE = 0x01, 0x10, 0x20, 0x40, 0x00
PARTS = ["stm8s103f3", "stm8s105k4", "stm8s208rb", "stm8l101f3", "stm8l151k4", "stm8l152r8", "stm8af5288"]


def ready(part: str = "stm8s103f3", model: str = "v3", **options: Switches) -> Bench:
    bench = Bench(part, model, **options).connect(fast=True)
    bench.unlock()
    return bench


# -- keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_the_keys_open_flash_and_data(part: str) -> None:
    bench = Bench(part).connect()
    assert bench.iapsr() & (PUL | DUL) == 0
    bench.register("PUKR", 0x56, 0xAE)
    assert bench.iapsr() & (PUL | DUL) == PUL
    bench.register("DUKR", 0xAE, 0x56)
    assert bench.iapsr() & (PUL | DUL) == PUL | DUL
    assert bench.read(bench.registers["PUKR"], 1) == b"\0"
    assert bench.read(bench.registers["DUKR"], 1) == b"\0"


@pytest.mark.parametrize("keys", [(0xAE, 0x56), (0x56, 0x00), (0x56, 0x56), (0x00, 0x56, 0xAE)])
def test_a_wrong_pukr_key_locks_until_reset(keys: tuple[int, ...]) -> None:
    bench = Bench().connect()
    bench.register("PUKR", *keys)
    bench.register("PUKR", 0x56, 0xAE)
    assert not bench.iapsr() & PUL
    assert bench.do("F4 05") == OK
    bench.register("PUKR", 0x56, 0xAE)
    assert bench.iapsr() & PUL


@pytest.mark.parametrize("keys", [(0x56,), (0xAE, 0x00)])
def test_a_wrong_dukr_key_may_be_repeated(keys: tuple[int, ...]) -> None:
    bench = Bench().connect()
    bench.register("DUKR", *keys)
    bench.register("DUKR", 0xAE, 0x56)
    assert bench.iapsr() & DUL


def test_on_chips_that_follow_the_step_lists_a_wrong_second_dukr_key_locks_until_reset() -> None:
    bench = Bench(switches=Switches(dukr_second_key_locks=True)).connect()
    bench.register("DUKR", 0x56)
    bench.register("DUKR", 0xAE, 0x00)
    bench.register("DUKR", 0xAE, 0x56)
    assert not bench.iapsr() & DUL


def test_dul_may_need_a_second_try() -> None:
    bench = Bench("stm8l151k4", switches=Switches(dul_misses=1)).connect()
    bench.register("DUKR", 0xAE, 0x56)
    assert not bench.iapsr() & DUL
    bench.register("DUKR", 0xAE, 0x56)
    assert bench.iapsr() & DUL


def test_keys_that_are_given_again_do_no_harm() -> None:
    bench = ready()
    bench.unlock()
    assert bench.iapsr() & (PUL | DUL) == PUL | DUL


@pytest.mark.parametrize(("part", "again"), [("stm8s103f3", True), ("stm8l151k4", True), ("stm8l101f3", False)])
def test_relocking_is_final_on_l101_until_reset(part: str, again: bool) -> None:
    bench = ready(part)
    bench.register("IAPSR", 0x00)
    assert bench.iapsr() & (PUL | DUL) == 0
    bench.register("PUKR", 0x56, 0xAE)
    assert bool(bench.iapsr() & PUL) == again
    assert bench.do("F4 05") == OK
    bench.register("PUKR", 0x56, 0xAE)
    assert bench.iapsr() & PUL


@pytest.mark.parametrize("address", [0x8000, 0x4000])
def test_locked_memory_ignores_writes_and_shows_no_eop(address: int) -> None:
    bench = Bench().connect()
    bench.mode(STANDARD)
    assert bench.write(address, *range(64)) == OK
    bench.clock.sleep(0.01)
    assert bench.iapsr() == 0
    assert not any(bench.read(address, 64))


# -- modes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_a_block_is_erased_and_written(part: str) -> None:
    bench = ready(part)
    old, new = bytes([0xFF]) * bench.block, bytes(range(1, bench.block + 1))
    bench.chip.flash.write(0x8000, old)
    assert bench.program(0x8000, new) & (EOP | WR_PG_DIS) == EOP
    assert bench.read(0x8000, bench.block) == new
    assert bench.chip.flash.wear[:2] == [1, 0]


@pytest.mark.parametrize(
    ("mode", "size", "seconds"),
    [(STANDARD, 64, 0.006), (FAST, 64, 0.003), (ERASE, 4, 0.003), (WORD, 4, 0.003), (BYTE, 1, 0.003)],
)
def test_each_operation_on_blank_flash_takes_its_time(mode: int, size: int, seconds: float) -> None:
    bench = ready()
    bench.mode(mode)
    assert bench.write(0x8040, *bytes(size)) == OK
    begun = bench.clock.now()
    bench.clock.sleep(seconds - 0.0035 if seconds > 0.005 else 0)
    while not (status := bench.iapsr()) & EOP:
        assert status & 0x20
    assert seconds - 0.001 < bench.clock.now() - begun < seconds + 0.002


@pytest.mark.parametrize(("mode", "size"), [(WORD, 4), (BYTE, 1)])
def test_a_word_that_holds_something_and_fix_take_the_full_time(mode: int, size: int) -> None:
    for fix in (0, 1):
        bench = ready()
        bench.chip.flash.write(0x8043, bytes([1 - fix]))
        bench.register("CR1", fix)
        bench.mode(mode)
        assert bench.write(0x8040, *bytes(size)) == OK
        bench.clock.sleep(0.004)
        assert not bench.iapsr() & EOP
        bench.clock.sleep(0.003)
        assert bench.iapsr() & EOP


def test_a_byte_leaves_the_rest_of_its_word() -> None:
    bench = ready()
    bench.chip.flash.write(0x8000, b"\x01\x02\x03\x04")
    assert bench.program(0x8001, b"\xff", BYTE) & EOP
    assert bench.read(0x8000, 4) == b"\x01\xff\x03\x04"


@pytest.mark.parametrize("part", PARTS)
def test_a_fast_block_is_right_only_on_blank_flash(part: str) -> None:
    bench = ready(part)
    data = bytes([0x5A]) * bench.block
    assert bench.program(0x8000, data, FAST) & EOP
    assert bench.read(0x8000, bench.block) == data
    assert bench.program(0x8000, data, FAST) & EOP
    assert bench.read(0x8000, bench.block) != data


def test_a_block_erase_is_started_by_a_word_of_zeros() -> None:
    bench = ready()
    bench.chip.flash.write(0x8000, bytes([7]) * 192)
    assert bench.program(0x8040, bytes(4), ERASE) & EOP
    assert bench.read(0x8000, 192) == bytes([7]) * 64 + bytes(64) + bytes([7]) * 64
    bench.mode(ERASE)
    with pytest.raises(SimGapError):
        bench.write(0x8040, 1, 2, 3, 4)


def test_eeprom_takes_blocks_with_dul_alone() -> None:
    bench = Bench().connect()
    bench.register("DUKR", 0xAE, 0x56)
    assert bench.program(0x4000, bytes(range(64))) & EOP
    assert bench.read(0x4000, 64) == bytes(range(64))
    assert bench.chip.eeprom is not None
    assert bench.chip.eeprom.wear[0] == 1


def test_the_mode_is_gone_after_each_operation_and_opt_is_not() -> None:
    bench = ready()
    bench.program(0x8000, bytes(64))
    assert bench.read(0x505B, 1) == b"\x00"
    assert bench.option(0x4803, 0x01) & EOP
    assert bench.read(0x505B, 1) == b"\x80"
    assert bench.read(0x505C, 1) == b"\x7f"


@given(wrong=st.integers(0, 255), direct=st.booleans())
@example(wrong=STANDARD ^ 0xFF, direct=True)
@example(wrong=STANDARD ^ 0xFF, direct=False)
@settings(max_examples=30, deadline=None)
def test_cr2_without_its_complement_directly_behind_it_is_byte_mode(wrong: int, direct: bool) -> None:
    bench = ready()
    bench.write(0x505B, STANDARD)
    if not direct:
        bench.read(0x505F)
    bench.write(0x505C, wrong)
    assert bench.byte(0x505B) == (STANDARD if direct and wrong == 0xFE else 0)


def test_a_block_begins_to_be_programmed_when_its_last_byte_has_come() -> None:
    bench = ready()
    bench.mode(STANDARD)
    controller, flash = bench.chip.controller, bench.chip.flash
    flash.write(0x8040, b"\1")  # not blank: 6 ms
    now, byte_s = bench.clock.now(), 0.001
    assert controller.write_array(flash, 0x8040, bytes(range(64)), now, byte_s, False) == 64
    assert controller.busy_until == pytest.approx(now + 63 * byte_s + 0.006)


def test_in_byte_mode_a_block_is_refused_at_its_second_byte() -> None:
    bench = ready()
    assert bench.write(0x8000, *range(1, 65)) == REFUSED
    bench.clock.sleep(0.007)
    assert bench.read(0x8000, 2) == b"\x01\x00"


def test_two_modes_at_once_and_units_off_their_start_are_gaps() -> None:
    for mode, address in ((0x11, 0x8000), (STANDARD, 0x8020), (WORD, 0x8002)):
        bench = ready()
        bench.mode(mode)
        with pytest.raises(SimGapError):
            bench.write(address, 1)


# -- what is refused ---------------------------------------------------------------------------------------


def test_too_few_bytes_for_a_block_never_start_and_the_cpu_stays_stalled() -> None:
    bench = ready()
    bench.mode(STANDARD)
    assert bench.write(0x8000, *range(63)) == OK
    bench.clock.sleep(1.0)
    assert not bench.iapsr() & EOP
    assert bench.write(DM_CSR2, 0x00) == OK
    assert bench.state == "stalled"
    assert bench.mode(0) == REFUSED
    assert bench.try_read(0x8000) == REFUSED
    assert bench.do("F4 05") == OK
    assert bench.read(0x8000, 64) == bytes(64)


def test_the_rest_of_a_block_may_follow_later() -> None:
    bench = ready("stm8s105k4")
    bench.mode(STANDARD)
    assert bench.write(0x8000, *[1] * 64) == OK
    bench.clock.sleep(0.01)
    assert not bench.iapsr() & EOP
    assert bench.write(0x8040, *[2] * 64) == OK
    bench.clock.sleep(0.01)
    assert bench.iapsr() & EOP
    assert bench.read(0x8000, 128) == bytes([1] * 64 + [2] * 64)


def test_a_byte_out_of_line_while_a_block_loads_is_a_gap() -> None:
    bench = ready()
    bench.mode(STANDARD)
    assert bench.write(0x8000, 1) == OK
    with pytest.raises(SimGapError):
        bench.write(0x8002, 1)


def test_too_many_bytes_for_a_block_are_refused_while_it_is_programmed() -> None:
    bench = ready()
    bench.mode(STANDARD)
    assert bench.write(0x8000, *range(65)) == REFUSED
    bench.clock.sleep(0.01)
    assert bench.read(0x8000, 65) == bytes(range(64)) + b"\0"


@pytest.mark.parametrize("fast", [True, False])
def test_writes_and_reads_while_busy_are_refused(fast: bool) -> None:
    bench = Bench(model="v3").connect(fast=fast)
    bench.unlock()
    bench.mode(STANDARD)
    assert bench.write(0x8000, *range(64)) == OK
    assert bench.try_read(0x8000) == REFUSED
    assert bench.try_read(0x4000) == REFUSED
    assert bench.write(0x8040, 1) == REFUSED
    assert bench.mode(STANDARD) == REFUSED
    assert bench.write(0x0100, 1) == OK
    bench.clock.sleep(0.007)
    assert bench.try_read(0x8000) == OK


def test_the_next_option_byte_before_eop_is_refused() -> None:
    bench = ready()
    bench.mode(0x80)
    assert bench.write(0x4803, 0x01) == OK
    assert bench.write(0x4804, 0xFE) == REFUSED


@pytest.mark.parametrize(("part", "readable"), [("stm8s105k4", True), ("stm8s103f3", False), ("stm8l151k4", True)])
def test_rww_parts_read_flash_while_eeprom_is_programmed(part: str, readable: bool) -> None:
    bench = ready(part)
    eeprom = bench.chip.part.eeprom
    assert eeprom is not None
    bench.mode(STANDARD)
    assert bench.write(eeprom.start, *bytes(bench.block)) == OK
    assert bench.try_read(0x8000) == (OK if readable else REFUSED)
    assert bench.try_read(eeprom.start) == REFUSED


@pytest.mark.parametrize("part", ["stm8s105k4", "stm8s103f3"])
def test_no_part_reads_eeprom_while_flash_is_programmed(part: str) -> None:
    bench = ready(part)
    bench.mode(STANDARD)
    assert bench.write(0x8000, *bytes(bench.block)) == OK
    assert bench.try_read(0x4000) == REFUSED


def test_without_a_stalled_cpu_reads_work_and_every_write_to_flash_is_refused() -> None:
    bench = Bench().attach()
    bench.unlock()
    assert bench.byte(0x8000) == 0
    assert bench.mode(STANDARD) == REFUSED
    assert bench.write(0x505C, 0xFE) == REFUSED
    assert bench.write(0x8000, 1) == REFUSED
    assert bench.write(DM_CSR2, 0x08) == OK
    assert bench.program(0x8000, bytes(range(64))) & EOP


def test_a_reset_before_eop_leaves_a_corrupt_block() -> None:
    bench = ready()
    bench.mode(STANDARD)
    assert bench.write(0x8040, *range(64)) == OK
    assert bench.do("F4 05") == OK
    after = bench.read(0x8040, 64)
    assert after != bytes(range(64))
    assert after != bytes(64)
    assert bench.chip.flash.wear[1] == 1


def test_flash_with_opt_set_is_a_gap() -> None:
    bench = ready()
    bench.mode(0x80)
    with pytest.raises(SimGapError):
        bench.write(0x8000, 1)


# -- IAPSR -------------------------------------------------------------------------------------------------


def test_eop_shows_once() -> None:
    bench = ready()
    assert bench.program(0x8000, bytes(64)) & EOP
    assert not bench.iapsr() & EOP


def test_eop_is_cleared_by_the_next_operation() -> None:
    bench = ready()
    bench.mode(STANDARD)
    assert bench.write(0x8000, *bytes(64)) == OK
    bench.clock.sleep(0.007)
    bench.mode(STANDARD)
    assert bench.write(0x8040, *bytes(64)) == OK
    assert not bench.iapsr() & EOP


def test_iapsr_runs_through_the_values_of_the_trace() -> None:
    bench = ready()
    bench.mode(0x80)
    assert bench.write(0x4803, 0x01) == OK
    seen = []
    while 0x4E not in seen:
        value = bench.iapsr()
        if value not in seen:
            seen.append(value)
    assert seen == [0x2A, 0x6A, 0x4E]


@pytest.mark.parametrize(("reset", "expected"), [(0x00, 0x00), (0x40, 0x40)])
def test_the_reset_value_of_iapsr_is_a_switch(reset: int, expected: int) -> None:
    assert Bench(switches=Switches(iapsr_reset=reset)).connect().iapsr() == expected


def test_the_undocumented_bits_are_a_switch() -> None:
    bench = ready(switches=Switches(iapsr_undocumented=False))
    bench.mode(STANDARD)
    assert bench.write(0x8000, *bytes(64)) == OK
    assert bench.iapsr() & 0xA0 == 0


def test_l101_has_no_hvoff() -> None:
    assert ready("stm8l101f3").iapsr() == PUL | DUL


# -- properties --------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_block_write_changes_its_block_and_nothing_else(data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(PARTS))
    bench = ready(part)
    before = bytes(index * 31 & 0xFF for index in range(bench.chip.part.flash.size))
    bench.chip.flash.write(0x8000, before)
    number = data.draw(st.integers(0, len(before) // bench.block - 1))
    block = data.draw(st.binary(min_size=bench.block, max_size=bench.block))
    offset = number * bench.block
    assert bench.program(0x8000 + offset, block) & (EOP | WR_PG_DIS) == EOP
    expected = before[:offset] + block + before[offset + bench.block :]
    assert bytes(bench.chip.flash.data) == expected
    assert sum(bench.chip.flash.wear) == bench.chip.flash.wear[number] == 1

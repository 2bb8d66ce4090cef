"""The chip's side of SWIM and reset: UM0470, and what was seen on real chips."""

from __future__ import annotations

import pytest

from sim.bench import CSR, DM_CSR2, ENDLESS, OK, REFUSED, SILENT, Bench
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.switches import Switches

PROGRAM = ENDLESS


def test_before_the_entry_every_access_meets_silence() -> None:
    bench = Bench()
    bench.swim_mode()
    assert bench.try_read(0x8000) == SILENT
    assert bench.write(CSR, 0xA0) == SILENT
    assert bench.do("F4 05") == SILENT
    assert bench.do("F4 06") == SILENT


def test_without_swim_dm_only_swims_own_register_answers_and_srst_is_ignored() -> None:
    bench = Bench(program=PROGRAM)
    bench.swim_mode()
    assert bench.do("F4 04") == OK
    assert bench.byte(CSR) == 0x02
    assert bench.try_read(0x8000) == SILENT
    assert bench.write(0x0100, 1) == SILENT
    assert bench.do("F4 05") == OK
    assert bench.state == "running"
    assert bench.write(CSR, 0xA0) == OK
    assert bench.byte(0x8000) == 0x82


def test_csr_keeps_what_can_be_written() -> None:
    bench = Bench().attach()
    assert bench.write(CSR, 0xEF) == OK
    assert bench.byte(CSR) == 0xAF  # NO_ACCESS and HSIT are read-only; HSIT is 1


def test_connected_under_reset_the_cpu_has_executed_nothing() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.state == "stalled"
    assert bench.byte(DM_CSR2) == 0x08
    assert bench.read(0x7F01, 3) == b"\x00\x80\x00"


def test_in_reset_swim_answers_but_the_bus_is_closed_and_hsit_is_0() -> None:
    bench = Bench()
    bench.swim_mode()
    for command in ("F4 07", "F4 04"):
        assert bench.do(command) == OK
    assert bench.write(CSR, 0xA0) == OK
    assert bench.byte(CSR) == 0xA0
    assert bench.try_read(0x8000) == REFUSED
    assert bench.write(0x50C6, 0) == REFUSED
    assert bench.do("F4 08") == OK
    assert bench.byte(CSR) == 0xA2


@pytest.mark.parametrize("reachable", [False, True])
def test_the_debug_module_may_be_reached_while_nrst_is_low_and_forgets_it(reachable: bool) -> None:
    """A rewrite of stm8flash stalls the CPU then."""
    bench = Bench(program=ENDLESS, switches=Switches(debug_module_in_reset=reachable))
    bench.swim_mode()
    for command in ("F4 07", "F4 04"):
        assert bench.do(command) == OK
    assert bench.write(CSR, 0xA1) == OK
    assert bench.write(DM_CSR2, 0x28) == (OK if reachable else REFUSED)
    assert bench.write(0x7F9A, 0xFF, 0xFF) == REFUSED
    assert bench.try_read(0x7F00) == REFUSED
    for command in ("F4 05", "F4 08"):
        assert bench.do(command) == OK
    bench.clock.sleep(0.001)
    assert bench.byte(DM_CSR2) == 0x08
    assert bench.state == "stalled"


def test_the_bus_opens_when_the_option_bytes_are_loaded() -> None:
    bench = Bench(model="v3")
    bench.swim_mode()
    for command in ("F4 07", "F4 04"):
        assert bench.do(command) == OK
    assert bench.write(CSR, 0xA0) == OK
    bench.send("F4 08")
    assert bench.try_read(0x8000) == REFUSED
    assert bench.try_read(0x8000) == OK


def test_no_access_shows_the_closed_bus_on_chips_that_follow_the_manual() -> None:
    bench = Bench(switches=Switches(no_access_bit=True))
    bench.swim_mode()
    for command in ("F4 07", "F4 04"):
        assert bench.do(command) == OK
    assert bench.write(CSR, 0xA0) == OK
    assert bench.byte(CSR) == 0xE0
    assert bench.do("F4 08") == OK
    assert bench.byte(CSR) == 0xA2


def test_high_speed_needs_the_bit_first_and_then_the_probe() -> None:
    bench = Bench().connect()
    assert bench.write(CSR, 0xB0) == OK
    assert bench.try_read(0x8000) == SILENT
    bench.send("F4 03 01")
    assert bench.try_read(0x8000) == OK


def test_a_probe_in_high_speed_hears_nothing_from_a_chip_in_low_speed() -> None:
    bench = Bench().connect()
    bench.send("F4 03 01")
    assert bench.try_read(0x8000) == SILENT
    bench.send("F4 03 00")
    assert bench.try_read(0x8000) == OK


def test_hs_has_no_effect_before_hsit() -> None:
    bench = Bench(faults=["hsit-stuck"]).connect()
    assert bench.write(CSR, 0xB0) == OK
    assert bench.byte(CSR) == 0xA0


@pytest.mark.parametrize("command", ["F4 06", "F4 04"])
def test_a_communication_reset_and_the_entry_return_both_sides_to_low_speed(command: str) -> None:
    bench = Bench().connect(0xA1, fast=True)
    assert bench.byte(CSR) == 0xB3
    assert bench.do(command) == OK
    assert bench.byte(CSR) == 0xA3


def test_srst_without_rst_keeps_swim_and_stalls_the_cpu_again() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.write(DM_CSR2, 0x00) == OK
    assert bench.state == "running"
    assert bench.do("F4 05") == OK
    assert bench.byte(CSR) == 0xA2
    assert bench.state == "stalled"


@pytest.mark.parametrize("first", [0x82, 0xAC])
def test_srst_with_rst_ends_swim_and_starts_the_program(first: int) -> None:
    bench = Bench(program=bytes([first]) + ENDLESS[1:]).connect()
    bench.leave()
    assert bench.state == "running"
    assert bench.try_read(CSR) == SILENT


def test_an_nrst_pulse_with_rst_ends_swim_but_the_release_after_the_entry_does_not() -> None:
    bench = Bench(program=PROGRAM).connect(0xA4)
    assert bench.byte(CSR) == 0xA6
    assert bench.do("F4 07") == OK
    assert bench.do("F4 08") == OK
    assert bench.try_read(CSR) == SILENT
    assert bench.state == "running"


def test_an_nrst_pulse_without_rst_keeps_swim() -> None:
    bench = Bench().connect()
    assert bench.do("F4 07") == OK
    assert bench.do("F4 08") == OK
    assert bench.byte(CSR) == 0xA2


def test_attached_to_a_running_program_the_cpu_goes_on_until_it_is_stalled_or_reset() -> None:
    bench = Bench(program=PROGRAM).attach()
    assert bench.state == "running"
    assert bench.write(DM_CSR2, 0x08) == OK
    assert bench.state == "stalled"
    assert bench.write(DM_CSR2, 0x01) == OK
    assert bench.state == "running"
    assert bench.do("F4 05") == OK
    bench.byte(CSR)
    assert bench.state == "stalled"


def test_an_empty_chip_runs_nothing() -> None:
    bench = Bench().connect()
    bench.leave()
    assert bench.state == "running: empty"


def test_ram_and_clock_divider_are_written_and_read_back() -> None:
    for part, address, reset in (("stm8s103f3", 0x50C6, 0x18), ("stm8l151k4", 0x50C0, 0x03)):
        bench = Bench(part).connect()
        assert bench.byte(address) == reset
        assert bench.write(address, 0) == OK
        assert bench.byte(address) == 0
        assert bench.write(0x03FE, 1, 2) == OK
        assert bench.read(0x03FE, 2) == b"\x01\x02"


def test_addresses_outside_the_map_read_as_the_switch_says_and_take_writes_without_effect() -> None:
    for value in (0x00, 0x5A):
        bench = Bench(switches=Switches(unmapped_value=value)).connect()
        for address in (0x1000, 0x67F0, 0xA000, 0x27FFF, 0x5054):
            assert bench.byte(address) == value
        assert bench.write(0x1000, 1) == OK
        assert bench.byte(0x1000) == value


@pytest.mark.parametrize("address", [0x7F78, 0x7FFF])
def test_a_register_that_is_not_modelled_is_a_gap(address: int) -> None:
    bench = Bench().connect()
    with pytest.raises(SimGapError):
        bench.try_read(address)
    with pytest.raises(SimGapError):
        bench.write(address, 0)


def test_where_an_stm8l_has_its_clock_divider_an_stm8s_says_that_its_oscillator_runs() -> None:
    assert Bench().connect().byte(0x50C0) == 0x03


def test_the_tmu_registers_are_a_gap_where_there_is_a_tmu() -> None:
    for address in (0x5800, 0x5808):
        assert Bench("stm8s105k4").connect().try_read(address) == OK
        with pytest.raises(SimGapError):
            Bench("stm8af5288").connect().try_read(address)


def test_the_registers_of_the_other_family_are_a_gap_when_written() -> None:
    bench = Bench().connect()
    with pytest.raises(SimGapError):
        bench.write(0x5052, 0x56)
    with pytest.raises(SimGapError, match="HSI"):
        bench.write(0x50C0, 0x00)  # the clock divider there; here this turns the clock of SWIM off


def test_unique_id_and_boot_rom_are_read_only() -> None:
    bench = Bench("stm8s105k4").connect()
    for address in (0x48CD, 0x6000):
        before = bench.read(address, 12)
        assert any(before)
        assert bench.write(address, 0xFF) == OK
        assert bench.read(address, 12) == before


@pytest.mark.parametrize("waits", [True, False])
def test_high_speed_asked_for_under_reset_comes_only_if_it_need_not_wait_for_hsit(waits: bool) -> None:
    bench = Bench(switches=Switches(hs_waits_for_hsit=waits))
    bench.swim_mode()
    for command in ("F4 07", "F4 04"):
        assert bench.do(command) == OK
    assert bench.write(CSR, 0xB0) == OK
    bench.send("F4 03 01")
    assert bench.do("F4 08") == OK
    bench.clock.sleep(0.001)
    assert bench.try_read(0x8000) == (SILENT if waits else OK)


# -- what the program does ---------------------------------------------------------------------------------


def test_a_program_that_disables_swim_is_reached_only_under_reset() -> None:
    bench = Bench(faults=["app-disables-swim"], program=PROGRAM)
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    bench.connect()
    assert bench.byte(0x8000) == 0x82
    assert bench.byte(0x7F60) == 0x00
    bench.leave()
    bench.clock.sleep(0.001)
    assert bench.do("F4 04") == SILENT


def test_the_pin_that_cfg_gcr_frees_is_deaf_until_a_reset() -> None:
    bench = Bench().connect()
    assert bench.write(0x7F60, 0x01) == OK
    assert bench.try_read(0x8000) == SILENT
    assert bench.do("F4 07") == OK
    assert bench.do("F4 08") == OK
    assert bench.try_read(0x8000) == OK


def test_an_empty_chip_cannot_disable_swim() -> None:
    bench = Bench(faults=["app-disables-swim"])
    bench.swim_mode()
    assert bench.do("F4 04") == OK


def test_a_slow_cpu_clock_makes_replies_too_late_until_the_divider_is_cleared() -> None:
    bench = Bench(switches=Switches(app_clock_divider=0x1F), program=PROGRAM).attach()
    assert bench.try_read(0x8000) == SILENT
    assert bench.byte(CSR) == 0xA2
    assert bench.write(0x50C6, 0) == OK
    assert bench.byte(0x8000) == 0x82


def test_under_reset_a_slow_program_does_no_harm() -> None:
    bench = Bench(switches=Switches(app_clock_divider=0x1F), program=PROGRAM)
    assert bench.connect().byte(0x8000) == 0x82


@pytest.mark.parametrize(("command", "name"), [("F4 04", "entry_keeps_hs"), ("F4 06", "resync_keeps_hs")])
@pytest.mark.parametrize("keeps", [False, True])
def test_the_entry_and_a_resync_end_high_speed_unless_the_chip_keeps_it(command: str, name: str, keeps: bool) -> None:
    bench = Bench(switches=Switches(**{name: keeps})).connect(fast=True)
    assert bench.do(command) == OK
    assert (bench.try_read(CSR) == SILENT) is keeps
    assert bool(bench.chip.csr & 0x10) is keeps

"""A program that resets its chip or sleeps, and what a reset keeps. Facts: UM0470 (SWIM_CSR), RM0016 (resets)."""

from __future__ import annotations

import pytest

from sim.bench import CSR, DM_CSR2, OK, REFUSED, SILENT, Bench
from sim.cpu_programs import COUNT_RAM, CR1, FOREVER, HALT, STALL, UNLOCK, WFI, go, in_ram, pc, program, stall


def test_an_illegal_opcode_starts_the_program_again_and_says_so() -> None:
    # INC 0x10; LD A,RST_SR; LD 0x11,A; illegal
    bench = Bench(program=program("725C0010" + "C650B3" + "B711" + "05"))
    bench.clock.sleep(0.01)
    bench.chip.settle(bench.clock.now())
    assert bench.chip.ram.read(0x10, 1)[0] > 2  # RAM is kept
    assert bench.chip.ram.read(0x11, 1) == b"\x04"  # ILLOPF


def test_with_safe_mask_an_illegal_opcode_does_not_reset() -> None:
    bench = in_ram("725C0010" + "05")
    assert bench.write(0x10, 0) == OK
    go(bench)
    bench.clock.sleep(0.01)
    assert bench.byte(0x10) == 1
    assert bench.state == "running: stopped by an illegal opcode"


def test_a_program_that_resets_itself_for_ever_costs_no_rounds() -> None:
    bench = Bench(program=program("725C0010" + "725A0010" + "05"))  # INC; DEC: the same RAM each time
    bench.clock.sleep(1000.0)
    assert bench.state.startswith("running")
    assert bench.chip.processor.execution.core.count < 1000


def test_a_watchdog_that_is_not_refreshed_resets_the_chip_and_ram_stays() -> None:
    bench = Bench(program=program("725C0010" + "35CC50E0" + FOREVER))  # INC 0x10; MOV IWDG_KR,#0xCC
    bench.clock.sleep(0.1)
    bench.chip.settle(bench.clock.now())
    assert bench.chip.ram.read(0x10, 1)[0] == pytest.approx(0.1 / 0.0164, abs=1)


def test_safe_mask_keeps_the_watchdog_from_resetting_and_its_end_does_not() -> None:
    bench = Bench(program=program("725C0010" + "35CC50E0" + FOREVER)).connect()
    assert bench.write(0x10, 0) == OK
    go(bench)
    bench.clock.sleep(0.1)
    assert bench.byte(0x10) == 1
    assert bench.write(CSR, 0x20) == OK
    bench.clock.sleep(0.03)
    assert bench.byte(0x10) == 1
    assert pc_is_at_reset(bench)


def pc_is_at_reset(bench: Bench) -> bool:
    """With SWIM_DM set a reset leaves the CPU stalled at the reset vector."""
    return bool(bench.byte(DM_CSR2) & STALL) and pc(bench) == 0x8000


def test_in_halt_the_bus_is_closed_to_swim_and_a_reset_opens_it() -> None:
    bench = Bench(program=program(HALT)).connect()
    go(bench)
    assert bench.try_read(0x8000) == REFUSED
    assert bench.byte(CSR) & 0x20
    assert bench.state == "running: asleep in HALT"
    assert bench.do("F4 05") == OK
    bench.clock.sleep(0.001)
    assert bench.try_read(0x8000) == OK
    assert bench.state == "stalled"


def test_in_halt_swim_has_no_clock_unless_it_was_active_before() -> None:
    bench = Bench(program=program(HALT))
    bench.clock.sleep(0.01)
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    assert bench.connect().byte(DM_CSR2) == STALL


def test_with_oscoff_swim_has_no_clock_in_halt() -> None:
    bench = Bench(program=program(HALT)).connect(0xA8)
    go(bench)
    assert bench.try_read(CSR) == SILENT


def test_in_wfi_memory_can_be_read_and_an_interrupt_ends_it() -> None:
    """TIM4 of an STM8S103: 2 MHz, ARR 0x20; its handler counts."""
    setup = "35005347" + "35205348" + "35015343" + "35015340" + "9A"
    handler = "35005344" + "725C0010" + "80"
    content = bytearray(program(setup + WFI + "20FD").ljust(0x200, b"\0"))
    content[8 + 4 * 23 : 12 + 4 * 23] = bytes.fromhex("82008100")
    content[0x100 : 0x100 + len(handler) // 2] = bytes.fromhex(handler)
    bench = Bench(program=bytes(content)).attach()
    assert len({bench.byte(0x10) for _ in range(5)}) > 1


def test_a_program_that_frees_the_swim_pin_is_not_heard_any_more() -> None:
    bench = Bench(program=program("35017F60" + FOREVER))  # MOV CFG_GCR,#1
    bench.clock.sleep(0.01)
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    assert bench.connect().byte(DM_CSR2) == STALL


def test_what_no_source_describes_stops_the_program_and_not_the_probe() -> None:
    # Keys, CR2.PRG, then a byte in one block and a byte in another.
    bench = in_ram(UNLOCK + "3501505B35FE505C" + "35018240" + "35018300" + FOREVER)
    go(bench)
    assert bench.byte(0x30) == 0x35
    assert bench.state.startswith("running: stopped by an action that no source describes")
    assert bench.do("F4 05") == OK
    assert bench.state == "stalled"


def test_nrst_keeps_ram_and_a_lost_supply_does_not() -> None:
    bench = in_ram(COUNT_RAM)
    assert bench.write(0x200, *range(64)) == OK
    go(bench)
    assert bench.do("F4 07") == OK
    assert bench.do("F4 08") == OK
    bench.clock.sleep(0.001)
    assert bench.read(0x200, 64) == bytes(range(64))
    bench.chip.power(False, bench.clock.now())
    bench.clock.sleep(0.1)
    bench.chip.power(True, bench.clock.now())
    assert bench.connect().read(0x200, 64) != bytes(range(64))


def test_the_program_runs_when_a_session_has_ended_with_a_reset() -> None:
    bench = Bench(program=program(COUNT_RAM)).connect(0xA4)
    assert bench.write(0x10, 0) == OK
    assert bench.do("F4 05") == OK
    bench.clock.sleep(0.0006)
    bench.chip.settle(bench.clock.now())
    assert bench.chip.ram.read(0x10, 1) != b"\0"
    assert bench.state == "running"


WATCHDOGS = {"IWDG": "35CC50E0", "WWDG": "35FF50D1"}  # how a program starts them
WDGOFF = 0x80


@pytest.mark.parametrize("watchdog", WATCHDOGS)
@pytest.mark.parametrize("off", [True, False])
def test_a_watchdog_stands_still_with_a_stalled_cpu_only_if_wdgoff_says_so(watchdog: str, off: bool) -> None:
    bench = Bench(program=program(WATCHDOGS[watchdog] + FOREVER)).connect(csr=0x20)  # no SAFE_MASK
    assert bench.write(CR1, WDGOFF * off) == OK
    go(bench)
    bench.clock.sleep(0.001)
    stall(bench)
    bench.clock.sleep(1.0)  # far longer than both periods
    go(bench)
    bench.clock.sleep(0.001)
    causes = bench.chip.processor.board.status
    bench.chip.settle(bench.clock.now())
    assert bool(causes.causes & {"IWDG": 0x02, "WWDG": 0x01}[watchdog]) == (not off)


def test_wdgoff_does_not_hold_a_watchdog_that_an_option_byte_has_started() -> None:
    bench = Bench(program=program(FOREVER))
    bench.chip.options.set("MISC=0x04")
    bench.chip.options.load()
    bench.connect(csr=0x20)
    assert bench.write(CR1, WDGOFF) == OK
    go(bench)
    bench.clock.sleep(0.001)
    stall(bench)
    bench.clock.sleep(1.0)
    go(bench)
    bench.clock.sleep(0.001)
    bench.chip.settle(bench.clock.now())
    assert bench.chip.processor.board.status.causes & 0x02

"""The debug module: what a debugger may see of a CPU that executes one instruction, the jump in the reset vector."""

from __future__ import annotations

import pytest

from sim.bench import CSR, DM_CSR2, OK, Bench
from stm8tool.sim.gap import SimGapError

CPU, PC, CR1, CSR1 = 0x7F00, 0x7F01, 0x7F96, 0x7F98
STE, STF, RESET_FLAG = 0x40, 0x20, 0x10
STALL, FLUSH, SWBKE = 0x08, 0x01, 0x20
PROGRAM = (bytes.fromhex("82 00 80 83") + bytes(range(1, 100))).ljust(0x83) + b"\x20\xfe"  # an endless loop
AFTER_RESET = "00 00 80 00 00 00 00 00 03 FF 28"


def registers(bench: Bench) -> str:
    return bench.read(CPU, 11).hex(" ").upper()


def go(bench: Bench) -> None:
    """Let the CPU go on as OpenOCD does: flush while stalled, then clear the stall with the flush still set."""
    assert bench.write(DM_CSR2, STALL | FLUSH) == OK
    assert bench.write(DM_CSR2, SWBKE | FLUSH) == OK


def test_after_a_reset_under_swim_the_cpu_stands_at_the_reset_vector() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.byte(DM_CSR2) == STALL
    assert bench.byte(CSR1) == RESET_FLAG
    assert registers(bench) == AFTER_RESET


@pytest.mark.parametrize("first", ["82", "AC"])
def test_a_step_takes_the_jump_in_the_reset_vector_and_stalls_again(first: str) -> None:
    bench = Bench(program=bytes.fromhex(first) + PROGRAM[1:]).connect()
    assert bench.write(CSR1, bench.byte(CSR1) | STE) == OK
    go(bench)
    assert bench.byte(DM_CSR2) & STALL
    assert bench.byte(CSR1) == RESET_FLAG | STE | STF
    assert registers(bench) == AFTER_RESET.replace("00 80 00", "00 80 83")
    assert bench.state == "stalled"


def test_a_debugger_may_write_back_what_it_read_before_it_steps() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.write(CPU, *bench.read(CPU, 11)) == OK
    assert bench.write(CSR1, STE) == OK
    go(bench)
    assert bench.read(PC, 3).hex() == "008083"


def test_the_step_flag_cannot_be_written_and_falls_when_the_cpu_goes_on() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.write(CSR1, STE | STF) == OK
    assert bench.byte(CSR1) == STE
    go(bench)
    assert bench.write(CSR1, 0) == OK
    assert bench.byte(CSR1) == STF
    go(bench)
    assert bench.byte(CSR1) == 0
    assert bench.state == "running"


def test_a_stalled_program_is_found_at_its_first_instruction_and_goes_on_from_there() -> None:
    bench = Bench(program=PROGRAM).attach()
    assert bench.write(DM_CSR2, STALL) == OK
    assert registers(bench) == AFTER_RESET.replace("00 80 00", "00 80 83")
    go(bench)
    assert bench.state == "running"


def test_a_blank_chip_is_found_at_the_reset_vector() -> None:
    bench = Bench().attach()
    assert bench.write(DM_CSR2, STALL) == OK
    assert registers(bench) == AFTER_RESET


def test_a_reset_sends_a_stalled_cpu_back_to_the_reset_vector() -> None:
    bench = Bench(program=PROGRAM).attach()
    assert bench.write(DM_CSR2, STALL) == OK
    assert bench.do("F4 07") == OK
    assert bench.do("F4 08") == OK
    bench.clock.sleep(0.001)
    assert registers(bench) == AFTER_RESET


def test_a_cpu_that_is_sent_into_ram_stays_there_until_a_reset() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.write(0x30, 0x20, 0xFE) == OK
    assert bench.write(PC, 0x00, 0x00, 0x30) == OK
    go(bench)
    assert bench.state == "running in RAM"
    assert bench.do("F4 07") == OK
    assert bench.do("F4 08") == OK
    bench.clock.sleep(0.001)
    assert bench.state == "stalled"


def test_breakpoints_that_are_not_set_stop_nothing() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.write(0x7F90, *[0xFF] * 6) == OK
    assert bench.write(CR1, 0x28) == OK
    go(bench)
    assert bench.state == "running"


def test_a_step_on_a_blank_chip_is_a_gap() -> None:
    bench = Bench().connect()
    assert bench.write(CSR1, STE) == OK
    with pytest.raises(SimGapError):
        go(bench)


def test_a_new_pc_without_a_flush_is_a_gap() -> None:
    bench = Bench(program=PROGRAM).connect()
    assert bench.write(PC, 0x00, 0x80, 0x83) == OK
    with pytest.raises(SimGapError):
        bench.write(DM_CSR2, 0)


def test_the_registers_of_a_running_cpu_are_a_gap() -> None:
    bench = Bench(program=PROGRAM).attach()
    with pytest.raises(SimGapError):
        bench.try_read(CPU, 11)


def test_a_gap_ends_what_the_probe_did_so_that_the_board_can_be_saved() -> None:
    bench = Bench().attach()
    with pytest.raises(SimGapError):
        bench.try_read(CPU, 11)
    bench.probe.firmware.rest()
    assert bench.byte(CSR) & 0x20


@pytest.mark.parametrize(("address", "reset", "other"), [(0x7F97, 0x00, 0x02), (0x7F9A, 0xFF, 0xFE)])
def test_functions_of_the_debug_module_that_no_source_describes_are_gaps(address: int, reset: int, other: int) -> None:
    bench = Bench().connect()
    assert bench.byte(address) == reset
    assert bench.write(address, reset) == OK
    with pytest.raises(SimGapError):
        bench.write(address, other)

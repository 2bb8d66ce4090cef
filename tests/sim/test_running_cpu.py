"""A CPU that executes while SWIM uses the same bus. Facts: UM0470 (SWIM_CSR, DM registers)."""

from __future__ import annotations

import pytest

from sim.bench import OK, REFUSED, Bench
from sim.cpu_programs import COUNT_RAM, COUNT_X, CPU, FOREVER, go, in_ram, pc, program, stall, x
from stm8tool.sim.switches import Switches


def test_the_cpu_executes_from_the_go_to_the_stall_and_at_no_other_time() -> None:
    bench = Bench(program=program(COUNT_X)).connect()
    bench.clock.sleep(0.01)
    assert pc(bench) == 0x8000
    go(bench)
    bench.clock.sleep(0.01)
    stall(bench)
    counted = x(bench)
    assert counted == pytest.approx(0.01 * 2e6 / 3, rel=0.5)  # some of the USB transfers take their time, too
    assert pc(bench) in (0x8081, 0x8082)
    bench.clock.sleep(0.01)
    assert x(bench) == counted


def test_registers_that_are_written_are_those_that_it_goes_on_with() -> None:
    bench = in_ram("C70010" + FOREVER)  # LD 0x10,A
    assert bench.write(CPU, 0x5A) == OK
    go(bench)
    assert bench.byte(0x10) == 0x5A


def test_swim_reads_and_writes_ram_while_the_cpu_runs() -> None:
    bench = Bench(program=program(COUNT_RAM)).attach()
    first = {bench.byte(0x10) for _ in range(5)}
    assert len(first) > 1
    assert bench.write(0x20, 1, 2, 3) == OK
    assert bench.read(0x20, 3) == b"\1\2\3"
    assert bench.state == "running"


def test_the_bytes_of_a_frame_come_one_after_the_other() -> None:
    """A program that sees the first byte, and copies the last one at once, copies what was there before."""
    bench = in_ram("7201010 0FB".replace(" ", "") + "45C0 10".replace(" ", "") + FOREVER)
    assert bench.write(0xC0, 0x77) == OK
    assert bench.write(0x100, 0) == OK
    go(bench)
    assert bench.write(0x80, *[0] * 0x40, 0x11) == OK  # 0xC0 is the last byte
    assert bench.write(0x100, 1, *[0] * 20) == OK
    assert bench.byte(0x10) == 0x11


def test_a_program_cannot_see_the_end_of_a_frame_before_it_has_come() -> None:
    # BTJF 0x80,#0,itself; MOV 0x10,0xC0: the flag is the first byte of a frame, what it copies is the last.
    bench = in_ram("72010080FB" + "45C010" + FOREVER)
    assert bench.write(0x80, 0) == OK
    assert bench.write(0xC0, 0x77) == OK
    go(bench)
    assert bench.write(0x80, 1, *[0] * 0x3F, 0x11) == OK
    assert bench.byte(0xC0) == 0x11
    assert bench.byte(0x10) == 0x77


@pytest.mark.parametrize(("stolen", "rounds"), [(0, 0), (3, 1)])
def test_what_swim_steals_from_the_bus_the_program_lacks(stolen: int, rounds: int) -> None:
    """600 bytes that SWIM reads cost 600 times so many cycles: a round of the loop has three."""
    counted = []
    for cost in (0, stolen):
        bench = Bench(program=program(COUNT_X), switches=Switches(stolen_cycles=cost)).connect()
        go(bench)
        bench.read(0x0000, 600)
        stall(bench)
        counted.append(x(bench))
    assert counted[0] - counted[1] == pytest.approx(600 * rounds, abs=30 * rounds)


def test_flash_cannot_be_written_over_swim_while_the_cpu_runs() -> None:
    bench = Bench(program=program(FOREVER)).attach()
    assert bench.register("PUKR", 0x56, 0xAE) == OK
    assert bench.write(0x9000, 0x55) == REFUSED

"""Step, breakpoints and BREAK: the debug module stops a CPU that executes. Facts: UM0470 (DM registers)."""

from __future__ import annotations

import pytest

from sim.bench import DM_CSR2, OK, Bench
from sim.cpu_programs import (
    BK1,
    BK1F,
    BK2F,
    BREAK,
    BRW,
    CPU,
    CR1,
    CSR1,
    FETCH,
    FOREVER,
    READS,
    SP,
    STALL,
    STE,
    STF,
    SWBKE,
    SWBKF,
    WRITES,
    go,
    in_ram,
    pc,
    program,
    stall,
    x,
)


def test_each_step_executes_one_instruction() -> None:
    bench = Bench(program=program("A605" + "4C" + "CD8090" + FOREVER)).connect()  # LD A,#5; INC A; CALL 0x8090
    assert bench.write(CSR1, STE) == OK
    seen = []
    for _ in range(4):
        go(bench)
        assert bench.byte(DM_CSR2) & STALL
        assert bench.byte(CSR1) & STF
        seen.append((pc(bench), bench.byte(CPU)))
    assert seen == [(0x8080, 0), (0x8082, 5), (0x8083, 6), (0x8090, 6)]
    assert bench.read(SP, 2) == b"\x03\xfd"
    assert bench.read(0x3FE, 2) == b"\x80\x86"  # the return address


def test_a_step_into_an_instruction_in_ram_that_swim_has_just_changed_executes_the_new_one() -> None:
    bench = in_ram("4C" + FOREVER)
    assert bench.write(CSR1, STE) == OK
    assert bench.write(0x30, 0x4A) == OK  # DEC A
    go(bench)
    assert bench.byte(CPU) == 0xFF


# LD A,0x40; LD 0x41,A; PUSH A; POP A; JRA to the start
WATCHED = "B640" + "B741" + "88" + "84" + "20F8"
LOAD, STORE, PUSH, POP = 0x30, 0x32, 0x34, 0x35
AT_TOP = 0x3FF


@pytest.mark.parametrize(
    ("mode", "access", "first", "second", "where", "flags"),
    [
        (0b101, FETCH, STORE, 0xFFFFFF, STORE, BK1F),
        (0b101, FETCH, 0xFFFFFF, POP, POP, BK2F),
        (0b101, FETCH, POP, STORE, STORE, BK2F),
        (0b001, FETCH, STORE, POP, STORE, BK1F | BK2F),
        (0b010, FETCH, LOAD, STORE, PUSH, BK1F | BK2F),
        (0b100, FETCH, STORE, LOAD, LOAD, BK2F),
        (0b000, WRITES, 0x41, 0x55, PUSH, BK1F),
        (0b000, READS, 0x40, 0x55, STORE, BK1F | BRW),
        (0b001, WRITES, 0x41, 0x48, PUSH, BK1F | BK2F),
        (0b001, READS, 0x3F, 0x40, STORE, BK1F | BK2F | BRW),
        (0b010, WRITES, 0x41, 0x41, POP, BK1F | BK2F),
        (0b100, WRITES, 0x99, 0x41, PUSH, BK2F),
        (0b100, READS, 0x40, 0x41, STORE, BK1F | BRW),
        (0b100, READS | WRITES, 0x99, 0x41, PUSH, BK2F),
        (0b101, WRITES, 0x99, 0x41, PUSH, BK2F),
        (0b101, READS, 0x99, 0x40, STORE, BK2F | BRW),
        (0b111, FETCH, AT_TOP, 0xFFFFFF, POP, BK1F),
        (0b111, FETCH, AT_TOP - 1, POP, POP, BK2F),
        (0b111, WRITES, 0, 0x41, PUSH, BK2F),
    ],
)
def test_a_breakpoint_stops_where_the_table_says(
    mode: int, access: int, first: int, second: int, where: int, flags: int
) -> None:
    bench = in_ram(WATCHED)
    assert bench.write(0x40, 0x55) == OK
    assert bench.write(BK1, *first.to_bytes(3, "big"), *second.to_bytes(3, "big"), mode << 3 | access) == OK
    go(bench)
    assert bench.byte(DM_CSR2) & STALL
    assert pc(bench) == where
    assert bench.byte(CSR1) & (BK1F | BK2F | BRW | STF) == flags


@pytest.mark.parametrize(
    ("mode", "access", "first", "second"),
    [(0, WRITES, 0x41, 0x54), (0, READS, 0x41, 0x55), (0b100, FETCH, STORE, 0x99), (0b111, FETCH, AT_TOP - 1, 0x99)],
)
def test_what_does_not_happen_stops_nothing(mode: int, access: int, first: int, second: int) -> None:
    bench = in_ram(WATCHED)
    assert bench.write(0x40, 0x55) == OK
    assert bench.write(BK1, *first.to_bytes(3, "big"), *second.to_bytes(3, "big"), mode << 3 | access) == OK
    go(bench)
    bench.clock.sleep(0.001)
    assert bench.state == "running in RAM"


def test_from_a_breakpoint_the_cpu_goes_on_and_comes_back_to_it() -> None:
    bench = in_ram("5F" + "5C" + "20FD")
    assert bench.write(BK1, 0, 0, 0x31) == OK
    assert bench.write(CR1, 0x28) == OK
    for rounds in range(3):
        go(bench)
        assert (pc(bench), x(bench)) == (0x31, rounds)


def test_a_breakpoint_that_is_moved_stops_at_its_new_place_only() -> None:
    bench = in_ram("5F" + "5C" + "9D" + "20FC")  # CLRW X; INCW X; NOP; JRA to INCW
    assert bench.write(CR1, 0x28) == OK
    for place in (0x31, 0x32, 0x33):
        assert bench.write(BK1, 0, 0, place) == OK
        go(bench)
        assert pc(bench) == place
    assert bench.write(BK1, 0xFF, 0xFF, 0xFF) == OK
    go(bench)
    assert bench.state == "running in RAM"


def test_a_break_stalls_before_it_with_swbke() -> None:
    bench = in_ram("4C" + BREAK + "4C" + FOREVER)
    go(bench, SWBKE)
    assert bench.byte(DM_CSR2) & (STALL | SWBKF) == STALL | SWBKF
    assert (pc(bench), bench.byte(CPU)) == (0x31, 1)
    assert bench.write(0x31, 0x9D) == OK  # what was there before
    go(bench, SWBKE)
    assert not bench.byte(DM_CSR2) & (STALL | SWBKF)
    stall(bench)
    assert bench.byte(CPU) == 2

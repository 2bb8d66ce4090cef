"""A CPU that executes while SWIM uses the same bus. Facts: UM0470 (SWIM_CSR, DM registers), RM0016 (flash, resets)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.bench import CSR, DM_CSR2, OK, REFUSED, SILENT, Bench
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.switches import Switches

CPU, PC, SP, CR1, CSR1 = 0x7F00, 0x7F01, 0x7F08, 0x7F96, 0x7F98
BK1, BK2 = 0x7F90, 0x7F93
STE, STF, BRW, BK2F, BK1F = 0x40, 0x20, 0x08, 0x04, 0x02
STALL, FLUSH, SWBKE, SWBKF = 0x08, 0x01, 0x20, 0x10
FETCH, WRITES, READS = 0x00, 0x02, 0x04  # BIR and BIW of DM_CR1
MAIN = 0x8080
COUNT_X = "5F" + "5C" + "20FD"  # CLRW X; INCW X; JRA back: three cycles a round
COUNT_RAM = "725C0010" + "20FA"  # INC 0x10; JRA back
FOREVER, BREAK, HALT, WFI = "20FE", "8B", "8E", "8F"
IAPSR_END = "7205505FFB"  # BTJF IAPSR,#EOP,itself
UNLOCK = "3556506235AE5062"  # MOV PUKR,#0x56; MOV PUKR,#0xAE


def program(code: str) -> bytes:
    """Return flash with a vector and code at 0x8080."""
    return bytes.fromhex(f"8200{MAIN:04X}").ljust(0x80, b"\0") + bytes.fromhex(code)


def go(bench: Bench, csr2: int = 0) -> None:
    """Flush while stalled, then clear the stall with the flush still set."""
    assert bench.write(DM_CSR2, STALL | FLUSH) == OK
    assert bench.write(DM_CSR2, csr2 | FLUSH) == OK


def stall(bench: Bench) -> None:
    assert bench.write(DM_CSR2, STALL) == OK


def pc(bench: Bench) -> int:
    return int.from_bytes(bench.read(PC, 3), "big")


def x(bench: Bench) -> int:
    return int.from_bytes(bench.read(CPU + 4, 2), "big")


def in_ram(code: str, at: int = 0x30, **words: object) -> Bench:
    """Return a blank chip whose CPU stands before code in RAM."""
    bench = Bench(**words).connect(fast=True)  # type: ignore[arg-type]
    assert bench.write(at, *bytes.fromhex(code)) == OK
    assert bench.write(PC, 0, at >> 8, at & 0xFF) == OK
    return bench


# -- stall and go on -------------------------------------------------------------------------------------------------


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


# -- step ------------------------------------------------------------------------------------------------------------


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


# -- breakpoints: the table of DM_CR1 ---------------------------------------------------------------------------------

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


# -- resets by the program, and sleep ---------------------------------------------------------------------------------


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


PA_ODR, PA_DDR, TIM4_CNTR, TIM4_ARR, IWDG_KR, SPI_CR1 = 0x5000, 0x5002, 0x5346, 0x5348, 0x50E0, 0x5200


@pytest.mark.parametrize("stalled", [False, True])
def test_swim_reads_and_writes_the_port_that_the_program_uses(stalled: bool) -> None:
    bench = Bench(program=program("35085002" + "35A85000" + "5500000010" + "20F9")).attach()  # MOV 0x10,PA_ODR
    bench.clock.sleep(0.01)
    if stalled:
        stall(bench)
    assert bench.read(PA_ODR, 3) == bytes([0xA8, 0x00, 0x08])
    assert bench.write(PA_ODR, 0x55) == OK
    assert bench.byte(PA_ODR) == 0x55


def test_the_program_meets_what_swim_has_written_to_a_port() -> None:
    bench = Bench(program=program("5550000010" + "20F9")).attach()  # MOV 0x10,PA_ODR; JRA back
    bench.clock.sleep(0.001)
    assert bench.byte(0x10) == 0
    assert bench.write(PA_ODR, 0x08) == OK
    assert bench.byte(0x10) == 0x08


def test_swim_reads_a_counter_as_it_counts_and_starts_a_timer() -> None:
    bench = Bench(program=program(FOREVER)).attach()
    bench.clock.sleep(0.001)
    assert bench.byte(TIM4_CNTR) == 0
    assert bench.write(0x5347, 4) == OK  # PSCR: 2 MHz by 16
    assert bench.write(0x5345, 1) == OK  # EGR.UG loads it
    assert bench.write(0x5340, 1) == OK  # CR1.CEN
    assert len({bench.byte(TIM4_CNTR) for _ in range(8)}) > 2


def test_a_watchdog_that_swim_starts_resets_a_chip_whose_program_does_not_refresh_it() -> None:
    bench = Bench(program=program(COUNT_RAM)).attach()
    assert bench.write(CSR, 0x20) == OK
    bench.clock.sleep(0.001)
    assert bench.write(0x20, 0xA5) == OK
    assert bench.write(IWDG_KR, 0xCC) == OK
    bench.clock.sleep(0.1)
    assert bench.byte(0x50B3) & 0x02  # RST_SR.IWDGF


def test_a_register_that_is_not_modelled_is_a_gap_for_swim() -> None:
    bench = Bench(program=program(FOREVER)).attach()
    bench.clock.sleep(0.001)
    with pytest.raises(SimGapError, match="0x005200"):
        bench.read(SPI_CR1)


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


# -- resets and what they keep ----------------------------------------------------------------------------------------


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


# -- a busy array -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "counts"), [(0x30, True), (0x8080, False)])
def test_code_in_ram_goes_on_while_flash_is_programmed_and_code_in_flash_waits(at: int, counts: bool) -> None:
    code = UNLOCK + "35559000" + COUNT_RAM
    flash = b"" if at == 0x30 else program(code)
    bench = Bench(model="v3", program=flash).connect(fast=True)
    assert bench.write(0x30, *bytes.fromhex(code)) == OK
    assert bench.write(PC, 0, at >> 8, at & 0xFF) == OK
    bench.chip.flash.write(0x9000, b"\1")  # not blank: 6 ms
    assert bench.write(0x10, 0) == OK
    go(bench)
    first = bench.byte(0x10)
    assert bool(bench.byte(0x10) - first) is counts
    bench.clock.sleep(0.007)
    assert len({bench.byte(0x10) for _ in range(4)}) > 1
    assert bench.chip.flash.read(0x9000, 1) == b"\x55"


def test_iapsr_shows_the_end_after_6_ms_even_to_a_program_that_waits_for_it_in_one_jump() -> None:
    bench = in_ram(UNLOCK + "35559000" + "5F" + "5C" + "7205505FFA" + BREAK)  # INCW X; BTJF IAPSR,#2,back
    bench.chip.flash.write(0x9000, b"\1")
    go(bench, SWBKE)
    bench.clock.sleep(0.007)
    assert bench.byte(DM_CSR2) & STALL
    assert x(bench) == pytest.approx(0.006 * 2e6 / 4, rel=0.05)  # INCW 1 cycle, BTJF that branches 3


# Two buffers of 64 bytes at 0x100 and 0x180, each followed by its address in flash and by a go flag.
def loader() -> str:
    """Program each buffer whose flag is set, clear the flag, and count at 0x20; MOV CKDIVR,#0 first."""
    code = "350050C6" + UNLOCK
    starts = []
    for buffer in (0x100, 0x180):
        starts.append(len(code) // 2)
        code += f"7201{buffer + 66:04X}FB"  # BTJF go,#0,itself
        code += "3501505B35FE505C"  # CR2 = PRG, NCR2
        code += f"90CE{buffer + 64:04X}" + "5F"  # LDW Y,address; CLRW X
        code += f"D6{buffer:04X}" + "90F7" + "905C" + "5C" + "A30040" + "26F3"
        code += IAPSR_END + f"725F{buffer + 66:04X}" + "725C0020"  # CLR go; INC 0x20
    return code + f"CC{0x30 + starts[0]:04X}"  # JP to the first


@pytest.mark.parametrize(("model", "longest_s"), [("v2", 0.0105), ("v3", 0.0068)])
def test_a_program_in_ram_programs_one_block_while_swim_fills_the_other_buffer(model: str, longest_s: float) -> None:
    """With a V3, the 6 ms of a block hide the time of SWIM. A V2's USB transfers take longer than that."""
    bench = in_ram(loader(), model=model)
    for flag in (0x20, 0x142, 0x1C2):
        assert bench.write(flag, 0) == OK
    go(bench)
    began = bench.clock.now()
    blocks = 12
    for number in range(blocks):
        buffer, address = (0x100, 0x180)[number % 2], 0x8000 + 64 * number
        while bench.byte(buffer + 66):
            pass
        data = bytes(number * 7 + 3 * at + 1 & 0xFF for at in range(64))
        assert bench.write(buffer, *data, address >> 8, address & 0xFF, 1) == OK
    while bench.byte(0x20) != blocks:
        pass
    wanted = b"".join(bytes(n * 7 + 3 * at + 1 & 0xFF for at in range(64)) for n in range(blocks))
    assert bench.chip.flash.read(0x8000, len(wanted)) == wanted
    spent = bench.clock.now() - began
    assert blocks * 0.006 < spent < blocks * longest_s
    assert bench.state == "running in RAM"


def test_a_loader_without_the_keys_programs_nothing() -> None:
    bench = in_ram(loader().replace(UNLOCK, "9D" * 8))
    for flag in (0x20, 0x142, 0x1C2):
        assert bench.write(flag, 0) == OK
    go(bench)
    assert bench.write(0x100, *[1] * 64, 0x80, 0x00, 1) == OK
    bench.clock.sleep(0.1)
    assert bench.byte(0x142) == 1  # it waits for EOP
    assert not any(bench.chip.flash.data)


# -- two commands on one board file -----------------------------------------------------------------------------------


def board(path: Path, content: bytes = b"") -> Path:
    store.create(path, find_part("stm8s103f3"), "v3", content=content or None)
    return path


class Command(Bench):
    """What one command does with a board file."""

    def __init__(self, path: Path) -> None:
        self.stored = store.open_transport(path)
        self.stored.open()
        self.clock = self.stored.clock  # type: ignore[assignment]
        self.probe = self.stored._probe
        self.chip = self.probe.chip
        self.registers = {}
        self.block = self.chip.part.block

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        self.stored.close()


def test_a_program_in_ram_goes_on_where_the_command_before_left_it(tmp_path: Path) -> None:
    path = board(tmp_path / "board.chip")
    with Command(path) as first:
        first.connect(fast=True)
        assert first.write(0x30, *bytes.fromhex(loader())) == OK
        for flag in (0x20, 0x142, 0x1C2):
            assert first.write(flag, 0) == OK
        assert first.write(PC, 0, 0, 0x30) == OK
        go(first)
        assert first.write(0x100, *range(1, 65), 0x90, 0x00, 1) == OK
    assert store.describe(path).state == "running in RAM"
    with Command(path) as second:  # the probe is in SWIM mode still, and so is the chip
        assert second.byte(0x142) == 0  # the time of a process start has passed
        assert second.chip.flash.read(0x9000, 64) == bytes(range(1, 65))
        assert second.byte(0x20) == 1
        assert second.write(0x180, *range(2, 66), 0x90, 0x40, 1) == OK
        second.clock.sleep(0.007)
        assert second.byte(0x20) == 2
        assert second.chip.flash.read(0x9040, 64) == bytes(range(2, 66))


def test_the_next_command_does_not_cut_a_write_at_the_start_of_the_program(tmp_path: Path) -> None:
    # If the first byte of EEPROM is not 0xA5: the keys of DUKR, and two bytes.
    code = "C64000A1A52710" + "35AE5064" + "35565064" + "35A54000" + "355A4001" + FOREVER
    path = board(tmp_path / "board.chip", program(code))
    with Command(path) as first:
        first.connect()
        for address, value in ((0x5064, 0xAE), (0x5064, 0x56), (0x4000, 0), (0x4001, 0)):
            assert first.write(address, value) == OK
            first.clock.sleep(0.007)
        first.leave()
        first.send("F4 01")
    with Command(path) as second:
        second.connect()
        assert second.read(0x4000, 2) == bytes([0xA5, 0x5A])


def test_a_cpu_in_the_middle_of_its_program_goes_on_there(tmp_path: Path) -> None:
    # LDW X,#0; INCW X; CPW X,#2000; JRNE; then MOV 0x10,#1 and for ever. 2000 rounds are 5 ms or so.
    path = board(
        tmp_path / "board.chip", program("725F0010" + "AE0000" + "5C" + "A307D0" + "26FA" + "35010010" + FOREVER)
    )
    with Command(path) as first:
        first.clock.sleep(0.002)
    with Command(path) as second:
        second.attach()
        stall(second)
        assert x(second) > 0
        assert second.byte(0x10) in (0, 1)
        go(second)
        second.clock.sleep(0.01)
        assert second.byte(0x10) == 1


def test_a_breakpoint_and_a_stalled_cpu_are_found_by_the_next_command(tmp_path: Path) -> None:
    path = board(tmp_path / "board.chip", program("5F" + "5C" + "20FD"))
    with Command(path) as first:
        first.connect()
        assert first.write(BK1, 0, 0x80, 0x81) == OK
        assert first.write(CR1, 0x28) == OK
        go(first)
        assert (pc(first), x(first)) == (0x8081, 0)
    with Command(path) as second:
        assert (pc(second), x(second)) == (0x8081, 0)
        go(second)
        assert (pc(second), x(second)) == (0x8081, 1)


def test_a_chip_that_sleeps_is_found_asleep(tmp_path: Path) -> None:
    path = board(tmp_path / "board.chip", program(HALT))
    with Command(path) as first:
        first.clock.sleep(0.01)
    assert store.describe(path).state == "running: asleep in HALT"


# -- watchdogs beside the debug module ---------------------------------------------------------------------------------

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

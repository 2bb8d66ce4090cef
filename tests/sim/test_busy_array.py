"""Code that executes while flash is programmed, and a loader in RAM. Facts: RM0016 (flash)."""

from __future__ import annotations

import pytest

from sim.bench import DM_CSR2, OK, Bench
from sim.cpu_programs import BREAK, COUNT_RAM, PC, STALL, SWBKE, UNLOCK, go, in_ram, loader, program, x


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

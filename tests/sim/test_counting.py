"""The core that counts: each instruction, each cycle, and the same results as the core that does not."""

from __future__ import annotations

from collections import defaultdict

import pytest

from plain_bus import PlainBus
from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.cpu.core import Cpu
from stm8tool.sim.cpu.counting import Count, CountingCpu, Counts
from stm8tool.sim.cpu.writer import MemoryLayout
from stm8tool.sim.execution import Execution

LAYOUT = MemoryLayout(0x1800, 0x8000, 0x10000)
# A load, a shift, a branch that is taken in half of the rounds, a store, a call, a comparison of words; for ever.
LOOP = "AE0000 F6 A85A 44 2402 A88C F7 CD8040 5C A30200 26EE 20E9"
ROUTINE = "725C0300 81"
# DIV by the values that X has: it takes as many cycles as the quotient has bits.
DIVIDING = "AE FFFF A6 03 62 5D 26FA 20F5"
PROGRAMS = {"loop": LOOP, "dividing": DIVIDING, "to itself": "20FE"}
CYCLES = 60_000


def bus_with(code: str) -> PlainBus:
    bus = PlainBus(0x10000, LAYOUT)
    content = bytes.fromhex(code)
    bus.memory[0x8000 : 0x8000 + len(content)] = content
    bus.memory[0x8040:0x8045] = bytes.fromhex(ROUTINE)
    return bus


def stepped(code: str, until: int) -> tuple[Cpu, dict[int, Count]]:
    """Execute instruction by instruction; return the CPU and what it executed."""
    core = Cpu(bus_with(code))
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    while core.cycles < until:
        pc, before = core.pc, core.cycles
        core.limit = until
        core.step()
        found[pc][0] += 1
        found[pc][1] += core.cycles - before
    return core, {pc: Count(*found[pc]) for pc in sorted(found)}


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=list(PROGRAMS))
def test_each_instruction_and_each_cycle_is_counted_once(code: str) -> None:
    counts = Counts()
    core = CountingCpu(bus_with(code), counts)
    core.run(CYCLES)
    right, wanted = stepped(code, core.cycles)
    assert core.registers == right.registers
    assert core.cycles == right.cycles
    assert counts.by_address() == wanted
    assert sum(count.cycles for count in counts.by_address().values()) == core.cycles


def test_blocks_count_too_so_that_it_is_fast() -> None:
    core = CountingCpu(bus_with(LOOP), Counts())
    core.run(CYCLES)
    assert core._blocks


def test_what_was_counted_before_is_forgotten_and_blocks_count_on() -> None:
    counts = Counts()
    core = CountingCpu(bus_with(LOOP), counts)
    core.run(CYCLES)
    counts.clear()
    assert counts.by_address() == {}
    before = core.cycles
    core.run(2 * CYCLES)
    assert sum(count.cycles for count in counts.by_address().values()) == core.cycles - before


def chip_with(code: str) -> Microcontroller:
    chip = Microcontroller(find_part("stm8s103f3"))
    chip.flash.write(0x8000, bytes.fromhex("82008080"))
    chip.flash.write(0x8080, bytes.fromhex(code))
    chip.flash.write(0x8064, bytes.fromhex("82008100"))  # the vector of TIM4
    chip.flash.write(0x8100, bytes.fromhex("35005344 80"))  # clear the flag, IRET
    return chip


# TIM4 interrupts each 8 ms: while the program waits in a loop, and while it sleeps.
WAITING = "35075347 357C5348 35015343 35015340 9A 720100FBFB"
SLEEPING = "35075347 357C5348 35015343 35015340 8F 20FD"


@pytest.mark.parametrize("code", [WAITING, SLEEPING], ids=["waiting", "sleeping"])
def test_a_chip_that_waits_counts_its_rounds_and_the_entries_of_handlers(code: str) -> None:
    chip = chip_with(code)
    counts = chip.processor.counts = Counts()
    for hundredth in range(1, 6):
        chip.settle(hundredth / 100)
    found = counts.by_address()
    handled = found[0x8064].times
    assert handled >= 5
    assert found[0x8100].times == handled
    assert found[0x8104].times == handled
    assert found[0x8064].cycles > found[0x8064].times * 9  # with the entry of the handler
    if code == WAITING:
        assert found[0x8091].cycles == 3 * found[0x8091].times  # BTJF jumps each time
        assert sum(count.cycles for count in found.values()) == chip.processor.execution.core.cycles
    else:
        assert found[0x8090].times == found[0x8091].times + 1
        assert sum(count.cycles for count in found.values()) < chip.processor.execution.core.cycles / 2


def test_a_chip_does_not_count_unless_it_is_asked_to() -> None:
    chip = chip_with(WAITING)
    assert type(Execution(chip, 0.0).core) is Cpu

"""The target's supply: what a chip without it answers and has forgotten afterwards, and a supply that is too low."""

from __future__ import annotations

from typing import Optional

import pytest

from sim.bench import CSR, OK, REFUSED, SILENT, Bench
from stm8tool.sim.chip.powered import POWER_OFF_S
from stm8tool.sim.switches import Switches

_PROGRAM = b"\x82\x00\x80\x04\x20\xfe" + bytes(range(1, 59))
_RAM = 0x0100


def millivolts(bench: Bench) -> int:
    bench.send("F7")
    reply = bench.take(8)
    a0, a1 = (int.from_bytes(reply[n : n + 4], "little") for n in (0, 4))
    return 2400 * a1 // a0


def switch(bench: Bench, *, on: bool) -> None:
    bench.chip.power(on, bench.clock.now())


def catch(bench: Bench) -> Optional[int]:
    """Try to enter for 2 s while the supply is switched; return the try at which CSR took the written value."""
    bench.probe.open()
    bench.swim_mode()
    start, tries = bench.clock.now(), 0
    while bench.clock.now() < start + 2:
        tries += 1
        if bench.do("F4 04") == OK and bench.write(CSR, 0xA0) == OK:
            return tries
    return None


def test_a_chip_without_supply_answers_nothing_and_its_reset_line_means_nothing() -> None:
    bench = Bench(program=_PROGRAM).connect()
    switch(bench, on=False)
    for _ in range(2):
        assert bench.state == "unpowered"
        for command in ("F4 04", "F4 05", "F4 06"):
            assert bench.do(command) == SILENT
        assert bench.write(CSR, 0xA0) == SILENT
        assert bench.try_read(0x8000) == SILENT
        assert millivolts(bench) == 0
        assert bench.do("F4 07") == OK
        assert bench.do("F4 08") == OK


def test_it_comes_back_with_its_memories_and_nothing_else() -> None:
    bench = Bench(program=_PROGRAM).connect(fast=True)
    bench.unlock()
    assert bench.write(_RAM, *range(1, 65)) == OK
    assert bench.write(0x50C6, 0x00) == OK
    switch(bench, on=False)
    bench.clock.sleep(0.1)
    switch(bench, on=True)
    assert millivolts(bench) == pytest.approx(3300, abs=10)
    assert bench.try_read(CSR) == SILENT  # SWIM is off
    bench.attach()
    bench.clock.sleep(0.001)
    assert bench.state == "running"
    assert bench.byte(CSR) == 0xA2
    assert bench.read(0x8000, 64) == _PROGRAM
    assert bench.byte(0x50C6) == 0x18
    assert bench.iapsr() & 0x0A == 0
    assert bench.read(_RAM, 64) != bytes(range(1, 65))


def test_with_nrst_low_it_comes_back_in_reset() -> None:
    bench = Bench(program=_PROGRAM)
    bench.swim_mode()
    switch(bench, on=False)
    assert bench.do("F4 07") == OK
    switch(bench, on=True)
    bench.clock.sleep(0.1)
    assert bench.state == "held in reset"
    assert bench.do("F4 08") == OK
    bench.clock.sleep(0.001)
    assert bench.state == "running"


def test_a_link_that_was_lost_can_be_had_again_without_nrst() -> None:
    bench = Bench(faults=["drop-link-after=0", "nrst-open"])
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    switch(bench, on=False)
    switch(bench, on=True)
    assert bench.do("F4 04") == OK


def test_what_was_being_programmed_is_corrupt() -> None:
    bench = Bench(program=_PROGRAM).connect()
    bench.unlock()
    assert bench.mode(0x01) == OK
    assert bench.write(0x8000, *[0x11] * 64) == OK
    bench.clock.sleep(0.003)
    switch(bench, on=False)
    assert bench.chip.flash.read(0x8000, 64) not in (_PROGRAM, bytes([0x11] * 64))
    bench.clock.sleep(0.1)
    switch(bench, on=True)
    bench.connect()
    assert bench.iapsr() & 0x04 == 0


@pytest.mark.parametrize("word", [False, True])
@pytest.mark.parametrize("erases", [False, True])
def test_a_byte_that_was_being_programmed_is_corrupt_alone_or_with_its_word(word: bool, erases: bool) -> None:
    bench = Bench(program=_PROGRAM, switches=Switches(cut_ruins_word=word, cut_erases=erases)).connect()
    bench.unlock()
    assert bench.write(0x8005, 0x11) == OK
    bench.chip.plan_power_cut(bench.clock.now() + 0.003)
    bench.clock.sleep(1)
    assert bench.state == "unpowered"
    spoilt = {at for at in range(0x8000, 0x8040) if bench.chip.flash.read(at, 1)[0] != _PROGRAM[at - 0x8000]}
    assert spoilt == (set(range(0x8004, 0x8008)) if word else {0x8005})
    assert (bench.chip.flash.read(0x8005, 1)[0] == 0) == erases
    assert bench.chip.flash.read(0x8005, 1)[0] != 0x11


def test_a_block_that_had_not_wholly_come_in_is_untouched() -> None:
    bench = Bench(faults=["power-switch=1000"], program=_PROGRAM)
    bench.probe.open()
    bench.connect()
    bench.unlock()
    assert bench.mode(0x01) == OK
    bench.clock.sleep(1.0 - bench.clock.now() - 0.001 - 0.001)  # two USB transfers carry a block of 64 bytes, …
    assert bench.write(0x8000, *[0x11] * 64) == SILENT  # … which takes 2 ms on the wire
    assert bench.chip.flash.read(0x8000, 64) == _PROGRAM


def test_a_read_ends_when_the_supply_goes() -> None:
    bench = Bench(faults=["power-switch=1000"], program=_PROGRAM)
    bench.probe.open()
    bench.connect()
    bench.clock.sleep(0.995 - bench.clock.now())
    assert bench.try_read(0x8000, 250) == SILENT  # 7.6 ms
    assert bench.state == "unpowered"


def test_somebody_switches_the_supply_off_once_and_half_a_second_later_on() -> None:
    bench = Bench(faults=["power-switch=100"], program=_PROGRAM)
    bench.clock.sleep(1.0)
    bench.probe.open()
    bench.clock.sleep(0.09)
    assert bench.state == "running"
    bench.clock.sleep(0.02)
    assert bench.state == "unpowered"
    bench.clock.sleep(POWER_OFF_S - 0.02)
    assert bench.state == "unpowered"
    bench.clock.sleep(0.02)
    assert bench.state == "running"
    bench.probe.open()
    bench.clock.sleep(0.2)
    assert bench.state == "running"
    assert bench.probe.faults.texts() == ()


def test_a_program_that_turns_swim_off_late_enough_is_caught_by_its_supply_without_nrst() -> None:
    bench = Bench(faults=["nrst-open", "app-disables-swim=100", "power-switch=300"], program=_PROGRAM)
    tries = catch(bench)
    assert tries is not None
    assert tries > 10
    assert bench.do("F4 05") == OK
    bench.clock.sleep(1.0)
    assert bench.state == "stalled"
    assert bench.read(0x8000, 64) == _PROGRAM


def test_a_program_that_turns_swim_off_before_an_entry_fits_in_is_not_caught() -> None:
    assert catch(Bench(faults=["nrst-open", "app-disables-swim=1", "power-switch=300"], program=_PROGRAM)) is None


def test_an_entry_that_began_before_the_supply_came_is_not_heard() -> None:
    bench = Bench(program=_PROGRAM)
    bench.swim_mode()
    switch(bench, on=False)
    bench.send("F4 04")
    bench.clock.sleep(0.005)
    switch(bench, on=True)
    assert bench.wait() == SILENT
    assert bench.do("F4 04") == OK


def test_a_program_turns_swim_off_when_it_is_said_to_and_not_while_it_is_stalled() -> None:
    bench = Bench(faults=["app-disables-swim=100"], program=_PROGRAM)
    bench.connect()  # stalled by the reset
    bench.clock.sleep(1.0)
    assert bench.write(0x7F99, 0x00) == OK  # it goes on
    bench.clock.sleep(0.08)
    assert bench.try_read(0x8000) == OK
    assert bench.write(0x7F99, 0x08) == OK
    bench.clock.sleep(1.0)
    assert bench.try_read(0x8000) == OK
    assert bench.write(0x7F99, 0x00) == OK
    bench.clock.sleep(0.1)
    assert bench.try_read(0x8000) == SILENT


@pytest.mark.parametrize(("fault", "mv"), [("marginal-supply", 2400), ("marginal-supply=2700", 2700)])
def test_a_marginal_supply_is_measured_and_reads_but_does_not_program(fault: str, mv: int) -> None:
    bench = Bench(faults=[fault], program=_PROGRAM).connect()
    assert millivolts(bench) == pytest.approx(mv, abs=10)
    assert bench.read(0x8000, 64) == _PROGRAM
    bench.unlock()
    assert not bench.program(0x8000, bytes(64)) & 0x04
    bench.clock.sleep(1.0)
    assert not bench.iapsr() & 0x04
    assert bench.read(0x8000, 64) == _PROGRAM


def test_without_supply_a_held_reset_line_is_no_reset() -> None:
    bench = Bench(faults=["nrst-stuck-low", "unpowered"])
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    assert bench.state == "unpowered"
    assert REFUSED not in {bench.try_read(address) for address in (CSR, 0x8000)}

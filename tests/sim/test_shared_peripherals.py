"""Peripherals that SWIM and the program both use. Facts: RM0016."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sim.bench import CSR, OK, Bench
from sim.cpu_programs import COUNT_RAM, FOREVER, program, stall
from stm8tool.sim.gap import SimGapError

SVD = Path(__file__).resolve().parents[2] / "misc" / "svd"
EXAMPLES = {  # a file of register values, and a part that has these registers
    "stm8s103": "stm8s103f3",
    "stm8s903": "stm8s903k3",
    "stm8af622x": "stm8af6223",
    "stm8s105": "stm8s105c6",
    "stm8s207": "stm8s207rb",
    "stm8s208": "stm8s208rb",
    "stm8l101": "stm8l101f3",
    "stm8l151x3": "stm8l151k3",
    "stm8l152x6": "stm8l152c6",
    "stm8l152x8": "stm8l152m8",
}
PA_ODR, PA_DDR, TIM4_CNTR, TIM4_ARR, IWDG_KR, SPI_CR1 = 0x5000, 0x5002, 0x5346, 0x5348, 0x50E0, 0x5200


def registers_after_reset(file: str) -> Iterator[tuple[str, int, int]]:
    """Give the name, the address and the value of each register that misc/svd knows."""
    for peripheral in ElementTree.parse(SVD / f"{file}.svd").getroot().iter("peripheral"):
        base = int(peripheral.findtext("baseAddress", ""), 0)
        for register in peripheral.iter("register"):
            value = register.findtext("resetValue")
            if value is not None:
                name = f"{peripheral.findtext('name')}_{register.findtext('name')}"
                yield name, base + int(register.findtext("addressOffset", ""), 0), int(value, 0)


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


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_swim_uses_the_peripherals_of_a_chip_that_has_executed_nothing(part: str) -> None:
    bench = Bench(part).connect()
    bench.clock.sleep(0.001)
    assert bench.write(PA_DDR, 0x08) == OK
    assert bench.read(PA_ODR, 5) == bytes([0x00, 0x00, 0x08, 0x00, 0x00])
    assert bench.read(0x7F70, 8) == b"\xff" * 8  # ITC_SPR: level 3 for each interrupt
    bench.leave()
    assert bench.connect().byte(PA_DDR) == 0


def test_the_place_between_the_ports_and_the_flash_controller_reads_as_unmapped() -> None:
    bench = Bench().connect()
    bench.clock.sleep(0.001)
    pull_up = bytes(16) + bytes([0x02, 0x00, 0x02])  # PD_IDR and PD_CR1: the pin of SWIM has a pull-up
    assert bench.read(PA_ODR, 0x5A) == pull_up.ljust(0x5A, b"\0")


def test_an_independent_watchdog_of_a_blank_chip_counts_from_the_first_look_at_a_peripheral() -> None:
    bench = Bench()
    bench.chip.options.set("MISC=0x04")
    bench.connect()
    bench.clock.sleep(5.0)
    assert bench.byte(PA_ODR) == 0
    assert not bench.chip.processor.board.watchdogs[0].reset_cause


def test_a_clock_of_swim_that_the_probe_does_not_have_is_a_gap() -> None:
    bench = Bench().connect()
    bench.clock.sleep(0.001)
    assert bench.write(0x50CD, 0) == OK
    with pytest.raises(SimGapError, match="CLK_SWIMCCR"):
        bench.write(0x50CD, 1)


def test_a_write_between_the_ports_and_the_flash_controller_is_a_gap() -> None:
    bench = Bench().connect()
    bench.clock.sleep(0.001)
    with pytest.raises(SimGapError, match="0x00502D"):
        bench.write(0x502D, 1)


# -- what is not modelled ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "part"), EXAMPLES.items())
def test_swim_reads_the_values_after_a_reset_of_all_registers_without_a_model(file: str, part: str) -> None:
    bench = Bench(part).connect()
    bench.clock.sleep(0.001)
    wrong = {}
    for name, address, wanted in registers_after_reset(file):
        found = bench.byte(address)
        has_model = any(device.holds(address) for device in bench.chip.map.devices)
        if found != wanted and not has_model:
            wrong[name] = (hex(address), found, wanted)
    assert not wrong


def test_swim_keeps_what_it_writes_to_a_peripheral_without_a_model_until_a_reset() -> None:
    bench = Bench(program=program(FOREVER)).attach()
    bench.clock.sleep(0.001)
    assert bench.write(SPI_CR1, 0x44) == OK
    assert bench.read(SPI_CR1, 2) == b"\x44\x00"
    assert bench.write(CSR, 0x20) == OK
    bench.leave()
    bench.attach()
    bench.clock.sleep(0.001)
    assert bench.byte(SPI_CR1) == 0


def test_a_flag_that_says_ready_falls_when_the_program_uses_its_peripheral() -> None:
    """What the peripheral would do then is not known, so the program waits, and SWIM sees what it waits for."""
    bench = Bench(program=program("72035203FB" + "35445200" + "72035203FB" + "35010010" + FOREVER)).attach()
    bench.clock.sleep(0.001)
    assert bench.read(SPI_CR1, 4) == b"\x44\x00\x00\x00"
    assert bench.byte(0x10) == 0


def test_a_look_by_swim_is_told_once_and_is_not_a_use_by_the_program(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(program=program(FOREVER)).attach()
    bench.clock.sleep(0.001)
    assert bench.read(SPI_CR1, 8) == bytes.fromhex("0000000200070000")
    assert bench.byte(0x53E0) == 0
    told = [record.getMessage() for record in caplog.records]
    assert [text.partition(":")[0] for text in told] == [
        "the simulator does not model SPI at 0x005200",
        "the simulator does not model ADC1 at 0x0053E0",
    ]
    assert not bench.chip.processor.board.other.used

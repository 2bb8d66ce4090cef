"""NRST on its way to the chip: the shortest pulse, a line that follows late, and a chip that starts late."""

from __future__ import annotations

import pytest

from sim.bench import CSR, OK, REFUSED, SILENT, Bench
from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.faults import parse
from stm8tool.sim.switches import Switches

PROGRAM = b"\x82\x00\x80\x04\x20\xfe"


def _pulsed(part: str, length_s: float, *faults: str) -> bool:
    """Tell whether a pulse of this length resets a chip that runs."""
    chip = Microcontroller(find_part(part))
    chip.flash.write(0x8000, PROGRAM)
    chip.faults = parse(faults)
    chip.settle(1.0)
    chip.map.clock_divider = 1  # what a reset undoes
    chip.set_nrst(True, 1.0)
    chip.set_nrst(False, 1.0 + length_s)
    chip.settle(2.0)
    assert chip.state == "running"
    return chip.map.clock_divider != 1


@pytest.mark.parametrize(
    ("part", "length_s", "taken"),
    [
        ("stm8s103f3", 0.0, False),
        ("stm8s103f3", 75e-9, False),
        ("stm8s103f3", 499e-9, False),
        ("stm8s103f3", 501e-9, True),
        ("stm8l151k4", 0.0, False),
        ("stm8l151k4", 50e-9, False),
        ("stm8l151k4", 299e-9, False),
        ("stm8l151k4", 301e-9, True),
    ],
)
def test_a_pulse_shorter_than_the_datasheet_asks_for_resets_nothing(part: str, length_s: float, taken: bool) -> None:
    assert _pulsed(part, length_s) is taken


@pytest.mark.parametrize(("length_s", "taken"), [(0.0, False), (0.004, False), (0.0051, True)])
def test_a_slow_line_swallows_what_is_over_before_it_has_followed(length_s: float, taken: bool) -> None:
    assert _pulsed("stm8s103f3", length_s, "nrst-slow=5") is taken
    assert not _pulsed("stm8s103f3", 1e-3, "nrst-open")


def test_a_slow_line_is_late_on_both_edges() -> None:
    bench = Bench(faults=["nrst-slow=50"], program=PROGRAM)
    bench.swim_mode()
    assert bench.do("F4 07") == OK
    assert bench.state == "running"
    bench.clock.sleep(0.05)
    assert bench.state == "held in reset"
    assert bench.do("F4 08") == OK
    assert bench.state == "held in reset"
    bench.clock.sleep(0.051)
    assert bench.state == "running"


def test_an_entry_counts_only_if_its_beginning_met_the_chip() -> None:
    """The program has turned SWIM off, and its reset comes in the middle of the waveform."""
    bench = Bench(faults=["nrst-slow=10", "app-disables-swim"], program=PROGRAM)
    bench.clock.sleep(0.01)
    bench.swim_mode()
    assert bench.do("F4 07") == OK
    assert bench.do("F4 04") == SILENT
    assert bench.do("F4 04") == OK


@pytest.mark.parametrize("start_s", [0.0005, 0.02])
def test_a_chip_that_is_late_refuses_its_bus_until_it_has_loaded_its_option_bytes(start_s: float) -> None:
    bench = Bench(model="v3", switches=Switches(start_s=start_s)).connect()
    assert bench.try_read(0x8000) == (OK if start_s < 0.001 else REFUSED)
    bench.clock.sleep(start_s)
    assert bench.try_read(0x8000) == OK
    assert bench.byte(CSR) == 0xA2


def test_hsit_may_come_later_than_the_bus() -> None:
    bench = Bench(switches=Switches(hsit_late_s=0.05)).connect()
    assert bench.try_read(0x8000) == OK
    assert bench.byte(CSR) == 0xA0
    bench.clock.sleep(0.05)
    assert bench.byte(CSR) == 0xA2

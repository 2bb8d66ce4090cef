"""Each fault does what was reported of real probes and boards."""

from __future__ import annotations

import functools
import re
from dataclasses import fields
from pathlib import Path
from typing import Optional

import pytest

from sim.bench import BUSY, CSR, ENDLESS, OK, REFUSED, SILENT, Bench
from stm8tool.errors import EndpointStallError, UsageError
from stm8tool.sim import faults as faults_module
from stm8tool.sim.faults import KNOWN, Faults, parse
from stm8tool.sim.gap import SimGapError


def millivolts(bench: Bench) -> int:
    bench.send("F3 07")
    bench.send("F7")
    reply = bench.take(8)
    a0, a1 = (int.from_bytes(reply[n : n + 4], "little") for n in (0, 4))
    return 2400 * a1 // a0 if a0 else -1


def test_the_names_are_parsed_and_printed_alike() -> None:
    texts = ("unpowered", "dead-block=0x008040", "busy-storm=3", "unplug-after=50", "fake-voltage=3250")
    faults = parse(reversed(texts))
    assert faults == Faults(unpowered=True, unplug_after=50, fake_voltage=3250, busy_storm=3, dead_block=0x8040)
    assert faults.texts() == texts
    assert parse(["fake-voltage"]).fake_voltage == 3250
    assert parse(["app-disables-swim"]).app_disables_swim == 1
    assert parse(["wedged"]).wedged == 0
    assert parse(["dead-block=32832"]) == parse(["dead-block=0X8040"])
    assert len(KNOWN) == len(fields(Faults))


def test_a_fault_can_be_mended() -> None:
    faults = parse(["unplug-after=5", "hsit-stuck"])
    assert faults.without("unplug-after") == Faults(hsit_stuck=True)
    assert faults.without("hsit-stuck") == Faults(unplug_after=5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unpowerd", "unpowered"),
        ("xyzzy", "swim-open"),
        ("unplug-after", "unplug-after=50"),
        ("stall-after=x", "stall-after=50"),
        ("stall-after=-1", "stall-after=50"),
        ("clone-buffer=0", "from 1 to 65535"),
        ("clone-buffer=65536", "from 1 to 65535"),
        ("fake-voltage=65536", "from 0 to 65535"),
        ("unpowered=1", "takes no argument"),
        ("nak-every=0", "from 1 to"),
        ("bit-flip-every", "bit-flip-every=50"),
        ("app-disables-swim=soon", "app-disables-swim=50"),
        ("dead-block", "dead-block=0x008040"),
        ("dead-block=8040h", "from 0x000000 to 0xffffff"),
        ("dead-block=0x1000000", "from 0x000000 to 0xffffff"),
        ("wedged=", "wedged=50"),
    ],
)
def test_a_wrong_fault_is_a_usage_error_that_helps(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse([text])
    assert says in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("fault", ["unpowered", "swim-open"])
def test_without_supply_or_wire_the_target_is_silent(fault: str) -> None:
    bench = Bench(faults=[fault])
    bench.swim_mode()
    for command in ("F4 04", "F4 05", "F4 06"):
        assert bench.do(command) == SILENT
    assert bench.write(CSR, 0xA0) == SILENT
    assert bench.state == ("unpowered" if fault == "unpowered" else "running: empty")
    assert millivolts(bench) == pytest.approx(0 if fault == "unpowered" else 3300, abs=10)


def test_a_line_stuck_low_is_a_line_fault_for_all_that_goes_over_it() -> None:
    bench = Bench(faults=["swim-stuck-low"])
    bench.swim_mode()
    for command in ("F4 04", "F4 05", "F4 06"):
        assert bench.do(command) == 0x16
    assert bench.try_read(0x8000) == 0x16
    assert bench.write(CSR, 0xA0) == 0x16
    assert bench.do("F4 07") == OK
    assert bench.do("F4 08") == OK


def test_the_open_firmware_knows_no_line_fault() -> None:
    bench = Bench(faults=["swim-stuck-low", "open-firmware"])
    bench.swim_mode()
    for command in ("F4 04", "F4 05", "F4 06"):
        assert bench.do(command) == OK
    assert bench.try_read(0x8000) == SILENT
    assert bench.write(CSR, 0xA0) == SILENT


def test_with_nrst_open_the_program_runs_on() -> None:
    bench = Bench(faults=["nrst-open"], program=ENDLESS)
    bench.swim_mode()
    assert bench.do("F4 07") == OK
    assert bench.state == "running"
    assert bench.do("F4 04") == OK
    assert bench.write(CSR, 0xA0) == OK
    bench.unlock()
    assert bench.mode(0x01) == REFUSED
    assert bench.do("F4 05") == OK
    assert bench.do("F4 06") == OK
    assert bench.state == "stalled"


@pytest.mark.parametrize("part", ["stm8s001j3", "stm8l001j3", "stm8l050j3"])
def test_a_part_without_an_nrst_pin_runs_on_whatever_the_probe_does_to_its_reset_wire(part: str) -> None:
    for faults in ([], ["nrst-stuck-low"]):
        bench = Bench(part, program=ENDLESS, faults=faults)
        bench.swim_mode()
        assert bench.do("F4 07") == OK
        bench.clock.sleep(0.01)
        assert bench.state == "running"
        assert bench.do("F4 04") == OK
        assert bench.write(CSR, 0xA0) == OK
        assert bench.byte(CSR) == 0xA2


def test_with_nrst_stuck_low_swim_answers_and_the_bus_does_not() -> None:
    bench = Bench(faults=["nrst-stuck-low"])
    bench.swim_mode()
    assert bench.do("F4 04") == OK
    assert bench.write(CSR, 0xA0) == OK
    assert bench.do("F4 08") == OK
    bench.clock.sleep(1.0)
    assert bench.byte(CSR) == 0xA0
    assert bench.do("F4 06") == OK
    assert bench.do("F4 05") == OK
    assert bench.byte(CSR) == 0xA0
    for address in (0x8000, 0x0100, 0x7F00):  # the debug module has a switch
        assert bench.try_read(address) == REFUSED
        assert bench.write(address, 0x08) == REFUSED
    assert bench.state == "held in reset"


def test_hsit_stuck() -> None:
    assert Bench(faults=["hsit-stuck"]).connect().byte(CSR) == 0xA0


def test_no_eop_means_that_nothing_is_programmed() -> None:
    bench = Bench(faults=["no-eop"]).connect()
    bench.unlock()
    assert not bench.program(0x8000, bytes(range(64))) & 0x04
    bench.clock.sleep(1.0)
    assert not bench.iapsr() & 0x04
    assert not any(bench.read(0x8000, 64))


@pytest.mark.parametrize(("part", "address"), [("stm8s103f3", 0x8040), ("stm8s103f3", 0x4041), ("stm8l101f3", 0x9FFF)])
def test_a_dead_block_keeps_its_bytes_whatever_is_programmed_and_its_neighbours_do_not(part: str, address: int) -> None:
    bench = Bench(part, faults=[f"dead-block={address}"])
    memory = bench.chip.flash if address >= 0x8000 else bench.chip.eeprom
    assert memory is not None
    start = address & ~63
    old, new = b"\x82" + bytes(range(1, 64)), bytes(range(64, 128))
    for block in (start, start - 64):
        memory.write(block, old)
        bench.connect()
        bench.unlock()
        assert bench.program(block, new) & 0x05 == 0x04
        assert bench.program(block, bytes(4), mode=0x20) & 0x05 == 0x04
        assert bench.program(block, b"\x11") & 0x05 == 0x00  # a block needs more
        bench.connect()
        bench.unlock()
        assert bench.program(block, b"\x12", mode=0x00) & 0x05 == 0x04
        assert bench.read(block, 64) == (old if block == start else b"\x12" + bytes(63))
        assert memory.wear[(block - memory.start) // 64] == 3


def test_a_dead_block_is_not_even_erased_by_an_unlock() -> None:
    bench = Bench(faults=["dead-block=0x8040"], locked=True, program=bytes(range(1, 129))).connect()
    bench.unlock()
    assert bench.option(0x4800, 0x00) & 0x04
    assert bench.read(0x8000, 192) == bytes(64) + bytes(range(65, 129)) + bytes(64)


def test_a_busy_storm_lasts_for_its_polls() -> None:
    bench = Bench(faults=["busy-storm=3"])
    bench.swim_mode()
    bench.send("F4 04")
    bench.clock.sleep(0.02)
    assert [bench.poll() for _ in range(4)] == [BUSY] * 3 + [OK]


def test_a_busy_storm_without_a_number_never_ends() -> None:
    bench = Bench(faults=["busy-storm"])
    bench.swim_mode()
    bench.send("F4 04")
    bench.clock.sleep(10)
    assert {bench.poll() for _ in range(100)} == {BUSY}


def test_a_lost_link_comes_back_only_by_an_entry_under_reset_which_locks_the_flash() -> None:
    bench = Bench(faults=["drop-link-after=60"]).connect()
    bench.unlock()
    while bench.try_read(0x8000) == OK:
        pass
    assert bench.probe.transfers > 60
    for command in ("F4 06", "F4 04", "F4 05"):
        assert bench.do(command) == SILENT
    bench.connect()
    assert bench.iapsr() & 0x0A == 0


def test_a_clones_buffer_limits_reads_and_writes() -> None:
    bench = Bench(faults=["clone-buffer=1024"]).connect()
    assert bench.ask("F4 0D", 2) == "00 04"
    assert len(bench.read(0x8000, 1024)) == 1024
    with pytest.raises(SimGapError):
        bench.start_read(0x8000, 1025)


def test_a_clone_cuts_addresses_to_16_bits() -> None:
    bench = Bench("stm8s208rb", faults=["clone-16bit-address"], program=ENDLESS).connect()
    assert bench.byte(0x18000) == 0x82


@pytest.mark.parametrize(("model", "word"), [("v2", "24 44"), ("v21", "24 87")])
def test_old_firmware_shows_in_the_version(model: str, word: str) -> None:
    assert Bench(model=model, faults=["old-firmware"]).ask("F1", 6)[:5] == word


def test_old_firmware_of_a_v3_shows_in_the_extended_version() -> None:
    assert Bench(model="v3", faults=["old-firmware"]).ask("FB", 12).startswith("03 01 01")


@pytest.mark.parametrize("model", ["v2", "v21", "v3"])
def test_firmware_without_swim_says_so_and_is_not_to_be_asked(model: str) -> None:
    bench = Bench(model=model, faults=["swimless-firmware"])
    if model == "v3":
        assert bench.ask("FB", 12).startswith("03 00")
    else:
        assert bench.ask("F1", 6)[:5] == {"v2": "2B 40", "v21": "26 4D"}[model]
    with pytest.raises(SimGapError):
        bench.send("F4 00")


@pytest.mark.parametrize(
    ("fault", "expected"), [("fake-voltage", 3250), ("fake-voltage=1200", 1200), ("fake-voltage=0", -1)]
)
def test_a_clones_voltage_means_nothing(fault: str, expected: int) -> None:
    assert millivolts(Bench(faults=[fault, "unpowered"])) == pytest.approx(expected, abs=10)


def test_optimistic_status_is_a_property_of_its_own() -> None:
    bench = Bench(faults=["unpowered"])
    bench.probe.firmware.optimistic_status = True
    bench.swim_mode()
    assert bench.do("F4 04") == OK
    assert bench.write(CSR, 0xA0) == SILENT


def test_every_nth_transfer_stalls_until_it_is_cleared() -> None:
    bench = Bench(faults=["stall-every=3"])
    assert bench.ask("F5", 2) == "00 01"
    with pytest.raises(EndpointStallError):
        bench.send("F5")
    with pytest.raises(EndpointStallError):
        bench.send("F5")
    bench.probe.clear_halt()
    bench.send("F5")
    with pytest.raises(EndpointStallError):
        bench.take(2)
    bench.probe.clear_halt()
    assert bench.take(2)[0] == 0


@pytest.mark.parametrize(("fault", "tries"), [("dul-misses=0", 1), ("dul-misses=2", 3), ("dul-misses", None)])
def test_right_keys_may_have_to_be_given_again(fault: str, tries: Optional[int]) -> None:
    bench = Bench("stm8l151k4", faults=[fault]).connect()
    opened = None
    for count in range(1, 10):
        bench.register("DUKR", 0xAE, 0x56)
        if bench.iapsr() & 0x08 and opened is None:
            opened = count
    assert opened == tries


_PACKAGE, _TESTS = Path(faults_module.__file__).parent, Path(__file__).parent.parent


@functools.cache
def _texts(folder: Path) -> str:
    files = (path for path in folder.rglob("*.py") if path.name != "faults.py")
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("name", KNOWN)
def test_a_fault_is_acted_on_and_tried(name: str) -> None:
    attribute = name.replace("-", "_")
    acted = re.search(rf"\.{attribute}\b|[\"']({attribute}|{name})[\"']", _texts(_PACKAGE))
    assert acted, f"no module of sim/ asks for faults.{attribute}: the fault {name} does nothing"
    tried = re.search(rf"[\"']{name}[\"'=]|\b{attribute}=", _texts(_TESTS))
    assert tried, f"no test has the fault {name}: add one to tests/sim/test_faults.py"

"""stm8tool through real pyusb, libusb and a real kernel."""

from __future__ import annotations

import re

import pytest

from stm8tool.sim import store
from vm.machine import Machine

pytestmark = pytest.mark.vm

WRITE = "stm8tool --part stm8s103f3 write /io/firmware.hex"
VERIFY = "stm8tool --part stm8s103f3 verify /io/firmware.hex"
NAMES = {"v1": "ST-LINK/V1", "v2": "ST-LINK/V2", "v21": "ST-LINK/V2-1", "v3": "STLINK-V3"}


@pytest.mark.parametrize("model", NAMES)
def test_a_probe_is_listed_and_a_locked_chip_unlocked_written_and_verified(machine: Machine, model: str) -> None:
    with machine.probe(model, locked=True) as probe:
        listed = machine.do("stm8tool list")
        assert NAMES[model] in listed
        assert probe.serial in listed
        assert probe.path in listed
        written = machine.do(WRITE)
        assert "read protection removed" in written
        assert "written and verified" in written
        assert "verified: 604 bytes are equal" in machine.do(VERIFY)
    report = store.describe(probe.chip)
    assert (report.locked, report.state, report.nrst_low) == (False, "running", False)


def test_unlock_erases_a_locked_chip(machine: Machine) -> None:
    with machine.probe("v2", locked=True) as probe:
        assert "unlocked" in machine.do("stm8tool --part stm8s103f3 unlock")
    report = store.describe(probe.chip)
    assert (report.locked, report.memories[0].used) == (False, 0)


@pytest.mark.parametrize("model", ["v21", "v3"])
def test_the_systems_drivers_keep_the_disk_and_the_serial_port(machine: Machine, model: str) -> None:
    with machine.probe(model) as probe:
        look = f'for i in 0 1 2 3; do basename "$(readlink $DEVICES/{probe.device}:1.$i/driver)"; done'
        assert machine.do(look).split() == ["usb-storage", "cdc_acm", "cdc_acm"]
        machine.do(WRITE)
        assert machine.do(look).split() == ["usb-storage", "cdc_acm", "cdc_acm"]
        machine.do("echo hello > /dev/ttyACM0")


def test_the_systems_disk_driver_gets_a_v1_back(machine: Machine) -> None:
    with machine.probe("v1") as probe:
        look = f'basename "$(readlink $DEVICES/{probe.device}:1.0/driver)"'
        assert machine.do(look) == "usb-storage\n"
        machine.do(WRITE)
        assert machine.do(look) == "usb-storage\n"


@pytest.mark.parametrize("model", ["v1", "v3"])
def test_a_probe_that_is_pulled_while_it_writes_is_lost_and_the_next_write_mends_the_chip(
    machine: Machine, model: str
) -> None:
    with machine.probe(model, faults=["unplug-after=150"]) as probe:
        result = machine.run(WRITE)
        assert result.code == 3
        assert "error: " in result.output
        machine.do(f"while [ -e $DEVICES/{probe.device} ]; do sleep 0.05; done")
        machine.do(probe.attach)
        machine.do(WRITE)
        machine.do(VERIFY)


@pytest.mark.parametrize(
    ("model", "fault"),
    [("v2", "stall-after=60"), ("v2", "timeout-after=60"), ("v1", "stall-after=60"), ("v3", "timeout-after=60")],
)
def test_a_transfer_that_goes_wrong_once_does_not_end_a_write(machine: Machine, model: str, fault: str) -> None:
    with machine.probe(model, faults=[fault]) as probe:
        assert "written and verified" in machine.do(WRITE)
    assert store.describe(probe.chip).faults == ()


@pytest.mark.parametrize("model", ["v1", "v2"])
def test_a_probe_that_hangs_is_reset_on_the_bus_and_used(machine: Machine, model: str) -> None:
    with machine.probe(model, faults=["wedged"]) as probe:
        assert "written and verified" in machine.do(WRITE)
    assert store.describe(probe.chip).faults == ()


def test_a_probe_that_hangs_for_good_is_to_be_replugged(machine: Machine) -> None:
    with machine.probe("v3", faults=["wedged-for-good"]) as probe:
        result = machine.run(WRITE)
        assert result.code == 3
        assert "[E-PROBE-HUNG]" in result.output
        assert "plug it in again" in result.output
    assert not store.describe(probe.chip).memories[0].used


def test_a_probe_that_another_program_holds_is_busy_and_that_program_named(machine: Machine) -> None:
    other = "openocd -f interface/stlink-dap.cfg -f target/stm8s103.cfg -c init"
    with machine.probe("v2"):
        machine.do(f"{other} > /io/other.log 2>&1 & echo $! > /io/other.pid")
        machine.do("until grep -q 'Listening on port 3333' /io/other.log; do sleep 0.05; done")
        result = machine.run("stm8tool info; code=$?; kill $(cat /io/other.pid); exit $code")
        assert result.code == 7
        assert re.search(r"in use by process \d+ \(openocd -f interface/stlink-dap\.cfg .*\[E-BUSY\]", result.output)


def test_without_the_right_to_the_device_the_rule_is_told_that_gives_it(machine: Machine) -> None:
    # The files that this user needs may be below another user's home; the guest's files are only a view of them.
    readable = 'for d in "$PYTHON" "$(realpath "$PYTHON")" "$PYTHONPATH"; do while [ "$d" != / ]; do chmod o+rx "$d";'
    machine.do(readable + ' d=$(dirname "$d"); done; done')
    nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups "$PYTHON" -m stm8tool'
    with machine.probe("v2") as probe:
        assert "no permission to open" in machine.do(f"{nobody} list")
        result = machine.run(f"{nobody} info")
        assert result.code == 7
        assert f"no permission to open the probe at {probe.path} [E-PERMISSION]" in result.output
        rule = 'SUBSYSTEM=="usb", ATTR{idVendor}=="0483", MODE="0666"'
        assert rule in result.output
        assert rule in machine.do("stm8tool udev")
        node = (
            f"/dev/bus/usb/$(printf '%03d/%03d' $(cat $DEVICES/{probe.device}/busnum $DEVICES/{probe.device}/devnum))"
        )
        machine.do(f"chmod 0666 {node}")  # what the rule does
        assert probe.serial in machine.do(f"{nobody} info")


def test_of_two_probes_one_is_chosen_by_its_serial_number_or_its_socket(machine: Machine) -> None:
    with machine.probe("v2", faults=["old-firmware"]) as old, machine.probe("v3") as new:
        listed = machine.do("stm8tool list")
        assert old.serial in listed
        assert new.serial in listed
        either = machine.run("stm8tool info")
        assert either.code == 3
        assert old.path in either.output
        assert new.path in either.output
        for choice, chosen in ((old.serial[:10], old), (new.path, new)):
            assert chosen.serial in machine.do(f"stm8tool --probe {choice} info")


def test_a_reset_on_the_bus_brings_a_probe_back_to_its_first_mode(machine: Machine) -> None:
    script = """
from stm8tool.probe.stlink import find
bus = find.system_bus()
pipe = find.pipe_to(find.find("stlink", bus), bus)
def ask(command, size=0):
    pipe.write(bytes.fromhex(command).ljust(16, b"\\0"), 1)
    return pipe.read(size, 1).hex() if size else ""
pipe.open()
ask("F3 07"); ask("F4 00")
print(ask("F5", 2))
pipe.reset()
print(ask("F5", 2))
pipe.close()
"""
    with machine.probe("v2"):
        assert machine.do(f'"$PYTHON" - <<"END"\n{script}END\n').split() == ["0300", "0001"]

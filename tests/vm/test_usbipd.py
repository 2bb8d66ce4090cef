"""The tool at the real `usbipd` of Linux: the guest's kernel exports a simulated ST-LINK, and the tool is its client.

The probe is at a host controller of the guest (redirection.py). One that came by `usbip attach` cannot be exported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from sim.importer import serving
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from vm.machine import Machine
from vm.redirection import plugged

pytestmark = pytest.mark.vm

_PROBE = "grep -l 0483 $DEVICES/*/idVendor 2> /dev/null"
_EXPORT = f"""
until [ -n "$({_PROBE})" ]; do sleep 0.05; done
busid=$(basename $(dirname $({_PROBE})))
usbip bind -b $busid > /dev/null || exit 1
until usbip list -r 127.0.0.1 2> /dev/null | grep -q "$busid:"; do sleep 0.05; done
echo $busid
"""


@pytest.fixture(scope="module")
def usbipd(machine: Machine) -> Iterator[Machine]:
    """A guest in which usbipd runs."""
    machine.do('modprobe -d "$KERNEL" xhci-pci && modprobe -d "$KERNEL" usbip-host && usbipd -P/run/usbipd.pid -D')
    yield machine
    machine.do('kill $(cat /run/usbipd.pid); modprobe -d "$KERNEL" -r usbip-host xhci-pci')


@contextmanager
def exported(machine: Machine, model: str, *faults: str, locked: bool = False) -> Iterator[str]:
    """Have a simulated probe exported by usbipd; yield what `--probe` takes in the guest."""
    chip = machine.io / "exported.chip"
    store.create(chip, find_part("stm8s103f3"), model, faults=faults, locked=locked, overwrite=True)
    with serving(chip) as server, plugged(server.port, machine.usb_port):
        busid = machine.do(_EXPORT).strip()
        yield f"usbip://127.0.0.1/{busid}"
    machine.do(f'while [ -n "$({_PROBE})" ]; do sleep 0.05; done')


def _faults(machine: Machine) -> Iterable[str]:
    return store.describe(machine.io / "exported.chip").faults


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_a_locked_chip_is_unlocked_written_and_verified_by_usbipd(usbipd: Machine, model: str) -> None:
    with exported(usbipd, model, locked=True) as place:
        tool = f"stm8tool --probe {place} --part stm8s103f3"
        assert place in usbipd.do("stm8tool list --probe usbip://127.0.0.1")
        written = usbipd.do(f"{tool} write /io/firmware.hex")
        assert "read protection removed" in written
        assert "written and verified" in written
        assert "verified: 604 bytes are equal" in usbipd.do(f"{tool} verify /io/firmware.hex")
    report = store.describe(usbipd.io / "exported.chip")
    assert (report.locked, report.state, report.nrst_low) == (False, "running", False)


@pytest.mark.parametrize(("model", "fault"), [("v2", "stall-after=60"), ("v3", "timeout-after=60"), ("v2", "wedged")])
def test_a_fault_of_the_probe_is_mended_through_usbipd(usbipd: Machine, model: str, fault: str) -> None:
    with exported(usbipd, model, fault) as place:
        assert "written and verified" in usbipd.do(f"stm8tool --probe {place} --part stm8s103f3 write /io/firmware.hex")
    assert _faults(usbipd) == ()


def test_a_probe_that_another_client_has_is_busy(usbipd: Machine) -> None:
    holder = """
from stm8tool.transport import usbip
bus, _ = usbip.attach("PLACE")
wire = bus.take(bus.devices()[0])
print("taken", flush=True)
input()
"""
    with exported(usbipd, "v2") as place:
        code = holder.replace("PLACE", place)
        usbipd.do(
            f"mkfifo /run/hold; exec 9<>/run/hold; \"$PYTHON\" -c '{code}' < /run/hold > /run/held 2>&1 &\n"
            "until grep -q taken /run/held; do sleep 0.05; done"
        )
        result = usbipd.run(f"stm8tool --probe {place} info; code=$?; echo > /run/hold; wait; exit $code")
        assert result.code == 7
        assert "is busy: its server does not give it to this program [E-BUSY]" in result.output
        assert "STM8S" in usbipd.do(f"stm8tool --probe {place} info")


def test_a_probe_that_is_pulled_is_lost(usbipd: Machine) -> None:
    with exported(usbipd, "v2", "unplug-after=150") as place:
        result = usbipd.run(f"stm8tool --probe {place} --part stm8s103f3 write /io/firmware.hex")
        assert result.code == 3
        assert "error: " in result.output


def test_a_probe_that_came_by_usb_ip_is_not_exported_again(usbipd: Machine) -> None:
    with usbipd.probe("v2") as probe:
        result = usbipd.run(f"usbip bind -b {probe.device}")
        assert result.code != 0
        assert "bind loop detected" in result.output

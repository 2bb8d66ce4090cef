"""The tool at the real `usbipd` of Linux: the guest's kernel exports a simulated ST-LINK, and the tool is its client.

The probe is at a host controller of the guest (redirection.py). One that came by `usbip attach` cannot be exported.
"""

from __future__ import annotations

from collections.abc import Iterator
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
usbip bind -b $busid > /dev/null 2>&1 || exit 1
until usbip list -r 127.0.0.1 2> /dev/null | grep -q "$busid:"; do sleep 0.05; done
echo $busid
"""


@pytest.fixture(scope="module")
def usbipd(machine: Machine) -> Iterator[Machine]:
    """A guest in which usbipd runs."""
    machine.do('modprobe -d "$KERNEL" xhci-pci && modprobe -d "$KERNEL" usbip-host && usbipd -P/run/usbipd.pid -D')
    yield machine
    machine.do("kill $(cat /run/usbipd.pid)")


@contextmanager
def exported(machine: Machine, model: str, *faults: str) -> Iterator[str]:
    """Have a simulated probe exported by usbipd; yield what `--probe` takes in the guest."""
    chip = machine.io / "exported.chip"
    store.create(chip, find_part("stm8s103f3"), model, faults=faults, overwrite=True)
    with serving(chip) as server, plugged(server.port, machine.usb_port):
        busid = machine.do(_EXPORT).strip()
        yield f"usbip://127.0.0.1/{busid}"
    machine.do(f'while [ -n "$({_PROBE})" ]; do sleep 0.05; done')


def test_a_probe_that_hangs_is_reset_by_the_next_import_written_and_then_busy_for_a_second_client(
    usbipd: Machine,
) -> None:
    holder = """
from stm8tool.transport import usbip
bus, _ = usbip.attach("PLACE")
wire = bus.take(bus.devices()[0])
print("taken", flush=True)
input()
"""
    with exported(usbipd, "v3", "wedged") as place:  # with a disk and a serial port, which have drivers in the guest
        assert place in usbipd.do("stm8tool list --probe usbip://127.0.0.1")
        assert "written and verified" in usbipd.do(f"stm8tool --probe {place} --part stm8s103f3 write /io/firmware.hex")
        code = holder.replace("PLACE", place)
        usbipd.do(
            f"mkfifo /run/hold; exec 9<>/run/hold; \"$PYTHON\" -c '{code}' < /run/hold > /run/held 2>&1 &\n"
            "until grep -q taken /run/held; do sleep 0.05; done"
        )
        result = usbipd.run(f"stm8tool --probe {place} info; code=$?; echo > /run/hold; wait; exit $code")
        assert result.code == 7
        assert "is busy: its server does not give it to this program [E-BUSY]" in result.output
    report = store.describe(usbipd.io / "exported.chip")
    assert (report.faults, report.state) == ((), "running")


def test_a_probe_that_came_by_usb_ip_is_not_exported_again(usbipd: Machine) -> None:
    with usbipd.probe("v2") as probe:
        result = usbipd.run(f"usbip bind -b {probe.device}")
        assert result.code != 0
        assert "bind loop detected" in result.output

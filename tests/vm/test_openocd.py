"""OpenOCD 0.12, a client from another project, on the simulated probe.

It takes the family of the chip from its own files, so what it does there is a third reading of the same manuals.
"""

from __future__ import annotations

import re

import pytest

from stm8tool.sim import store
from vm.conftest import PROGRAM
from vm.machine import Machine, Probe

pytestmark = pytest.mark.vm

UNDER_RESET = ("adapter speed 363", "reset_config srst_nogate connect_assert_srst")
LOAD = ("load_image /io/firmware.hex", "verify_image /io/firmware.hex")


def openocd(machine: Machine, *commands: str) -> str:
    """Run commands after `init`, those before it in front; return what OpenOCD says."""
    words = " ".join(f'-c "{command}"' for command in (*commands, "shutdown"))
    return machine.do(f"openocd -f interface/stlink-dap.cfg -f target/stm8s103.cfg {words}")


def flash(probe: Probe) -> bytes:
    """Return the chip's flash as the file has it, when the probe has been unplugged."""
    data = store.open_transport(probe.chip)._document["memories"]["flash"]["data"]
    return bytes.fromhex(data)


@pytest.mark.parametrize("model", ["v1", "v2", "v21", "v3"])
def test_it_halts_loads_verifies_steps_and_lets_the_program_run(machine: Machine, model: str) -> None:
    with machine.probe(model) as probe:
        if model == "v1":  # it does not take a probe from the disk driver, so its users keep that away
            machine.do(f"echo -n {probe.device}:1.0 > /sys/bus/usb/drivers/usb-storage/unbind")
        said = openocd(machine, "init", "reset halt", *LOAD, "reset halt", "step", "reg pc", "reset run")
        assert "clock speed 800 kHz" in said
        assert f"{len(PROGRAM)} bytes written at address 0x00008000" in said
        assert f"verified {len(PROGRAM)} bytes" in said
        assert re.findall(r"halted due to (\S+), pc: (\S+)", said) == [
            ("debug-request", "0x00008000"),
            ("debug-request", "0x00008000"),
            ("single-step", "0x00008083"),
        ]
        assert "pc (/32): 0x00008083" in said
    assert flash(probe).startswith(PROGRAM)
    assert store.describe(probe.chip).state == "running"


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_it_halts_a_running_program_without_a_reset_and_lets_it_go_on(machine: Machine, model: str) -> None:
    with machine.probe(model) as probe:
        openocd(machine, "init", "reset halt", *LOAD, "reset run")
        said = openocd(machine, "init", "halt", "reg", "mdb 0x8000 4", "resume")
        assert "pc (/32): 0x00008083" in said
        assert "sp (/16): 0x03ff" in said
        assert "0x00008000: 82 00 80 83" in said
    assert store.describe(probe.chip).state == "running"


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_it_connects_under_reset_to_a_program_that_frees_the_pin(machine: Machine, model: str) -> None:
    with machine.probe(model, faults=["app-disables-swim"]) as probe:
        machine.do("stm8tool --part stm8s103f3 write /io/firmware.hex")
        assert machine.run("openocd -f interface/stlink-dap.cfg -f target/stm8s103.cfg -c init -c shutdown").code
        said = openocd(machine, *UNDER_RESET, "init", "reset halt", "verify_image /io/firmware.hex")
        assert f"verified {len(PROGRAM)} bytes" in said
    assert flash(probe).startswith(PROGRAM)


def test_it_writes_eeprom_and_an_option_byte(machine: Machine) -> None:
    with machine.probe("v2") as probe:
        write = ("mwb 0x4000 0x5a", "mwb 0x4803 0x01", "mwb 0x4804 0xfe")
        said = openocd(machine, "init", "reset halt", *write, "reset halt", "mdb 0x4000", "mdb 0x4803 2")
        assert "0x00004000: 5a" in said
        assert "0x00004803: 01 fe" in said
    (afr,) = (option for option in store.describe(probe.chip).options if option.name == "AFR")
    assert (afr.value, afr.intact) == (1, True)


def test_it_removes_read_protection(machine: Machine) -> None:
    with machine.probe("v2", locked=True) as probe:
        openocd(machine, "init", "reset halt", "stm8_reset_rop")
    assert not store.describe(probe.chip).locked
    assert not any(flash(probe))

"""A probe that the system shows and does not let us open, by real libusb: Debian's umockdev makes /sys and /dev."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

TOOL = Path(__file__).parents[2] / "tool"
SHIM = Path(__file__).with_name("open_refused.c")
NEEDED = ("umockdev-run", "gcc")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)),
    reason="needs Linux with umockdev-run and gcc, which root's dev.py installs on Debian",
)

# USB 2.0 §9.6: an ST-LINK/V2, serial number in string 3, one interface with the endpoints 81, 02 and 83.
DESCRIPTORS = (
    "1201000200000040830448370001010203010902270001010080320904000003FFFFFF00070581024000000705020240000007058302400000"
)
PROBE = f"""\
P: /devices/pci0000:00/0000:00:14.0/usb1/1-1
{{node}}E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
E: BUSNUM=001
E: DEVNUM=005
A: busnum=1\\n
A: devnum=5\\n
A: devpath=1\\n
A: idVendor=0483\\n
A: idProduct=3748\\n
A: authorized={{authorized}}\\n
A: bConfigurationValue=1\\n
A: speed=12\\n
H: descriptors={DESCRIPTORS}

"""
NODE = f"N: bus/usb/001/005={DESCRIPTORS}\nE: DEVNAME=/dev/bus/usb/001/005\n"
FILE = "/dev/bus/usb/001/005"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Machine:
    """A Linux machine with one probe in its /sys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shim = folder / "open_refused.so"
        command = ["gcc", "-shared", "-fPIC", "-o", str(self.shim), str(SHIM), "-ldl"]
        subprocess.run(command, check=True)

    def run(self, *words: str, node: bool = True, number: int = 0, authorized: int = 1) -> Outcome:
        """Run a command; `number` is what opening the device file says."""
        probe = PROBE.format(node=NODE if node else "", authorized=authorized)
        (self.folder / "probe.umockdev").write_text(probe)
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        if number:
            environment.update(OPEN_ERRNO=str(number), LD_PRELOAD=str(self.shim))
        tool = [sys.executable, "-I", str(TOOL), *words]
        done = subprocess.run(
            ["umockdev-run", "-d", "probe.umockdev", "--", *tool],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"))


SAID = {
    errno.EPERM: "the system forbids this process to open the probe at usb:1-1 (EPERM)",
    errno.EACCES: "no permission to open the probe at usb:1-1",
    errno.ENOENT: f"the system shows the probe at usb:1-1, but its device file {FILE} does not exist here",
    errno.ENODEV: f"the system shows the probe at usb:1-1, but {FILE} does not lead to it",
    errno.ENXIO: f"the system shows the probe at usb:1-1, but {FILE} does not lead to it",
    errno.EROFS: f"the probe at usb:1-1 cannot be opened: {os.strerror(errno.EROFS)}",
    errno.EBUSY: f"the probe at usb:1-1 cannot be opened: {os.strerror(errno.EBUSY)}",
    errno.EMFILE: f"the probe at usb:1-1 cannot be opened: {os.strerror(errno.EMFILE)}",
}


@pytest.mark.parametrize("number", SAID, ids=lambda number: errno.errorcode[number])
def test_a_device_file_that_does_not_open_is_a_matter_of_access(machine: Machine, number: int) -> None:
    ended = machine.run("--part", "stm8s103f3", "info", number=number)
    assert (ended.code, ended.err.splitlines()[-1]) == (7, f"error: {SAID[number]} [E-PERMISSION]")
    assert ended.err.splitlines()[-2].startswith("hint: ")
    assert f"{FILE}: {os.strerror(number)}" in ended.err


@pytest.mark.parametrize(("node", "number"), [(False, 0), (True, errno.EPERM)], ids=["no device file", "device rules"])
def test_every_command_comes_to_the_same_and_says_what_to_pass(machine: Machine, node: bool, number: int) -> None:
    Path(machine.folder, "x.hex").write_text(":0480000082008080FA\n:00000001FF\n")
    written = machine.run("--part", "stm8s103f3", "write", "x.hex", node=node, number=number)
    assert written.code == 7
    hint, error = written.err.splitlines()[-2:]
    assert "/dev/bus/usb" in hint
    assert "replug the probe" not in hint
    by_serial = machine.run("--probe", "57FF", "--part", "stm8s103f3", "info", node=node, number=number)
    assert (by_serial.code, by_serial.err.splitlines()[-2]) == (7, hint)
    (listed,) = json.loads(machine.run("list", "--json", node=node, number=number).out)["result"]["probes"]
    assert (f"error: {listed['problem']} [E-PERMISSION]", f"hint: {listed['hint']}") == (error, hint)
    doctor = machine.run("doctor", node=node, number=number)
    assert (doctor.code, doctor.err.splitlines()[-1]) == (7, error)
    assert f"what to do: {hint.partition(' ')[2]}" in doctor.out


def test_a_probe_that_the_system_does_not_authorise_is_listed_as_that(machine: Machine) -> None:
    (listed,) = json.loads(machine.run("list", "--json", authorized=0).out)["result"]["probes"]
    assert listed["problem"] == "the system does not authorise the probe at usb:1-1"
    assert "usbguard allow-device" in listed["hint"]


def test_a_file_that_opens_and_a_probe_that_then_fails_stay_a_broken_transfer(machine: Machine) -> None:
    (listed,) = json.loads(machine.run("list", "--json").out)["result"]["probes"]
    assert "broke off" in listed["problem"]

"""Processes and drivers that hold a probe, in a /proc and a /sys made of files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Optional

import pytest

from stm8tool.errors import AccessError
from stm8tool.transport import usb_access, usb_holder
from stm8tool.transport.usb_holder import NOBODY, Holders
from unit import fake_usb
from unit.fake_usb import Bus, FakeDevice

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links as in /proc need a privilege there")
DEVICE = "/dev/bus/usb/001/005"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a Linux machine with a process that has other things open."""
    add_process(tmp_path, 1, "/sbin/init", "/dev/null", "/dev/bus/usb/001/050", "/dev/bus/usb/002/005")
    (tmp_path / "proc" / "cpuinfo").touch()
    return tmp_path


def add_process(root: Path, number: int, command: Optional[str], *files: str) -> Path:
    folder = root / "proc" / str(number)
    (folder / "fd").mkdir(parents=True)
    if command is not None:
        (folder / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0")
    for descriptor, file in enumerate(files):
        (folder / "fd" / str(descriptor)).symlink_to(file)
    return folder


def bind(root: Path, interface: str, driver: str) -> None:
    folder = root / "sys" / "bus" / "usb" / "devices" / interface
    folder.mkdir(parents=True)
    (folder / "driver").symlink_to(f"../../drivers/{driver}")


def find(root: Path) -> Holders:
    return usb_holder.find(1, 5, "usb:1-2", root)


def test_a_device_that_nobody_holds_has_no_holders(machine: Path) -> None:
    assert find(machine) == NOBODY


def test_the_process_that_has_the_device_open_is_named_with_its_command(machine: Path) -> None:
    add_process(machine, 77, "openocd -f interface/stlink.cfg", "/dev/tty", DEVICE, DEVICE)
    assert find(machine) == Holders(("process 77 (openocd -f interface/stlink.cfg)",), 0)


def test_a_long_command_is_cut_and_one_that_is_gone_is_left_out(machine: Path) -> None:
    add_process(machine, 77, "x" * 1000, DEVICE)
    add_process(machine, 78, None, DEVICE)
    assert set(find(machine).names) == {f"process 77 ({'x' * 60}…)", "process 78 (?)"}


def test_this_process_itself_is_no_holder(machine: Path) -> None:
    add_process(machine, os.getpid(), "stm8tool", DEVICE)
    assert find(machine) == NOBODY


def test_the_driver_of_interface_0_is_named_and_that_of_another_is_not(machine: Path) -> None:
    bind(machine, "1-2:1.0", "usb-storage")
    bind(machine, "1-2:1.1", "cdc_acm")
    bind(machine, "1-2.1:1.0", "usbhid")
    assert find(machine).names == ("the kernel driver usb-storage",)


def test_the_driver_that_stands_for_programs_is_not_a_holder(machine: Path) -> None:
    bind(machine, "1-2:1.0", "usbfs")
    assert find(machine) == NOBODY


def test_processes_that_may_not_be_looked_into_are_counted(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {str(add_process(machine, number, "other", DEVICE) / "fd") for number in (80, 81)}
    original = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:  # permissions do not stop root, who may run this test
        if str(path) in hidden:
            raise PermissionError
        return original(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert find(machine) == Holders((), 2)


def test_a_process_that_ends_meanwhile_does_no_harm(machine: Path) -> None:
    (machine / "proc" / "90").mkdir()
    broken = add_process(machine, 91, "gone", DEVICE)
    (broken / "fd" / "0").unlink()
    (broken / "fd" / "0").touch()  # no link any more
    assert find(machine) == NOBODY


def test_the_search_ends_on_a_machine_with_very_many_open_files(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb_holder, "_MOST_FILES", 3)
    add_process(machine, 77, "many", *["/dev/null"] * 10, DEVICE)
    assert find(machine) == NOBODY


def test_a_machine_without_proc_and_sys_knows_nobody(tmp_path: Path) -> None:
    assert find(tmp_path) == NOBODY


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")
def test_a_real_process_is_found_in_the_real_proc(tmp_path: Path) -> None:
    file = tmp_path / "held"
    code = "import sys; file = open(sys.argv[1], 'w'); print(flush=True); input()"
    command = [sys.executable, "-c", code, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        held = {target for where, target in usb_holder._open_files(Path("/proc")) if where.name == str(process.pid)}
        process.communicate(b"\n")
    assert str(file) in held


def test_a_busy_probe_is_refused_with_the_name_of_who_holds_it(
    transport_to: Bus, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_process(machine, 77, "openocd -c {}", DEVICE)
    monkeypatch.setattr(usb_holder, "find", partial(usb_holder.find, root=machine))
    with pytest.raises(AccessError) as caught:
        transport_to(FakeDevice(failures={"claim_interface": [fake_usb.BUSY]})).open()
    assert str(caught.value) == "the probe at usb:1-2 is in use by process 77 (openocd -c {})"
    assert "close" in (caught.value.hint or "")


def test_without_a_name_the_processes_that_could_not_be_asked_are_the_evidence() -> None:
    error = usb_access.access_error(usb_access.BUSY, "the probe", "linux", holders=Holders((), 12))
    assert "another program or a kernel driver" in str(error)
    assert error.details == ("12 processes of other users could not be examined; only root can do that",)

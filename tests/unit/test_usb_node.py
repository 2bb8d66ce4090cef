"""Device files that do not open, and what is told of them."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from stm8tool.errors import Code
from stm8tool.transport import confinement, usb_access, usb_node
from stm8tool.transport.usb_node import NOT_A_DEVICE, NOT_AUTHORISED, NodeObstacle

FILE = "/dev/bus/usb/001/005"
DOCKER = confinement.Confinement("docker", "a Docker container", "/.dockerenv", "pass it in")
WSL = confinement.Confinement("wsl", "WSL", "/proc/sys/kernel/osrelease", "usbipd")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine that has a device in socket 1-2, and no file for it."""
    folder = tmp_path / "sys/bus/usb/devices/1-2"
    folder.mkdir(parents=True)
    (folder / "busnum").write_text("1\n")
    (folder / "devnum").write_text("5\n")
    (tmp_path / "dev/bus/usb/001").mkdir(parents=True)
    return tmp_path


def look(root: Path) -> int:
    found = usb_node.obstacle(1, 5, "usb:1-2", root)
    return found.number if found else 0


def test_a_device_without_a_file_is_one(root: Path) -> None:
    assert usb_node.obstacle(1, 5, "usb:1-2", root) == NodeObstacle(FILE, errno.ENOENT)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_device_file_that_opens_is_none(root: Path) -> None:
    (root / FILE.lstrip("/")).symlink_to(os.devnull)
    assert look(root) == 0


def test_a_folder_or_a_plain_file_in_its_place_is_one(root: Path) -> None:
    """docker's -v makes a folder where the name is not there."""
    place = root / FILE.lstrip("/")
    place.mkdir()
    assert look(root) == NOT_A_DEVICE
    place.rmdir()
    place.touch()
    assert look(root) == NOT_A_DEVICE


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize(("text", "number"), [("1\n", 0), ("0\n", NOT_AUTHORISED), ("", 0)])
def test_a_device_that_the_system_does_not_authorise_is_one(root: Path, text: str, number: int) -> None:
    (root / FILE.lstrip("/")).symlink_to(os.devnull)
    (root / "sys/bus/usb/devices/1-2/authorized").write_text(text)
    assert look(root) == number


@pytest.mark.parametrize("changed", [("devnum", "6\n"), ("busnum", "2\n"), ("devnum", ""), ("devnum", "x")])
def test_a_device_that_is_gone_or_another_one_by_now_is_none(root: Path, changed: tuple[str, str]) -> None:
    (root / "sys/bus/usb/devices/1-2" / changed[0]).write_text(changed[1])
    assert look(root) == 0


def test_without_sys_nothing_is_told(tmp_path: Path) -> None:
    assert look(tmp_path) == 0


@pytest.mark.parametrize(
    ("number", "around", "is_root", "message", "hint"),
    [
        (
            errno.EPERM,
            None,
            True,
            "the system forbids this process to open the probe (EPERM)",
            "`--device=/dev/bus/usb`",
        ),
        (
            errno.EPERM,
            None,
            False,
            "the system forbids this process to open the probe (EPERM)",
            "if this is a container",
        ),
        (errno.EPERM, DOCKER, True, "the system forbids this process to open the probe (EPERM)", "pass it in"),
        (errno.ENOENT, None, False, f"its device file {FILE} does not exist here", "if this is a container"),
        (errno.ENOENT, DOCKER, True, f"its device file {FILE} does not exist here", "pass it in"),
        (errno.ENODEV, DOCKER, True, f"{FILE} does not lead to it", "pass it in"),
        (errno.ENXIO, None, True, f"{FILE} does not lead to it", "if this is a container"),
        (NOT_A_DEVICE, DOCKER, True, f"{FILE} does not lead to it", "pass it in"),
        (NOT_AUTHORISED, None, True, "the system does not authorise the probe", "usbguard allow-device"),
        (errno.EACCES, None, False, "no permission to open the probe", "write the line SUBSYSTEM"),
        (errno.EACCES, None, True, "no permission to open the probe", "SELinux"),
        (
            errno.EACCES,
            DOCKER,
            True,
            "no permission to open the probe",
            "the tool runs in a Docker container; on the host",
        ),
        (
            errno.EACCES,
            WSL,
            False,
            "no permission to open the probe",
            "inside WSL, with udev running, write the line",
        ),
        (errno.EMFILE, None, False, "the probe cannot be opened: ", "ulimit -n"),
        (errno.EROFS, DOCKER, True, "the probe cannot be opened: ", "kernel's log"),
        (errno.EIO, None, True, "the probe cannot be opened: ", "kernel's log"),
    ],
)
def test_what_open_says_becomes_a_sentence_and_what_to_do(
    number: int, around: confinement.Confinement, is_root: bool, message: str, hint: str
) -> None:
    error = usb_access.file_error(NodeObstacle(FILE, number), "the probe", around, is_root=is_root)
    assert message in str(error)
    assert hint in (error.hint or "")
    assert (error.code, error.exit_code) == (Code.PERMISSION, 7)
    assert error.details[0].startswith(f"{FILE}: ")
    assert len(error.details) == (2 if around else 1)

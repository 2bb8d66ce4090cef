"""Explain why a USB device cannot be opened: a sentence, and advice.

Keys are libusb's error codes, the same numbers on every system (libusb.h, enum libusb_error). The causes per system
are from libusb's and pyusb's source and public reports. We did not test Windows and macOS (confidence medium).
"""

from __future__ import annotations

import errno
from typing import Optional

from ..errors import AccessError, Code
from . import confinement
from .confinement import Confinement
from .usb_holder import NOBODY, Holders
from .usb_node import NOT_A_DEVICE, NOT_AUTHORISED, NodeObstacle

ACCESS = -3
NOT_FOUND = -5
BUSY = -6
NOT_SUPPORTED = -12

UDEV_RULE = 'SUBSYSTEM=="usb", ATTR{idVendor}=="0483", MODE="0666"'
_UDEV_FILE = "/etc/udev/rules.d/60-st-link.rules"
_UDEV_RELOAD = "sudo udevadm control --reload-rules && sudo udevadm trigger"

_CODES = {ACCESS: Code.PERMISSION, NOT_FOUND: Code.DRIVER_WRONG, BUSY: Code.BUSY, NOT_SUPPORTED: Code.DRIVER_MISSING}

_CLOSE_OTHERS = "close other programs that use the probe: ST's programmers, OpenOCD, a debug session of an IDE"
_UDEV = f"write the line {UDEV_RULE} as root to {_UDEV_FILE}, run `{_UDEV_RELOAD}`, replug the probe"
_WINDOWS_DRIVER = (
    "install ST's ST-LINK USB driver, or with Zadig the WinUSB driver for interface 0 (the debug interface), "
    "then replug"
)
_REPLUG = "replug the probe, without a hub if there is one"

_ADVICE = {
    (ACCESS, "linux"): ("no permission to open {probe}", _UDEV),
    (ACCESS, "win32"): ("{probe} is held by another program", _CLOSE_OTHERS),
    (ACCESS, "darwin"): ("{probe} is held by another program", _CLOSE_OTHERS),
    (BUSY, "linux"): ("{probe} is in use by another program or a kernel driver", _CLOSE_OTHERS),
    (BUSY, "win32"): ("{probe} is in use by another program", _CLOSE_OTHERS),
    (BUSY, "darwin"): ("{probe} is in use by another program", _CLOSE_OTHERS),
    (NOT_FOUND, "linux"): ("{probe} went away while it was opened", _REPLUG),
    (NOT_FOUND, "win32"): (
        "the driver of {probe} is not completely installed, or the probe went away",
        _WINDOWS_DRIVER,
    ),
    (NOT_FOUND, "darwin"): ("{probe} went away while it was opened", _REPLUG),
    (NOT_SUPPORTED, "linux"): ("this system's USB library cannot open {probe}", _REPLUG),
    (NOT_SUPPORTED, "win32"): ("{probe} has no driver that programs can use (WinUSB)", _WINDOWS_DRIVER),
    (NOT_SUPPORTED, "darwin"): ("this system's USB library cannot open {probe}", _REPLUG),
}

_QUIRK = (
    "close other programmers, and programs that use its disk. If it stays busy, keep the disk driver away: write the "
    "line options usb-storage quirks=483:3744:i to /etc/modprobe.d/st-link-v1.conf, run (as root) "
    "`modprobe -r usb-storage`, replug the probe"
)
_MACOS_DISK = "this probe works on macOS only if its disk driver releases it; use an ST-LINK/V2 or STLINK-V3"

# An ST-LINK/V1 is a disk to the system; stm8flash, OpenOCD and others need the same quirk (confidence high).
_ADVICE_DISK = {
    (BUSY, "linux"): ("{probe} is in use by the system's disk driver or another program", _QUIRK),
    (ACCESS, "darwin"): ("{probe} is held by the disk driver of macOS", _MACOS_DISK),
    (BUSY, "darwin"): ("{probe} is held by the disk driver of macOS", _MACOS_DISK),
}


def udev_rules(tool: str) -> str:
    """Return the content of the file with the rule, with the steps to install it.

    Args:
        tool: The words that start the tool.
    """
    return f"""\
# Every user of this machine may open the probes of STMicroelectronics (ST-LINK). To install it:
#   {tool} udev | sudo tee {_UDEV_FILE}
#   {_UDEV_RELOAD}
# Then replug the probe.
{UDEV_RULE}
"""


def access_error(
    code: int, probe: str, platform: str, *, is_disk: bool = False, holders: Holders = NOBODY
) -> AccessError:
    """Return the error for libusb's `code` (one of the four above) on opening `probe`.

    Args:
        code: libusb's error code.
        probe: The name of the device in the message: "the probe at usb:1-2".
        platform: As `sys.platform`; an unknown one counts as Linux.
        is_disk: The device is a disk to the system (ST-LINK/V1).
        holders: The programs and drivers that hold the device, if known.
    """
    system = platform if platform in ("win32", "darwin") else "linux"
    message, hint = (_ADVICE_DISK if is_disk else _ADVICE).get((code, system), _ADVICE[code, system])
    situation = Code.BUSY if code == ACCESS and system != "linux" else _CODES[code]  # there it is held by another
    if holders.names:
        return AccessError(f"{probe} is in use by {' and '.join(holders.names)}", code=situation, hint=hint)
    unseen = f"{holders.hidden} processes of other users could not be examined; only root can do that"
    details = [unseen] if holders.hidden else ()
    return AccessError(message.format(probe=probe), code=situation, hint=hint, details=details)


def file_error(obstacle: NodeObstacle, probe: str, around: Optional[Confinement], *, is_root: bool) -> AccessError:
    """Return the error for a device file that Linux does not open.

    Args:
        obstacle: The file, and the error of `open`.
        probe: The name of the device in the message: "the probe at usb:1-2".
        around: The container or sandbox around this process, if a sign shows one.
        is_root: This process has the user id 0.
    """
    details = [f"{obstacle.file}: {obstacle.reason}"]
    if around:
        details.append(f"the tool runs in {around.name}: {around.sign} shows it")
    message, hint = _of_file(obstacle, around, is_root)
    return AccessError(
        message.format(probe=probe, file=obstacle.file), code=Code.PERMISSION, hint=hint, details=details
    )


def _of_file(obstacle: NodeObstacle, around: Optional[Confinement], is_root: bool) -> tuple[str, str]:
    """Return message and hint."""
    if obstacle.number == errno.EACCES:
        return "no permission to open {probe}", _permission_hint(around, is_root)
    if obstacle.number in (errno.EMFILE, errno.ENFILE):
        return (
            f"{{probe}} cannot be opened: {obstacle.reason}",
            "close programs that have many files open, or raise `ulimit -n`",
        )
    if obstacle.number == NOT_AUTHORISED:
        return "the system does not authorise {probe}", "allow it, with `usbguard allow-device` if USBGuard forbids it"
    pass_in = around.advice if around else confinement.ANYWHERE
    if obstacle.number == errno.EPERM:
        return "the system forbids this process to open {probe} (EPERM)", pass_in
    if obstacle.number == errno.ENOENT:
        return "the system shows {probe}, but its device file {file} does not exist here", pass_in
    if obstacle.number in (errno.ENXIO, errno.ENODEV, errno.ENOTDIR, NOT_A_DEVICE):
        return "the system shows {probe}, but {file} does not lead to it", pass_in
    return f"{{probe}} cannot be opened: {obstacle.reason}", "look for the cause in the kernel's log (`journalctl -k`)"


def _permission_hint(around: Optional[Confinement], is_root: bool) -> str:
    if around and around.kind == "wsl":
        return f"inside WSL, with udev running, {_UDEV}"
    if around:  # the file has the owner and the mode that the host gave it
        return f"the tool runs in {around.name}; on the host, outside it, {_UDEV}"
    if is_root:
        return "the system refuses even root: look for SELinux or AppArmor in the kernel's log (`journalctl -k`)"
    return _UDEV

"""Find out why Linux does not open the device file of a USB device.

libusb lists devices from /sys, where a container sees all of its host. It opens them by their files in /dev/bus/usb,
which a container may not have. libusb tells only two errors of `open` apart: EACCES becomes ACCESS, ENOENT becomes
NO_DEVICE. All others become IO, like a broken transfer. So this module opens the file once more, and closes it at once.

Sources: libusb 1.0.30, linux_usbfs.c (behaviour seen with each errno). Linux, sysfs-bus-usb. Confidence high.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple, Optional

# In the place of an errno:
NOT_A_DEVICE = -1  # the name belongs to a file that is not a character device
NOT_AUTHORISED = -2  # the file opens, but the system does not let programs use the device


class NodeObstacle(NamedTuple):
    """Why the file of an attached device cannot be opened.

    Attributes:
        file: "/dev/bus/usb/001/005".
        number: The errno of `open`, or one of the two values above.
    """

    file: str
    number: int

    @property
    def reason(self) -> str:
        """The error of `open`, in the system's words."""
        own = {NOT_A_DEVICE: "it is not a device file", NOT_AUTHORISED: "the device is not authorised"}
        return own.get(self.number) or os.strerror(self.number)


def obstacle(bus: int, address: int, path: str, root: Path = Path("/")) -> Optional[NodeObstacle]:
    """Return the reason why the file of a device cannot be opened; None if it opens, or the device is gone.

    Args:
        bus: Bus number.
        address: Its address on the bus.
        path: "usb:BUS-PORT[.PORT…]".
        root: The folder with /dev and /sys.
    """
    name = f"dev/bus/usb/{bus:03}/{address:03}"
    device = root / "sys" / "bus" / "usb" / "devices" / path.partition(":")[2]
    number = _refusal(root / name) or (NOT_AUTHORISED if _number(device / "authorized") == 0 else 0)
    # A probe that was unplugged loses both at once, and one that was replugged has another address.
    attached = [_number(device / "busnum"), _number(device / "devnum")] == [bus, address]
    return NodeObstacle(f"/{name}", number) if number and attached else None


def _refusal(file: Path) -> int:
    """Return the errno of opening `file` as libusb does, 0 if it opens."""
    try:
        if not stat.S_ISCHR(file.stat().st_mode):
            return NOT_A_DEVICE
        # O_NONBLOCK: the name may lead to another device, whose `open` waits.
        os.close(os.open(file, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as exc:
        return exc.errno or 0
    return 0


def _number(file: Path) -> Optional[int]:
    """Return the number in a file of /sys, None if there is none."""
    try:
        return int(file.read_bytes())
    except (OSError, ValueError):
        return None

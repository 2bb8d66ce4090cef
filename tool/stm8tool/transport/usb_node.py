"""What Linux says when the device file of a USB device is opened.

libusb lists devices from /sys, which a container sees of its whole host, and opens them by their files in /dev/bus/usb,
which it may not have. Of what `open` says libusb keeps two values: EACCES is its ACCESS, ENOENT its NO_DEVICE, and all
else its IO, which a broken transfer is, too. So the file is opened here once more, and closed at once.

Source: libusb 1.0.30, linux_usbfs.c (behaviour seen with each errno); Linux, sysfs-bus-usb; confidence high.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple, Optional

NOT_A_DEVICE = -1  # in the place of an errno: something else than a character device has the name


class Obstacle(NamedTuple):
    """Why the file of an attached device cannot be opened.

    Attributes:
        file: "/dev/bus/usb/001/005".
        number: What `open` said, an errno, or NOT_A_DEVICE.
    """

    file: str
    number: int

    @property
    def reason(self) -> str:
        """What `open` said, in the system's words."""
        return "it is not a device file" if self.number == NOT_A_DEVICE else os.strerror(self.number)


def obstacle(bus: int, address: int, path: str, root: Path = Path("/")) -> Optional[Obstacle]:
    """Return what keeps the file of a device from being opened; None if it opens, or the device is gone.

    Args:
        bus: Bus number.
        address: Its address on the bus.
        path: "usb:BUS-PORT[.PORT…]".
        root: Where /dev and /sys are.
    """
    name = f"dev/bus/usb/{bus:03}/{address:03}"
    number = _refusal(root / name)
    return Obstacle(f"/{name}", number) if number and _attached(bus, address, path, root) else None


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


def _attached(bus: int, address: int, path: str, root: Path) -> bool:
    """Tell whether /sys still has the device: a probe that was unplugged loses both at once."""
    folder = root / "sys" / "bus" / "usb" / "devices" / path.partition(":")[2]
    try:
        numbers = [int((folder / name).read_bytes()) for name in ("busnum", "devnum")]
    except (OSError, ValueError):
        return False
    return numbers == [bus, address]

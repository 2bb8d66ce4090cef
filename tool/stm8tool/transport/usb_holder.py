"""Find the programs and drivers that hold a USB device on Linux, as far as this user may see them.

A program that uses the device has its file in /dev/bus/usb open. /proc shows this to a user for his own processes, and
to root for all. A kernel driver is bound to the interface in /sys.

Sources: proc(5), /proc/PID/fd. Linux, Documentation/ABI, sysfs-bus-usb. Confidence high.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Optional

_MOST_FILES = 100_000  # the most open files to look at: this takes well below a second
_LONGEST_COMMAND = 60
_DRIVER_OF_PROGRAMS = "usbfs"  # bound to an interface that a program claimed


class Holders(NamedTuple):
    """The programs and drivers that were found.

    Attributes:
        names: Such as "process 1234 (openocd -f board.cfg)" and "the kernel driver usb-storage".
        hidden: How many processes of other users could not be examined.
    """

    names: tuple[str, ...]
    hidden: int


NOBODY = Holders((), 0)


def find(bus: int, address: int, path: str, root: Path = Path("/")) -> Holders:
    """Return the holders of a device, none on a system without /proc; it never raises.

    Args:
        bus: Bus number.
        address: Its address on the bus.
        path: "usb:BUS-PORT[.PORT…]".
        root: The folder with /proc and /sys.
    """
    file = f"/dev/bus/usb/{bus:03}/{address:03}"
    found: dict[str, None] = {}  # a set in the order of insertion
    hidden = set()
    for process, target in islice(_open_files(root / "proc"), _MOST_FILES):
        if target is None:
            hidden.add(process.name)
        elif target == file:
            found[f"process {process.name} ({_command(process)})"] = None
    for interface in (root / "sys" / "bus" / "usb" / "devices").glob(f"{path.partition(':')[2]}:*.0"):
        with suppress(OSError):
            driver = (interface / "driver").readlink().name
            if driver != _DRIVER_OF_PROGRAMS:
                found[f"the kernel driver {driver}"] = None
    return Holders(tuple(found), len(hidden))


def _open_files(proc: Path) -> Iterator[tuple[Path, Optional[str]]]:
    """Yield (process, target of an open file), or (process, None) if we may not see it; skip our own process."""
    for process in proc.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            files = list((process / "fd").iterdir())
        except PermissionError:
            yield process, None
            continue
        except OSError:  # it has ended
            continue
        for file in files:
            with suppress(OSError):
                yield process, str(file.readlink())


def _command(process: Path) -> str:
    """Return the command line of a process, or its beginning."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    line = b" ".join(words).decode(errors="replace").strip()
    return line if len(line) <= _LONGEST_COMMAND else f"{line[:_LONGEST_COMMAND]}…"

"""Who holds a USB device on Linux, as far as this user may see.

A program that uses the device has its file below /dev/bus/usb open, which /proc shows of the user's own processes, to
root of all. A kernel driver is bound to the interface in /sys.

Source: proc(5), /proc/PID/fd; Linux, Documentation/ABI, sysfs-bus-usb; confidence high.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Optional

_MOST_FILES = 100_000  # open files of all processes that are looked at: well below a second
_LONGEST_COMMAND = 60
_DRIVER_OF_PROGRAMS = "usbfs"  # bound to an interface that a program claimed


class Holders(NamedTuple):
    """What was found.

    Attributes:
        names: Such as "process 1234 (openocd -f board.cfg)" and "the kernel driver usb-storage".
        hidden: How many processes could not be looked into, for they are other users'.
    """

    names: tuple[str, ...]
    hidden: int


NOBODY = Holders((), 0)


def find(bus: int, address: int, path: str, root: Path = Path("/")) -> Holders:
    """Return who holds a device, nobody on a system without /proc; raises nothing.

    Args:
        bus: Bus number.
        address: Its address on the bus.
        path: "usb:BUS-PORT[.PORT…]".
        root: Where /proc and /sys are.
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
    """Yield (process, what an open file of it is), (process, None) where that is not for us to see; not our own."""
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

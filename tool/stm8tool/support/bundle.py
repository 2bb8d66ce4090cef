"""Which of the libusb files that a release archive carries fits this process: one for each kind of process, by folder.

The process decides, not the machine: a 32-bit Python on 64-bit Windows, or an x86-64 one on an ARM machine, needs the
file of its own kind. Where no file fits (armv7, Windows on ARM, 32-bit Linux) the system's libusb serves.
"""

from __future__ import annotations

import os
import struct
import sys

FILES = {"linux": "libusb-1.0.so", "darwin": "libusb-1.0.dylib", "win32": "libusb-1.0.dll"}

# Folder: sys.platform, pointer size in bits, and what `_machine` says there.
FOLDERS = {
    "linux-x86_64": ("linux", 64, "x86_64"),
    "linux-aarch64": ("linux", 64, "aarch64"),
    "linux-musl-x86_64": ("linux", 64, "x86_64"),
    "linux-musl-aarch64": ("linux", 64, "aarch64"),
    "macos-x86_64": ("darwin", 64, "x86_64"),
    "macos-arm64": ("darwin", 64, "arm64"),
    "windows-x86": ("win32", 32, "win32"),
    "windows-x86_64": ("win32", 64, "win-amd64"),
}


def fitting(platform: str, bits: int, machine: str, glibc: bool = True) -> list[str]:
    """Return the folders of `FOLDERS` whose library a process may load, the likeliest first.

    Args:
        platform: As `sys.platform`.
        bits: The process's pointer size.
        machine: As `os.uname().machine`, on Windows as `sysconfig.get_platform()`.
        glibc: Whether the process's C library is glibc; Linux has others, of which musl is the usual one.
            The libraries of both are named: musl can have a layer that loads those of glibc.
    """
    folders = [folder for folder, process in FOLDERS.items() if process == (platform, bits, machine)]
    return folders if glibc else folders[::-1]


def of_this_process() -> list[str]:
    """Return `fitting` for the process that asks."""
    return fitting(sys.platform, 8 * struct.calcsize("P"), _machine(), _has_glibc())


def _machine() -> str:
    if sys.platform == "win32":
        import sysconfig

        return sysconfig.get_platform()  # of the interpreter's build: win-amd64, also where an ARM machine runs it
    return os.uname().machine  # on macOS the process's, also under Rosetta; on Linux the kernel's


def _has_glibc() -> bool:
    if sys.platform != "linux":
        return False
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (ValueError, OSError):  # musl does not know the name
        return False

"""Choose the libusb file of a release archive for this process. The archive has a folder for each kind of process.

The process decides, not the machine. A 32-bit Python on 64-bit Windows needs the 32-bit file; an x86-64 Python on an
ARM machine needs the x86-64 file. If no file fits (armv7, Windows on ARM, 32-bit Linux), the tool uses the system's
libusb.
"""

from __future__ import annotations

import os
import struct
import sys

FILES = {"linux": "libusb-1.0.so", "darwin": "libusb-1.0.dylib", "win32": "libusb-1.0.dll"}

# Folder: sys.platform, pointer size in bits, and the value of `_machine`.
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
    """Return the folders of `FOLDERS` whose library a process may load, the best one first.

    Args:
        platform: See `sys.platform`.
        bits: The process's pointer size.
        machine: The value of `os.uname().machine`; on Windows that of `sysconfig.get_platform()`.
        glibc: Whether the process's C library is glibc. On Linux it may be another one, usually musl. The result
            has the folders of both, because musl can have a layer that loads the libraries of glibc.
    """
    folders = [folder for folder, process in FOLDERS.items() if process == (platform, bits, machine)]
    return folders if glibc else folders[::-1]


def of_this_process() -> list[str]:
    """Return the folders that fit this process."""
    return fitting(sys.platform, 8 * struct.calcsize("P"), _machine(), _has_glibc())


def _machine() -> str:
    if sys.platform == "win32":
        import sysconfig

        return sysconfig.get_platform()  # of the interpreter's build: win-amd64 even on an ARM machine
    return os.uname().machine  # on macOS the process's, even under Rosetta; on Linux the kernel's


def _has_glibc() -> bool:
    if sys.platform != "linux":
        return False
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (ValueError, OSError):  # musl does not know the name
        return False

"""Fill tool/_vendor of a release: the Python packages once, and a libusb for each kind of process.

    _vendor/python/       intelhex and pyusb with their licences, as in their wheels
    _vendor/NAME-VERSION/ a package whose version depends on the Python: one folder for each version
    _vendor/libusb/       a folder for each kind in `support/bundle.py`, with only libusb; its licence, its source

Everything comes from the wheels in tool/requirements.lock, checked by hash. Every wheel in it is used.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from stm8tool.support import bundle, deps, fetching

LICENCE = Path(__file__).with_name("LGPL-2.1.txt")
OLDEST = (3, 9)  # the Python of a pin that newer ones do not take
LIBUSB = "libusb-package"  # its wheels have libusb in them

# Kind -> pip's name for the platform of its wheel, and the machine of the library in it.
KINDS = {
    "linux-x86_64": ("manylinux2014_x86_64", "ELF x86_64"),
    "linux-aarch64": ("manylinux2014_aarch64", "ELF aarch64"),
    "linux-musl-x86_64": ("musllinux_1_2_x86_64", "ELF x86_64 musl"),
    "linux-musl-aarch64": ("musllinux_1_2_aarch64", "ELF aarch64 musl"),
    "macos-x86_64": ("macosx_10_9_x86_64", "Mach-O x86_64"),
    "macos-arm64": ("macosx_11_0_arm64", "Mach-O arm64"),
    "windows-x86": ("win32", "PE x86"),
    "windows-x86_64": ("win_amd64", "PE x86_64"),
}

NOTICE = """\
The files libusb-1.0.* in the folders beside this text are libusb, Copyright (C) its authors, under the GNU Lesser
General Public License 2.1 or later: see LGPL-2.1.txt. They are unchanged from the wheels of libusb-package {version}.

The source: https://github.com/libusb/libusb/releases/tag/v{upstream}
How they are built: https://github.com/pyocd/libusb-package/tree/v{version}

stm8tool loads one of them when it runs. To use another libusb-1.0, put it in the place of the file, or name it in the
environment variable STM8TOOL_LIBUSB.
"""

# ELF: System V ABI, "ELF Header", e_machine. PE: Microsoft's "PE Format", "Machine Types". Mach-O: Apple's
# mach-o/loader.h and mach/machine.h, MH_MAGIC_64 and cputype.
_ELF = {62: "x86_64", 183: "aarch64"}
_PE = {0x014C: "x86", 0x8664: "x86_64"}
_MACH_O = {0x01000007: "x86_64", 0x0100000C: "arm64"}

_PIP_LIMIT_S = 300


class ReleaseError(Exception):
    """One sentence that says why no release can be made."""


class IndexSilentError(ReleaseError):
    """The package index does not answer, and a wheel is missing."""


def fetch(cache: Path) -> dict[str, list[Path]]:
    """Return the wheels of each kind in KINDS, and of each folder for Python packages, such as "python".

    Wheels that `cache` lacks come from the package index.

    Raises:
        ReleaseError: These are not exactly the wheels in the lock file.
        IndexSilentError: pip cannot get one.
    """
    pins = deps.listed()
    wheels = {
        kind: _download(cache / kind, [pin for pin in pins if pin.name == LIBUSB], tag)
        for kind, (tag, _) in KINDS.items()
    }
    for folder in dict.fromkeys(pin.vendor_folder for pin in pins if pin.name != LIBUSB):
        wheels[folder] = _download(
            cache / folder, [pin for pin in pins if pin.name != LIBUSB and pin.vendor_folder == folder]
        )
    named = set(_hashes(pins))
    used = {_digest(file) for files in wheels.values() for file in files}
    if used != named:
        raise ReleaseError(
            f"of the wheels in the lock file these are in no folder of a release: {sorted(named - used)}"
        )
    return wheels


def fill(vendor: Path, wheels: dict[str, list[Path]]) -> None:
    """Make the folder `vendor` from the wheels that `fetch` returned.

    Raises:
        ReleaseError: A library is not for the machine of its kind.
    """
    for folder, wheel in [(name, file) for name, files in wheels.items() if name not in KINDS for file in files]:
        with zipfile.ZipFile(wheel) as content:
            scripts = re.compile(r"[^/]+\.data/")  # commands, which the flasher does not call
            content.extractall(vendor / folder, [name for name in content.namelist() if not scripts.match(name)])
    for kind, (_, machine) in KINDS.items():
        file = bundle.FILES[bundle.FOLDERS[kind][0]]
        (wheel,) = wheels[kind]
        with zipfile.ZipFile(wheel) as content:
            library = content.read(f"libusb_package/{file}")
        if machine_of(library) != machine:
            raise ReleaseError(f"{wheel.name}: {file} is for {machine_of(library)}, not for {machine}")
        (vendor / "libusb" / kind).mkdir(parents=True)
        (vendor / "libusb" / kind / file).write_bytes(library)
    shutil.copyfile(LICENCE, vendor / "libusb" / LICENCE.name)
    version = next(pin.version for pin in deps.pinned() if pin.name == LIBUSB)
    notice = NOTICE.format(version=version, upstream=version.rpartition(".")[0])
    (vendor / "libusb" / "README.txt").write_bytes(notice.encode())


def machine_of(library: bytes) -> Optional[str]:
    """Return format and machine of a shared library in the words of KINDS, or None if the tables lack it.

    The result distinguishes an ELF for musl's libc from one for glibc, although both are for the same machine.
    """
    try:
        if library.startswith(b"\x7fELF"):
            (number,) = struct.unpack_from("<H", library, 18)
            return f"ELF {_ELF[number]}{' musl' if b'libc.musl-' in library else ''}"
        if library.startswith(b"MZ"):
            (start,) = struct.unpack_from("<I", library, 0x3C)
            signature, number = struct.unpack_from("<4sH", library, start)
            return f"PE {_PE[number]}" if signature == b"PE\0\0" else None
        magic, number = struct.unpack_from("<II", library)
        return f"Mach-O {_MACH_O[number]}" if magic == 0xFEEDFACF else None
    except (struct.error, KeyError):
        return None


def _download(folder: Path, pins: list[deps.Pin], tag: Optional[str] = None) -> list[Path]:
    """Return the wheels of `pins` for pip's platform `tag`. They are downloaded to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    allowed = set(_hashes(pins))
    found = [file for file in folder.glob("*.whl") if _digest(file) in allowed]
    if len(found) == len(pins):
        return found
    requirements = folder / "requirements.lock"
    # pip compares a marker with the Python that runs it, not with --python-version.
    requirements.write_text(
        "".join(re.sub(" ; python_full_version .*'", "", pin.text) for pin in pins), encoding="utf-8"
    )
    options = ["--platform", tag] if tag else []
    for pin in pins:
        if pin.below or pin.since:  # this pin is alone in its folder
            options += ["--python-version", "{}.{}".format(*(pin.since or OLDEST))]
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    command = [*pip, "--no-deps", "--only-binary=:all:", "--require-hashes", *options, "-r", str(requirements)]
    command += ["--dest", str(folder), "--retries", "1", "--timeout", "20"]
    try:
        done = subprocess.run(
            command,
            env=fetching.environment(folder),
            capture_output=True,
            encoding="utf-8",
            timeout=_PIP_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise IndexSilentError(f"pip takes too long to get the wheels for {folder.name}") from exc
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise ReleaseError(f"the package index has other wheels for {folder.name}: {done.stderr.strip()}")
    if done.returncode:
        raise IndexSilentError(f"pip cannot get the wheels for {folder.name}: {done.stderr.strip()}")
    return [file for file in folder.glob("*.whl") if _digest(file) in allowed]


def _hashes(pins: list[deps.Pin]) -> Iterator[str]:
    for pin in pins:
        yield from re.findall(r"--hash=sha256:([0-9a-f]{64})", pin.text)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
